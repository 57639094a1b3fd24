package deploy_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keep writes a position of this version into testdata, for all later versions to go on from. What is there is
// never written anew: a change after which this test fails is one that strands the rollouts of users.
var keep = flag.String("keep", "", "write a position under that name into testdata, where there is none")

// A rollout that a host of an earlier version has left in the bake of its second step goes on from there, by the
// plan that was begun then.
func TestGoesOnFromWhatWasWrittenBefore(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		s := deployment(w, answers(gate.Pass))
		s.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{
			{Share: strategy.Percent(25), Gates: []string{"errors"}}, {Share: strategy.Percent(50), Bake: time.Minute, Gates: []string{"errors"}},
		}}
		if *keep != "" {
			writeKept(t, s, filepath.Join("testdata", *keep))
		}
	})
	files, err := filepath.Glob("testdata/position*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		bubble(t, file, func(t *testing.T) {
			saved, err := os.ReadFile(file)
			require.NoError(t, err)
			w := world()
			w.Put(strategy.State{
				Stable:    strategy.Group{Revision: old, Replicas: 3, Share: strategy.Percent(50)},
				Candidate: strategy.Group{Revision: fresh, Replicas: 2, Share: strategy.Percent(50)},
			})
			w.OnTable(func(table rollout.Table) {
				for _, r := range table.Routes {
					if r.Pool.Revision == fresh {
						assert.GreaterOrEqual(t, r.Share.Compare(strategy.Percent(50)), 0, "it begins anew")
					}
				}
			})
			s := deployment(w, answers(gate.Pass))
			s.Strategy = strategy.Rolling{Gates: []string{"errors"}} // what the host would do today
			require.NoError(t, (&engine{saved: saved}).run(t, s, "1.1.0"))
			runs(t, w, alone(fresh))
		})
	}
}

// writeKept leaves a rollout within the bake of its second step, and writes its position.
func writeKept(t *testing.T, s deploy.Stage, file string) {
	require.NoFileExists(t, file, "what was kept is not written anew")
	e := &engine{signal: errors.New("the host dies")}
	require.Error(t, e.run(t, s, "1.1.0"))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, e.saved, 0o644))
}
