package release_test

import (
	"errors"
	"testing"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsNotAdmittedDoesNotBegin(t *testing.T) {
	noCanary := errors.New("no canary")
	var asked []string
	store := new(release.MemoryStore)
	admit := func(r stage.Release, p ledger.Pipeline) error {
		asked = append(asked, r.ID+" of "+r.Service+" by "+p.Name)
		assert.False(t, r.RequestedAt.IsZero(), "rules that end at a time are held against this one")
		p.Stages[0].Name = "changed"
		switch r.ID {
		case "bad", "fork-bad":
			return noCanary
		case "worse":
			panic("no rules")
		}
		return nil
	}
	runner := release.NewRunner(release.Config{Store: store, Admit: admit})
	defer func() { _ = runner.Close() }()
	p := release.Pipeline{Name: "p", Stages: []release.Stage{{Name: "a", Do: nothing}}}

	for id, want := range map[string]string{"bad": "release bad: refused: no canary", "worse": "release worse: refused: Config.Admit panics: no rules"} {
		_, err := runner.Run(t.Context(), p, request(id))
		require.ErrorIs(t, err, release.ErrRefused)
		require.EqualError(t, err, want)
		require.ErrorIs(t, runner.Begin(t.Context(), p, request(id)), release.ErrRefused)
		_, err = runner.Preview(t.Context(), p, request(id))
		require.ErrorIs(t, err, release.ErrRefused, "known before it is asked for")
		_, err = runner.State(t.Context(), id)
		require.ErrorIs(t, err, release.ErrUnknown, "nothing is recorded")
	}
	state, err := runner.Run(t.Context(), p, request("good"))
	require.NoError(t, err)
	assert.Equal(t, "a", state.Stages[0].Name, "it gets a copy")
	_, err = runner.Run(t.Context(), p, release.Request{ID: "fork-bad", RequestedBy: "ada", ForkOf: &release.Origin{Release: "good", Stage: "a"}})
	require.ErrorIs(t, err, noCanary, "a fork is a release, too")
	assert.Contains(t, asked, "fork-bad of shop by p", "with the service of the old one")

	asked = nil
	state, err = release.NewRunner(release.Config{Store: store, Admit: admit}).Resume(t.Context(), p, "good")
	require.NoError(t, err)
	assert.True(t, state.Over())
	assert.Empty(t, asked, "what has begun goes on by the rules of that day")
}
