package plan

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// Mode is how far a plan is.
type Mode string

const (
	// Draft: it is being written.
	Draft Mode = "draft"
	// Approved: it may be executed.
	Approved Mode = "approved"
	// Execution: the release is under way.
	Execution Mode = "execution"
	// Completed: the release is over, however it ended.
	Completed Mode = "completed"
)

// ErrMove says that a plan cannot go from its mode to another one.
var ErrMove = errors.New("no such move")

// Moved is a move of a plan from mode to mode.
type Moved struct {
	To  Mode      `json:"to"`
	By  string    `json:"by"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"`
}

// Admit refuses a release that the plan does not allow at the time of its request: of another service, while the plan is not approved, and
// outside of its window. It is for the function that a host gives to release.Config.Admit, which knows the plan of a release, and which
// releases are rehearsals.
func (p Plan) Admit(r stage.Release) error {
	var errs *multierror.Error
	if r.Service != p.Service {
		errs = multierror.Append(errs, fmt.Errorf("plan %s: it is for %s, and not for %s", p.Name, p.Service, r.Service))
	}
	if m := p.Stands(); m != Approved && m != Execution {
		errs = multierror.Append(errs, fmt.Errorf("plan %s: it is in the mode %s", p.Name, m))
	}
	if at := r.RequestedAt; at.Before(p.Window.From) || !at.Before(p.Window.Until) {
		errs = multierror.Append(errs, fmt.Errorf("plan %s: its window is from %s to %s", p.Name, stamp(p.Window.From), stamp(p.Window.Until)))
	}
	return errs.ErrorOrNil()
}

// Stands is the mode; Draft where it is not set.
func (p Plan) Stands() Mode {
	if p.Mode == "" {
		return Draft
	}
	return p.Mode
}

// Move is the plan in another mode, with the move recorded: a draft is approved, what is approved is executed or becomes a draft again, and what is
// executed is completed. What is approved has been checked: the findings are those of Check, and without errors. Somebody else than the owner
// approves. The error is ErrMove, or that of the findings.
func (p Plan) Move(m Moved, checked Findings) (Plan, error) {
	ways := map[Mode][]Mode{Draft: {Approved}, Approved: {Execution, Draft}, Execution: {Completed}}
	switch {
	case !slices.Contains(ways[p.Stands()], m.To):
		return p, fmt.Errorf("plan %s: %w: from %s to %q", p.Name, ErrMove, p.Stands(), m.To)
	case m.By == "" || m.At.IsZero():
		return p, fmt.Errorf("plan %s: %w: it says neither who nor when", p.Name, ErrMove)
	case m.To == Approved && m.By == p.Owner:
		return p, fmt.Errorf("plan %s: %w: %s is the owner, and somebody else approves", p.Name, ErrMove, m.By)
	}
	if m.To == Approved {
		if err := errors.Join(p.Validate(), checked.Err()); err != nil {
			return p, fmt.Errorf("plan %s: %w", p.Name, err)
		}
	}
	m.At = m.At.UTC()
	p.Mode, p.Moves = m.To, append(slices.Clone(p.Moves), m)
	return p, nil
}
