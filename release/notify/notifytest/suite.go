package notifytest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/davit-sdk/davit/release/notify"
)

// Arrival is a message as the receiver got it.
type Arrival struct {
	// ID is the ID of the message, from wherever the channel puts it.
	ID string
	// Text is all that a person or a program can read of it, decoded. Empty: the channel sends no words.
	Text string
}

// Place is where the messages of a channel arrive.
type Place interface {
	// Arrived is what has arrived so far, in order.
	Arrived() []Arrival
	// Close ends it.
	Close()
}

// Failure is how a receiver fails.
type Failure int

const (
	// None is a receiver that does not.
	None Failure = iota
	// Refuse takes nothing for now: 503, 451.
	Refuse
	// Forbid says that it will never take the message: 422, 550.
	Forbid
	// Cut ends the connection before it answers.
	Cut
	// Hang takes the message, and does not answer.
	Hang
)

// Failer is a Place that can fail.
type Failer interface {
	// Fail says how it fails from now on.
	Fail(f Failure)
}

// Suite is what the laws are proved with.
type Suite struct {
	// New makes a channel, and the place where its messages arrive. It is called for each law.
	New func() (notify.Channel, Place)
	// Address is a recipient's address as the channel takes it. Empty: it needs none.
	Address string
}

// Violation says which law a channel breaks, and how.
type Violation struct{ Law, Reason string }

// Error is the law and the reason.
func (v *Violation) Error() string { return fmt.Sprintf("law %s: %s", v.Law, v.Reason) }

// absent is the error of a law about an ability that the place does not have.
type absent string

func (a absent) Error() string { return string(a) }

// law is one law.
type law struct {
	name  string
	fails bool // the place has to be a Failer
	prove func(l *lab) error
}

var laws = []law{
	{"arrives", false, arrives}, {"words", false, words}, {"same", false, same}, {"digest", false, digest}, {"odd", false, odd},
	{"untouched", false, untouched}, {"cancelled", false, cancelled},
	{"refused", true, refused}, {"forbidden", true, forbidden}, {"cut", true, cut}, {"hang", true, hang}, {"recovers", true, recovers},
}

// violation is how the channel breaks the law; nil: it keeps it.
func (l law) violation(s Suite) error {
	channel, place := s.New()
	defer place.Close()
	failer, can := place.(Failer)
	if l.fails && !can {
		return absent("the place is no Failer")
	}
	if v, ok := channel.(notify.Validator); ok {
		if err := v.Validate(); err != nil {
			return &Violation{l.name, "the channel is not valid: " + err.Error()}
		}
	}
	if err := l.prove(&lab{channel, place, failer, s.Address}); err != nil {
		return &Violation{l.name, err.Error()}
	}
	return nil
}

// Check proves all laws, and returns what is broken of them, as Violations that are joined.
func (s Suite) Check() error {
	var errs []error
	for _, l := range laws {
		if err := l.violation(s); err != nil && !errors.As(err, new(absent)) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Run proves each law as a subtest of its name. Those that cannot be proved are skipped.
func (s Suite) Run(t *testing.T) {
	t.Helper()
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			t.Helper()
			switch err := l.violation(s); {
			case errors.As(err, new(absent)):
				t.Skip(err)
			case err != nil:
				t.Error(err)
			}
		})
	}
}
