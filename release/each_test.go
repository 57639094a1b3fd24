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

var (
	shards  = stage.NewKey[map[string]shard]("shards")
	reports = stage.NewKey[map[string]string]("report")
	word    = stage.NewKey[string]("report")
)

type shard struct {
	Size int `json:"size"`
}

// sharded deploys to each shard that the first stage finds, two at once, and sums up.
func sharded(found map[string]shard, deploy func(context.Context, *stage.Task, shard) error) release.Pipeline {
	return release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "find", Do: stage.Declared{Write: []stage.Ref{shards.Ref()}, Stage: do(func(_ context.Context, t *stage.Task) error {
			return shards.Set(t, found)
		})}},
		{Name: "deploy", Needs: []string{"find"}, Each: &release.Each{Key: shards.Ref(), Parallel: 2}, Retry: release.Retry{Attempts: 2},
			Do: stage.Declared{Write: []stage.Ref{word.Ref()}, Stage: do(func(ctx context.Context, t *stage.Task) error {
				var s shard
				if err := t.Item().Decode(&s); err != nil {
					return err
				}
				if err := deploy(ctx, t, s); err != nil {
					return err
				}
				return word.Set(t, "done "+t.Item().Name)
			})}},
		{Name: "sum", Needs: []string{"deploy"}, Do: stage.Declared{Read: []stage.Ref{reports.Ref()}, Stage: do(func(_ context.Context, t *stage.Task) error {
			all, err := reports.Get(t)
			if err == nil && len(all) != len(found) {
				err = errors.New("a report is missing")
			}
			return err
		})}},
	}}
}

func TestAStageForEachItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		atOnce, most, failed := 0, 0, false
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			atOnce += n
			most = max(most, atOnce)
		}
		p := sharded(map[string]shard{"eu": {1}, "us": {2}, "asia": {3}}, func(_ context.Context, task *stage.Task, s shard) error {
			count(1)
			time.Sleep(time.Duration(s.Size) * time.Minute)
			count(-1)
			if task.Item().Name == "us" && !failed {
				failed = true
				return errors.New("one failure is tried again, for that item alone")
			}
			return nil
		})
		state, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
		require.NoError(t, err)
		assert.Equal(t, 2, most)
		assert.Equal(t, 2, state.Stage("deploy.us").Attempt)
		assert.Equal(t, 1, state.Stage("deploy.eu").Attempt)
		assert.JSONEq(t, `{"asia":"done asia","eu":"done eu","us":"done us"}`, string(state.Values["report"]))
	})
}

func TestItemsThatNoStageCanBeMadeFor(t *testing.T) {
	for name, reason := range map[string]string{"EU": `"deploy.EU" is no name of a stage`, "": "is no name", "a b": "is no name"} {
		p := sharded(map[string]shard{name: {}}, nil)
		_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
		assert.Equal(t, stage.Failed, outcome(t, err))
		assert.ErrorContains(t, err, reason)
	}
	for _, none := range []map[string]shard{nil, {}} {
		state, err := release.NewRunner(release.Config{}).Run(t.Context(), sharded(none, nil), request("r1"))
		require.NoError(t, err)
		assert.Equal(t, stage.Skipped, state.Stage("deploy").Outcome)
	}
}

func TestEachIsChecked(t *testing.T) {
	p := sharded(nil, nil)
	p.Stages[1].Each = &release.Each{Key: word.Ref(), Parallel: -1}
	p.Stages[2].Do = stage.Declared{Read: []stage.Ref{word.Ref()}, Stage: nothing}
	err := p.Check()
	assert.ErrorContains(t, err, "Each.Parallel: -1")
	assert.ErrorContains(t, err, "Each.Key: report (string) is neither a []string nor a map")
	assert.ErrorContains(t, err, "stage sum: reads key report as string, but it is a map[string]string")
}

func TestConditions(t *testing.T) {
	for name, c := range map[string]struct {
		canary func(context.Context, *stage.Task) error
		ran    []string
	}{
		"well":  {func(context.Context, *stage.Task) error { return nil }, []string{"celebrate"}},
		"badly": {failing, []string{"report", "page"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := new(deeds)
			note := do(func(_ context.Context, t *stage.Task) error { d.add(t.Stage()); return nil })
			bad := []release.Condition{{Stage: "canary", Is: []stage.Outcome{stage.Failed, stage.RolledBack}}}
			p := release.Pipeline{Name: "shop", Parallel: 1, Stages: []release.Stage{
				{Name: "canary", Do: do(c.canary), OnFailure: release.GoOn},
				{Name: "celebrate", Do: note, Needs: []string{"canary"}, When: []release.Condition{{Stage: "canary", Is: []stage.Outcome{stage.Succeeded}}}},
				{Name: "report", Do: note, Needs: []string{"canary"}, When: bad},
				{Name: "page", Do: note, Needs: []string{"canary"}, When: bad, Always: true},
			}}
			_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
			require.NoError(t, err)
			assert.Equal(t, c.ran, d.list)
		})
	}
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "canary", Do: nothing},
		{Name: "report", Do: nothing, Needs: []string{"canary"}, When: []release.Condition{{Stage: "canary", Is: []stage.Outcome{stage.Failed}}}},
	}}
	assert.ErrorContains(t, p.Check(), "stage report: When: it never runs, as the release goes no further when canary is failed")
}
