package haproxy_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/haserver"
	"github.com/davit-sdk/davit/internal/integration/loadtool"
	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// scene is a service in production: processes behind an HAProxy.
type scene struct {
	wired
	t      *testing.T
	shop   *shop
	target *rollout.Composed
}

func open(t *testing.T, w wiring, services ...traffic.Service) *scene {
	t.Helper()
	s := &scene{t: t, shop: openShop(t, services...), wired: w.open(t)}
	s.target = s.compose(s.router)
	return s
}

func (s *scene) compose(r rollout.Router) *rollout.Composed {
	s.t.Helper()
	target, err := rollout.Compose(s.shop.fleet, r, rollout.ComposeOptions{})
	require.NoError(s.t, err)
	return target
}

// options are those of all rollouts here.
func options() rollout.Options {
	return rollout.Options{Poll: 20 * time.Millisecond, Deadline: patience}
}

func alone(version string, n int) strategy.State {
	return strategy.State{Stable: strategy.Group{Revision: revision(version), Replicas: n, Share: strategy.All()}}
}

// install brings a version up, as it is before any release.
func (s *scene) install(version string, n int) *scene {
	s.t.Helper()
	require.NoError(s.t, rollout.Restore(s.t.Context(), s.target, alone(version, n), options()))
	return s
}

// plan is the way from what runs to a version.
func (s *scene) plan(by strategy.Strategy, version string) strategy.Plan {
	s.t.Helper()
	from, err := rollout.Current(s.t.Context(), s.target)
	require.NoError(s.t, err)
	plan, err := by.Plan(from, revision(version))
	require.NoError(s.t, err)
	return plan
}

// release carries a plan out. Each event is handed to see, which may be nil.
func (s *scene) release(plan strategy.Plan, o rollout.Options, see func(*rollout.Rollout, rollout.Event)) (rollout.Result, error) {
	s.t.Helper()
	var r *rollout.Rollout
	notify := o.Notify
	o.Notify = func(e rollout.Event) {
		if notify != nil {
			notify(e)
		}
		if see != nil {
			see(r, e)
		}
	}
	r, err := rollout.New(s.target, plan, o)
	require.NoError(s.t, err)
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*patience)
	defer cancel()
	return r.Run(ctx)
}

// runs asserts that exactly so many instances of a version run, and answer everything.
func (s *scene) runs(version string, n int) {
	s.t.Helper()
	now, err := rollout.Current(s.t.Context(), s.target)
	require.NoError(s.t, err)
	assert.Equal(s.t, alone(version, n).String(), now.String())
}

// patrons are those who ask at a scene while something happens to it: customers who keep their connections,
// customers who do not, and one of the tools.
type patrons struct {
	t      *testing.T
	crowds []*traffic.Crowd
	tool   loadtool.Tool
	stop   context.CancelFunc
	wait   func() (loadtool.Report, error)
}

func (s *scene) patrons(tool loadtool.Tool) *patrons {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	p := &patrons{t: s.t, tool: tool, stop: stop}
	s.t.Cleanup(stop)
	for _, fresh := range []bool{false, true} {
		p.crowds = append(p.crowds, enter(s.t, traffic.Customers{URL: s.url, Number: 3, Fresh: fresh, Pause: 2 * time.Millisecond}))
	}
	var err error
	p.wait, err = tool.Start(ctx, loadtool.Load{URL: s.url, Connections: 2, For: 10 * patience})
	require.NoError(s.t, err)
	p.more(50)
	return p
}

func (p *patrons) more(n int) {
	p.t.Helper()
	for _, c := range p.crowds {
		more(p.t, c, n)
	}
}

// lostNothing ends the load, and asserts that each request of all of it was answered.
func (p *patrons) lostNothing() {
	p.t.Helper()
	p.more(20)
	asked := 0
	for _, c := range p.crowds {
		counts := c.Leave()
		asked += counts.Asked()
		assert.Zero(p.t, counts.Lost, "%s", counts)
		for version, v := range counts.Versions {
			assert.Zero(p.t, v.Failed, "%s failed", version)
		}
	}
	p.stop()
	r, err := p.wait()
	require.NoError(p.t, err)
	assert.Positive(p.t, r.Requests)
	assert.Zero(p.t, r.Errors, "%s: %s", p.tool.Name(), r.Text)
	p.t.Logf("%d requests, and %d by %s", asked, r.Requests, p.tool.Name())
}

// reloader reloads an HAProxy whenever it is told to, and each fourth time replaces it by another one. A second
// word that comes while it does so is dropped.
type reloader struct {
	t     *testing.T
	h     *haserver.Server
	kick  chan struct{}
	over  sync.WaitGroup
	times int
}

func (s *scene) reloader() *reloader {
	r := &reloader{t: s.t, h: s.Server, kick: make(chan struct{}, 1)}
	r.over.Go(func() {
		for range r.kick {
			hand := r.h.Reload
			if r.times%4 == 3 {
				hand = r.h.Replace
			}
			if assert.NoError(r.t, hand(context.WithoutCancel(r.t.Context()))) {
				r.times++
			}
		}
	})
	return r
}

func (r *reloader) reload() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// end waits for the last reload, and gives how many there were.
func (r *reloader) end() int {
	close(r.kick)
	r.over.Wait()
	return r.times
}

// walk carries out a plan that pauses, and does something at each pause, of which the step is told from 0.
func (s *scene) walk(plan strategy.Plan, o rollout.Options, at func(step int)) (rollout.Result, error) {
	s.t.Helper()
	asked := make(chan rollout.Event)
	answered := make(chan error)
	done := make(chan struct{})
	var result rollout.Result
	var err error
	go func() {
		defer close(done)
		result, err = s.release(plan, o, func(r *rollout.Rollout, e rollout.Event) {
			if e.Kind == rollout.Asked {
				go func() {
					asked <- e
					<-asked
					answered <- r.Resume("ada", "it looks good")
				}()
			}
		})
	}()
	for {
		select {
		case e := <-asked:
			at(e.Step)
			asked <- e
			require.NoError(s.t, <-answered)
		case <-done:
			return result, err
		}
	}
}

// header is one that all requests of some customers have.
func header(name, value string) http.Header { return http.Header{name: {value}} }
