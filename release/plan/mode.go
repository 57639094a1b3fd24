package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
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

var (
	// ErrMove says that a plan cannot go from its mode to another one, or is in a mode to which its moves do not lead.
	ErrMove = errors.New("no such move")
	// ErrChanged says that a plan is not what was approved, or not what was checked.
	ErrChanged = errors.New("the plan was changed")
)

// ways are the modes to which a plan can go from each.
var ways = map[Mode][]Mode{Draft: {Approved}, Approved: {Execution, Draft}, Execution: {Completed}}

// Moved is a move of a plan from mode to mode.
type Moved struct {
	To  Mode      `json:"to"`
	By  string    `json:"by"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"`
	// Of is the Digest of the plan that was moved. Move sets it.
	Of string `json:"of,omitempty"`
}

// Admit refuses a release that the plan does not allow at the time of its request: of another service, while the plan is not approved, and
// outside of its window; and any release where the plan is not what was approved (see Bound). It is for the function that a host gives to release.Config.Admit, which knows the plan of a release, and which
// releases are rehearsals.
func (p Plan) Admit(r stage.Release) error {
	var errs *multierror.Error
	if r.Service != p.Service {
		errs = multierror.Append(errs, fmt.Errorf("plan %s: it is for %s, and not for %s", p.Name, p.Service, r.Service))
	}
	if m := p.Stands(); m != Approved && m != Execution {
		errs = multierror.Append(errs, fmt.Errorf("plan %s: it is in the mode %s", p.Name, m))
	}
	if err := p.Bound(); err != nil {
		errs = multierror.Append(errs, err)
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

// Digest tells what the plan says from what any other plan says: the SHA-256 of its JSON without Mode and Moves, in hex. It is empty where
// JSON cannot tell that: a time is of a year that it does not have, or a text is not UTF-8. Such a plan cannot be approved.
func (p Plan) Digest() string {
	p.Mode, p.Moves = "", nil
	text, err := json.Marshal(p)
	var back Plan
	if err != nil || json.Unmarshal(text, &back) != nil {
		return ""
	}
	if again, err := json.Marshal(back); err != nil || !bytes.Equal(text, again) { // what is not UTF-8 was replaced
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

// Bound reports what is wrong with the mode: moves that do not lead to it, an approval by somebody who has no say, and a plan that was changed
// since. A draft is bound to nothing. The error wraps ErrMove or ErrChanged.
func (p Plan) Bound() error {
	at, approval := Draft, Moved{}
	for i, m := range p.Moves {
		if !slices.Contains(ways[at], m.To) {
			return fmt.Errorf("plan %s: Moves[%d]: %w: from %s to %q", p.Name, i, ErrMove, at, m.To)
		}
		if at = m.To; at == Approved {
			approval = m
		}
	}
	switch {
	case at != p.Stands():
		return fmt.Errorf("plan %s: Mode: %w: it is %s, and its moves lead to %s", p.Name, ErrMove, p.Stands(), at)
	case at == Draft:
		return nil
	}
	if err := p.mayApprove(approval.By); err != nil {
		return err
	}
	if approval.Of == "" || approval.Of != p.Digest() {
		return fmt.Errorf("plan %s: %w since %s approved it at %s", p.Name, ErrChanged, approval.By, stamp(approval.At))
	}
	return nil
}

// mayApprove reports somebody who cannot approve the plan.
func (p Plan) mayApprove(who string) error {
	says := func(g Group) bool { return g.Role == Approves && slices.Contains(g.People, who) }
	switch {
	case same(who, p.Owner):
		return fmt.Errorf("plan %s: %w: %s is the owner, and somebody else approves", p.Name, ErrMove, who)
	case p.person(who) == nil:
		return fmt.Errorf("plan %s: %w: %q is none of its people", p.Name, ErrMove, who)
	case !slices.ContainsFunc(p.Groups, says):
		return fmt.Errorf("plan %s: %w: %s is in no group that approves", p.Name, ErrMove, who)
	}
	return nil
}

// Review is what was found of a plan as it was then.
type Review struct {
	// Of is its Digest.
	Of       string   `json:"of"`
	Findings Findings `json:"findings"`
}

// Review checks the plan for somebody who is to approve it: see Check.
func (p Plan) Review(a Against) *Review { return &Review{p.Digest(), p.Check(a)} }

// Move is the plan in another mode, with the move recorded: a draft is approved, what is approved is executed or becomes a draft again, and what is
// executed is completed. What is approved has been checked: the review is of the plan as it is, and without errors; other moves need none. One
// of People who is in a group that approves, and is not the owner, approves. What was changed since can only become a draft. The error wraps
// ErrMove or ErrChanged, or is that of the findings.
func (p Plan) Move(m Moved, checked *Review) (Plan, error) {
	switch {
	case !slices.Contains(ways[p.Stands()], m.To):
		return p, fmt.Errorf("plan %s: %w: from %s to %q", p.Name, ErrMove, p.Stands(), m.To)
	case m.By == "" || m.At.IsZero():
		return p, fmt.Errorf("plan %s: %w: it says neither who nor when", p.Name, ErrMove)
	}
	if err := p.Bound(); err != nil && !(m.To == Draft && errors.Is(err, ErrChanged)) {
		return p, err
	}
	m.Of = p.Digest()
	if m.To == Approved {
		if err := p.approvable(m, checked); err != nil {
			return p, err
		}
	}
	m.At = m.At.UTC()
	p.Mode, p.Moves = m.To, append(slices.Clone(p.Moves), m)
	return p, nil
}

// approvable reports why a plan cannot be approved so.
func (p Plan) approvable(m Moved, checked *Review) error {
	if err := p.mayApprove(m.By); err != nil {
		return err
	}
	switch {
	case checked == nil:
		return fmt.Errorf("plan %s: %w: it was not checked", p.Name, ErrMove)
	case m.Of == "":
		return fmt.Errorf("plan %s: %w: it cannot be written", p.Name, ErrMove)
	case checked.Of != m.Of:
		return fmt.Errorf("plan %s: %w since it was checked", p.Name, ErrChanged)
	}
	if err := errors.Join(p.Validate(), checked.Findings.Err()); err != nil {
		return fmt.Errorf("plan %s: %w", p.Name, err)
	}
	return nil
}
