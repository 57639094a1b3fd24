package crash_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// riot is a hundred releases on one store, with hosts that come and go, people who say anything, and
// others who look on.
type riot struct {
	t     *testing.T
	store *release.MemoryStore
	world *world
	done  chan struct{}

	mu     sync.Mutex
	random *rand.Rand
	hosts  []*machine
	gone   []*machine
	said   map[string]string // signals that were acknowledged, and the release of each
}

const crowd = 100

func (r *riot) draw(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.random.IntN(n)
}

func (r *riot) host() *release.Runner {
	n := r.draw(1 << 20)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hosts[n%len(r.hosts)].runner
}

// pipeline has all that can go on at once.
func (r *riot) pipeline(m *machine) release.Pipeline {
	slow := func(ctx context.Context, _ *stage.Task) error {
		select {
		case <-time.After(time.Duration(r.draw(3000)) * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if r.draw(20) == 0 {
			return errors.New("bad luck")
		}
		return nil
	}
	shaky := step("shaky", m.undoes(slow, "x", "y"), "a")
	shaky.Retry, shaky.OnFailure = release.Retry{Attempts: 3}, release.Undo
	frozen := step("frozen", m.undoes(slow, "x"), "b")
	frozen.OnFailure = release.Freeze
	once := step("once", stage.Declared{Stage: stage.Func(slow), Class: stage.AtMostOnce}, "ask")
	tell := step("tell", m.does("x"), "once")
	tell.Always = true
	return release.Pipeline{Name: "p", Parallel: 3, Stages: []release.Stage{
		step("a", m.undoes(slow, "x")), step("b", m.undoes(slow, "x"), "a"), shaky, frozen,
		step("ask", approval.Stage{Quorum: 2}, "shaky", "frozen"), once, tell,
	}}
}

// arrive starts a host.
func (r *riot) arrive() {
	m := &machine{world: r.world, died: make(chan struct{})}
	m.runner = release.NewRunner(release.Config{Store: shared{disk{m, r.store}}})
	_, err := m.runner.TakeUp(context.Background(), r.pipeline(m))
	require.NoError(r.t, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hosts = append(r.hosts, m)
}

// depart takes a host away: it is stopped, or cut off for good.
func (r *riot) depart() {
	kind := r.draw(3)
	r.mu.Lock()
	m := r.hosts[0]
	r.hosts = r.hosts[1:]
	r.gone = append(r.gone, m)
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	switch kind {
	case 0:
		_ = m.runner.Close()
	case 1:
		m.runner.Stop(ctx)
	default:
		m.mu.Lock()
		defer m.mu.Unlock()
		_ = m.die()
	}
}

// say says something to a release, through any host, until somebody has heard it.
func (r *riot) say(n int, id string, sig stage.Signal) {
	sig.ID, sig.By = fmt.Sprintf("s%d", n), fmt.Sprintf("person %d", n%7)
	for {
		err := r.host().Signal(context.Background(), id, sig)
		switch {
		case err == nil:
			r.mu.Lock()
			defer r.mu.Unlock()
			r.said[sig.ID] = id
			return
		case errors.Is(err, ledger.ErrTooLate), errors.Is(err, ledger.ErrSignal), errors.Is(err, release.ErrUnknown):
			return
		}
		time.Sleep(time.Second)
	}
}

// watch looks on from an event on, through one host after the other, and reports what comes twice or not.
func (r *riot) watch(id string, from uint64) error {
	next := from
	for {
		for e, err := range r.host().Watch(context.Background(), id, next) {
			if err != nil {
				break
			}
			if e.Seq != next {
				return fmt.Errorf("release %s: event %d comes where %d should", id, e.Seq, next)
			}
			next++
			if _, over := e.Body.(ledger.Finished); over {
				return nil
			}
		}
		select {
		case <-r.done:
			return fmt.Errorf("release %s: no end was seen behind event %d", id, next)
		case <-time.After(time.Second):
		}
	}
}

func TestARiot(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { riots(t, seed) })
		})
	}
}

func riots(t *testing.T, seed uint64) {
	r := &riot{t: t, store: new(release.MemoryStore), world: newWorld(), done: make(chan struct{}), random: rand.New(rand.NewPCG(seed, 1)), said: make(map[string]string)}
	for range 3 {
		r.arrive()
	}
	var people, watchers sync.WaitGroup
	for i := range crowd {
		id := fmt.Sprint("r", i)
		people.Go(func() {
			for {
				m := r.host()
				r.mu.Lock()
				var at *machine
				for _, h := range r.hosts {
					if h.runner == m {
						at = h
					}
				}
				r.mu.Unlock()
				if at == nil {
					continue
				}
				err := m.Begin(context.Background(), r.pipeline(at), release.Request{ID: id, Service: "shop", RequestedBy: "ada"})
				if err == nil || errors.Is(err, release.ErrConflict) {
					return
				}
				time.Sleep(time.Second)
			}
		})
		for range 2 {
			from := uint64(1 + r.draw(10))
			watchers.Go(func() { assert.NoError(t, r.watch(id, from)) })
		}
	}
	kinds := []stage.Signal{
		{Kind: stage.Pause}, {Kind: stage.Resume}, {Kind: stage.Abort}, {Kind: stage.Abort, Stage: "shaky"}, {Kind: stage.SkipStage, Stage: "frozen"},
		{Kind: stage.Approve, Stage: "ask"}, {Kind: stage.Approve, Stage: "ask"}, {Kind: stage.Reject, Stage: "ask"}, {Kind: stage.Retry, Stage: "frozen"},
		{Kind: stage.Retry, Stage: "once"},
	}
	for n := range 5 * crowd {
		id, sig := fmt.Sprint("r", r.draw(crowd)), kinds[r.draw(len(kinds))]
		people.Go(func() { r.say(n, id, sig) })
		time.Sleep(time.Duration(r.draw(200)) * time.Millisecond)
		if r.draw(20) == 0 {
			r.arrive()
			r.depart()
		}
	}
	people.Wait()
	r.calm(t)
	watchers.Wait()
	close(r.done)
	r.aftermath(t)
	for _, m := range append(r.hosts, r.gone...) {
		require.NoError(t, m.runner.Close())
	}
}

// calm lets all releases come to their end, by people who say yes to everything.
func (r *riot) calm(t *testing.T) {
	for n := 0; ; n++ {
		require.Less(t, n, 1000, "they never end")
		open := 0
		for id, err := range r.store.Open(context.Background()) {
			require.NoError(t, err)
			open++
			state, err := ledger.Fold(r.store.Events(context.Background(), id, 0))
			require.NoError(t, err)
			word := 1<<20 + n*crowd*10 + open*10
			if state.Paused != nil {
				r.say(word, id, stage.Signal{Kind: stage.Resume})
			}
			for _, st := range state.Stages {
				switch {
				case st.Parked != "":
					r.say(word+1, id, stage.Signal{Kind: stage.SkipStage, Stage: st.Name})
				case st.Name == "ask" && st.Begun():
					r.say(word+2, id, stage.Signal{Kind: stage.Approve, Stage: "ask"})
					r.say(word+3, id, stage.Signal{Kind: stage.Approve, Stage: "ask"})
				}
			}
		}
		if open == 0 {
			return
		}
		time.Sleep(5 * time.Second)
	}
}

func (r *riot) aftermath(t *testing.T) {
	heard := make(map[string]int)
	outcomes := make(map[stage.Outcome]int)
	for i := range crowd {
		id := fmt.Sprint("r", i)
		state := new(ledger.State)
		begun := make(map[string]int)
		retried := 0
		for e, err := range r.store.Events(context.Background(), id, 0) {
			require.NoError(t, err)
			require.NoError(t, state.Apply(e))
			switch b := e.Body.(type) {
			case ledger.Signalled:
				heard[b.Signal.ID]++
				if b.Signal.Kind == stage.Retry {
					retried++
				}
			case ledger.Began:
				begun[e.Stage]++
			}
		}
		assert.True(t, state.Over(), id)
		assert.LessOrEqual(t, begun["once"], 1+retried, id)
		outcomes[state.Outcome]++
	}
	for sig, id := range r.said {
		assert.Equal(t, 1, heard[sig], "signal %s for %s was acknowledged", sig, id)
	}
	assert.Empty(t, r.world.revived())
	assert.Len(t, r.said, len(heard), "what was not acknowledged was never recorded, as each was sent until it was")
	t.Logf("%d hosts, %d signals, %v", len(r.hosts)+len(r.gone), len(heard), outcomes)
}
