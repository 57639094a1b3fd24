package release_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// crew makes stages that write down that they ran, and fail for as long as they are told to.
type crew struct {
	mu     sync.Mutex
	log    []string
	broken map[string]bool
}

func (c *crew) breaks(names ...string) {
	c.broken = make(map[string]bool)
	for _, name := range names {
		c.broken[name] = true
	}
}

// ran is what ran since the last call.
func (c *crew) ran() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := strings.Join(c.log, " ")
	c.log = nil
	return list
}

func (c *crew) work(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, name)
	if c.broken[name] {
		return errors.New("kaput")
	}
	return nil
}

func (c *crew) stage() stage.Stage {
	return do(func(_ context.Context, t *stage.Task) error { return c.work(t.Stage()) })
}

// writes is a stage that hands on a text which tells the release that it ran in.
func (c *crew) writes(k stage.Key[string]) stage.Stage {
	return stage.Declared{Write: refs(k.Ref()), Stage: do(func(_ context.Context, t *stage.Task) error {
		if err := k.Set(t, t.Stage()+" of "+t.Release().ID); err != nil {
			return err
		}
		return c.work(t.Stage())
	})}
}

// reads is a stage that writes down what it finds.
func (c *crew) reads(k stage.Key[string]) stage.Stage {
	return stage.Declared{Read: refs(k.Ref()), Stage: do(func(_ context.Context, t *stage.Task) error {
		v, err := k.Get(t)
		if err != nil {
			return err
		}
		if err := c.work(t.Stage()); err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.log = append(c.log, "("+v+")")
		return nil
	})}
}

// five is a chain of five stages, the third of which uses what the first has written.
func (c *crew) five() release.Pipeline {
	return release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "version", Do: c.writes(stage.Version)},
		{Name: "build", Do: c.stage(), Needs: []string{"version"}},
		{Name: "staging", Do: c.reads(stage.Version), Needs: []string{"build"}},
		{Name: "verify", Do: c.stage(), Needs: []string{"staging"}},
		{Name: "production", Do: c.reads(stage.Version), Needs: []string{"verify"}},
	}}
}

func forkOf(id, old, at string) release.Request {
	return release.Request{ID: id, RequestedBy: "grace", ForkOf: &release.Origin{Release: old, Stage: at}}
}

// history is all that a store holds of a release.
func history(t *testing.T, store release.Store, id string) []ledger.Event {
	var events []ledger.Event
	for e, err := range store.Events(t.Context(), id, 0) {
		require.NoError(t, err)
		events = append(events, e)
	}
	return events
}

func TestAForkRunsFromItsStageOn(t *testing.T) {
	stores := map[string]func(t *testing.T) release.Store{
		"memory": func(*testing.T) release.Store { return new(release.MemoryStore) },
		"journal": func(t *testing.T) release.Store {
			j, err := journal.Open(t.TempDir(), journal.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, j.Close()) })
			return j
		},
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			var c crew
			c.breaks("staging")
			store := open(t)
			r := release.NewRunner(release.Config{Store: store})
			req := request("r1")
			req.Commit = "c0ffee"
			_, err := r.Run(t.Context(), c.five(), req)
			assert.Equal(t, stage.Failed, outcome(t, err))
			assert.Equal(t, "version build staging", c.ran())
			before := history(t, store, "r1")

			c.breaks()
			state, err := r.Run(t.Context(), c.five(), forkOf("r2", "r1", "staging"))
			require.NoError(t, err)
			assert.Equal(t, "staging (version of r1) verify production (version of r1)", c.ran())
			assert.Equal(t, &release.Origin{Release: "r1", Stage: "staging"}, state.Forked)
			assert.Equal(t, "shop", state.Release.Service)
			assert.Equal(t, "c0ffee", state.Release.Commit)
			assert.Equal(t, "grace", state.Release.RequestedBy)
			assert.True(t, state.Stage("version").Copied)
			assert.Zero(t, state.Stage("build").Attempt)
			assert.False(t, state.Stage("staging").Copied)
			assert.Equal(t, before, history(t, store, "r1"), "the old release stays as it is")

			review, err := r.Review(t.Context(), "r2")
			require.NoError(t, err)
			assert.Contains(t, review.String(), "forked from release r1 at stage staging\n")
			assert.Contains(t, review.String(), "succeeded (taken over)\n")

			// A fork of the fork takes over what that has taken over.
			_, err = r.Run(t.Context(), c.five(), forkOf("r3", "r2", "production"))
			require.NoError(t, err)
			assert.Equal(t, "production (version of r1)", c.ran())
			// And one from the very beginning takes over nothing.
			_, err = r.Run(t.Context(), c.five(), forkOf("r4", "r2", "version"))
			require.NoError(t, err)
			assert.Equal(t, "version build staging (version of r4) verify production (version of r4)", c.ran())
		})
	}
}

func TestWhatAForkTakesOver(t *testing.T) {
	skips := do(func(context.Context, *stage.Task) error { return stage.Skip("nothing to do") })
	regions := stage.NewKey[[]string]("regions")
	tests := []struct {
		name   string
		stages func(c *crew) []release.Stage
		breaks []string
		at     string
		first  string // what runs in the old release, sorted
		want   string // what runs in the fork, sorted
		copied string
	}{
		{"a diamond", func(c *crew) []release.Stage {
			return []release.Stage{
				{Name: "a", Do: c.stage()},
				{Name: "b", Do: c.stage(), Needs: []string{"a"}}, {Name: "c", Do: c.stage(), Needs: []string{"a"}},
				{Name: "d", Do: c.stage(), Needs: []string{"b", "c"}},
			}
		}, []string{"d"}, "c", "a b c d", "c d", "a b"},
		{"what was not done runs too, and all behind it", func(c *crew) []release.Stage {
			return []release.Stage{
				{Name: "a", Do: c.stage()},
				{Name: "b", Do: c.stage(), OnFailure: release.GoOn},
				{Name: "c", Do: c.stage(), Needs: []string{"b"}},
				{Name: "d", Do: c.stage(), Needs: []string{"a"}},
				{Name: "e", Do: c.stage(), Needs: []string{"c", "d"}},
			}
		}, []string{"b", "e"}, "d", "a b c d e", "b c d e", "a"},
		{"a stage that skipped itself, and what was left out by it", func(c *crew) []release.Stage {
			return []release.Stage{
				{Name: "a", Do: skips}, {Name: "b", Do: c.stage(), Needs: []string{"a"}},
				{Name: "c", Do: c.stage(), Needs: []string{"b"}, When: []release.Condition{{Stage: "b", Is: []stage.Outcome{stage.Skipped}}}},
				{Name: "d", Do: c.stage(), Needs: []string{"c"}},
			}
		}, []string{"d"}, "d", "c d", "d", "a b c"},
		{"what was left out by a failure runs", func(c *crew) []release.Stage {
			return []release.Stage{
				{Name: "a", Do: c.stage()}, {Name: "b", Do: c.stage(), Needs: []string{"a"}},
				{Name: "c", Do: c.stage()}, {Name: "d", Do: c.stage(), Needs: []string{"c"}},
			}
		}, []string{"a"}, "a", "a", "a b c d", ""},
		{"a group that was done, and its value", func(c *crew) []release.Stage {
			return []release.Stage{
				{Name: "list", Do: stage.Declared{Write: refs(regions.Ref()), Stage: do(func(_ context.Context, t *stage.Task) error {
					return regions.Set(t, []string{"eu", "us"})
				})}},
				{Name: "deploy", Do: c.writes(stage.Version), Needs: []string{"list"}, Each: &release.Each{Key: regions.Ref(), Parallel: 1}},
				{Name: "tell", Needs: []string{"deploy"}, Do: stage.Declared{
					Read: refs(stage.NewKey[map[string]string]("version").Ref()),
					Stage: do(func(_ context.Context, t *stage.Task) error {
						m, err := stage.NewKey[map[string]string]("version").Get(t)
						c.work("tell:" + fmt.Sprint(m))
						return errors.Join(err, c.work("tell"))
					}),
				}},
			}
		}, []string{"tell"}, "tell", "deploy.eu deploy.us of of r1 r1] tell tell:map[eu:deploy.eu us:deploy.us", "of of r1 r1] tell tell:map[eu:deploy.eu us:deploy.us", "list deploy"},
		{"a group of which one failed runs as a whole", func(c *crew) []release.Stage {
			return []release.Stage{
				{Name: "deploy", Do: c.stage(), Each: &release.Each{Key: regions.Ref(), Parallel: 1}},
				{Name: "b", Do: c.stage(), Needs: []string{"deploy"}},
			}
		}, []string{"deploy.us"}, "b", "deploy.eu deploy.us", "b deploy.eu deploy.us", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := new(crew)
			c.breaks(test.breaks...)
			p := release.Pipeline{Name: "shop", Stages: test.stages(c), Parallel: 1}
			req := request("r1")
			if slices.ContainsFunc(p.Stages, func(s release.Stage) bool { return s.Each != nil }) && p.Stages[0].Name != "list" {
				p.Inputs = refs(regions.Ref())
				req.Inputs = []release.Value{release.Input(regions, []string{"eu", "us"})}
			}
			r := release.NewRunner(release.Config{})
			_, err := r.Run(t.Context(), p, req)
			require.Error(t, err)
			assert.Equal(t, test.first, sorted(c.ran()))
			c.breaks()
			state, err := r.Run(t.Context(), p, forkOf("r2", "r1", test.at))
			require.NoError(t, err)
			assert.Equal(t, test.want, sorted(c.ran()))
			var copied []string
			for i := range state.Stages {
				if state.Stages[i].Copied {
					copied = append(copied, state.Stages[i].Name)
				}
			}
			assert.Equal(t, test.copied, strings.Join(copied, " "))
		})
	}
}

func sorted(list string) string {
	words := strings.Fields(list)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// A group ends as succeeded when none of its stages failed, and some were not begun, as the release was
// halted.
func TestAGroupOfWhichSomeWereLeftOutRunsInAFork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(crew)
		c.breaks("a")
		slow := func(d time.Duration) stage.Stage {
			return do(func(_ context.Context, t *stage.Task) error { time.Sleep(d); return c.work(t.Stage()) })
		}
		regions := stage.NewKey[[]string]("regions")
		p := release.Pipeline{Name: "shop", Inputs: refs(regions.Ref()), Stages: []release.Stage{
			{Name: "a", Do: slow(60 * time.Second)},
			{Name: "deploy", Do: slow(45 * time.Second), Each: &release.Each{Key: regions.Ref(), Parallel: 1}},
		}}
		req := request("r1")
		req.Inputs = []release.Value{release.Input(regions, []string{"eu", "us", "ap"})}
		r := release.NewRunner(release.Config{})
		state, err := r.Run(t.Context(), p, req)
		require.Error(t, err)
		assert.Equal(t, stage.Succeeded, state.Stage("deploy").Outcome)
		assert.Equal(t, "deploy.eu a deploy.us", c.ran())
		c.breaks()
		_, err = r.Run(t.Context(), p, forkOf("r2", "r1", "a"))
		require.NoError(t, err)
		assert.Equal(t, "deploy.eu a deploy.us deploy.ap", c.ran())
	})
}

func TestAForkTakesOverWhoPassedAStageOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(crew)
		c.breaks("b")
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "a", Do: sleeper(time.Minute)}, {Name: "b", Do: c.stage(), Needs: []string{"a"}},
		}}
		r := release.NewRunner(release.Config{})
		require.NoError(t, r.Begin(t.Context(), p, request("r1")))
		require.NoError(t, r.Signal(t.Context(), "r1", stage.Signal{Kind: stage.SkipStage, Stage: "a", By: "ada", Why: "done by hand"}))
		_, err := r.Wait(t.Context(), "r1")
		require.Error(t, err)
		c.breaks()
		state, err := r.Run(t.Context(), p, forkOf("r2", "r1", "b"))
		require.NoError(t, err)
		assert.Equal(t, "ada", state.Stage("a").By)
		assert.Equal(t, stage.Skipped, state.Stage("a").Outcome)
		assert.Equal(t, "b b", c.ran())

		// A reader that has come since does not find what was never written.
		p.Stages[0].Do = stage.Declared{Stage: p.Stages[0].Do, Write: refs(stage.Version.Ref())}
		require.NoError(t, r.Begin(t.Context(), p, request("r3")))
		require.NoError(t, r.Signal(t.Context(), "r3", stage.Signal{Kind: stage.SkipStage, Stage: "a", By: "ada"}))
		_, err = r.Wait(t.Context(), "r3")
		require.NoError(t, err)
		p.Stages[1].Do = c.reads(stage.Version)
		_, err = r.Run(t.Context(), p, forkOf("r4", "r3", "b"))
		assert.ErrorContains(t, err, "stage b reads key version, which has no value in release r3: stage a was passed over there")
	})
}

func TestWhatWasUndoneIsDoneAgainInAFork(t *testing.T) {
	c := new(crew)
	c.breaks("c")
	undoable := stage.Undoable{Stage: c.stage(), By: do(func(_ context.Context, t *stage.Task) error { return c.work("-" + t.Stage()) })}
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "a", Do: c.stage()}, {Name: "b", Do: undoable, Needs: []string{"a"}},
		{Name: "c", Do: c.stage(), Needs: []string{"b"}, OnFailure: release.Undo},
	}}
	r := release.NewRunner(release.Config{})
	_, err := r.Run(t.Context(), p, request("r1"))
	assert.Equal(t, stage.RolledBack, outcome(t, err))
	assert.Equal(t, "a b c -b", c.ran())
	_, err = r.Run(t.Context(), p, forkOf("r2", "r1", "c"))
	assert.Equal(t, stage.RolledBack, outcome(t, err))
	assert.Equal(t, "b c -b", c.ran())
	c.breaks()
	_, err = r.Run(t.Context(), p, forkOf("r3", "r2", "c"))
	require.NoError(t, err)
	assert.Equal(t, "b c", c.ran())
	// What is taken over belongs to the old release, and is not undone by the fork.
	c.breaks("c")
	_, err = r.Run(t.Context(), p, forkOf("r4", "r3", "c"))
	assert.Equal(t, stage.Failed, outcome(t, err), "there was nothing to undo")
	assert.Equal(t, "c", c.ran())
}

func TestNothingIsUndoneBehindAnIrreversibleStageOfTheOldRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(crew)
		c.breaks("tell")
		undoable := stage.Undoable{Stage: c.stage(), By: do(func(_ context.Context, t *stage.Task) error { return c.work("-" + t.Stage()) })}
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "migrate", Do: c.stage(), Irreversible: true},
			{Name: "deploy", Do: undoable, Needs: []string{"migrate"}},
			{Name: "tell", Do: c.stage(), Needs: []string{"deploy"}, OnFailure: release.Undo},
		}}
		r := release.NewRunner(release.Config{})
		defer r.Close()
		for i, req := range []release.Request{request("r1"), forkOf("r2", "r1", "deploy"), forkOf("r3", "r2", "tell")} {
			require.NoError(t, r.Begin(t.Context(), p, req))
			synctest.Wait()
			state, err := r.State(t.Context(), req.ID)
			require.NoError(t, err)
			assert.Contains(t, state.Stage("tell").Parked, "irreversible", "release %d", i+1)
			assert.NotContains(t, c.ran(), "-deploy")
			require.NoError(t, r.Signal(t.Context(), req.ID, stage.Signal{Kind: stage.Abort, By: "ada"}))
			_, err = r.Wait(t.Context(), req.ID)
			assert.Equal(t, stage.Aborted, outcome(t, err))
			assert.Empty(t, c.ran())
		}
	})
}
