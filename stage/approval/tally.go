package approval

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// tally counts the answers in their order, over as many runs as there are.
type tally struct {
	saved
	stage     Stage
	groups    []Group
	requester string
	deadline  time.Time // zero: none
	resumed   bool      // an earlier run has left a checkpoint
	heard     int       // answers in this run
}

// saved is the checkpoint: what the answers so far come to. Those that come again are the ones after it.
type saved struct {
	// Yes are those who have approved and not taken it back, in order.
	Yes []string `json:"yes"`
}

// answer is what was decided.
type answer struct {
	no *stage.Error // nil: yes
}

// end is the answer as Run returns it; without one it is the error.
func (a *answer) end(err error) error {
	if a == nil || err != nil || a.no == nil {
		return err
	}
	return a.no
}

func (s Stage) begin(t *stage.Task) (*tally, error) {
	requester := t.Release().RequestedBy
	if err := s.possible(requester); err != nil {
		return nil, &stage.Error{Outcome: stage.Failed, Final: true, Err: err}
	}
	c := &tally{stage: s, groups: s.groups(), requester: requester}
	if s.Deadline > 0 {
		c.deadline = t.Started().Add(s.Deadline)
	}
	var err error
	if c.resumed, err = t.Restore(&c.saved); err != nil {
		return nil, err
	}
	// Whoever may not answer any more, since the stage was changed meanwhile, does not count any more.
	c.Yes = slices.DeleteFunc(c.Yes, func(name string) bool { return c.barred(name) != "" })
	return c, nil
}

// due reports whether the deadline has passed.
func (c *tally) due(now time.Time) bool { return !c.deadline.IsZero() && !now.Before(c.deadline) }

// drain takes all answers that are there, up to the one that decides.
func (c *tally) drain(ctx context.Context, t *stage.Task) (*answer, error) {
	if c.enough() {
		return &answer{}, nil
	}
	there, cancel := context.WithCancelCause(ctx)
	cancel(errNoMore)
	for {
		sig, err := t.Next(there)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err == errNoMore:
			return nil, nil
		case err != nil:
			return nil, err
		}
		c.heard++
		if ignored := c.add(sig); ignored != "" {
			if err := c.note(ctx, t, sig, ignored); err != nil {
				return nil, err
			}
			continue
		}
		switch {
		case sig.Kind == stage.Reject:
			return &answer{no: &stage.Error{Outcome: stage.Rejected, By: sig.By, Reason: sig.Why}}, nil
		case c.enough():
			return &answer{}, nil
		}
	}
}

var errNoMore = fmt.Errorf("no more answers are there")

// add counts an answer, or says why it does not count.
func (c *tally) add(sig stage.Signal) (ignored string) {
	is := func(name string) bool { return same(name, sig.By) }
	who := clip(sig.By)
	switch before := slices.IndexFunc(c.Yes, is); {
	case c.due(sig.At):
		return "it came after the deadline"
	case sig.Kind == stage.Reject:
		if c.stage.FourEyes && is(c.requester) {
			return ""
		}
		return c.outside(sig.By)
	case sig.Kind == stage.Withdraw && before < 0:
		return who + " has not approved, so there is nothing to take back"
	case sig.Kind == stage.Withdraw:
		c.Yes = slices.Delete(c.Yes, before, before+1)
	case sig.Kind != stage.Approve:
		return fmt.Sprintf("%s is no answer", sig.Kind)
	case c.barred(sig.By) != "":
		return c.barred(sig.By)
	case before >= 0:
		return who + " has approved already"
	default:
		c.Yes = append(c.Yes, sig.By)
	}
	return ""
}

// barred says why somebody cannot approve; empty where they can.
func (c *tally) barred(name string) string {
	if reason := c.outside(name); reason != "" {
		return reason
	}
	if c.stage.FourEyes && same(name, c.requester) {
		return clip(name) + " asked for the release, and someone else must approve it"
	}
	return ""
}

// outside says that somebody is none of those who are asked; empty where they are.
func (c *tally) outside(name string) string {
	if slices.ContainsFunc(c.groups, func(g Group) bool { return g.has(name) }) {
		return ""
	}
	return clip(name) + " is not among those who may answer"
}

func (c *tally) enough() bool { return !seat(c.groups, c.Yes).lacking(c.groups) }

func (c *tally) note(ctx context.Context, t *stage.Task, sig stage.Signal, reason string) error {
	t.Logger().Warn("answer ignored", "by", sig.By, "kind", sig.Kind, "reason", reason)
	return t.Detail(ctx, DetailIgnored, Ignored{Signal: sig.ID, By: clip(sig.By), Answer: sig.Kind, Reason: reason})
}

// progress is how many have approved, of how many, who is still asked, and until when there is time.
func (c *tally) progress(name string) stage.Progress {
	const most = 900
	ask := c.stage.Ask
	if ask == "" {
		ask = "approve " + name + "?"
	}
	places := seat(c.groups, c.Yes)
	text := cut(ask+" "+places.text(c.groups, c.left), most)
	if !c.deadline.IsZero() {
		text += ", until " + c.deadline.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	done, total := places.sum(c.groups)
	return stage.Progress{Done: float64(done), Total: float64(total), Text: text}
}

// left are those of a group who may still approve.
func (c *tally) left(g Group) []string {
	return slices.DeleteFunc(slices.Clone(g.People), func(name string) bool {
		return c.barred(name) != "" || slices.ContainsFunc(c.Yes, func(yes string) bool { return same(yes, name) })
	})
}

// clip keeps a name that somebody else chose from filling a record.
func clip(name string) string { return cut(name, 200) }

// cut ends a text after so many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
