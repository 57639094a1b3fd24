package crash_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// No number of events ends a release: with sixty thousand it is taken up, told something, and ended, as any other.
func TestALongHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const notes = 60_000
		store := bare{new(release.MemoryStore)}
		full := make(chan struct{})
		p := release.Pipeline{Name: "p", Stages: []release.Stage{step("a", stage.Func(func(ctx context.Context, task *stage.Task) error {
			for n := range notes {
				if task.Attempt() > 1 {
					break
				}
				if err := task.Detail(ctx, "note", n); err != nil {
					return err
				}
			}
			if task.Attempt() == 1 {
				close(full)
			}
			<-ctx.Done()
			return context.Cause(ctx)
		}))}}
		first := release.NewRunner(release.Config{Store: store})
		require.NoError(t, first.Begin(t.Context(), p, release.Request{ID: id, Service: "shop", RequestedBy: "ada"}))
		<-full
		require.NoError(t, first.Close())
		next := release.NewRunner(release.Config{Store: store})
		taken, err := next.TakeUp(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, []string{id}, taken)
		require.NoError(t, next.Signal(t.Context(), id, stage.Signal{Kind: stage.Abort, By: "bob"}))
		state, err := next.Wait(t.Context(), id)
		require.Error(t, err)
		assert.Equal(t, stage.Aborted, state.Outcome)
		assert.Greater(t, state.Seq, uint64(notes))
		seen := uint64(0)
		for e, err := range next.Watch(t.Context(), id, 0) {
			require.NoError(t, err)
			seen = e.Seq
		}
		assert.Equal(t, state.Seq, seen)
		_, over := ledger.Fold(store.Events(t.Context(), id, 0))
		require.NoError(t, over)
		require.NoError(t, next.Close())
	})
}
