package strategytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// TargetHarness is a target under proof, on which nothing runs, and the means to prove it. Target and
// Revisions are required; what is optional and left out makes the laws that need it be skipped.
type TargetHarness struct {
	Target rollout.Target
	// Revisions are two revisions that can run on the target.
	Revisions [2]strategy.Revision
	// Replicas is the full size of a group, 2 or more. Default: 3.
	Replicas int

	// Strategies are those whose rollouts are walked, each of which the target must be able to walk.
	// Default: one of each kind in package strategy, as far as the target says that it can: see
	// RunTarget.
	Strategies []strategy.Strategy
	// Quick proves the same laws by fewer moves, for a target that takes seconds for each: from each state
	// to the next and back, instead of from each to each other; of each rollout the end, and an abort at
	// one step, which is another one for each strategy, instead of at all; no Rolling where there is a
	// Canary. Where instances take 3 s to start, and 3 s to stop, a target with all abilities is proved
	// in about 4 minutes with 2 Replicas, and one that can do less in 2 to 3.
	Quick bool

	// Reopen gives the same target as a new process sees it; the one before is not used
	// afterwards, but by the law fenced, where the target is a Fencer. Optional: for the laws
	// observes, resumes and fenced.
	Reopen func() (rollout.Target, error)
	// Request sends one request and tells the revision that answered. It is called by several
	// goroutines at once. Optional: for the laws answers and lossless.
	Request func(ctx context.Context) (strategy.Revision, error)
	// Instances lists the IDs of all instances that run. Optional: without it the law idempotent
	// cannot tell an instance that was restarted from one that was not.
	Instances func(ctx context.Context) ([]string, error)

	// Poll is the time between two passes. Default: 10 ms.
	Poll time.Duration
	// Patience is how long one change of state, one step of a rollout, or one call of the target, may
	// take. Default: 30 s.
	Patience time.Duration
	// OnSkip is told each law that cannot be proved, or not for all that it speaks of, and why. RunTarget
	// tells by itself.
	OnSkip func(law, why string)
	// Close is called when a law is over. Optional.
	Close func()
}

// RunTarget proves the laws of a rollout.Target, each in a subtest and on a harness of its own,
// which is opened, and proved, within around, if that is given. Where harnesses do not get into each
// other's way, around may make the subtests parallel. The laws:
//
//	reaches     Apply leads from each state to each other: old, canary, blue-green, new, dark, empty
//	credible    what Observe shows on the way can be true: see rollout.Observation.Validate
//	idempotent  applying a state that is reached changes nothing
//	unnamed     pools that a state does not name are removed
//	cancelled   with a context that is over calls are errors and change nothing
//	match       a state with rules is reached and read back     (needs Matcher)
//	mirror      a state with copies is reached and read back    (needs Mirrorer)
//	sticky      a sticky state is reached and read back         (needs Sticker)
//	answers     who gets all of the traffic answers it          (needs Request)
//	observes    a new process observes the same                 (needs Reopen)
//	resumes     a new process goes on from any state in between (needs Reopen)
//	fenced      a process whose token is not the highest is refused and moves nothing (needs Fencer, Reopen)
//	rolls       Roll leads there and back from each state in between, within the limits as far as
//	            Observe shows, and changes nothing that is there (needs Roller)
//	promotes    a rollout of every strategy promotes
//	aborts      aborted at any step it ends as it began; a native step half-way too
//	limits      both keep the plan's limits, as far as Observe shows
//	lossless    both lose no request of continuous clients      (needs Request)
//
// The last four look at the same rollouts, which are walked once, by the first of them, with the
// executor of package rollout. A Recreate has no part in lossless, because its downtime is planned.
//
// What a target says that it cannot do (by Grain, Fits, Rolls) is not asked of it: a state is replaced by
// another one of its kind or left out, and so is a strategy, and that is told. One that can only switch is
// proved by BlueGreen and Recreate, one that can only roll by Native. Both revisions must be able to run
// alone, with all of the traffic, and there must be a strategy from the one to the other. What a target
// does not say it cannot do, it has to do.
func RunTarget(t *testing.T, open func(t *testing.T) TargetHarness, around ...Around) {
	t.Helper()
	shared := &walks{}
	targetKit.run(t, func(t *testing.T) targetSubject {
		s := open(t).subject(shared)
		s.log = t.Logf
		return s
	}, around)
}

// CheckTarget proves the same laws as RunTarget and returns all violations joined, each a
// *Violation. An error of open, and a harness that lacks what is required, is returned as it is.
func CheckTarget(ctx context.Context, open func() (TargetHarness, error)) error {
	shared := &walks{}
	return targetKit.check(ctx, func() (targetSubject, error) {
		h, err := open()
		return h.subject(shared), err
	})
}

func (h TargetHarness) subject(shared *walks) targetSubject {
	h.Replicas = cmp.Or(h.Replicas, 3)
	h.Poll = cmp.Or(h.Poll, 10*time.Millisecond)
	h.Patience = cmp.Or(h.Patience, 30*time.Second)
	return targetSubject{TargetHarness: h, shared: shared}
}

// targetSubject is a harness with its defaults, and what all proofs do with it.
type targetSubject struct {
	TargetHarness
	shared *walks
	log    func(format string, args ...any) // nil: nobody listens
}

// bound is far above what a law needs; each change of state is bounded by Patience.
func (s targetSubject) bound() time.Duration { return 100 * s.Patience }
func (s targetSubject) skip(law, why string) { told(s.OnSkip, law, why) }
func (s targetSubject) close()               { called(s.Close) }

// omit tells what is left out of a law that holds otherwise.
func (s targetSubject) omit(law, what string) {
	told(s.OnSkip, law, what)
	if s.log != nil {
		s.log("%s: %s", law, what)
	}
}

func (s targetSubject) valid() error {
	switch {
	case s.Target == nil:
		return errors.New("Target is nil")
	case s.Revisions[0].IsZero() || s.Revisions[1].IsZero() || s.Revisions[0] == s.Revisions[1]:
		return fmt.Errorf("Revisions: two different ones are needed, got %v", s.Revisions)
	case s.Replicas < 2:
		return fmt.Errorf("Replicas: %d are too few, 2 are the least", s.Replicas)
	}
	return nil
}

// reach applies the state until the target shows it.
func (s targetSubject) reach(ctx context.Context, state strategy.State) (rollout.Observation, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	var seen rollout.Observation
	err := wait(ctx, s.Poll, func() (err error) {
		if err := s.Target.Apply(ctx, state); err != nil {
			return fmt.Errorf("apply: %w", err)
		}
		if seen, err = s.Target.Observe(ctx); err != nil {
			return fmt.Errorf("observe: %w", err)
		}
		if missing := seen.Missing(state); missing != "" {
			return errors.New(missing)
		}
		return nil
	})
	return seen, name(fmt.Sprintf("reach %s", state), err)
}

// through reaches one state after the other.
func (s targetSubject) through(ctx context.Context, states ...strategy.State) error {
	for _, state := range states {
		if _, err := s.reach(ctx, state); err != nil {
			return err
		}
	}
	return nil
}
