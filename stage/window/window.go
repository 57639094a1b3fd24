package window

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// The defaults of a Stage and of a Guard.
const (
	// DefaultInterval is how long a wait lasts at most before the calendars are read again.
	DefaultInterval = time.Hour
	// DefaultGuardInterval is how long it takes a Guard at most to read the calendars again.
	DefaultGuardInterval = time.Minute
	// DefaultRetry is how long it takes to read calendars again that could not be read.
	DefaultRetry = time.Minute
)

// Stage waits until a schedule is open, and stays so for as long as is needed.
type Stage struct {
	// Schedule is the schedule as it is now. It is called at each look, by any number of releases at once. Its context ends
	// after Patience, and what comes later, or a panic, is an error: a function that does not heed its context keeps a
	// goroutine until it returns. Required.
	Schedule func(ctx context.Context) (*calendar.Schedule, error)
	// Need is how long what comes after the window is expected to take, as a rule the 95th percentile of earlier
	// runs: it must be done before the schedule closes. Zero: it need only be open.
	Need time.Duration
	// Expect tells Need where that is learned: it is called at each look, as Schedule is. Nil: it is Need.
	Expect func(ctx context.Context, t *stage.Task) (time.Duration, error)
	// People are those who may let the release go on though the schedule is closed, or end it. They say nothing of
	// stage.SkipStage, see the package comment. Names are compared
	// without regard to case and outer spaces. Empty: everybody may.
	People []string
	// Lift is the key by which an override is handed on to the Guard of a deployment behind it, and to whoever else reads it: as
	// a rule Lifted, where a pipeline has one window. A stage whose key is read by another cannot be skipped by stage.SkipStage.
	// Zero: it is not handed on.
	Lift stage.Key[Lift]
	// NoOverride says that nobody may let it go on by stage.Promote. It may be ended; and it may be skipped, see the package
	// comment.
	NoOverride bool
	// MaxWait is how long it waits, counted from the begin of the first attempt. Zero: as long as it takes.
	MaxWait time.Duration
	// Interval is how long it waits at most before it reads the calendars again. Each look is two events more in the record of the
	// release, so a minute is little in a wait of days, and a second is for waits of minutes. Zero: DefaultInterval.
	Interval time.Duration
}

// The names under which the stage records details.
const (
	// DetailWait is a Look: why it waits, and until when.
	DetailWait = "window-closed"
	// DetailOpen is a Look: the schedule is open for long enough.
	DetailOpen = "window-open"
	// DetailOverride is an Override.
	DetailOverride = "window-override"
	// DetailIgnored is an Ignored.
	DetailIgnored = "window-signal-ignored"
)

// Override is that a person let the release go on, and what kept it.
type Override struct {
	By   string `json:"by"`
	Why  string `json:"why"`
	Look Look   `json:"look"`
}

// Ignored is a signal that does not count, and why.
type Ignored struct {
	By     string           `json:"by"`
	Signal stage.SignalKind `json:"signal"`
	Reason string           `json:"reason"`
}

var (
	_ stage.Stage     = Stage{}
	_ stage.Writer    = Stage{}
	_ stage.Listener  = Stage{}
	_ stage.Traiter   = Stage{}
	_ stage.Validator = Stage{}
)

// Listens are Promote, which goes on though the schedule is closed, and Reject, which ends the stage.
func (s Stage) Listens() []stage.SignalKind {
	return []stage.SignalKind{stage.Promote, stage.Reject}
}

// Traits are that it holds.
func (s Stage) Traits() []stage.Trait { return []stage.Trait{stage.Holds} }

// Validate reports every field that is wrong.
func (s Stage) Validate() error {
	var errs *multierror.Error
	if s.Schedule == nil {
		errs = multierror.Append(errs, errors.New("Window.Schedule: is missing"))
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"Need", s.Need}, {"MaxWait", s.MaxWait}, {"Interval", s.Interval}} {
		if d.value < 0 {
			errs = multierror.Append(errs, fmt.Errorf("Window.%s: %s is below zero", d.field, d.value))
		}
	}
	if s.Need != 0 && s.Expect != nil {
		errs = multierror.Append(errs, errors.New("Window.Need: does not go with Expect"))
	}
	for _, err := range unnamed("Window", s.People) {
		errs = multierror.Append(errs, err)
	}
	return errs.ErrorOrNil()
}

func unnamed(of string, people []string) (all []error) {
	for i, name := range people {
		if strings.TrimSpace(name) == "" {
			all = append(all, fmt.Errorf("%s.People[%d]: is empty", of, i))
		}
	}
	return all
}

// saved is the checkpoint.
type saved struct {
	// Told is what was recorded last of why it waits.
	Told string `json:"told"`
}

// Run looks once, and waits for the next opening where it must: it returns stage.Wait, and is run again.
func (s Stage) Run(ctx context.Context, t *stage.Task) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := s.Validate(); err != nil {
		return err
	}
	var at saved
	if _, err := t.Restore(&at); err != nil {
		return err
	}
	look := s.look(ctx, t)
	now := time.Now()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	done, heard, err := s.hear(ctx, t, look) // first: a no counts, though the schedule has opened at the same moment
	if done || err != nil {
		return err
	}
	if look.open() {
		if err := s.hand(t, Lift{}); err != nil {
			return err
		}
		return t.Detail(ctx, DetailOpen, look)
	}
	if late := s.deadline(t); !late.IsZero() && !now.Before(late) {
		return &stage.Error{Outcome: stage.Failed, Reason: fmt.Sprintf("not let go on within %s: %s", s.MaxWait, look.text())}
	}
	if look.Error == "" && look.Start.IsZero() {
		return &stage.Error{Outcome: stage.Failed, Reason: look.text()}
	}
	if err := s.tell(ctx, t, look, at, heard); err != nil {
		return err
	}
	return stage.Wait(s.until(t, look, now), look.text())
}

// hear takes the signals that are there, up to the one that decides.
func (s Stage) hear(ctx context.Context, t *stage.Task, look Look) (done, heard bool, err error) {
	there, cancel := context.WithCancelCause(ctx)
	cancel(errNoMore)
	for {
		sig, err := t.Next(there)
		switch {
		case err != nil && ctx.Err() != nil:
			return false, heard, context.Cause(ctx)
		case err == errNoMore:
			return false, heard, nil
		case err != nil:
			return false, heard, err
		}
		heard = true
		if reason := s.barred(sig); reason != "" {
			if err := t.Detail(ctx, DetailIgnored, Ignored{By: sig.By, Signal: sig.Kind, Reason: reason}); err != nil {
				return false, heard, err
			}
			continue
		}
		switch {
		case sig.Kind == stage.Promote && look.open():
			continue // there is nothing to override
		case sig.Kind == stage.Reject:
			return true, heard, &stage.Error{Outcome: stage.Rejected, By: sig.By, Reason: sig.Why}
		}
		if err := s.hand(t, Lift{By: sig.By, Why: sig.Why, Until: look.Start}); err != nil {
			return true, heard, err
		}
		return true, heard, t.Detail(ctx, DetailOverride, Override{By: sig.By, Why: sig.Why, Look: look})
	}
}

var errNoMore = errors.New("no more signals are there")

// barred says why a signal does not count, "" where it does.
func (s Stage) barred(sig stage.Signal) string {
	switch {
	case sig.Kind == stage.Promote && s.NoOverride:
		return "nobody may override this window"
	case !may(s.People, sig.By):
		return fmt.Sprintf("%.100s is not one of those who may", sig.By)
	case sig.Kind == stage.Promote && strings.TrimSpace(sig.Why) == "":
		return "an override needs a reason"
	case sig.Kind != stage.Promote && sig.Kind != stage.Reject:
		return fmt.Sprintf("%s is no answer", sig.Kind)
	}
	return ""
}

// may reports whether somebody is among people; nobody named means everybody.
func may(people []string, name string) bool {
	return len(people) == 0 || slices.ContainsFunc(people, func(p string) bool {
		return strings.EqualFold(strings.TrimSpace(p), strings.TrimSpace(name))
	})
}

// unreadable is what was told while the schedule is not known.
const unreadable = "unreadable"

// tell records why it waits, where that has changed, and the signals that were heard.
func (s Stage) tell(ctx context.Context, t *stage.Task, look Look, at saved, heard bool) error {
	shown := saved{Told: unreadable} // once, as the texts of errors may differ each time
	if look.Error == "" {
		shown.Told = stamp(look.Start) + reasons(look.Why) + fmt.Sprint(look.More)
	}
	if shown == at && !heard {
		return nil
	}
	if shown != at {
		if err := t.Detail(ctx, DetailWait, look); err != nil {
			return err
		}
		if err := t.Progress(ctx, stage.Progress{Text: look.text()}); err != nil {
			return err
		}
	}
	return t.Checkpoint(ctx, shown)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func reasons(all []calendar.Reason) string {
	text := ""
	for _, r := range all {
		if text += "; " + string(r.Cause) + " " + r.Calendar + "/" + r.Window; len(text) > 2000 {
			break
		}
	}
	return text
}

func (s Stage) deadline(t *stage.Task) time.Time {
	if s.MaxWait == 0 {
		return time.Time{}
	}
	return t.Started().Add(s.MaxWait)
}

// until is when to look again.
func (s Stage) until(t *stage.Task, look Look, now time.Time) time.Time {
	next := now.Add(orDefault(s.Interval, DefaultInterval))
	if look.Error != "" {
		next = earlier(next, now.Add(DefaultRetry))
	} else {
		next = earlier(next, look.Start)
	}
	return earlier(next, s.deadline(t))
}

// earlier is the earlier of two moments; zero is none.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
