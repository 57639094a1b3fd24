package strategytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// FleetHarness is a fleet under proof, with nothing running, and the means to prove it. Fleet and
// Pools are required; what is optional and left out makes the laws that need it be skipped.
type FleetHarness struct {
	Fleet rollout.Fleet
	// Pools are two or more pools, instances of which start, become ready and stay so.
	Pools []strategy.Pool

	// Stuck is a pool whose instances never become ready. Optional: for the law waitless.
	Stuck strategy.Pool
	// Kill makes the instance die by itself, as a crash does. Optional: for the laws failed and
	// replaced.
	Kill func(id string) error
	// Reopen gives the same fleet as a new process sees it; Fleet is not used afterwards.
	// Optional: for the law reopened.
	Reopen func() (rollout.Fleet, error)
	// Answers asks the instance at an address whether it is there. Optional: adds that question to
	// the laws ready and zero.
	Answers func(ctx context.Context, addr string) error

	// Poll is the time between two looks. Default: 10 ms.
	Poll time.Duration
	// Settle is for how long the kit watches that nothing happens. Default: 200 ms.
	Settle time.Duration
	// Patience is how long one law may take. Default: 1 min.
	Patience time.Duration
	// OnSkip is told each law that cannot be proved, and why. RunFleet tells by itself.
	OnSkip func(law, why string)
	// Close is called when a law is over. Optional.
	Close func()
}

// RunFleet proves the laws of a rollout.Fleet, each in a subtest and on a harness of its own, which
// is opened, and proved, within around, if that is given. The laws:
//
//	ready       instances that were started become ready, with an ID, a time and an address of their own
//	idempotent  asking for what runs starts and stops nothing
//	keeps       more or fewer instances of a pool leave those that stay alone
//	leaving     of a pool that shrinks those that are named go, and no other
//	zero        a pool that is scaled to none ends
//	pools       what happens to a pool does not touch another
//	ids         an ID is never used a second time
//	order       the list keeps its order while nothing changes
//	since       ReadySince is set while an instance is ready, stays as it is, and only then
//	refuses     a number below zero is an error and changes nothing
//	cancelled   with a context that is over calls are errors and change nothing
//	waitless    Scale does not wait for readiness                    (needs Stuck)
//	failed      an instance that dies is told as failed, and why     (needs Kill)
//	replaced    it is replaced by the next Scale, and not before     (needs Kill)
//	reopened    a new process sees the same instances, and goes on   (needs Reopen)
func RunFleet(t *testing.T, open func(t *testing.T) FleetHarness, around ...Around) {
	t.Helper()
	fleetKit.run(t, func(t *testing.T) fleetSubject { return open(t).subject() }, around)
}

// CheckFleet proves the same laws as RunFleet and returns all violations joined, each a *Violation.
// An error of open, and a harness that lacks what is required, is returned as it is.
func CheckFleet(ctx context.Context, open func() (FleetHarness, error)) error {
	return fleetKit.check(ctx, func() (fleetSubject, error) {
		h, err := open()
		return h.subject(), err
	})
}

func (h FleetHarness) subject() fleetSubject {
	h.Poll = cmp.Or(h.Poll, 10*time.Millisecond)
	h.Settle = cmp.Or(h.Settle, 200*time.Millisecond)
	h.Patience = cmp.Or(h.Patience, time.Minute)
	return fleetSubject{h}
}

// fleetSubject is a harness with its defaults, and what all proofs do with it.
type fleetSubject struct{ FleetHarness }

func (s fleetSubject) bound() time.Duration { return s.Patience }
func (s fleetSubject) skip(law, why string) { told(s.OnSkip, law, why) }
func (s fleetSubject) close()               { called(s.Close) }

func told(f func(law, why string), law, why string) {
	if f != nil {
		f(law, why)
	}
}

func called(f func()) {
	if f != nil {
		f()
	}
}

func (s fleetSubject) valid() error {
	if s.Fleet == nil {
		return errors.New("Fleet is nil")
	}
	if len(s.Pools) < 2 || s.Pools[0] == s.Pools[1] {
		return fmt.Errorf("Pools: two different ones are needed, got %v", s.Pools)
	}
	return nil
}

// in lists the instances of a pool that are in one of the phases; all of them where none is given.
func (s fleetSubject) in(ctx context.Context, pool strategy.Pool, phases ...rollout.Phase) ([]rollout.Instance, error) {
	all, err := s.Fleet.Instances(ctx)
	if err != nil {
		return nil, fmt.Errorf("list instances: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(all), func(in rollout.Instance) bool {
		return in.Pool != pool || len(phases) > 0 && !slices.Contains(phases, in.Phase)
	}), nil
}

// running lists the instances of a pool that exist and are to stay.
func (s fleetSubject) running(ctx context.Context, pool strategy.Pool) ([]rollout.Instance, error) {
	return s.in(ctx, pool, rollout.Starting, rollout.Ready, rollout.Unready)
}

// scale asks for n instances and waits until n are ready and no other is left.
func (s fleetSubject) scale(ctx context.Context, pool strategy.Pool, n int, leaving ...string) ([]rollout.Instance, error) {
	if err := s.Fleet.Scale(ctx, pool, n, leaving...); err != nil {
		return nil, fmt.Errorf("scale to %d: %w", n, err)
	}
	return s.settled(ctx, pool, n)
}

func (s fleetSubject) settled(ctx context.Context, pool strategy.Pool, n int) ([]rollout.Instance, error) {
	var ready []rollout.Instance
	err := wait(ctx, s.Poll, func() error {
		all, err := s.in(ctx, pool, rollout.Starting, rollout.Ready, rollout.Unready, rollout.Stopping)
		if err != nil {
			return err
		}
		ready = slices.DeleteFunc(slices.Clone(all), func(in rollout.Instance) bool { return in.Phase != rollout.Ready })
		if len(all) != n || len(ready) != n {
			return fmt.Errorf("want %d instances, all ready, have %s", n, phases(all))
		}
		return nil
	})
	return ready, err
}

// still watches for the time of Settle that the running instances of a pool stay those.
func (s fleetSubject) still(ctx context.Context, pool strategy.Pool, want []string) error {
	for end := time.Now().Add(s.Settle); ; {
		now, err := s.running(ctx, pool)
		if err != nil {
			return err
		}
		if got := ids(now); !sameIDs(got, want) {
			return fmt.Errorf("%q run, not %q", got, want)
		}
		if !time.Now().Before(end) {
			return nil
		}
		if err := sleep(ctx, s.Poll); err != nil {
			return err
		}
	}
}

func ids(list []rollout.Instance) []string {
	all := make([]string, len(list))
	for i, in := range list {
		all[i] = in.ID
	}
	return all
}

func sameIDs(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func phases(list []rollout.Instance) string {
	if len(list) == 0 {
		return "none"
	}
	text := ""
	for _, in := range list {
		text += fmt.Sprintf("; %s %s", in.ID, in.Phase)
		if in.Reason != "" {
			text += " (" + in.Reason + ")"
		}
	}
	return text[2:]
}
