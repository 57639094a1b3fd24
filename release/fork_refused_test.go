package release_test

import (
	"context"
	"errors"
	"testing"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestForksThatAreRefused(t *testing.T) {
	c := new(crew)
	c.breaks("staging")
	region, other := stage.NewKey[string]("region"), stage.NewKey[int]("region")
	pipeline := func() release.Pipeline {
		p := c.five()
		p.Inputs = refs(region.Ref())
		p.Stages[1].Do = stage.Declared{Stage: c.stage(), Read: refs(region.Ref())}
		p.Stages = append(p.Stages, release.Stage{Name: "tell", Do: c.stage(), Each: &release.Each{Key: stage.NewKey[[]string]("regions").Ref()}})
		p.Inputs = append(p.Inputs, stage.NewKey[[]string]("regions").Ref())
		return p
	}
	r := release.NewRunner(release.Config{})
	req := request("r1")
	req.Inputs = []release.Value{release.Input(region, "eu"), release.Input(stage.NewKey[[]string]("regions"), []string{"x", "y"})}
	_, err := r.Run(t.Context(), pipeline(), req)
	require.Error(t, err)
	c.breaks()
	c.ran()

	tests := []struct {
		name   string
		change func(p *release.Pipeline, req *release.Request)
		want   []string
	}{
		{"no release", func(_ *release.Pipeline, req *release.Request) { req.ForkOf.Release = "r9" }, []string{"release r2: fork: release r9: unknown"}},
		{"no names", func(_ *release.Pipeline, req *release.Request) { req.ForkOf = new(release.Origin) },
			[]string{`Request.ForkOf: it names a release "" and a stage ""`}},
		{"itself", func(_ *release.Pipeline, req *release.Request) { req.ID = "r1" }, []string{"release r1 cannot be a fork of itself"}},
		{"no stage", func(_ *release.Pipeline, req *release.Request) { req.ForkOf.Stage = "stagign" }, []string{`pipeline shop has no stage "stagign"`}},
		{"one of a group", func(_ *release.Pipeline, req *release.Request) { req.ForkOf.Stage = "tell.x" },
			[]string{"stage tell.x was made of stage tell: the release can be forked at that one"}},
		{"another thing", func(p *release.Pipeline, req *release.Request) {
			p.Name, req.Service, req.Commit = "till", "till", "c1"
		},
			[]string{"pipeline till is not that of release r1, which is shop", `service till is not that of release r1, which is "shop"`, `commit c1 is not that of release r1, which is ""`}},
		{"a key of another type", func(p *release.Pipeline, _ *release.Request) {
			p.Stages[0].Do = stage.Declared{Stage: c.stage(), Write: refs(stage.NewKey[int]("version").Ref())}
			p.Stages[2].Do, p.Stages[4].Do = c.stage(), c.stage()
		}, []string{"stage version cannot be taken over from release r1: it has come to write key version (int), which was version (string)"}},
		{"a key more", func(p *release.Pipeline, _ *release.Request) { p.Stages[1].Do = c.writes(stage.Notes) },
			[]string{"stage build cannot be taken over from release r1: it has come to write key notes (string)"}},
		{"a key less", func(p *release.Pipeline, _ *release.Request) {
			p.Stages[0].Do, p.Stages[2].Do, p.Stages[4].Do = c.stage(), c.stage(), c.stage()
		}, []string{"stage version cannot be taken over from release r1: it no longer writes key version (string)"}},
		{"a stage less", func(p *release.Pipeline, _ *release.Request) {
			p.Stages[2].Needs = []string{"version"}
			p.Stages = append(p.Stages[:1:1], p.Stages[2:]...)
		}, []string{"stage build cannot be taken over from release r1: pipeline shop no longer has it"}},
		{"a group that was a stage", func(p *release.Pipeline, _ *release.Request) {
			p.Stages[1].Each = &release.Each{Key: stage.NewKey[[]string]("regions").Ref()}
		}, []string{"stage build cannot be taken over from release r1: it was one stage, and is now made for each of several items"}},
		{"a stage that was a group", func(p *release.Pipeline, _ *release.Request) { p.Stages[5].Each = nil },
			[]string{"stage tell cannot be taken over from release r1: it was made for each of several items, and is now one stage"}},
		{"an input of another type", func(p *release.Pipeline, _ *release.Request) {
			p.Inputs[0], p.Stages[1].Do = other.Ref(), c.stage()
		}, []string{"input region (int) is missing: in release r1 it was region (string)"}},
		{"an input more", func(p *release.Pipeline, _ *release.Request) { p.Inputs = append(p.Inputs, stage.Notes.Ref()) },
			[]string{"input notes (string) is missing: release r1 had none of that name"}},
		{"an input that was read already", func(_ *release.Pipeline, req *release.Request) {
			req.Inputs = []release.Value{release.Input(region, "us")}
		}, []string{"input region is not what it was in release r1: stage build, which is taken over, has read it"}},
		{"several things", func(p *release.Pipeline, req *release.Request) {
			p.Inputs = append(p.Inputs, stage.Notes.Ref())
			p.Stages[1].Do = c.writes(stage.NewKey[string]("more"))
		}, []string{"input notes (string) is missing", "stage build cannot be taken over from release r1: it has come to write key more"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, req := pipeline(), forkOf("r2", "r1", "staging")
			test.change(&p, &req)
			_, err := r.Run(t.Context(), p, req)
			for _, want := range test.want {
				assert.ErrorContains(t, err, want)
			}
			assert.Empty(t, c.ran())
			_, err = r.State(t.Context(), "r2")
			assert.ErrorIs(t, err, release.ErrUnknown, "nothing is written")
		})
	}

	// What does no harm is allowed: the same value once more, another one that only stages read which
	// run anew, stages that have come since, and a stage that is gone and would have run anew.
	p, req := pipeline(), forkOf("r3", "r1", "staging")
	req.Inputs = []release.Value{release.Input(region, "eu")}
	p.Stages = append(p.Stages[:3:3], release.Stage{Name: "scan", Do: c.stage(), Needs: []string{"staging"}}, p.Stages[5])
	_, err = r.Run(t.Context(), p, req)
	require.NoError(t, err)
	assert.Equal(t, "staging (version of r1) scan", c.ran())
	p, req = pipeline(), forkOf("r4", "r1", "build")
	req.Inputs = []release.Value{release.Input(region, "us")}
	state, err := r.Run(t.Context(), p, req)
	require.NoError(t, err)
	got, err := ledger.Value(state, region)
	require.NoError(t, err)
	assert.Equal(t, "us", got)
	assert.True(t, state.Stage("version").Copied)
}

func TestAReleaseThatIsNotOverIsNotForked(t *testing.T) {
	c := new(crew)
	waits := listener{kinds: []stage.SignalKind{stage.Approve}, Func: stage.Func(func(ctx context.Context, t *stage.Task) error {
		_, err := t.Next(ctx)
		return err
	})}
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: c.stage()}, {Name: "b", Do: waits, Needs: []string{"a"}}}}
	r := release.NewRunner(release.Config{})
	defer r.Close()
	require.NoError(t, r.Begin(t.Context(), p, request("r1")))
	_, err := r.Run(t.Context(), p, forkOf("r2", "r1", "b"))
	assert.ErrorIs(t, err, ledger.ErrNotOver)
	require.NoError(t, r.Signal(t.Context(), "r1", stage.Signal{Kind: stage.Abort, By: "ada"}))
	_, err = r.Wait(t.Context(), "r1")
	require.Error(t, err)
	require.NoError(t, r.Begin(t.Context(), p, forkOf("r2", "r1", "b")))
}

var errDead = errors.New("dead")

// mortal is a store that dies behind the first write of a release.
type mortal struct {
	release.Store
	id string
}

func (m mortal) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	if id == m.id && expected > 0 {
		return errDead
	}
	return m.Store.Append(ctx, id, expected, events...)
}

func TestAForkGoesOnAfterACrashBehindItsFirstWrite(t *testing.T) {
	c := new(crew)
	c.breaks("staging")
	folder := t.TempDir()
	open := func() *journal.Journal {
		j, err := journal.Open(folder, journal.Options{})
		require.NoError(t, err)
		return j
	}
	j := open()
	r := release.NewRunner(release.Config{Store: mortal{j, "r2"}})
	_, err := r.Run(t.Context(), c.five(), request("r1"))
	require.Error(t, err)
	c.breaks()
	c.ran()
	_, err = r.Run(t.Context(), c.five(), forkOf("r2", "r1", "staging"))
	require.ErrorIs(t, err, errDead)
	assert.Equal(t, "staging (version of r1)", c.ran())
	require.NoError(t, r.Close())
	require.NoError(t, j.Close())

	j = open()
	defer j.Close()
	first := history(t, j, "r2")
	require.Len(t, first, 4, "one write: requested, two stages taken over, and staging begins")
	r = release.NewRunner(release.Config{Store: j})
	taken, err := r.TakeUp(t.Context(), c.five())
	require.NoError(t, err)
	assert.Equal(t, []string{"r2"}, taken)
	state, err := r.Wait(t.Context(), "r2")
	require.NoError(t, err)
	assert.Equal(t, "staging (version of r1) verify production (version of r1)", c.ran())
	assert.Equal(t, &release.Origin{Release: "r1", Stage: "staging"}, state.Forked)
	assert.True(t, state.Stage("build").Copied)
}
