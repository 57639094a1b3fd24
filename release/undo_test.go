package release_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deeds is what stages did to the world, in order.
type deeds struct {
	mu   sync.Mutex
	list []string
}

func (d *deeds) add(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, what)
}

// reversible is a stage that can take back what it does.
type reversible struct {
	run, undo func(ctx context.Context, t *stage.Task) error
}

var _ stage.Undoer = reversible{}

func (r reversible) Run(ctx context.Context, t *stage.Task) error  { return r.run(ctx, t) }
func (r reversible) Undo(ctx context.Context, t *stage.Task) error { return r.undo(ctx, t) }

func (d *deeds) stage(undo func(ctx context.Context, t *stage.Task) error) reversible {
	return reversible{
		run: func(_ context.Context, t *stage.Task) error {
			d.add("do " + t.Stage())
			return t.Checkpoint(context.Background(), t.Stage()+" done")
		},
		undo: func(ctx context.Context, t *stage.Task) error {
			var saved string
			if _, err := t.Restore(&saved); err != nil || saved != t.Stage()+" done" {
				return errors.New("the checkpoint of the run is not there: " + saved)
			}
			d.add("undo " + t.Stage())
			if undo != nil {
				return undo(ctx, t)
			}
			return nil
		},
	}
}

func failing(context.Context, *stage.Task) error { return errors.New("it broke") }

func TestWhatWasDoneIsUndoneInReverse(t *testing.T) {
	for name, c := range map[string]struct {
		policy  release.Policy
		undo    func(ctx context.Context, t *stage.Task) error // of b
		deeds   []string
		outcome stage.Outcome
		reason  string
	}{
		"undo": {release.Undo, nil, []string{"do a", "do b", "do c", "undo c", "undo b", "undo a"}, stage.RolledBack, "stage d: it broke"},
		"stop": {release.Stop, nil, []string{"do a", "do b", "do c"}, stage.Failed, "stage d: it broke"},
		"one cannot": {release.Undo, func(context.Context, *stage.Task) error { return errors.New("stuck") },
			[]string{"do a", "do b", "do c", "undo c", "undo b"}, stage.Stranded, "stage b could not be undone: stuck"},
		"one panics": {release.Undo, func(context.Context, *stage.Task) error { panic("ouch") },
			[]string{"do a", "do b", "do c", "undo c", "undo b"}, stage.Stranded, "stage b could not be undone: panic: ouch"},
		"one takes too long": {release.Undo, func(ctx context.Context, _ *stage.Task) error { <-ctx.Done(); return context.Cause(ctx) },
			[]string{"do a", "do b", "do c", "undo c", "undo b"}, stage.Stranded, "stage b could not be undone: its undo took longer than 1m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := new(deeds)
				p := release.Pipeline{Name: "shop", Stages: []release.Stage{
					{Name: "a", Do: d.stage(nil)},
					{Name: "b", Do: d.stage(c.undo), Needs: []string{"a"}, UndoTimeout: time.Minute},
					{Name: "c", Do: d.stage(nil), Needs: []string{"b"}},
					{Name: "plain", Do: nothing, Needs: []string{"c"}},
					{Name: "d", Do: do(failing), Needs: []string{"plain"}, OnFailure: c.policy},
					{Name: "tell", Do: do(func(context.Context, *stage.Task) error { d.add("tell"); return nil }), Needs: []string{"d"}, Always: true},
				}}
				_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
				assert.Equal(t, c.outcome, outcome(t, err))
				assert.ErrorContains(t, err, c.reason)
				assert.Equal(t, append(c.deeds, "tell"), d.list)
			})
		})
	}
}

func TestAnAbortUndoes(t *testing.T) {
	for policy, want := range map[release.Policy][]string{
		"":           {"do a", "undo a"},
		release.Undo: {"do a", "undo a"},
		release.Stop: {"do a"},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := new(deeds)
			f := fly(t, release.Pipeline{Name: "shop", OnAbort: policy, Stages: []release.Stage{
				{Name: "a", Do: d.stage(nil)},
				{Name: "b", Do: sleeper(time.Hour), Needs: []string{"a"}},
			}})
			require.NoError(t, f.say(stage.Abort, "", "grace"))
			_, err := f.land()
			assert.Equal(t, stage.Aborted, outcome(t, err))
			assert.Equal(t, want, d.list)
		})
	}
}

func TestNothingIsUndoneOnceAStageIsIrreversible(t *testing.T) {
	for name, c := range map[string]struct {
		says    stage.SignalKind
		deeds   []string
		outcome stage.Outcome
	}{
		"retry": {stage.Retry, []string{"do a", "do b", "try", "try"}, stage.Succeeded},
		"skip":  {stage.SkipStage, []string{"do a", "do b", "try"}, stage.Succeeded},
		"abort": {stage.Abort, []string{"do a", "do b", "try"}, stage.Aborted},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, tries := new(deeds), 0
				f := fly(t, release.Pipeline{Name: "shop", Stages: []release.Stage{
					{Name: "a", Do: d.stage(nil)},
					{Name: "b", Do: d.stage(nil), Needs: []string{"a"}, Irreversible: true},
					{Name: "c", Needs: []string{"b"}, OnFailure: release.Undo, Do: do(func(context.Context, *stage.Task) error {
						d.add("try")
						if tries++; tries == 1 {
							return errors.New("it broke")
						}
						return nil
					})},
				}})
				state, err := f.runner.State(t.Context(), "r1")
				require.NoError(t, err)
				assert.Contains(t, state.Stage("c").Parked, "stage b is irreversible")
				time.Sleep(48 * time.Hour)
				require.NoError(t, f.say(c.says, "c", "grace"))
				_, err = f.land()
				if c.outcome == stage.Succeeded {
					assert.NoError(t, err)
				} else {
					assert.Equal(t, c.outcome, outcome(t, err))
				}
				assert.Equal(t, c.deeds, d.list)
			})
		})
	}
}

// A host that stops while a stage is undone leaves it to the next one to go on.
func TestAnUndoGoesOnInAnotherHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, d, cuts := new(release.MemoryStore), new(deeds), 0
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "a", Do: d.stage(nil)},
			{Name: "b", Needs: []string{"a"}, Do: d.stage(func(ctx context.Context, t *stage.Task) error {
				if cuts++; cuts == 1 {
					<-ctx.Done()
					return context.Cause(ctx)
				}
				if t.Attempt() != 2 {
					return errors.New("it is the second attempt to undo it")
				}
				return nil
			})},
			{Name: "c", Do: do(failing), Needs: []string{"b"}, OnFailure: release.Undo},
		}}
		first := release.NewRunner(release.Config{Store: store})
		require.NoError(t, first.Begin(t.Context(), p, request("r1")))
		synctest.Wait()
		require.NoError(t, first.Close())
		assert.Equal(t, []string{"do a", "do b", "undo b"}, d.list)
		second := release.NewRunner(release.Config{Store: store})
		state, err := second.Resume(t.Context(), p, "r1")
		assert.Equal(t, stage.RolledBack, outcome(t, err))
		assert.Equal(t, []string{"do a", "do b", "undo b", "undo b", "undo a"}, d.list)
		assert.Equal(t, uint64(2), state.Fence)
	})
}
