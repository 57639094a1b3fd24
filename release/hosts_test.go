package release_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errAway = errors.New("the database is away")

// link is one host's way to a store that hosts share. It can be cut, or hang for one release, and the
// host's clock can be off.
type link struct {
	*release.MemoryStore
	away, deaf atomic.Bool
	blind      atomic.Bool // events cannot be read
	mute       atomic.Bool // what is written is not acknowledged
	hangs      atomic.Pointer[string]
	ahead      time.Duration
}

func (l *link) up() error {
	if l.away.Load() {
		return errAway
	}
	return nil
}

func (l *link) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	if hangs := l.hangs.Load(); hangs != nil && *hangs == id {
		<-ctx.Done()
		return ctx.Err()
	}
	return errors.Join(l.up(), func() error {
		if l.up() != nil {
			return nil
		}
		events = slices.Clone(events)
		for i, e := range events {
			events[i].Time = e.Time.Add(l.ahead)
			if b, ok := e.Body.(ledger.Ended); ok && !b.RetryAt.IsZero() {
				b.RetryAt = b.RetryAt.Add(l.ahead)
				events[i].Body = b
			}
		}
		err := l.MemoryStore.Append(ctx, id, expected, events...)
		if l.mute.Load() {
			return errAway
		}
		return err
	}())
}

func (l *link) Events(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	if l.up() != nil || l.blind.Load() && from == 0 {
		return func(yield func(ledger.Event, error) bool) { yield(ledger.Event{}, errAway) }
	}
	return l.MemoryStore.Events(ctx, id, from)
}

func (l *link) Open(ctx context.Context) iter.Seq2[string, error] {
	if err := l.up(); err != nil {
		return func(yield func(string, error) bool) { yield("", err) }
	}
	return l.MemoryStore.Open(ctx)
}

func (l *link) Changed(ctx context.Context, d time.Duration) iter.Seq2[string, error] {
	if l.up() != nil || l.deaf.Load() {
		return func(yield func(string, error) bool) { yield("", errAway) }
	}
	return l.MemoryStore.Changed(ctx, d)
}

func (l *link) Lease(ctx context.Context, host string, d time.Duration) error {
	if err := l.up(); err != nil {
		return err
	}
	return l.MemoryStore.Lease(ctx, host, d)
}

func (l *link) Alive(ctx context.Context, host string) (bool, error) {
	if err := l.up(); err != nil {
		return false, err
	}
	return l.MemoryStore.Alive(ctx, host)
}

// fleet is a number of hosts on one store.
type fleet struct {
	store *release.MemoryStore
	links []*link
	hosts []*release.Runner
}

func newFleet(t *testing.T, n int) *fleet {
	c := &fleet{store: new(release.MemoryStore)}
	for range n {
		l := &link{MemoryStore: c.store}
		host := release.NewRunner(release.Config{Store: l})
		c.links, c.hosts = append(c.links, l), append(c.hosts, host)
		t.Cleanup(func() {
			l.away.Store(false)
			l.hangs.Store(nil)
			host.Close()
		})
	}
	return c
}

func (c *fleet) state(t *testing.T, id string) *ledger.State {
	t.Helper()
	state, err := ledger.Fold(c.store.Events(t.Context(), id, 0))
	require.NoError(t, err)
	return state
}

// shift is one run of a stage in one host.
type shift struct {
	host         int
	fence        uint64
	began, ended time.Time
}

// logbook writes down when a stage runs, and in which host.
type logbook struct {
	mu     sync.Mutex
	shifts []shift
}

func (l *logbook) stage(host int, run stage.Stage) stage.Stage {
	return do(func(ctx context.Context, t *stage.Task) error {
		began := time.Now()
		err := run.Run(ctx, t)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.shifts = append(l.shifts, shift{host, t.Fence(), began, time.Now()})
		return err
	})
}

// listening waits for an approval in its goroutine.
type listening struct{}

func (listening) Listens() []stage.SignalKind { return []stage.SignalKind{stage.Approve} }
func (listening) Run(ctx context.Context, t *stage.Task) error {
	_, err := t.Next(ctx)
	return err
}

func approve(id string) stage.Signal {
	return stage.Signal{ID: id, Kind: stage.Approve, Stage: "b", By: "grace"}
}

// A host that is cut off stops what it runs before another host begins it, and tells in the end how the
// other one has ended the release.
func TestWhoIsCutOffStopsBeforeAnotherBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, book := newFleet(t, 2), new(logbook)
		ended := make(chan error, 1)
		go func() {
			_, err := c.hosts[0].Run(t.Context(), steps(book.stage(0, sleeper(time.Hour))), request("r1"))
			ended <- err
		}()
		time.Sleep(time.Minute)
		_, err := c.hosts[1].TakeUp(t.Context(), steps(book.stage(1, sleeper(3*time.Minute))))
		require.NoError(t, err)
		c.links[0].away.Store(true)
		cut := time.Now()
		time.Sleep(time.Minute)
		c.links[0].away.Store(false)
		require.NoError(t, c.hosts[0].Signal(t.Context(), "r1", stage.Signal{ID: "1", Kind: stage.Pause, By: "grace"}), "it is left for the other host")
		require.NoError(t, c.hosts[0].Signal(t.Context(), "r1", stage.Signal{ID: "2", Kind: stage.Resume, By: "grace"}))
		err = <-ended
		require.Len(t, book.shifts, 2)
		first, second := book.shifts[0], book.shifts[1]
		assert.Equal(t, []int{0, 1}, []int{first.host, second.host})
		assert.True(t, first.ended.Before(second.began), "%v", second.began.Sub(first.ended))
		assert.Less(t, second.began.Sub(cut), 2*release.DefaultLease)
		assert.Less(t, first.fence, second.fence)
		state := c.state(t, "r1")
		assert.Equal(t, stage.Succeeded, state.Outcome)
		assert.NoError(t, err)
	})
}

// A host that never lost the store, but whose release was taken, says how it ended elsewhere.
func TestTheOneThatLostTellsTheOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFleet(t, 2)
		ended := make(chan error, 2)
		run := func(ctx context.Context, id string) {
			_, err := c.hosts[0].Run(ctx, steps(sleeper(time.Hour)), request(id))
			ended <- err
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go run(t.Context(), "r1")
		synctest.Wait()
		require.NoError(t, c.store.Lease(t.Context(), c.hosts[0].Host(), 0)) // its lease is gone, and it does not know
		p := steps(sleeper(time.Minute))
		p.Stages[2].Do = do(failing)
		taken, err := c.hosts[1].TakeUp(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, []string{"r1"}, taken)
		assert.Equal(t, stage.Failed, outcome(t, <-ended))
		assert.Equal(t, 2, c.state(t, "r1").Stage("b").Attempt)

		go run(ctx, "r2")
		time.Sleep(release.DefaultLease / 10)
		require.NoError(t, c.store.Lease(t.Context(), c.hosts[0].Host(), 0))
		_, err = c.hosts[1].TakeUp(t.Context(), steps(sleeper(time.Hour)))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		cancel()
		assert.ErrorIs(t, <-ended, release.ErrElsewhere, "it is not interrupted, as another host carries it")
	})
}

// The store hangs for one release: that is no reason to lose the others.
func TestALeaseIsRenewedThoughAReleaseHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, book := newFleet(t, 3), new(logbook)
		require.NoError(t, c.hosts[0].Begin(t.Context(), steps(waiter{}), request("r1")))
		require.NoError(t, c.hosts[0].Begin(t.Context(), steps(book.stage(0, sleeper(time.Hour))), request("r2")))
		synctest.Wait()
		name := "r1"
		c.links[0].hangs.Store(&name)
		_, err := c.hosts[1].TakeUp(t.Context(), steps(book.stage(1, nothing)))
		require.NoError(t, err)
		require.NoError(t, c.hosts[2].Signal(t.Context(), "r1", approve("1")))
		time.Sleep(2 * time.Hour)
		book.shifts = slices.DeleteFunc(book.shifts, func(s shift) bool { return s.host == 1 }) // of r1, which it may take
		assert.Len(t, book.shifts, 1)
		assert.Equal(t, 1, c.state(t, "r2").Stage("b").Attempt)
		assert.Equal(t, uint64(1), c.state(t, "r2").Fence)
	})
}

// What others have written while this host could not look is found once it can.
func TestWhatWasWrittenMeanwhileIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFleet(t, 2)
		require.NoError(t, c.hosts[0].Begin(t.Context(), steps(listening{}), request("r1")))
		synctest.Wait()
		c.links[0].deaf.Store(true)
		require.NoError(t, c.hosts[1].Signal(t.Context(), "r1", approve("1")))
		time.Sleep(10 * time.Minute)
		assert.False(t, c.state(t, "r1").Over())
		c.links[0].deaf.Store(false)
		time.Sleep(2 * time.Second)
		assert.Equal(t, stage.Succeeded, c.state(t, "r1").Outcome)
		assert.Equal(t, 1, c.state(t, "r1").Stage("b").Attempt)
	})
}

// One signal is sent through two hosts, one of which has the release's state from before the other has
// recorded it.
func TestASignalThroughTwoHostsIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFleet(t, 2)
		require.NoError(t, c.hosts[0].Begin(t.Context(), steps(listening{}), request("r1")))
		synctest.Wait()
		require.NoError(t, c.hosts[1].Signal(t.Context(), "r1", approve("1")))
		require.NoError(t, c.hosts[0].Signal(t.Context(), "r1", approve("1")))
		state, err := c.hosts[0].Wait(t.Context(), "r1")
		require.NoError(t, err)
		assert.Len(t, state.Stage("b").Inbox, 1)
		assert.ErrorIs(t, c.hosts[0].Signal(t.Context(), "r1", approve("2")), ledger.ErrTooLate)
	})
}

// A signal loses a race against one after which it makes no sense.
func TestASignalIsWeighedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFleet(t, 2)
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "a", Do: nothing, OnFailure: release.Undo},
			{Name: "b", Do: do(func(ctx context.Context, _ *stage.Task) error { <-ctx.Done(); time.Sleep(time.Minute); return nil }), Needs: []string{"a"}},
		}}
		require.NoError(t, c.hosts[0].Begin(t.Context(), p, request("r1")))
		synctest.Wait()
		// Whoever carries the release hears of the end only when it writes itself.
		c.links[0].deaf.Store(true)
		state := c.state(t, "r1")
		require.NoError(t, c.store.Append(t.Context(), "r1", state.Seq,
			ledger.Event{Seq: state.Seq + 1, Time: state.Last, Stage: "b", Attempt: 1, Body: ledger.Ended{Outcome: stage.Failed, Reason: "as if"}},
			ledger.Event{Seq: state.Seq + 2, Time: state.Last, Body: ledger.Finished{Outcome: stage.Failed}}))
		assert.ErrorIs(t, c.hosts[0].Signal(t.Context(), "r1", stage.Signal{ID: "1", Kind: stage.SkipStage, Stage: "b", By: "grace"}), ledger.ErrTooLate)
		time.Sleep(2 * time.Minute)
		_, err := c.hosts[0].Wait(t.Context(), "r1")
		assert.Equal(t, stage.Failed, outcome(t, err), "it ends at once, not when somebody looks")
	})
}

// The first host's clock is an hour ahead: in the second one, time goes on from there.
func TestTimeGoesOnBehindAFastClock(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			c, tries := newFleet(t, 2), 0
			c.links[0].ahead = ahead
			p := steps(sleeper(time.Hour))
			p.Stages[1].Retry = release.Retry{Attempts: 4, Backoff: 10 * time.Second}
			p.Stages[1].AttemptTimeout = 3 * time.Hour
			require.NoError(t, c.hosts[0].Begin(t.Context(), p, request("r1")))
			synctest.Wait()
			require.NoError(t, c.hosts[0].Close())
			p.Stages[1].Do = do(func(context.Context, *stage.Task) error {
				if tries++; tries < 3 {
					return errors.New("not yet")
				}
				return nil
			})
			began := time.Now()
			_, err := c.hosts[1].TakeUp(t.Context(), p)
			require.NoError(t, err)
			state, err := c.hosts[1].Wait(t.Context(), "r1")
			require.NoError(t, err)
			assert.Equal(t, 3, tries)
			assert.Less(t, time.Since(began), 5*time.Minute)
			var last time.Time
			for e := range c.store.Events(t.Context(), "r1", 0) {
				assert.False(t, e.Time.Before(last), "event %d is before the one before", e.Seq)
				last = e.Time
			}
			for _, st := range state.Stages {
				assert.GreaterOrEqual(t, st.Took(), time.Duration(0))
			}
		})
	}
}

// A watcher in a third host sees the events of all hosts that carry the release one after the other: one
// is cut off for good, one stops.
func TestAWatcherOutlivesTheOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFleet(t, 4)
		p := steps(sleeper(time.Hour))
		require.NoError(t, c.hosts[0].Begin(t.Context(), p, request("r1")))
		seen := make(chan []uint64, 1)
		go func() {
			seqs, err := numbers(c.hosts[3].Watch(t.Context(), "r1", 0))
			assert.NoError(t, err)
			seen <- seqs
		}()
		time.Sleep(time.Minute)
		c.links[0].away.Store(true)
		time.Sleep(time.Minute)
		_, err := c.hosts[1].TakeUp(t.Context(), p)
		require.NoError(t, err)
		time.Sleep(10 * time.Minute)
		require.NoError(t, c.hosts[1].Close())
		time.Sleep(10 * time.Minute)
		_, err = c.hosts[2].TakeUp(t.Context(), p)
		require.NoError(t, err)
		seqs := <-seen
		state := c.state(t, "r1")
		assert.Equal(t, upTo(1, state.Seq), seqs)
		assert.Equal(t, stage.Succeeded, state.Outcome)
		assert.Equal(t, uint64(3), state.Fence)
	})
}

// Two hosts take up the releases of a dead one at the same time.
func TestTwoHostsTakeUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 50
		c, book := newFleet(t, 3), new(logbook)
		for n := range many {
			require.NoError(t, c.hosts[0].Begin(t.Context(), steps(sleeper(time.Hour)), request(fmt.Sprintf("r%d", n))))
		}
		synctest.Wait()
		c.links[0].away.Store(true)
		time.Sleep(2 * release.DefaultLease)
		var all sync.WaitGroup
		taken := make([][]string, 3)
		for n := 1; n < 3; n++ {
			all.Go(func() {
				var err error
				taken[n], err = c.hosts[n].TakeUp(t.Context(), steps(book.stage(n, sleeper(time.Minute))))
				assert.NoError(t, err, "that the other was quicker is no error")
			})
		}
		all.Wait()
		assert.Len(t, slices.Compact(slices.Sorted(slices.Values(append(taken[1], taken[2]...)))), many)
		assert.Len(t, append(taken[1], taken[2]...), many, "each is taken by one")
		time.Sleep(5 * time.Minute)
		assert.Len(t, book.shifts, many)
		for n := range many {
			assert.Equal(t, stage.Succeeded, c.state(t, fmt.Sprintf("r%d", n)).Outcome)
		}
	})
}

// A store that was away for long is no end: the host that is left takes its own releases up again.
func TestAReleaseGoesOnWhenTheStoreIsBack(t *testing.T) {
	for _, away := range []time.Duration{5 * time.Second, time.Minute, time.Hour} {
		t.Run(away.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, book := newFleet(t, 1), new(logbook)
				p := steps(book.stage(0, sleeper(30*time.Second)))
				p.Stages = append(p.Stages, release.Stage{Name: "d", Do: waiter{}, Needs: []string{"c"}})
				_, err := c.hosts[0].TakeUp(t.Context(), p)
				require.NoError(t, err)
				for n := range 20 {
					require.NoError(t, c.hosts[0].Begin(t.Context(), p, request(fmt.Sprintf("r%d", n))))
					time.Sleep(2 * time.Second)
				}
				c.links[0].away.Store(true)
				time.Sleep(away)
				c.links[0].away.Store(false)
				time.Sleep(2 * time.Minute)
				for n := range 20 {
					id := fmt.Sprintf("r%d", n)
					assert.Equal(t, stage.Waiting, c.state(t, id).Stage("d").Outcome)
					sig := approve("1")
					sig.Stage = "d"
					require.NoError(t, c.hosts[0].Signal(t.Context(), id, sig))
				}
				time.Sleep(time.Minute)
				for n := range 20 {
					assert.Equal(t, stage.Succeeded, c.state(t, fmt.Sprintf("r%d", n)).Outcome)
				}
			})
		})
	}
}

// Two hosts know of a release that waits for its next attempt: the one that had it last goes on with it,
// however early the other one's clock is, and the other one does when that is dead.
func TestWhatIsWaitedForIsLeftToTheLastHost(t *testing.T) {
	for _, dies := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, tries := newFleet(t, 2), 0
			p := steps(do(func(context.Context, *stage.Task) error {
				if tries++; tries < 4 {
					return errors.New("not yet")
				}
				return nil
			}))
			p.Stages[1].Retry = release.Retry{Attempts: 9, Backoff: 2 * time.Minute, MaxBackoff: 2 * time.Minute}
			require.NoError(t, c.hosts[0].Begin(t.Context(), p, request("r1")))
			synctest.Wait()
			_, err := c.hosts[1].TakeUp(t.Context(), p)
			require.NoError(t, err)
			c.links[0].away.Store(dies)
			time.Sleep(10 * time.Minute)
			state := c.state(t, "r1")
			assert.Equal(t, stage.Succeeded, state.Outcome)
			assert.Equal(t, 4, tries)
			assert.Equal(t, map[bool]uint64{false: 1, true: 2}[dies], state.Fence)
		})
	}
}

// A signal for a release that stops in its host, as the store has failed for it, is recorded nevertheless.
func TestASignalForAReleaseThatStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFleet(t, 1)
		p := steps(do(func(ctx context.Context, t *stage.Task) error {
			time.Sleep(time.Minute)
			err := t.Checkpoint(ctx, 1)
			time.Sleep(time.Minute) // it clears up
			return err
		}))
		require.NoError(t, c.hosts[0].Begin(t.Context(), p, request("r1")))
		time.Sleep(59 * time.Second)
		c.links[0].away.Store(true)
		time.Sleep(2 * time.Second)
		c.links[0].away.Store(false)
		require.NoError(t, c.hosts[0].Signal(t.Context(), "r1", stage.Signal{ID: "1", Kind: stage.Pause, By: "grace"}))
		assert.NotNil(t, c.state(t, "r1").Paused)
	})
}

// A read that fails, for a signal or while a host listens, harms neither what runs nor what is at rest.
func TestAReadThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFleet(t, 2)
		require.NoError(t, c.hosts[0].Begin(t.Context(), steps(listening{}), request("r1")))
		require.NoError(t, c.hosts[0].Begin(t.Context(), steps(waiter{}), request("r2")))
		synctest.Wait()
		c.links[0].blind.Store(true)
		require.NoError(t, c.hosts[1].Signal(t.Context(), "r1", approve("1")))
		require.ErrorIs(t, c.hosts[0].Signal(t.Context(), "r2", approve("1")), errAway)
		time.Sleep(release.DefaultLease / 2)
		c.links[0].blind.Store(false)
		require.NoError(t, c.hosts[0].Signal(t.Context(), "r2", approve("1")))
		time.Sleep(release.DefaultLease / 2)
		for _, id := range []string{"r1", "r2"} {
			state := c.state(t, id)
			assert.Equal(t, stage.Succeeded, state.Outcome)
			assert.Equal(t, uint64(1), state.Fence)
		}
	})
}

// A write was kept, but nobody said so: the release stops in its host, which then takes it up as it was
// recorded. What had ended is not run again.
func TestAWriteOfUnknownFateIsLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, book := newFleet(t, 1), new(logbook)
		p := steps(book.stage(0, sleeper(time.Minute+time.Second/2)))
		p.Stages[2].Do = sleeper(time.Hour)
		_, err := c.hosts[0].TakeUp(t.Context(), p)
		require.NoError(t, err)
		require.NoError(t, c.hosts[0].Begin(t.Context(), p, request("r1")))
		time.Sleep(time.Minute + time.Second/10)
		c.links[0].mute.Store(true)
		time.Sleep(time.Second * 8 / 10) // between two beats: b ends, and c begins, in one write
		c.links[0].mute.Store(false)
		time.Sleep(2 * time.Hour)
		state := c.state(t, "r1")
		assert.Equal(t, stage.Succeeded, state.Outcome)
		assert.Equal(t, uint64(2), state.Fence)
		assert.Len(t, book.shifts, 1)
		assert.Equal(t, 2, state.Stage("c").Attempt)
	})
}
