package crash_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// points are all ways in which a host can die that touches its surroundings so often, or each stride-th, and
// about enough of a long story.
func points(touches int) (all []cut) {
	apart := max(stride, 2*touches/enough|1) // odd: before and behind, by turns
	for n := 0; n < 2*touches; n += apart {
		all = append(all, cut{n/2 + 1, n%2 == 1})
	}
	return all
}

// in tells a story in a bubble.
func in(t *testing.T, s story, cuts ...cut) (out told) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { out = s.tell(t, new(release.MemoryStore), cuts...) })
	return out
}

// A host dies at each write to its store and at each touch of the world, before it and behind it, and another
// one goes on. The end, and what the world has seen, are as without.
func TestAHostDiesAnywhere(t *testing.T) {
	for name, s := range stories() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := in(t, s)
			require.NoError(t, whole.faults())
			for _, c := range points(whole.touches[0]) {
				out := in(t, s, c)
				require.NoError(t, out.likeness(s, whole), "a host that dies at %+v", c)
			}
		})
	}
}

// The host that goes on dies, too, wherever it is by then.
func TestTwoHostsDieAnywhere(t *testing.T) {
	for _, name := range []string{"chain", "undo", "abort", "approval", "freeze, retry"} {
		s := stories()[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := in(t, s)
			for _, first := range points(whole.touches[0]) {
				once := in(t, s, first)
				for _, second := range points(once.touches[len(once.touches)-1]) {
					out := in(t, s, first, second)
					require.NoError(t, out.likeness(s, whole), "hosts that die at %+v and %+v", first, second)
				}
			}
		})
	}
}

// A stage that may run once only is never begun a second time unless a person says so, wherever its host
// dies: it was done, or a person is asked.
func TestAtMostOnce(t *testing.T) {
	for name, answer := range map[string]stage.SignalKind{"skip": stage.SkipStage, "retry": stage.Retry, "abort": stage.Abort} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := once(answer)
			whole := in(t, s)
			require.NoError(t, whole.faults())
			require.Equal(t, 1, whole.world.times("r1/charge/x"))
			var asked int
			for _, c := range points(whole.touches[0]) {
				out := in(t, s, c)
				require.NoError(t, out.onceOnly(answer, &asked), "a host that dies at %+v:\n%s", c, out.history())
			}
			assert.True(t, asked > 0 || stride > 1, "no host died where a person has to be asked")
		})
	}
}

// once charges a card between two other stages. Where it is not known whether it did, a person answers.
func once(answer stage.SignalKind) story {
	return story{
		pipeline: func(m *machine) release.Pipeline {
			charge := stage.Declared{Class: stage.AtMostOnce, Stage: m.does("x")}
			return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", m.undoes(nil, "x")), step("charge", charge, "a"), step("b", m.does("x"), "charge")}}
		},
		people: []person{says("bob", answer, "charge", parked("charge"))},
	}
}

// onceOnly checks that what may be done once was begun again on a person's word only.
func (out told) onceOnly(answer stage.SignalKind, asked *int) error {
	var begun, retried int
	var stood bool // whether a person was asked
	for _, e := range out.events {
		if e.Stage != "charge" && e.Stage != "" {
			continue
		}
		switch b := e.Body.(type) {
		case ledger.Began:
			begun++
		case ledger.Parked:
			stood = true
		case ledger.Signalled:
			if b.Signal.Kind == stage.Retry {
				retried++
			}
		}
	}
	charge, errs := out.state.Stage("charge"), []error{out.faults()}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if begun > 1+retried {
		bad("it was begun %d times, and a person said retry %d times", begun, retried)
	}
	if n := out.world.times("r1/charge/x"); n > begun {
		bad("it was begun %d times and done %d times", begun, n)
	}
	want := stage.Succeeded
	if stood {
		*asked++
		want = map[stage.SignalKind]stage.Outcome{stage.SkipStage: stage.Skipped, stage.Retry: stage.Succeeded, stage.Abort: stage.Aborted}[answer]
		if answer != stage.Retry && charge.By != "bob" {
			bad("it ended on the word of %q", charge.By)
		}
	}
	if charge.Outcome != want {
		bad("it ended as %s, not %s", charge.Outcome, want)
	}
	return errors.Join(errs...)
}

// Hosts share a store with leases. Whoever comes after a dead one waits for its lease, and then goes on.
func TestAHostDiesAnywhereAmongMany(t *testing.T) {
	for _, name := range []string{"chain", "undo of many", "approval", "wait"} {
		s := stories()[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shared := func(cuts ...cut) (out told) {
				synctest.Test(t, func(t *testing.T) {
					s.leases = true
					out = s.tell(t, new(release.MemoryStore), cuts...)
				})
				return out
			}
			whole := shared()
			require.NoError(t, whole.faults())
			for _, c := range points(whole.touches[0]) {
				out := shared(c)
				require.NoError(t, out.likeness(s, whole), "a host that dies at %+v", c)
			}
		})
	}
}
