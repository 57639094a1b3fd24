package approval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// Stage waits until enough people approve, or one rejects. Names of people are compared without
// regard to case and outer spaces, so that nobody counts twice.
type Stage struct {
	// Ask is the question, for people, in at most 500 bytes. Empty: "approve <name of the stage>?".
	Ask string
	// Quorum is how many people must approve. Zero: 1.
	Quorum int
	// People are those who may answer; answers of others are ignored, and noted. Empty: everybody
	// may.
	People []string
	// FourEyes does not count the approval of whoever asked for the release. They may reject.
	FourEyes bool
	// Deadline is how long the answer may take, counted from the begin of the first attempt. Zero:
	// as long as it takes.
	Deadline time.Duration
	// Default is the answer when the deadline has passed. Empty: Reject.
	Default Answer
}

// Answer is a yes or a no.
type Answer string

const (
	// Approve lets the release go on.
	Approve Answer = "approve"
	// Reject ends it.
	Reject Answer = "reject"
)

var (
	_ stage.Stage     = Stage{}
	_ stage.Listener  = Stage{}
	_ stage.Validator = Stage{}
)

// Listens are approvals and rejections.
func (s Stage) Listens() []stage.SignalKind {
	return []stage.SignalKind{stage.Approve, stage.Reject}
}

// Validate reports every field that is wrong.
func (s Stage) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if len(s.Ask) > 500 {
		bad("Approval.Ask: %d bytes, at most 500 are allowed", len(s.Ask))
	}
	if s.Quorum < 0 {
		bad("Approval.Quorum: %d is below zero", s.Quorum)
	}
	for i, name := range s.People {
		if same(name, "") {
			bad("Approval.People[%d]: it is empty", i)
		}
		if slices.ContainsFunc(s.People[:i], func(other string) bool { return same(name, other) }) {
			bad("Approval.People[%d]: %s is named twice", i, name)
		}
	}
	if len(s.People) > 0 && s.quorum() > len(s.People) {
		bad("Approval.Quorum: %d people must approve, but only %d may", s.quorum(), len(s.People))
	}
	if s.Deadline < 0 {
		bad("Approval.Deadline: %s is below zero", s.Deadline)
	}
	switch s.Default {
	case "":
	case Approve, Reject:
		if s.Deadline == 0 {
			bad("Approval.Default: %s is for when a deadline has passed, and there is none", s.Default)
		}
	default:
		bad("Approval.Default: %q is neither %s nor %s", s.Default, Approve, Reject)
	}
	return errs.ErrorOrNil()
}

func (s Stage) quorum() int { return max(s.Quorum, 1) }

// Run waits for the answer. A no is a stage.Error with the outcome Rejected.
func (s Stage) Run(ctx context.Context, t *stage.Task) error {
	if err := s.possible(t.Release().RequestedBy); err != nil {
		return err
	}
	count := tally{stage: s, requester: t.Release().RequestedBy}
	wait, deadline := ctx, time.Time{}
	if s.Deadline > 0 {
		deadline = t.Started().Add(s.Deadline)
		var cancel context.CancelFunc
		wait, cancel = context.WithDeadlineCause(ctx, deadline, errDeadline)
		defer cancel()
	}
	for {
		if err := t.Progress(ctx, s.progress(t.Stage(), len(count.yes), deadline)); err != nil {
			return err
		}
		sig, err := t.Next(wait)
		switch {
		case errors.Is(err, errDeadline):
			return s.late(ctx, t)
		case err != nil:
			return err
		case !deadline.IsZero() && sig.At.After(deadline):
			return s.late(ctx, t)
		}
		ignored := count.add(sig)
		if ignored != "" {
			t.Logger().Warn("answer ignored", "by", sig.By, "kind", sig.Kind, "reason", ignored)
			if err := t.Detail(ctx, "answer-ignored", map[string]string{"by": sig.By, "answer": string(sig.Kind), "reason": ignored}); err != nil {
				return err
			}
			continue
		}
		if sig.Kind == stage.Reject {
			return &stage.Error{Outcome: stage.Rejected, By: sig.By, Reason: sig.Why}
		}
		if len(count.yes) >= s.quorum() {
			return nil
		}
	}
}

var errDeadline = errors.New("the deadline has passed")

// possible reports, before anybody is asked, that enough people can never be found.
func (s Stage) possible(requester string) error {
	if !s.FourEyes {
		return nil
	}
	if same(requester, "") {
		return fmt.Errorf("four eyes are asked for, but it is not known who asked for the release")
	}
	named := slices.ContainsFunc(s.People, func(name string) bool { return same(name, requester) })
	if rest := len(s.People) - 1; named && rest < s.quorum() {
		return fmt.Errorf("%d people must approve, but without %s, who asked for the release, only %d may", s.quorum(), requester, rest)
	}
	return nil
}

func (s Stage) late(ctx context.Context, t *stage.Task) error {
	reason := fmt.Sprintf("no answer within %s", s.Deadline)
	if s.Default != Approve {
		return &stage.Error{Outcome: stage.Rejected, Reason: reason}
	}
	return t.Detail(ctx, "approved-by-default", map[string]string{"reason": reason})
}

func (s Stage) progress(name string, yes int, deadline time.Time) stage.Progress {
	ask := s.Ask
	if ask == "" {
		ask = "approve " + name + "?"
	}
	text := fmt.Sprintf("%s %d of %d approvals", ask, yes, s.quorum())
	if !deadline.IsZero() {
		text += ", until " + deadline.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return stage.Progress{Done: float64(yes), Total: float64(s.quorum()), Text: text}
}

// tally counts the answers.
type tally struct {
	stage     Stage
	requester string
	yes       []string
}

// add counts an answer, or says why it does not count.
func (c *tally) add(sig stage.Signal) (ignored string) {
	is := func(name string) bool { return same(name, sig.By) }
	requester := c.stage.FourEyes && is(c.requester)
	switch {
	case sig.Kind == stage.Reject && requester:
	case len(c.stage.People) > 0 && !slices.ContainsFunc(c.stage.People, is):
		return sig.By + " is not among those who may answer"
	case sig.Kind == stage.Reject:
	case requester:
		return sig.By + " asked for the release, and someone else must approve it"
	case slices.ContainsFunc(c.yes, is):
		return sig.By + " has approved already"
	default:
		c.yes = append(c.yes, sig.By)
	}
	return ""
}

func same(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
