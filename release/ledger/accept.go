package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/davit-sdk/davit/stage"
)

var (
	// ErrTooLate says that a signal came when what it is for was over.
	ErrTooLate = errors.New("too late")
	// ErrSignal says that a signal makes no sense for this release.
	ErrSignal = errors.New("signal refused")
)

// maxName bounds the name of a person and the ID of a signal, in bytes.
const maxName = 256

// Accept reports whether the signal can be recorded: nil, an ErrTooLate or an ErrSignal that says why
// not. Its ID and By have at most 256 bytes, its Why 8 KiB, all of it UTF-8. A signal for a stage that has not begun is not too early: it waits. known is true for a signal
// whose ID was recorded before, which is not to be recorded again.
func (s *State) Accept(sig stage.Signal) (known bool, err error) {
	if _, ok := s.seen[sig.ID]; ok {
		return true, nil
	}
	refuse := func(format string, args ...any) (bool, error) {
		return false, fmt.Errorf("%w: %s", ErrSignal, fmt.Sprintf(format, args...))
	}
	for _, field := range []struct {
		name, text string
		most       int
	}{{"ID", sig.ID, maxName}, {"By", sig.By, maxName}, {"Why", sig.Why, maxReason}} {
		switch {
		case !utf8.ValidString(field.text):
			return refuse("%s is not UTF-8", field.name)
		case len(field.text) > field.most:
			return refuse("%s has %d bytes, at most %d are allowed", field.name, len(field.text), field.most)
		}
	}
	switch {
	case sig.ID == "":
		return refuse("it has no ID")
	case sig.By == "":
		return refuse("By is empty: a signal says who sends it")
	case !sig.Kind.Known():
		return refuse("%q is no kind of signal", sig.Kind)
	case s.Over():
		return false, fmt.Errorf("%w: release %s ended as %s", ErrTooLate, s.Release.ID, s.Outcome)
	}
	if sig.Stage == "" {
		switch sig.Kind {
		case stage.Abort:
			if s.Undoing != nil {
				return false, fmt.Errorf("%w: the release is being undone already", ErrTooLate)
			}
			return false, nil
		case stage.Pause, stage.Resume:
			return false, nil
		}
		return refuse("%s is for a stage: name it", sig.Kind)
	}
	st := s.Stage(sig.Stage)
	if st == nil {
		if of := s.unmade(sig.Stage); of != "" {
			return refuse("there is no stage %q yet: tell stage %s, and whatever is made of it gets to know", sig.Stage, of)
		}
		return refuse("there is no stage %q", sig.Stage)
	}
	if sig.Kind == stage.Retry {
		if err := s.canRetry(st); err != nil {
			return false, err
		}
		return false, nil
	}
	if st.Over() {
		return false, fmt.Errorf("%w: stage %s ended as %s", ErrTooLate, st.Name, st.Outcome)
	}
	if sig.Kind.Heard() && !slices.Contains(s.Pipeline.Stages[s.index[sig.Stage]].Listens, sig.Kind) {
		return refuse("stage %s does not listen for %s", sig.Stage, sig.Kind)
	}
	if sig.Kind == stage.SkipStage {
		if reader, key := s.Pipeline.unread(sig.Stage); reader != "" {
			return refuse("stage %s cannot be skipped: %s reads %s, which nobody else writes", sig.Stage, reader, key)
		}
	}
	return false, nil
}

// unmade is the stage that one of that name may yet be made of; empty where there is none.
func (s *State) unmade(name string) string {
	for i := range s.Stages {
		st := &s.Stages[i]
		if s.Pipeline.Stages[i].Each != nil && !st.Expanded && !st.Over() && strings.HasPrefix(name, st.Name+".") {
			return st.Name
		}
	}
	return ""
}

// canRetry reports why a stage cannot be told to try again.
func (s *State) canRetry(st *StageState) error {
	switch {
	case st.Undo != nil && !st.Undo.RetryAt.IsZero(), st.Parked != "", !st.RetryAt.IsZero():
		return nil
	case st.Expanded:
		for i := range s.made(s.index[st.Name]) {
			if s.canRetry(&s.Stages[i]) == nil {
				return nil
			}
		}
	}
	if st.Over() {
		return fmt.Errorf("%w: stage %s ended as %s", ErrTooLate, st.Name, st.Outcome)
	}
	return fmt.Errorf("%w: stage %s does not wait for a further attempt", ErrSignal, st.Name)
}
