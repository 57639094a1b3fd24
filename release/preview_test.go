package release_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chart is when each stage began and ended.
type chart map[string][2]time.Duration

func actual(t *testing.T, r *release.Runner, id string) (chart, time.Duration) {
	review, err := r.Review(t.Context(), id)
	require.NoError(t, err)
	c := make(chart)
	for i := range review.State.Stages {
		if st := &review.State.Stages[i]; st.Attempt > 0 {
			c[st.Name] = [2]time.Duration{st.Started.Sub(review.Began), st.Ended.Sub(review.Began)}
		}
	}
	return c, review.Last.Sub(review.Began)
}

func foreseen(p *ledger.Preview) chart {
	c := make(chart)
	for i := range p.Stages {
		if s := &p.Stages[i]; s.Runs() && len(s.Items) == 0 {
			c[s.Name] = [2]time.Duration{s.Start, s.End}
		}
	}
	return c
}

var lanes = stage.NewKey[[]string]("lanes")

// random is a pipeline of stages that sleep, each for a time of its own.
func random(rnd *rand.Rand) release.Pipeline {
	p := release.Pipeline{Name: "random", Parallel: 1 + rnd.IntN(4), Inputs: refs(lanes.Ref())}
	for i := range 1 + rnd.IntN(9) {
		base := time.Duration(1 + rnd.Int64N(int64(time.Hour)))
		s := release.Stage{Name: fmt.Sprintf("s%d", i), Do: do(func(_ context.Context, t *stage.Task) error {
			time.Sleep(base + time.Duration(len(t.Item().Name))*7*time.Second)
			return nil
		})}
		for j := range i {
			if rnd.IntN(3) == 0 {
				s.Needs = append(s.Needs, fmt.Sprintf("s%d", j))
			}
		}
		if rnd.IntN(4) == 0 {
			s.Each = &release.Each{Key: lanes.Ref(), Parallel: rnd.IntN(3)}
		}
		if rnd.IntN(6) == 0 && len(s.Needs) > 0 {
			s.When = []release.Condition{{Stage: s.Needs[0], Is: []stage.Outcome{[]stage.Outcome{stage.Succeeded, stage.Skipped}[rnd.IntN(2)]}}}
		}
		s.Always = rnd.IntN(6) == 0
		p.Stages = append(p.Stages, s)
	}
	return p
}

// What is foreseen is what happens: each stage begins and ends when the preview says.
func TestARealRunKeepsToItsPreview(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 11))
			p := random(rnd)
			asks := func(id string) release.Request {
				req := request(id)
				req.Inputs = []release.Value{release.Input(lanes, []string{"a", "bb", "cccc"})}
				return req
			}
			r := release.NewRunner(release.Config{})
			before, err := r.Preview(t.Context(), p, asks("r1"))
			require.NoError(t, err)
			assert.Zero(t, before.Total)
			_, err = r.Run(t.Context(), p, asks("r1"))
			require.NoError(t, err)

			preview, err := r.Preview(t.Context(), p, asks("r2"))
			require.NoError(t, err)
			assert.Equal(t, 1, preview.Releases)
			assert.False(t, preview.AtLeast)
			_, err = r.Run(t.Context(), p, asks("r2"))
			require.NoError(t, err)
			want, total := actual(t, r, "r2")
			require.Equal(t, want, foreseen(preview), "seed %d", seed)
			assert.Equal(t, total, preview.Total)
			assert.Len(t, before.Unknown, len(want), "what runs was known beforehand, and how long was not")
			longest := time.Duration(0)
			for _, name := range preview.Critical {
				longest += want[name][1] - want[name][0]
			}
			assert.Equal(t, total, longest, "the longest way is as long as the whole")

			at := p.Stages[rnd.IntN(len(p.Stages))].Name
			preview, err = r.Preview(t.Context(), p, forkOf("r3", "r2", at))
			require.NoError(t, err)
			_, err = r.Run(t.Context(), p, forkOf("r3", "r2", at))
			require.NoError(t, err)
			want, total = actual(t, r, "r3")
			require.Equal(t, want, foreseen(preview), "seed %d, forked at %s", seed, at)
			assert.Equal(t, total, preview.Total)
		})
	}
}

// What is foreseen of a failure is what happens: how the release ends, and what is undone, in which
// order.
func TestARealFailureKeepsToThePreview(t *testing.T) {
	undone, frozen := 0, 0
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 13))
			p := random(rnd)
			var breaks string
			for i := range p.Stages {
				s := &p.Stages[i]
				runs := s.Do
				s.Do = do(func(ctx context.Context, t *stage.Task) error {
					return errors.Join(runs.Run(ctx, t), map[bool]error{true: errors.New("kaput")}[t.Stage() == breaks])
				})
				if rnd.IntN(2) == 0 {
					s.Do = stage.Undoable{Stage: s.Do, By: nothing}
				}
				s.OnFailure = []release.Policy{release.Undo, release.Undo, release.Undo, release.Stop, release.GoOn, release.Freeze}[rnd.IntN(6)]
				s.Irreversible = rnd.IntN(12) == 0
			}
			ask := func(id string) release.Request {
				req := request(id)
				req.Inputs = []release.Value{release.Input(lanes, []string{"a", "bb", "cccc"})}
				return req
			}
			store := new(release.MemoryStore)
			r := release.NewRunner(release.Config{Store: struct{ release.Store }{store}}) // no Leaser: nothing beats while nothing happens
			_, err := r.Run(t.Context(), p, ask("r1"))
			require.NoError(t, err)
			preview, err := r.Preview(t.Context(), p, ask("r2"))
			require.NoError(t, err)
			var able []ledger.PreviewStage
			for _, s := range preview.Stages {
				if s.IfFails != nil {
					able = append(able, s)
				}
			}
			if len(able) == 0 {
				return
			}
			victim := able[rnd.IntN(len(able))]
			breaks = victim.Name
			require.NoError(t, r.Begin(t.Context(), p, ask("r2")))
			time.Sleep(100 * time.Hour)
			got := new(ledger.Consequence)
			for _, e := range history(t, store, "r2") {
				switch b := e.Body.(type) {
				case ledger.UndoBegan:
					got.Undone = append(got.Undone, e.Stage)
					undone++
				case ledger.Ended:
					if b.Parked != "" {
						got.Frozen = b.Parked
						frozen++
					}
				case ledger.Finished:
					got.Outcome = b.Outcome
				}
			}
			assert.Equal(t, victim.IfFails, got, "seed %d: %s", seed, breaks)
			if got.Outcome == "" {
				require.NoError(t, r.Signal(t.Context(), "r2", stage.Signal{Kind: stage.Abort, By: "ada"}))
				_, _ = r.Wait(t.Context(), "r2")
			}
		})
	}
	assert.Greater(t, undone, 100)
	assert.Greater(t, frozen, 10)
}

// Where the time of some stages is not known, no stage begins earlier than is foreseen, and exactly
// then where it is not marked.
func TestWhatFollowsFromAnUnknownTimeIsMarked(t *testing.T) {
	exact, late := 0, 0
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 12))
			p := random(rnd)
			req := request("r1")
			req.Inputs = []release.Value{release.Input(lanes, []string{"a", "bb", "cccc"})}
			r := release.NewRunner(release.Config{})
			state, err := r.Run(t.Context(), p, req)
			require.NoError(t, err)
			want, _ := actual(t, r, "r1")

			h := new(ledger.History)
			hidden := p.Stages[rnd.IntN(len(p.Stages))].Name
			require.NoError(t, h.Add(without(r, hidden)))
			outline, err := p.Outline()
			require.NoError(t, err)
			preview, err := ledger.NewPreview([]ledger.Event{{Seq: 1, Time: state.Release.RequestedAt, Body: ledger.Requested{
				Release: state.Release, Pipeline: outline, Inputs: state.Values,
			}}}, h)
			require.NoError(t, err)
			for i := range preview.Stages {
				s := &preview.Stages[i]
				if !s.Runs() || len(s.Items) > 0 {
					continue
				}
				if s.AtLeast {
					late++
					continue
				}
				if s.Start > 0 {
					exact++
				}
				assert.Equal(t, want[s.Name][0], s.Start, "seed %d: stage %s, without %s", seed, s.Name, hidden)
			}
		})
	}
	assert.Greater(t, exact, 100)
	assert.Greater(t, late, 100)
}

// without are the events of release r1, in which a stage fails and so tells nothing of its time.
func without(r *release.Runner, name string) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		for e, err := range r.Watch(context.Background(), "r1", 0) {
			hidden := e.Stage == name || strings.HasPrefix(e.Stage, name+".")
			if _, over := e.Body.(ledger.Finished); over {
				return
			}
			if b, ended := e.Body.(ledger.Ended); ended && hidden && b.Outcome == stage.Succeeded {
				e.Body = ledger.Ended{Outcome: stage.Failed}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func TestAPreviewWritesNothingAndTellsWhatIsMissing(t *testing.T) {
	store := new(release.MemoryStore)
	secretive := stage.Declared{Stage: nothing, Secret: []string{"token", "key"}}
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "a", Do: secretive}, {Name: "b", Do: stage.Declared{Stage: nothing, Secret: []string{"token"}}},
		{Name: "never", Do: stage.Declared{Stage: nothing, Secret: []string{"other"}}, Needs: []string{"a"}, OnFailure: release.GoOn,
			When: []release.Condition{{Stage: "a", Is: []stage.Outcome{stage.Skipped}}}},
	}}
	r := release.NewRunner(release.Config{Store: store})
	preview, err := r.Preview(t.Context(), p, request("r1"))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"stage a: secret token: Config.Secrets is nil", "stage a: secret key: Config.Secrets is nil",
		"stage b: secret token: Config.Secrets is nil", "stage never: secret other: Config.Secrets is nil",
	}, preview.Missing, "without Config.Secrets, the release does not even begin")

	asked := 0
	r = release.NewRunner(release.Config{Store: store, Secrets: func(_ context.Context, name string) (stage.Secret, error) {
		asked++
		if name == "token" {
			return stage.Secret{}, errors.New("the vault is sealed")
		}
		return stage.NewSecret("hush"), nil
	}})
	preview, err = r.Preview(t.Context(), p, request("r1"))
	require.NoError(t, err)
	assert.Equal(t, []string{"stage a: secret token: the vault is sealed", "stage b: secret token: the vault is sealed"}, preview.Missing)
	assert.Equal(t, 2, asked, "once for each that would be asked for")
	for id := range store.Releases(t.Context()) {
		t.Error("a release was written:", id)
	}

	_, err = r.Preview(t.Context(), p, release.Request{})
	assert.ErrorContains(t, err, "Request.RequestedBy")
	_, err = r.Preview(t.Context(), release.Pipeline{}, request("r1"))
	assert.ErrorContains(t, err, "Pipeline.Stages")
	_, err = r.Preview(t.Context(), p, forkOf("r2", "r1", "a"))
	assert.ErrorIs(t, err, release.ErrUnknown)

	_, err = r.Run(t.Context(), p, request("r1"))
	require.NoError(t, err)
	preview, err = r.Preview(t.Context(), p, request("r1"))
	require.NoError(t, err)
	assert.Equal(t, "Request.ID: there is a release r1 already", preview.Missing[0])
}

func TestAPreviewLooksBackOnlySoFar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := release.NewRunner(release.Config{})
		run := func(pipeline, id string, d time.Duration) {
			_, err := r.Run(t.Context(), release.Pipeline{Name: pipeline, Stages: []release.Stage{{Name: "a", Do: sleeper(d)}}}, request(id))
			require.NoError(t, err)
		}
		seen := func() ledger.PreviewStage {
			p, err := r.Preview(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: nothing}}}, request("next"))
			require.NoError(t, err)
			return p.Stages[0]
		}
		for i := range 30 {
			run("shop", fmt.Sprintf("r%d", i), time.Duration(i)*time.Minute)
		}
		run("till", "t0", time.Hour)
		require.NoError(t, r.Begin(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: sleeper(time.Hour)}}}, request("open")))
		assert.Equal(t, &ledger.Estimate{Median: 19 * time.Minute, P90: 27 * time.Minute, Runs: release.HistoryReleases}, seen().Estimate, "those from 10 to 29")
		for i := range release.HistorySearch - 5 {
			run("till", fmt.Sprintf("u%d", i), 0)
		}
		assert.Equal(t, 3, seen().Estimate.Runs)
		for i := range 5 {
			run("till", fmt.Sprintf("v%d", i), 0)
		}
		assert.Nil(t, seen().Estimate)
		_, err := r.Wait(t.Context(), "open")
		require.NoError(t, err)
	})
}
