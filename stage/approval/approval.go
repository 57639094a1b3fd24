package approval

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// Stage waits until enough people approve, or one rejects. Names of people are compared without
// regard to case and outer spaces, so that nobody counts twice.
type Stage struct {
	// Ask is the question, for people, in at most 500 bytes. Empty: "approve <name of the stage>?".
	Ask string
	// Quorum is how many people must approve. Zero: 1. With Groups it must be zero.
	Quorum int
	// People are those who may answer; answers of others are ignored, and noted. Empty: everybody
	// may. With Groups it must be empty.
	People []string
	// Groups must reach a quorum each: two of the team and one of security. Whoever is in none of them
	// may not answer. Nobody counts in more than one group: where somebody is in several, it is the one
	// that lacks them, and somebody else who approves later may take that place.
	Groups []Group
	// FourEyes does not count the approval of whoever asked for the release. They may reject.
	FourEyes bool
	// Deadline is how long the answer may take, counted from the begin of the first attempt. What was
	// recorded before it counts, also when the host was down meanwhile; what comes later never does.
	// Zero: as long as it takes. A Timeout that the pipeline gives the stage knows nothing of answers.
	Deadline time.Duration
	// Default is the answer when the deadline has passed. Empty: Reject.
	Default Answer
}

// Group is a part of the people who are asked.
type Group struct {
	// Name names the group, for people, in at most 100 bytes: "security".
	Name string
	// People are its members.
	People []string
	// Quorum is how many of them must approve. Zero: 1.
	Quorum int
}

// Answer is a yes or a no.
type Answer string

const (
	// Approve lets the release go on.
	Approve Answer = "approve"
	// Reject ends it.
	Reject Answer = "reject"
)

// The names under which the stage records details.
const (
	// DetailIgnored is an answer that does not count: an Ignored.
	DetailIgnored = "answer-ignored"
	// DetailDefault says that nobody answered in time, and that the answer is yes: an object with the
	// reason.
	DetailDefault = "approved-by-default"
)

// Ignored is an answer that does not count, and why. One answer is noted once, unless the host dies
// just then.
type Ignored struct {
	// Signal is the ID of the signal that the answer came by.
	Signal string           `json:"signal,omitempty"`
	By     string           `json:"by"`
	Answer stage.SignalKind `json:"answer"`
	Reason string           `json:"reason"`
}

var (
	_ stage.Stage     = Stage{}
	_ stage.Listener  = Stage{}
	_ stage.Validator = Stage{}
	_ stage.Traiter   = Stage{}
)

// Listens are approvals, rejections, and approvals that are taken back.
func (s Stage) Listens() []stage.SignalKind {
	return []stage.SignalKind{stage.Approve, stage.Reject, stage.Withdraw}
}

// Traits are that it asks people, and that it does so with four eyes where it is said to. One that says yes by default when nobody answers
// does not ask in that sense.
func (s Stage) Traits() []stage.Trait {
	switch {
	case s.Default == Approve:
		return nil
	case s.FourEyes:
		return []stage.Trait{stage.Asks, stage.FourEyes}
	}
	return []stage.Trait{stage.Asks}
}

// Run counts the answers that are there, and waits for more where they do not suffice: it returns
// stage.Wait, and is run again. A no is a stage.Error with the outcome Rejected.
func (s Stage) Run(ctx context.Context, t *stage.Task) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	count, err := s.begin(t)
	if err != nil {
		return err
	}
	now := time.Now() // before the answers are read: what was recorded before the deadline is there by then
	decided, err := count.drain(ctx, t)
	if err != nil || decided != nil {
		return decided.end(err)
	}
	if count.due(now) {
		return s.late(ctx, t)
	}
	if count.heard > 0 {
		if err := t.Checkpoint(ctx, count.saved); err != nil {
			return err
		}
	}
	shown := count.progress(t.Stage())
	if count.heard > 0 || !count.resumed {
		if err := t.Progress(ctx, shown); err != nil {
			return err
		}
	}
	return stage.Wait(count.deadline, shown.Text)
}

// late is the answer when nobody gave one in time.
func (s Stage) late(ctx context.Context, t *stage.Task) error {
	reason := fmt.Sprintf("no answer within %s", s.Deadline)
	if s.Default != Approve {
		return &stage.Error{Outcome: stage.Rejected, Reason: reason}
	}
	return t.Detail(ctx, DetailDefault, map[string]string{"reason": reason})
}

// possible reports, before anybody is asked, that enough people can never be found.
func (s Stage) possible(requester string) error {
	if !s.FourEyes {
		return nil
	}
	if same(requester, "") {
		return errors.New("four eyes are asked for, but it is not known who asked for the release")
	}
	groups := s.groups()
	if len(groups[0].People) == 0 {
		return nil
	}
	var others []string
	for _, name := range everybody(groups) {
		if !same(name, requester) {
			others = append(others, name)
		}
	}
	if places := seat(groups, others); places.lacking(groups) {
		return fmt.Errorf("without %s, who asked for the release, there are not enough people: %s", requester, places.text(groups, nil))
	}
	return nil
}

// same compares names.
func same(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
