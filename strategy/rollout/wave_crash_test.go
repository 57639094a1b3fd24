package rollout_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

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
			for n := 1; ; n++ {
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
					t.Logf("%d deaths", n-1)
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
