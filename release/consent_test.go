package release_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A yes is for what was asked: here lies what a fork, or a host that takes a release up, might make of it.

var asked = stage.NewKey[string]("asked-for")

// consent is a pipeline that deploys what people have agreed to. The approval reads nothing.
func consent(c *crew, ask stage.Stage) release.Pipeline {
	return release.Pipeline{Name: "shop", Inputs: refs(asked.Ref()), Stages: []release.Stage{
		{Name: "ask", Do: ask},
		{Name: "production", Do: stage.Declared{Stage: c.reads(asked), Trait: []stage.Trait{stage.Deploys}}, Needs: []string{"ask"}, Environment: "production"},
	}}
}

// asks are requests with the version that is asked for.
func asks(req release.Request, version string) release.Request {
	req.Inputs = []release.Value{release.Input(asked, version)}
	return req
}

// agreed is a runner in which release r1, asked for by ada, was approved by grace.
func agreed(t *testing.T, c *crew, ask stage.Stage) *release.Runner {
	r := release.NewRunner(release.Config{})
	require.NoError(t, r.Begin(t.Context(), consent(c, ask), asks(request("r1"), "1.0.0")))
	synctest.Wait()
	require.NoError(t, r.Signal(t.Context(), "r1", stage.Signal{Kind: stage.Approve, Stage: "ask", By: "grace"}))
	_, err := r.Wait(t.Context(), "r1")
	require.NoError(t, err)
	assert.Equal(t, "production (1.0.0)", c.ran())
	return r
}

func TestAForkDoesNotCarryAYesOverToSomethingElse(t *testing.T) {
	by := func(who string, req release.Request) release.Request {
		req.RequestedBy = who
		return req
	}
	four, two := approval.Stage{FourEyes: true}, approval.Stage{}
	fork := forkOf("r2", "r1", "production")
	tests := []struct {
		name      string
		was       stage.Stage
		change    func(p *release.Pipeline)
		req       release.Request
		want      string // the error
		askedAnew bool
	}{
		{"the same", four, nil, by("ada", fork), "", false},
		{"the same, said once more", four, nil, by("ada", asks(fork, "1.0.0")), "", false},
		{"another input", four, nil, by("ada", asks(fork, "6.6.6")),
			"input asked-for is not what it was in release r1: stage ask, which is taken over, asks people, and they have agreed to what it was", false},
		{"an input that was not there", four, func(p *release.Pipeline) { p.Inputs = append(p.Inputs, stage.Notes.Ref()) },
			by("ada", release.Request{ID: "r2", ForkOf: fork.ForkOf, Inputs: []release.Value{release.Input(stage.Notes, "n")}}),
			"input notes is not what it was in release r1: stage ask", false},
		{"asked for by who agreed", four, nil, by("grace", fork), "", true},
		{"asked for by somebody else", four, nil, by("eve", fork), "", true},
		{"asked for by somebody else, with two eyes", two, nil, by("eve", fork), "", false},
		{"four eyes that were two", two, func(p *release.Pipeline) { p.Stages[0].Do = four }, by("ada", fork),
			"stage ask cannot be taken over from release r1: it has come to have the trait four-eyes", false},
		{"a gate more", two, func(p *release.Pipeline) { p.Stages[0].Do = gated{two, []string{"errors"}} }, by("ada", fork),
			"stage ask cannot be taken over from release r1: it has come to ask the gate errors", false},
		{"for another environment", two, func(p *release.Pipeline) { p.Stages[0].Environment = "production" }, by("ada", fork),
			`stage ask cannot be taken over from release r1: its environment was "", and is now "production"`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := new(crew)
				r := agreed(t, c, test.was)
				p := consent(c, test.was)
				if test.change != nil {
					test.change(&p)
				}
				err := r.Begin(t.Context(), p, test.req)
				if test.want != "" {
					assert.ErrorContains(t, err, test.want)
					assert.Empty(t, c.ran())
					return
				}
				require.NoError(t, err)
				synctest.Wait()
				state, err := r.State(t.Context(), "r2")
				require.NoError(t, err)
				assert.Equal(t, !test.askedAnew, state.Stage("ask").Copied)
				if !test.askedAnew {
					assert.Equal(t, "production (1.0.0)", c.ran())
					return
				}
				assert.Empty(t, c.ran(), "nobody has agreed yet")
				require.NoError(t, r.Signal(t.Context(), "r2", stage.Signal{Kind: stage.Approve, Stage: "ask", By: "linus"}))
				_, err = r.Wait(t.Context(), "r2")
				require.NoError(t, err)
				assert.Equal(t, "production (1.0.0)", c.ran())
			})
		})
	}
}

func TestAYesIsNotTakenOverFromAStageThatAskedNobody(t *testing.T) {
	c := new(crew)
	r := release.NewRunner(release.Config{})
	_, err := r.Run(t.Context(), consent(c, c.stage()), asks(request("r1"), "1.0.0"))
	require.NoError(t, err)
	c.ran()
	_, err = r.Run(t.Context(), consent(c, approval.Stage{}), forkOf("r2", "r1", "production"))
	assert.ErrorContains(t, err, "stage ask cannot be taken over from release r1: it has come to have the trait asks")
	assert.Empty(t, c.ran())
}

// gated is a stage that asks gates.
type gated struct {
	stage.Stage
	names []string
}

func (g gated) Gates() []string     { return g.names }
func (g gated) Unwrap() stage.Stage { return g.Stage }

func TestAHostTakesNothingUpThatNoLongerDoesWhatItsPlanSays(t *testing.T) {
	four := approval.Stage{FourEyes: true}
	nothing := stage.Func(func(context.Context, *stage.Task) error { return nil })
	tests := []struct {
		name     string
		was, now stage.Stage
		want     string
	}{
		{"the same", four, four, ""},
		{"more than its plan says", nothing, four, ""},
		{"a deployment that its plan does not tell of", nothing, stage.Declared{Stage: nothing, Trait: []stage.Trait{stage.Deploys}},
			"release r1: stage ask has come to deploy, which its plan does not say"},
		{"a yes that nobody is asked for", four, nothing, "release r1: stage ask no longer has the trait asks, as its plan says"},
		{"two eyes", four, approval.Stage{}, "release r1: stage ask no longer has the trait four-eyes, as its plan says"},
		{"yes by default", four, approval.Stage{FourEyes: true, Deadline: 1, Default: approval.Approve}, "release r1: stage ask no longer has the trait asks, as its plan says"},
		{"a gate that has come to watch for a while", stage.Declared{Stage: nothing, Trait: []stage.Trait{stage.Judges}}, nothing, ""},
		{"a gate", gated{four, []string{"errors", ""}}, four, "release r1: stage ask no longer asks the gate ask, as its plan says"},
	}
	for _, test := range tests {
		for _, former := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := new(crew)
					store := new(release.MemoryStore)
					p := consent(c, test.was)
					p.Stages = append([]release.Stage{{Name: "first", Do: approval.Stage{}}}, p.Stages...)
					p.Stages[1].Needs = []string{"first"}
					r := release.NewRunner(release.Config{Store: store})
					require.NoError(t, r.Begin(t.Context(), p, asks(request("r1"), "1.0.0")))
					synctest.Wait()
					r.Stop(t.Context())

					r = release.NewRunner(release.Config{Store: store})
					p.Stages[1].Do = test.now
					if former {
						p.Former = map[string]stage.Stage{"ask": test.now}
						p.Stages[1].Name, p.Stages[2].Needs = "question", []string{"question"}
					}
					taken, err := r.TakeUp(t.Context(), p)
					if test.want == "" {
						assert.NoError(t, err)
						assert.Equal(t, []string{"r1"}, taken)
					} else {
						assert.ErrorContains(t, err, test.want)
						assert.Empty(t, taken)
					}
					r.Stop(t.Context())
				})
			})
		}
	}
}

// Plans that were recorded before there were traits have none: they go on.
func TestAPlanWithoutTraitsIsTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(crew)
		store := new(release.MemoryStore)
		p := consent(c, approval.Stage{FourEyes: true})
		outline, err := p.Outline()
		require.NoError(t, err)
		for i := range outline.Stages {
			outline.Stages[i].Traits = nil
		}
		require.NoError(t, store.Append(t.Context(), "r1", 0, ledger.Event{Seq: 1, Time: time.Now(), Body: ledger.Requested{
			Release: stage.Release{ID: "r1", Service: "shop", RequestedBy: "ada"}, Pipeline: outline, Inputs: map[string]json.RawMessage{"asked-for": json.RawMessage(`"1.0.0"`)}}}))
		r := release.NewRunner(release.Config{Store: store})
		taken, err := r.TakeUp(t.Context(), p)
		require.NoError(t, err)
		assert.Equal(t, []string{"r1"}, taken)
		r.Stop(t.Context())
	})
}
