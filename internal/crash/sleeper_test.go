package crash_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A host sleeps for longer than its lease, from any write or touch of the world on. Another one goes on
// when the lease has run out, and not before. The sleeper wakes, and is refused: by its store, before it
// touches the world, or by the world, if it was about to touch that when it fell asleep. The end is as without.
func TestAHostSleepsAnywhere(t *testing.T) {
	for _, name := range []string{"chain", "undo", "approval", "freeze, retry", "wait", "each", "abort", "retries in vain", "parallel"} {
		s, atOnce := stories()[name], 1
		if s.loose {
			atOnce = 2 // stages that were about to touch the world
		}
		s.loose = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := in(t, s)
			slept := 0
			for _, c := range points(whole.touches[0]) {
				synctest.Test(t, func(t *testing.T) {
					out, sleeper, err := s.asleep(t, c)
					require.NoError(t, out.likeness(s, whole), "a host that sleeps at %+v:\n%s", c, out.history())
					if atOnce == 1 && slices.Contains(sleeper.writes, c.touch) {
						assert.Zero(t, out.world.refused, "a host that sleeps at %+v, and there in its store, came to the world", c)
					}
					assert.LessOrEqual(t, out.world.refused, atOnce, "a host that sleeps at %+v came to the world again", c)
					if !sleeper.slept {
						return
					}
					slept++
					require.NoError(t, out.early(sleeper), "a host that sleeps at %+v", c)
					var how *stage.Error
					if err != nil && !errors.As(err, &how) {
						assert.Contains(t, err.Error(), "store", "a host that sleeps at %+v", c)
					} else {
						assert.Equal(t, out.state.Outcome, stage.OutcomeOf(err), "a host that sleeps at %+v says how it ended: %v", c, err)
					}
				})
			}
			assert.Positive(t, slept)
		})
	}
}

// early reports that stages of a host were taken over, while it slept or before, when it had its lease.
func (out told) early(m *machine) error {
	state := new(ledger.State)
	for _, e := range out.events {
		if _, taken := e.Body.(ledger.Taken); taken && state.Busy() && state.Host == m.runner.Host() && e.Time.Before(m.wakes) {
			var last time.Time
			for _, at := range m.leased {
				if !at.After(e.Time) {
					last = at
				}
			}
			if e.Time.Before(last.Add(release.DefaultLease)) {
				return fmt.Errorf("event %d takes it from a host that has said %s before that it lives", e.Seq, e.Time.Sub(last))
			}
		}
		if err := state.Apply(e); err != nil {
			return err
		}
	}
	return nil
}

// asleep tells the story with two hosts, the first of which falls asleep for a minute. People call the
// one and the other by turns. The error is what the sleeper says in the end.
func (s story) asleep(t *testing.T, c cut) (told, *machine, error) {
	t.Helper()
	s.leases = true
	w := newWorld()
	h := &house{t: t, world: w, story: s, store: new(release.MemoryStore), over: make(chan struct{})}
	for range 2 {
		m := &machine{world: w, died: make(chan struct{})}
		m.runner = release.NewRunner(release.Config{Store: h.disk(m)})
		h.machines = append(h.machines, m)
	}
	calls := 0
	h.phone = func() *machine { calls++; return h.machines[calls/3%2] }
	first, second := h.machines[0], h.machines[1]
	first.cut, first.nap = c, time.Minute
	said := make(chan error, 1)
	go func() {
		p := s.pipeline(first)
		for {
			_, err := first.runner.Run(context.Background(), p, release.Request{ID: id, Service: "shop", RequestedBy: "ada"})
			if !errors.Is(err, release.ErrConflict) {
				said <- err
				return
			}
			_, err = first.runner.Wait(context.Background(), id) // it was there, and the other one has it
			said <- err
			return
		}
	}()
	_, err := second.runner.TakeUp(t.Context(), s.pipeline(second))
	require.NoError(t, err)
	people := make(chan struct{})
	go func() {
		defer close(people)
		h.people()
	}()
	deadline := time.Now().Add(patience)
	for over := false; !over; {
		time.Sleep(time.Second)
		state, err := ledger.Fold(h.store.Events(context.Background(), id, 0))
		require.NoError(t, err)
		over = state.Over() || time.Now().After(deadline)
	}
	close(h.over)
	<-people
	err = <-said
	for _, m := range h.machines {
		require.NoError(t, m.runner.Close())
	}
	synctest.Wait()
	return h.told(), first, err
}
