package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

var errDead = errors.New("the process is dead")

// doom kills a process at the n-th thing that it does to the world: whatever it does from then on has no
// effect, and comes back only when the test is over.
type doom struct {
	mu    sync.Mutex
	left  int
	grave chan struct{}
	dead  chan struct{}
}

func newDoom(n int) *doom {
	return &doom{left: n, grave: make(chan struct{}), dead: make(chan struct{})}
}

// act reports whether the process still lives. One that does not hangs until the end.
func (d *doom) act() error {
	d.mu.Lock()
	d.left--
	left := d.left
	d.mu.Unlock()
	if left > 0 {
		return nil
	}
	if left == 0 {
		close(d.dead)
	}
	<-d.grave
	return rollout.Permanent(errDead)
}

// mortal is a target that is moved by a process which dies.
type mortal struct {
	rollout.Target
	doom *doom
}

func (m mortal) Observe(ctx context.Context) (rollout.Observation, error) {
	if err := m.doom.act(); err != nil {
		return rollout.Observation{}, err
	}
	return m.Target.Observe(ctx)
}

func (m mortal) Apply(ctx context.Context, s strategy.State) error {
	if err := m.doom.act(); err != nil {
		return err
	}
	return m.Target.Apply(ctx, s)
}

func (m mortal) Unwrap() any { return m.Target }

// mortal ties targets and positions to a process that dies.
func (a *atlas) mortal(d *doom) (map[string]rollout.Target, rollout.WaveOptions) {
	targets := a.targets()
	for name := range targets {
		targets[name] = mortal{targets[name], d}
	}
	o := a.options
	o.Checkpoint = func(ctx context.Context, p rollout.WaveCheckpoint) error {
		if err := d.act(); err != nil {
			return err
		}
		return a.options.Checkpoint(ctx, p)
	}
	o.Each.RollbackTimeout = time.Minute
	return targets, o
}

// die runs waves until their process dies, and reports whether it did. It is buried by the returned
// function, when nobody is to be disturbed by it any more.
func die(t *testing.T, d *doom, w *rollout.Waves) (died bool, err error, bury func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err = w.Run(ctx)
	}()
	bury = func() {
		cancel()
		select {
		case <-d.grave:
		default:
			close(d.grave)
		}
		<-done
	}
	select {
	case <-done:
		return false, err, bury
	case <-d.dead:
		return true, nil, bury
	}
}

// brief are two waves that are over soon: a matrix has many runs.
func brief(take strategy.Extent) strategy.Waves {
	return strategy.Waves{
		Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: 4 * time.Second, Gates: []string{"errors"}}}},
		Waves: []strategy.Wave{{Regions: []string{"eu"}}, {Regions: []string{"us", "ap"},
			Strategy: strategy.Rolling{Surge: strategy.PercentOf(100)}}},
		Hold:     strategy.Hold{Bake: 6 * time.Second, Gates: []string{"errors"}},
		TakeBack: take,
	}
}

// matrix are the ways in which such waves end.
func matrix() map[string]struct {
	take    strategy.Extent
	bad     string
	when    func(gate.Subject) bool
	outcome rollout.Outcome
	want    func(a *atlas) map[string]strategy.Revision
} {
	type row = struct {
		take    strategy.Extent
		bad     string
		when    func(gate.Subject) bool
		outcome rollout.Outcome
		want    func(a *atlas) map[string]strategy.Revision
	}
	late := func(s gate.Subject) bool { return s.Now.Sub(s.Since) > 3*time.Second }
	back := func(a *atlas) map[string]strategy.Revision { return a.all(v1) }
	return map[string]row{
		"promoted":                  {"", "", nil, rollout.Promoted, func(a *atlas) map[string]strategy.Revision { return a.all(v2) }},
		"bad at once":               {"", "eu", late, rollout.RolledBack, back},
		"bad at last":               {"", "us", late, rollout.Stopped, func(a *atlas) map[string]strategy.Revision { return a.all(v1, "eu") }},
		"bad at last, all are back": {strategy.EveryWave, "ap", late, rollout.RolledBack, back},
	}
}

// Killed at everything that it does, and resumed by a new process that knows nothing but the plan and the
// last position, a rollout over several regions ends as one that was never killed.
func TestWavesResumeAfterDeathAtEveryCall(t *testing.T) {
	for name, row := range matrix() {
		bubble(t, name, func(t *testing.T) {
			for n := 1; ; n += stride {
				a := newAtlas(t, brief(row.take))
				a.options.Each.GateInterval = 2 * time.Second
				if row.bad != "" {
					a.fails(row.bad, row.when)
				}
				d := newDoom(n)
				targets, o := a.mortal(d)
				w, err := rollout.NewWaves(targets, a.plan, o)
				require.NoError(t, err)
				died, err, bury := die(t, d, w)
				if died {
					time.Sleep(7 * time.Second) // the world goes on meanwhile
					err = a.goOn(t)
				}
				a.ends(t, err, row.outcome, row.want(a), n)
				bury()
				if !died || t.Failed() {
					t.Logf("%d deaths", n/stride)
					return
				}
			}
		})
	}
}

// goOn resumes from the last position, or begins where there is none.
func (a *atlas) goOn(t *testing.T) error {
	t.Helper()
	var w *rollout.Waves
	var err error
	if a.last().Plan == "" {
		w, err = rollout.NewWaves(a.targets(), a.plan, a.options)
	} else if a.last().Outcome != "" {
		return nil // it had ended
	} else {
		w, err = rollout.ResumeWaves(a.targets(), a.plan, a.last(), a.options)
	}
	require.NoError(t, err)
	_, err = w.Run(context.Background())
	return err
}

func (a *atlas) ends(t *testing.T, err error, want rollout.Outcome, shows map[string]strategy.Revision, n int) {
	t.Helper()
	require.Equal(t, want, a.last().Outcome, "at %d: %v", n, err)
	a.shows(shows)
	if want == rollout.Promoted {
		require.NoError(t, err)
	}
}

// A host whose routers were in its own process dies: in every region what runs gets its traffic back at
// once, whether its wave is over, under way, or to come.
func TestWavesGiveTheTrafficBackAfterARestart(t *testing.T) {
	for _, undo := range []bool{false, true} {
		bubble(t, fmt.Sprintf("undo=%t", undo), func(t *testing.T) {
			s := brief("")
			s.Waves[1].Regions = []string{"us"}
			s.Waves = append(s.Waves, strategy.Wave{Regions: []string{"ap"}})
			s.Hold.Bake = time.Minute
			a := newAtlas(t, s)
			ctx, cancel := context.WithCancel(t.Context())
			a.options.Notify = a.also(func(e rollout.Event) {
				if e.Region == "us" && e.Kind == rollout.StepReached {
					cancel()
				}
			})
			result, _ := a.waves().Run(ctx)
			require.Equal(t, rollout.Interrupted, result.Outcome)
			lit := map[string]time.Duration{}
			var mu sync.Mutex
			start := time.Now()
			for name, w := range a.worlds {
				w.Limit(strategy.Limits{})
				w.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })
				w.OnTable(func(table rollout.Table) {
					mu.Lock()
					defer mu.Unlock()
					if _, ok := lit[name]; !ok && len(table.Routes) > 0 {
						lit[name] = time.Since(start)
					}
				})
			}
			if undo {
				_, err := a.undo(t.Context())
				require.NoError(t, err)
				a.shows(a.all(v1))
			} else {
				require.NoError(t, a.goOn(t))
				a.shows(a.all(v2))
			}
			for _, name := range []string{"eu", "us", "ap"} {
				require.Contains(t, lit, name)
				require.LessOrEqual(t, lit[name], 2*time.Second, "region %s", name)
			}
		})
	}
}

// A wave that was bad when its host died goes no step further.
func TestABadWaveIsTakenBackByTheNextHost(t *testing.T) {
	for _, known := range []bool{true, false} {
		bubble(t, fmt.Sprintf("why is known: %t", known), func(t *testing.T) {
			a := newAtlas(t, twoWaves())
			ctx, cancel := context.WithCancel(t.Context())
			a.options.Notify = a.also(func(e rollout.Event) {
				if e.Region == "us" && e.Kind == rollout.StepReached && e.Step == 0 {
					cancel()
				}
			})
			result, _ := a.waves().Run(ctx)
			require.Equal(t, rollout.Interrupted, result.Outcome)
			at := result.Checkpoint
			require.Contains(t, at.Regions, "ap")
			if at.Stopped = (&rollout.WaveStop{Region: "ap", Cause: "it did harm"}); !known {
				at.Stopped = nil
				g := at.Regions["ap"]
				g.Rollout.Outcome = rollout.Frozen
				at.Regions["ap"] = g
			}
			a.events = nil
			w, err := rollout.ResumeWaves(a.targets(), a.plan, at, a.options)
			require.NoError(t, err)
			result, err = w.Run(t.Context())
			require.Error(t, err)
			us, _ := result.Region("us")
			assert.Equal(t, rollout.RolledBack, us.Outcome, "%v", err)
			for _, e := range a.of(rollout.PhaseStarted, "us") {
				assert.True(t, e.Back, "%s", e.Text)
			}
			if known {
				assert.Equal(t, rollout.Stopped, result.Outcome)
				assert.ErrorContains(t, err, "waves stopped at wave 2 of 2: region ap: it did harm; ")
				a.shows(a.all(v1, "eu"))
				return
			}
			assert.Equal(t, rollout.Frozen, result.Outcome)
			assert.ErrorContains(t, err, "region ap: it is frozen")
		})
	}
}
