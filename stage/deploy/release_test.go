package deploy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
)

// A deployment that did well is taken back when a later stage fails, by the host or by the next one.
func TestAReleaseTakesItsDeploymentBack(t *testing.T) {
	for name, stop := range map[string]time.Duration{"by the host": 0, "by the next one": time.Second} {
		bubble(t, name, func(t *testing.T) {
			w := world()
			d := deployment(w, answers(gate.Pass))
			p := pipeline(release.Stage{Do: d})
			p.Stages[2].Do = stage.Func(func(context.Context, *stage.Task) error { return errors.New("the orders do not add up") })
			p.Stages[2].OnFailure = release.Undo
			store := new(release.MemoryStore)
			first := release.NewRunner(release.Config{Store: store})
			require.NoError(t, first.Begin(t.Context(), p, byBob))
			if stop > 0 {
				for e, err := range first.Watch(t.Context(), "r1", 0) {
					require.NoError(t, err)
					if e.Stage == "after" {
						break
					}
				}
				time.Sleep(stop)
				over, cancel := context.WithCancel(context.Background())
				cancel()
				first.Stop(over)
				state, err := first.State(t.Context(), "r1")
				require.NoError(t, err)
				require.Empty(t, state.Outcome)
			}
			last := first
			if stop > 0 {
				again := pipeline(release.Stage{Do: again(d, w)})
				again.Stages[2] = p.Stages[2]
				last = release.NewRunner(release.Config{Store: store})
				_, err := last.TakeUp(t.Context(), again)
				require.NoError(t, err)
			}
			defer last.Stop(context.Background())
			state, err := last.Wait(t.Context(), "r1")
			require.Error(t, err)
			assert.ErrorContains(t, err, "the orders do not add up")
			assert.Equal(t, stage.Succeeded, state.Stage("deploy").Outcome)
			runs(t, w, alone(old))
		})
	}
}
