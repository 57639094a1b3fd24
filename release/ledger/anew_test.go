package ledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// done is a release of which every stage has succeeded; those that are made for items, for "eu".
func done(t *testing.T, stages ...ledger.Stage) *ledger.State {
	s := new(ledger.State)
	add := func(name string, attempt int, b ledger.Body) {
		require.NoError(t, s.Apply(ledger.Event{Seq: s.Seq + 1, Time: time.Unix(int64(s.Seq), 0), Stage: name, Attempt: attempt, Body: b}))
	}
	add("", 0, ledger.Requested{Release: stage.Release{ID: "r1", Service: "shop", RequestedBy: "ada"}, Pipeline: ledger.Pipeline{Name: "shop", Stages: stages}})
	for _, node := range stages {
		name := node.Name
		if node.Each != nil {
			add(name, 0, ledger.Expanded{Items: []stage.Item{{Name: "eu"}}})
			name += ".eu"
		}
		add(name, 1, ledger.Began{})
		add(name, 1, ledger.Ended{Outcome: stage.Succeeded})
		if node.Each != nil {
			add(node.Name, 0, ledger.Ended{Outcome: stage.Succeeded})
		}
	}
	add("", 0, ledger.Finished{Outcome: stage.Succeeded})
	return s
}

// forked forks a release, and tells what runs anew, each stage with what it needs, and the error.
func forked(s *ledger.State, at string, stages ...ledger.Stage) (string, error) {
	first := ledger.Requested{Release: stage.Release{ID: "r2", RequestedBy: "ada"}, Pipeline: ledger.Pipeline{Name: "shop", Stages: stages}}
	events, err := s.Fork(at, first, time.Unix(100, 0))
	if err != nil {
		return "", err
	}
	copied := map[string]bool{}
	fork := new(ledger.State)
	for _, e := range events {
		if err := fork.Apply(e); err != nil {
			return "", err
		}
		copied[e.Stage] = true
	}
	var anew []string
	for _, node := range fork.Pipeline.Stages {
		if !copied[node.Name] {
			anew = append(anew, node.Name+"("+strings.Join(node.Needs, " ")+")")
		}
	}
	return strings.Join(anew, " "), nil
}

func node(name string, trait stage.Trait, needs ...string) ledger.Stage {
	return ledger.Stage{Name: name, Needs: needs, Traits: []stage.Trait{trait}}
}

// A yes is for the deployments that it lets begin: where one of them is another one, people are asked anew.
func TestAYesIsForTheDeploymentsBehindIt(t *testing.T) {
	list := func(name string) *ledger.Each { return &ledger.Each{Key: stage.Ref{Name: name, Type: "[]string"}} }
	pipeline := func() []ledger.Stage {
		p := []ledger.Stage{
			{Name: "build"}, node("law", stage.Asks, "build"), node("ask", stage.Asks, "law"),
			node("staging", stage.Deploys, "ask"), {Name: "test", Needs: []string{"staging"}}, node("again", stage.Asks, "test"), node("production", stage.Deploys, "again"),
		}
		p[6].Environment, p[6].Gates, p[6].Each = "production", []string{"errors"}, list("regions")
		p[6].Traits = append(p[6].Traits, stage.Progressive)
		p[6].Reads = []stage.Ref{stage.Built.Ref()}
		return p
	}
	same, last, all := "production(again)", "again(test) production(again)", "law(build) ask(law) staging(ask) test(staging) again(test) production(again)"
	for name, c := range map[string]struct {
		change func(p []ledger.Stage) []ledger.Stage
		want   string
	}{
		"the same":            {func(p []ledger.Stage) []ledger.Stage { return p }, same},
		"another environment": {func(p []ledger.Stage) []ledger.Stage { p[6].Environment = "bank"; return p }, last},
		"another list":        {func(p []ledger.Stage) []ledger.Stage { p[6].Each = list("countries"); return p }, last},
		"no list":             {func(p []ledger.Stage) []ledger.Stage { p[6].Each = nil; return p }, last},
		"a gate less":         {func(p []ledger.Stage) []ledger.Stage { p[6].Gates = nil; return p }, last},
		"a gate more":         {func(p []ledger.Stage) []ledger.Stage { p[6].Gates = append(p[6].Gates, "load"); return p }, same},
		"all at once":         {func(p []ledger.Stage) []ledger.Stage { p[6].Traits = p[6].Traits[:1]; return p }, last},
		"something else":      {func(p []ledger.Stage) []ledger.Stage { p[6].Reads[0].Name = "other"; return p }, last},
		"a deployment more": {func(p []ledger.Stage) []ledger.Stage {
			return append(p, node("mirror", stage.Deploys, "production"))
		}, last + " mirror(production)"},
		"what did not deploy":            {func(p []ledger.Stage) []ledger.Stage { p[4].Traits = []stage.Trait{stage.Deploys}; return p }, all},
		"a deployment at the first asks": {func(p []ledger.Stage) []ledger.Stage { p[3].Environment = "pilot"; return p }, all},
		"one that is needed by no other": {func(p []ledger.Stage) []ledger.Stage {
			return append(p, ledger.Stage{Name: "tell", Needs: []string{"again"}})
		}, same + " tell(again)"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := forked(done(t, pipeline()...), "production", c.change(pipeline())...)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	p := []ledger.Stage{node("ask", stage.Asks), {Name: "end", Needs: []string{"ask"}}}
	p[0].Each = list("regions")
	s := done(t, p...)
	p[0].Each = list("countries")
	_, err := forked(s, "end", p...)
	assert.ErrorContains(t, err, "stage ask cannot be taken over from release r1: it was made for each of regions ([]string), and is now made for each of countries ([]string)")
}

// That a window was open, or a gate passed, when the old release came to it says nothing of now: what runs anew waits once more, whatever is taken
// over in between.
func TestAForkWaitsForTheWindowOnceMore(t *testing.T) {
	always := ledger.Stage{Name: "tidy", Needs: []string{"window"}, Always: true}
	first := node("start", stage.Holds)
	first.Criterion = ledger.Activate
	last := ledger.Stage{Name: "accept", Needs: []string{"notes"}, Criterion: ledger.Succeed}
	for name, c := range map[string]struct {
		at     string
		stages []ledger.Stage
		want   string
	}{
		"not to judge what was done": {"accept", []ledger.Stage{node("window", stage.Holds), {Name: "notes", Needs: []string{"window"}}, last}, "accept(notes)"},
		"before it":                  {"deploy", []ledger.Stage{{Name: "build"}, node("window", stage.Holds, "build"), node("deploy", stage.Deploys, "window")}, "window(build) deploy(window)"},
		"before what was said yes to": {"deploy", []ledger.Stage{node("window", stage.Holds), node("ask", stage.Asks, "window"), node("deploy", stage.Deploys, "ask")},
			"window() deploy(ask window)"},
		"of two": {"deploy", []ledger.Stage{node("day", stage.Holds), node("window", stage.Holds, "day"), node("deploy", stage.Deploys, "window")},
			"day() window(day) deploy(window day)"},
		"for a deployment that is taken over": {"production", []ledger.Stage{node("window", stage.Holds), node("staging", stage.Deploys, "window"), node("production", stage.Deploys, "staging")},
			"production(staging)"},
		"for the whole release": {"production", []ledger.Stage{first, node("staging", stage.Deploys, "start"), node("production", stage.Deploys, "staging")},
			"start() production(staging start)"},
		"for nothing that is left to do": {"tidy", []ledger.Stage{node("window", stage.Holds), node("deploy", stage.Deploys, "window"), always}, "tidy(window)"},
		"or asks the gate": {"deploy", []ledger.Stage{node("staging", stage.Deploys), node("well", stage.Judges, "staging"), node("deploy", stage.Deploys, "well")},
			"well(staging) deploy(well)"},
		"but what is not of the moment": {"deploy", []ledger.Stage{node("staging", stage.Deploys), node("well", "", "staging"), node("deploy", stage.Deploys, "well")},
			"deploy(well)"},
		"at itself": {"window", []ledger.Stage{node("window", stage.Holds), node("deploy", stage.Deploys, "window")}, "window() deploy(window)"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := forked(done(t, c.stages...), c.at, c.stages...)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			assert.NotContains(t, c.stages[len(c.stages)-1].Needs, "start", "the pipeline that was given is left as it is")
		})
	}
}

// Whether a stage judges, or watches for a while, is a setting of it: what was done before that was written down is taken over, too.
func TestAJudgeOfWhichItWasNotSaidIsTakenOver(t *testing.T) {
	got, err := forked(done(t, ledger.Stage{Name: "well"}, node("deploy", stage.Deploys)), "deploy", node("well", stage.Judges), node("deploy", stage.Deploys))
	require.NoError(t, err)
	assert.Equal(t, "deploy()", got)
}
