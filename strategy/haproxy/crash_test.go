package haproxy_test

import (
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// change is a table, and the one after it.
type change struct {
	name     string
	from, to rollout.Table
}

// changes are those of a release: it begins, grows, is compared, promoted, taken back, scaled, ended.
func changes(w *world, rules bool) []change {
	old, young, base := w.instances(oldPool, 3), w.instances(newPool, 2), w.instances(basePool, 1)
	var on, more []strategy.Match
	if rules {
		on = []strategy.Match{{Header: "X-Canary", Value: "on; or # not"}}
		more = append(slices.Clone(on), strategy.Match{Cookie: "canary", Value: "1"})
	}
	stable := table(route(strategy.Stable, oldPool, strategy.All(), old))
	canary := table(route(strategy.Stable, oldPool, strategy.Percent(90), old), route(strategy.Candidate, newPool, strategy.Percent(10), young[:1], on...))
	three := table(route(strategy.Stable, oldPool, strategy.Percent(60), old[:2]), route(strategy.Baseline, basePool, strategy.Percent(20), base),
		route(strategy.Candidate, newPool, strategy.Percent(20), young[:1], more...))
	half := table(route(strategy.Stable, oldPool, strategy.Percent(50), old), route(strategy.Candidate, newPool, strategy.Percent(50), young))
	promoted := table(route(strategy.Stable, newPool, strategy.All(), young))
	three.Sticky = rules
	return []change{
		{"first", rollout.Table{}, stable},
		{"canary", stable, canary},
		{"baseline", canary, three},
		{"half", three, half},
		{"promoted", half, promoted},
		{"taken back", half, stable},
		{"others", table(route(strategy.Stable, oldPool, strategy.All(), old[:2])), table(route(strategy.Stable, oldPool, strategy.All(), old[2:]))},
		{"dark", half, rollout.Table{}},
	}
}

// subject is a router that is made anew, over whatever a world holds.
type subject struct {
	*world
	open func() rollout.Router
}

func groupsSubject(t testing.TB) subject {
	w := newWorld(t)
	return subject{w, func() rollout.Router { return w.router() }}
}

func weightsSubject(t testing.TB) subject {
	w := newWeightsWorld(t, simBackend{servers: 8})
	return subject{w, func() rollout.Router { return w.weightsRouter() }}
}

var subjects = []struct {
	name  string
	open  func(t testing.TB) subject
	rules bool
}{{"groups", groupsSubject, true}, {"weights", weightsSubject, false}}

// every walks all changes of all routers.
func every(t *testing.T, each func(t *testing.T, open func() (subject, change))) {
	for _, kind := range subjects {
		probe := kind.open(t)
		for i, c := range changes(probe.world, kind.rules) {
			t.Run(kind.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				each(t, func() (subject, change) {
					s := kind.open(t)
					c := changes(s.world, kind.rules)[i]
					require.NoError(t, s.open().Route(t.Context(), c.from))
					return s, c
				})
			})
		}
	}
}

// ops counts what a router does to the world: commands and files. At one of them it calls at.
func (s subject) ops(n int, at func() (mute bool, err error)) *atomic.Int32 {
	var count atomic.Int32
	hook := func() (bool, error) {
		if int(count.Add(1)) < n {
			return false, nil
		}
		return at()
	}
	s.before = func(string) (bool, error) { return hook() }
	s.disk.before = func(string) error { _, err := hook(); return err }
	return &count
}

func (s subject) calm() { s.before, s.disk.before = nil, nil }

// at are the steps at which something happens, by the stride, and the last one.
func at(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for k := 1; k <= n; k++ {
			if k%stride == n%stride && !yield(k) {
				return
			}
		}
	}
}

// steps counts what one change takes.
func steps(t *testing.T, open func() (subject, change)) int {
	s, c := open()
	count := s.ops(1<<30, nil)
	require.NoError(t, s.open().Route(t.Context(), c.to))
	return int(count.Load())
}

// The host dies before or after any command and any file, and HAProxy is reloaded then: requests are
// answered all along, by the old table or the new one, and a new host brings the new one about.
func TestHostDies(t *testing.T) {
	every(t, func(t *testing.T, open func() (subject, change)) {
		n := steps(t, open)
		for k := range at(n) {
			for _, mute := range []bool{false, true} {
				s, c := open()
				died := false
				s.ops(k, func() (bool, error) {
					if mute && !died {
						died = true
						return true, nil
					}
					return true, errHostDied
				})
				err := s.open().Route(t.Context(), c.to)
				s.calm()
				what := fmt.Sprintf("dead at %d of %d, mute %t (%v)", k, n, mute, err)
				between(t, s, c, what)
				s.reload()
				between(t, s, c, what+", reloaded")
				require.NoError(t, s.open().Route(t.Context(), c.to), what)
				s.holds(t, c)
			}
		}
	})
}

// HAProxy is reloaded, or killed and started again, before any command and any file: the change is
// brought about all the same, and outlives another reload.
func TestReloadedMeanwhile(t *testing.T) {
	every(t, func(t *testing.T, open func() (subject, change)) {
		n := steps(t, open)
		for k := range at(n) {
			for _, crash := range []bool{false, true} {
				s, c := open()
				done := false
				s.ops(k, func() (bool, error) {
					if !done {
						done = true
						if crash {
							s.crash()
						} else {
							s.reload()
						}
						between(t, s, c, fmt.Sprintf("reloaded at %d of %d", k, n))
					}
					return false, nil
				})
				require.NoError(t, s.open().Route(t.Context(), c.to), "reloaded at %d of %d", k, n)
				s.calm()
				s.holds(t, c)
			}
		}
	})
}

// holds proves that a change is in effect, and stays so over a reload once it was asked what is in flight
// on those that left.
func (s subject) holds(t *testing.T, c change) {
	t.Helper()
	shows(t, s.open(), c.to)
	var ids []string
	for _, r := range slices.Concat(c.from.Routes, c.to.Routes) {
		for _, b := range r.Backends {
			ids = append(ids, b.ID)
		}
	}
	host := s.open().(rollout.Drainer)
	for range 2 { // it sees who has left, and that they have for long enough
		_, err := host.InFlight(t.Context(), ids)
		require.NoError(t, err)
	}
	s.reload()
	shows(t, s.open(), c.to)
}

// A new process reads its map before any command, and the states of servers at a later one, and takes
// over when all is done: it has the old table or the new one, and servers for it. Those that left and
// get requests again are counted as busy, until they are drained once more.
func TestReloadedFromFilesBefore(t *testing.T) {
	every(t, func(t *testing.T, open func() (subject, change)) {
		n := steps(t, open)
		for k := range at(n) {
			for _, later := range []int{0, 1, 3, n} {
				s, c := open()
				s.slow()
				var next *worker
				count := 0
				s.ops(k, func() (bool, error) {
					if next == nil {
						next = s.begin()
					}
					if count == later {
						s.loadStates(next)
					}
					count++
					return false, nil
				})
				router := s.open()
				require.NoError(t, router.Route(t.Context(), c.to))
				if s.calm(); count <= later {
					s.loadStates(next)
				}
				s.takeOver(next)
				between(t, s, c, fmt.Sprintf("read the map at %d of %d, and states %d later", k, n, later))
				for _, id := range gone(c) {
					for _, r := range []rollout.Router{router, s.open()} {
						assert.Positive(t, inFlight(t, r.(rollout.Drainer), id), "%s may get requests again", id)
					}
				}
				require.NoError(t, s.open().Route(t.Context(), c.to))
				shows(t, s.open(), c.to)
			}
		}
	})
}

// slow gives a process that starts all the time of the test.
func (s subject) slow() { s.groups.BootTime, s.weights.BootTime = time.Hour, time.Hour }

// gone are the instances that a change leaves out.
func gone(c change) []string {
	var ids []string
	for _, r := range c.from.Routes {
		for _, b := range r.Backends {
			if !slices.ContainsFunc(c.to.Routes, func(r rollout.Route) bool { return slices.Contains(r.Backends, b) }) {
				ids = append(ids, b.ID)
			}
		}
	}
	return ids
}

// between proves that HAProxy shows the split of the one table or the other, with instances of either,
// and that requests are answered.
func between(t *testing.T, s subject, c change, what string) {
	t.Helper()
	before, beforeDisk := s.before, s.disk.before
	s.calm()
	defer func() { s.before, s.disk.before = before, beforeDisk }()
	got, err := s.open().Table(t.Context())
	require.NoError(t, err, what)
	if s.mapFile != "" { // weights change one after the other, and are told as they are
		split := func(t rollout.Table) string { return splitText(t) }
		assert.Contains(t, []string{split(c.from), split(c.to)}, split(got), what)
	}
	may := map[string]bool{}
	for _, r := range slices.Concat(c.from.Routes, c.to.Routes) {
		for _, b := range r.Backends {
			may[b.ID], may[b.Addr] = true, true
		}
	}
	for _, r := range got.Routes {
		for _, b := range r.Backends {
			assert.True(t, may[b.ID] || may[b.Addr], "%s: %s at %s gets requests", what, b.ID, b.Addr)
		}
	}
	if len(c.from.Routes) == 0 || len(c.to.Routes) == 0 {
		return // nobody needs to answer
	}
	for range 5 {
		if _, _, err := s.ask(t.Context(), nil); !assert.NoError(t, err, what) {
			return
		}
	}
}

// splitText is all of a table but who is behind it.
func splitText(t rollout.Table) string {
	t.Routes = slices.Clone(t.Routes)
	for i := range t.Routes {
		t.Routes[i].Backends = nil
	}
	return fmt.Sprintf("%+v", t)
}
