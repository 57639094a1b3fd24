package haproxy_test

import (
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/integration/loadtool"
	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// mood is what a relay does with those who come.
type mood int

const (
	passes     mood = iota
	hangs           // takes what it is told, and never answers
	hangsUp         // closes the connection at once
	cutsOff         // gives the first bytes of an answer alone
	isNotThere      // does not listen
)

// relay stands between a router and the socket of HAProxy, and harms nobody else.
type relay struct {
	t        testing.TB
	from, to string
	mu       sync.Mutex
	mood     mood
	listener net.Listener
	open     map[net.Conn]bool
	changes  chan struct{} // closed when the mood changes
	over     sync.WaitGroup
}

func openRelay(t testing.TB, to string) *relay {
	r := &relay{t: t, from: filepath.Join(filepath.Dir(to), "relay.sock"), to: to, open: map[net.Conn]bool{}, changes: make(chan struct{})}
	r.listen()
	t.Cleanup(func() {
		r.set(isNotThere)
		r.over.Wait()
	})
	return r
}

func (r *relay) listen() {
	l, err := net.Listen("unix", r.from)
	require.NoError(r.t, err)
	r.listener = l
	r.over.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r.over.Go(func() { r.serve(conn) })
		}
	})
}

// set changes the mood. Those who are there are sent away.
func (r *relay) set(m mood) {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.mood
	if r.mood = m; m == isNotThere && was != isNotThere {
		_ = r.listener.Close()
	} else if m != isNotThere && was == isNotThere {
		r.listen()
	}
	close(r.changes)
	r.changes = make(chan struct{})
	for conn := range r.open {
		_ = conn.Close()
	}
}

func (r *relay) serve(conn net.Conn) {
	defer conn.Close()
	r.mu.Lock()
	m, changes := r.mood, r.changes
	r.open[conn] = true
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.open, conn)
	}()
	switch m {
	case hangs:
		_, _ = io.Copy(io.Discard, conn)
		<-changes
	case passes, cutsOff:
		up, err := net.Dial("unix", r.to)
		if err != nil {
			return
		}
		defer up.Close()
		go func() {
			_, _ = io.Copy(up, conn)
			_ = up.(*net.UnixConn).CloseWrite()
		}()
		if m == cutsOff {
			_, _ = io.CopyN(conn, up, 100)
			return
		}
		_, _ = io.Copy(conn, up)
	}
}

// relayed is a scene whose router speaks to HAProxy through a relay.
func relayed(t *testing.T) (*scene, *relay) {
	s := open(t, wirings(quick)[0]).install("1.0.0", 2)
	r := openRelay(t, s.options.Socket)
	o := s.options
	o.Socket, o.Timeout = r.from, time.Second
	g, err := haproxy.NewGroups(o)
	require.NoError(t, err)
	s.router, s.target = g, s.compose(g)
	return s, r
}

// TestTheSocketIsAwayForAWhile takes the socket away in each phase of a rollout, in every way, and gives it
// back once the router has noticed. The rollout goes on, and nobody loses anything.
func TestTheSocketIsAwayForAWhile(t *testing.T) {
	t.Parallel()
	s, r := relayed(t)
	patrons := s.patrons(loadtool.Wrk())
	moods := []mood{hangs, hangsUp, cutsOff, isNotThere}
	times := 0
	away := make(chan mood, 100)
	over := make(chan bool)
	go func() {
		defer close(over)
		for m := range away {
			r.set(m)
			eventually(t, "the router notices", func() bool {
				_, err := s.router.Table(t.Context())
				return err != nil
			})
			r.set(passes)
		}
	}()
	result, err := s.release(s.plan(lossless[2], "1.1.0"), options(), func(_ *rollout.Rollout, e rollout.Event) {
		if e.Kind == rollout.PhaseStarted || e.Kind == rollout.StepReached {
			away <- moods[times%len(moods)]
			times++
		}
	})
	close(away)
	<-over
	require.NoError(t, err)
	require.Equal(t, rollout.Promoted, result.Outcome)
	assert.Greater(t, times, 2*len(moods))
	s.runs("1.1.0", 2)
	patrons.lostNothing()
}

// TestTheSocketIsGone takes the socket away for good in the middle of a rollout, in every way: it ends in time,
// says what is wrong, and customers do not notice. Once the socket is back, Restore puts everything right.
func TestTheSocketIsGone(t *testing.T) {
	for name, c := range map[string]struct {
		mood mood
		says []string // one of these
	}{
		"it hangs":               {hangs, []string{"did not answer in time"}},
		"it hangs up":            {hangsUp, []string{"connection reset", "EOF", "broken pipe", "cut off"}},
		"it cuts off":            {cutsOff, []string{"the answer is cut off"}},
		"there is none any more": {isNotThere, []string{"no such file or directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := relayed(t)
			patrons := s.patrons(loadtool.Hey())
			o := options()
			o.Deadline, o.RollbackTimeout, o.CallTimeout = 4*time.Second, 6*time.Second, 2*time.Second
			result, err := s.release(s.plan(lossless[2], "1.1.0"), o, func(_ *rollout.Rollout, e rollout.Event) {
				if e.Kind == rollout.StepReached && e.Step == 1 && !e.Back {
					r.set(c.mood)
				}
			})
			require.Equal(t, rollout.RollbackFailed, result.Outcome, "%v", err)
			var late *rollout.DeadlineError
			require.ErrorAs(t, err, &late)
			assert.True(t, slices.ContainsFunc(c.says, func(text string) bool { return strings.Contains(err.Error(), text) }), "%v", err)
			assert.ErrorContains(t, err, r.from)
			r.set(passes)
			require.NoError(t, rollout.Restore(t.Context(), s.target, alone("1.0.0", 2), options()))
			s.runs("1.0.0", 2)
			patrons.lostNothing()
		})
	}
}
