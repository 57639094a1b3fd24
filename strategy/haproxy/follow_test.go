package haproxy_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy/haproxy"
)

// Lines that are not of the time at which they come make all stretches unlike what was asked for.
func TestClocksThatDiffer(t *testing.T) {
	for name, c := range map[string]struct {
		off  time.Duration
		says string
	}{"ahead": {10 * time.Second, "ahead of this machine's"}, "behind": {-10 * time.Second, "s late, or its clock is so far behind"}} {
		t.Run(name, func(t *testing.T) {
			w, start := measured(t)
			s := running(t, w.router(), haproxy.SourceOptions{})
			q := metrics.Query{Group: oldPool.String(), From: start, To: start.Add(10 * time.Second)}
			_, err := s.Read(t.Context(), q)
			require.NoError(t, err, "what the ring has kept is old, and that is right")
			w.log(oldPool, "s1", time.Now().Add(c.off), 200, "----", 0)
			eventually(t, "the difference is told", func() bool {
				_, err := s.Read(t.Context(), q)
				return err != nil && strings.Contains(err.Error(), c.says)
			})
			w.log(oldPool, "s1", time.Now(), 200, "----", 0)
			eventually(t, "it is over", func() bool { _, err := s.Read(t.Context(), q); return err == nil })
		})
	}
}

// HAProxy ends a conversation that rests for too long. That alone hides nothing.
func TestConversationsEnd(t *testing.T) {
	w, start := measured(t)
	var ended atomic.Int32
	w.before = func(commands string) (bool, error) {
		if commands == "show stat" && ended.Add(1)%2 == 0 {
			return false, errors.New("it has rested for too long")
		}
		return false, nil
	}
	s := running(t, w.router(), haproxy.SourceOptions{})
	for ended.Load() < 20 {
		got := read(t, s, oldPool, start, start.Add(10*time.Second))
		require.Equal(t, uint64(100), got.Requests)
	}
	w.log(oldPool, "s1", time.Now(), 200, "----", 0)
	eventually(t, "it goes on", func() bool { return read(t, s, oldPool, start, time.Now()).Requests == 101 })
	assert.Equal(t, 1, w.streams(), "what is logged goes on to be read")
}

// A process from before a reload that nobody can ask any more is not kept alive by who listens to it.
func TestOldProcessesThatDoNotAnswerAreLeft(t *testing.T) {
	w, start := measured(t)
	before := w.current
	var mute atomic.Bool
	w.beforeIn = func(p *worker, command string) error {
		if p == before && command == "show stat" && mute.Load() {
			return errors.New("it has rested for too long")
		}
		return nil
	}
	s := running(t, w.router(), haproxy.SourceOptions{})
	read(t, s, oldPool, start, time.Now())
	w.simulator.mu.Lock()
	before.backend["shop_a"].current = 1
	w.simulator.mu.Unlock()
	mute.Store(true)
	w.reload()
	eventually(t, "the old process may end", func() bool {
		w.simulator.mu.Lock()
		defer w.simulator.mu.Unlock()
		return len(w.old) == 0
	})
	eventually(t, "what it may have answered is told", func() bool {
		_, err := s.Read(t.Context(), metrics.Query{Group: oldPool.String(), From: start, To: time.Now()})
		return errors.Is(err, metrics.ErrNoData) && strings.Contains(err.Error(), "does not answer any more")
	})
}

// A source remembers the requests of a process until it has caught up, also with a ring that is empty.
func TestNothingIsRememberedOfRequests(t *testing.T) {
	for name, w := range map[string]*world{"empty": newWorld(t), "full": func() *world { w, _ := measured(t); return w }()} {
		t.Run(name, func(t *testing.T) {
			s, err := w.router().Source(haproxy.SourceOptions{})
			require.NoError(t, err)
			remembers, err := s.Remembers(t.Context())
			require.NoError(t, err)
			assert.False(t, remembers)
		})
	}
}
