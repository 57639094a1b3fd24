package strategytest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

var targetKit = kit[targetSubject]{name: "target", laws: []law[targetSubject]{
	{"reaches", targetSubject.provesReaches},
	{"credible", targetSubject.provesCredible},
	{"idempotent", targetSubject.provesIdempotent},
	{"unnamed", targetSubject.provesUnnamed},
	{"cancelled", targetSubject.provesCancelled},
	{"match", targetSubject.provesMatch},
	{"mirror", targetSubject.provesMirror},
	{"sticky", targetSubject.provesSticky},
	{"answers", targetSubject.provesAnswers},
	{"observes", targetSubject.provesObserves},
	{"resumes", targetSubject.provesResumes},
	{"fenced", targetSubject.provesFenced},
	{"rolls", targetSubject.provesRolls},
	{"promotes", targetSubject.provesPromotes},
	{"aborts", targetSubject.provesAborts},
	{"limits", targetSubject.provesLimits},
	{"lossless", targetSubject.provesLossless},
}}

// provesReaches goes from each state to each other: from the first one to each later one and back,
// then on to the next, and so on. Quickly, it goes from one to the next, and all the way back.
func (s targetSubject) provesReaches(ctx context.Context) error {
	for _, must := range []strategy.State{s.old(), s.new()} {
		if err := s.can(must); err != nil {
			return fmt.Errorf("%s cannot run alone: %w", must.Stable.Revision, err)
		}
	}
	split := s.canary()
	if err := s.can(split); err != nil {
		s.omit("reaches", fmt.Sprintf("%s is left out: %v", split, err))
		split = s.preview()
	}
	states := s.fitting("reaches", s.old(), split, s.blueGreen(), s.new(), s.dark(), strategy.State{})
	way := slices.Clone(states)
	slices.Reverse(way)
	way = append(states, way[1:]...)
	if !s.Quick {
		way = nil
		for i, here := range states {
			for _, there := range states[i+1:] {
				way = append(way, here, there, here)
			}
		}
	}
	last := strategy.State{}
	for _, next := range way {
		if _, err := s.reach(ctx, next); err != nil {
			return fmt.Errorf("from %s: %w", last, err)
		}
		last = next
	}
	return nil
}

func (s targetSubject) provesIdempotent(ctx context.Context) error {
	for _, state := range []strategy.State{s.old(), s.beside()} {
		if _, err := s.reach(ctx, state); err != nil {
			return err
		}
		if err := s.idle(ctx, state, func() error { return s.Target.Apply(ctx, state) }); err != nil {
			return err
		}
	}
	return nil
}

// idle asks for a state that is there, which must change nothing.
func (s targetSubject) idle(ctx context.Context, state strategy.State, ask func() error) error {
	seen, err := s.Target.Observe(ctx)
	if err != nil {
		return err
	}
	before, err := s.ids(ctx)
	if err != nil {
		return err
	}
	for range 5 {
		if err := ask(); err != nil {
			return fmt.Errorf("ask for %s once more: %w", state, err)
		}
		now, err := s.Target.Observe(ctx)
		if err != nil {
			return err
		}
		if now.String() != seen.String() {
			return fmt.Errorf("%s was reached and asked for once more: %s became %s", state, seen, now)
		}
		if err := sleep(ctx, s.Poll); err != nil {
			return err
		}
	}
	after, err := s.ids(ctx)
	if err != nil {
		return err
	}
	if !sameIDs(before, after) {
		return fmt.Errorf("%s was reached and asked for once more: instances %q became %q", state, before, after)
	}
	return nil
}

func (s targetSubject) ids(ctx context.Context) ([]string, error) {
	if s.Instances == nil {
		return nil, nil
	}
	list, err := s.Instances(ctx)
	return list, name("the harness lists no instances", err)
}

func (s targetSubject) provesUnnamed(ctx context.Context) error {
	split, silent := s.compared()
	more, err := s.first(split, silent, s.preview())
	if err != nil {
		return skip("the target runs one pool at a time: %v", err)
	}
	if more.Baseline.IsZero() {
		s.omit("unnamed", fmt.Sprintf("%s is left out: %v", silent, s.can(silent)))
	}
	return s.through(ctx, s.old(), more, s.old())
}

func (s targetSubject) provesCancelled(ctx context.Context) error {
	if _, err := s.reach(ctx, s.old()); err != nil {
		return err
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Target.Apply(over, strategy.State{}); err == nil {
		return errors.New("Apply takes a context that is over")
	}
	if _, err := s.Target.Observe(over); err == nil {
		return errors.New("Observe answers with a context that is over")
	}
	seen, err := s.Target.Observe(ctx)
	if missing := seen.Missing(s.old()); err == nil && missing != "" {
		err = fmt.Errorf("applied with a context that was over: %s", missing)
	}
	return err
}

func (s targetSubject) provesMatch(ctx context.Context) error {
	matcher, ok := ability[rollout.Matcher](s.Target)
	if !ok {
		return skip("the target is no Matcher")
	}
	ruled, silent := s.canary(), s.preview()
	ruled.Candidate.Match = []strategy.Match{{Header: "X-Canary", Value: "on"}}
	silent.Candidate.Match = ruled.Candidate.Match
	if err := matcher.Matches(ruled.Candidate.Match[0]); err != nil {
		return skip("the target does not match by header: %v", err)
	}
	ruled, err := s.first(ruled, silent)
	if err != nil {
		return skip("the target has no state with rules: %v", err)
	}
	return s.through(ctx, s.old(), ruled, s.old())
}

func (s targetSubject) provesMirror(ctx context.Context) error {
	mirrorer, ok := ability[rollout.Mirrorer](s.Target)
	if !ok {
		return skip("the target is no Mirrorer")
	}
	copied := s.both(1, strategy.Share{})
	copied.Candidate.Mirror = strategy.Percent(50)
	if err := mirrorer.Mirrors(copied.Candidate.Mirror); err != nil {
		return skip("the target does not mirror half of the traffic: %v", err)
	}
	if err := s.can(copied); err != nil {
		return skip("the target has no state with copies: %v", err)
	}
	return s.through(ctx, s.old(), copied, s.old())
}

func (s targetSubject) provesSticky(ctx context.Context) error {
	sticker, ok := ability[rollout.Sticker](s.Target)
	if !ok {
		return skip("the target is no Sticker")
	}
	if err := sticker.Sticks(); err != nil {
		return skip("the target does not stick: %v", err)
	}
	sticky := s.beside()
	sticky.Sticky = true
	return s.through(ctx, s.old(), sticky, s.old())
}

func (s targetSubject) provesAnswers(ctx context.Context) error {
	const tries = 20
	if s.Request == nil {
		return skip("the harness has no Request")
	}
	for _, c := range []struct {
		state strategy.State
		by    strategy.Revision
	}{{s.old(), s.Revisions[0]}, {s.blueGreen(), s.Revisions[1]}, {s.new(), s.Revisions[1]}} {
		if err := s.can(c.state); err != nil {
			s.omit("answers", fmt.Sprintf("%s is left out: %v", c.state, err))
			continue
		}
		if _, err := s.reach(ctx, c.state); err != nil {
			return err
		}
		for range tries {
			by, err := s.Request(ctx)
			if err != nil {
				return fmt.Errorf("in %s a request was not answered: %w", c.state, err)
			}
			if by != c.by {
				return fmt.Errorf("in %s a request was answered by %s", c.state, by)
			}
		}
	}
	if _, err := s.reach(ctx, strategy.State{}); err != nil {
		return err
	}
	if by, err := s.Request(ctx); err == nil {
		return fmt.Errorf("nothing is to run, and %s answers", by)
	}
	return nil
}

// reopen makes the target the one of a new process.
func (s *targetSubject) reopen() error {
	target, err := s.Reopen()
	if err == nil {
		s.Target = target
	}
	return name("the harness could not reopen the target", err)
}

func (s targetSubject) provesObserves(ctx context.Context) error {
	if s.Reopen == nil {
		return skip("the harness has no Reopen")
	}
	state := s.beside()
	seen, err := s.reach(ctx, state)
	if err != nil {
		return err
	}
	if err := s.reopen(); err != nil {
		return err
	}
	again, err := s.Target.Observe(ctx)
	if err != nil {
		return fmt.Errorf("a new process observes: %w", err)
	}
	if again.String() != seen.String() || again.Missing(state) != "" {
		return fmt.Errorf("a new process observes %s, not %s", again, seen)
	}
	return nil
}

func (s targetSubject) provesResumes(ctx context.Context) error {
	if s.Reopen == nil {
		return skip("the harness has no Reopen")
	}
	tries := []int{0, 1, 2, 3}
	if s.Quick {
		tries = []int{2}
	}
	for _, passes := range tries {
		if _, err := s.reach(ctx, s.old()); err != nil {
			return err
		}
		for range passes {
			// An error is passing, as it is for a rollout.
			_ = s.Target.Apply(ctx, s.new())
			if err := sleep(ctx, s.Poll); err != nil {
				return err
			}
		}
		if err := s.reopen(); err != nil {
			return err
		}
		for _, state := range []strategy.State{s.beside(), s.new()} {
			if _, err := s.reach(ctx, state); err != nil {
				return fmt.Errorf("by a new process, after %d passes of another one: %w", passes, err)
			}
		}
	}
	return nil
}
