package changelog_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func explained(t *testing.T) changelog.Plan {
	t.Helper()
	plan, err := changelog.Decide(line("lib/v1.0.0@0 app/v2.0.0@0 v1.0.0@0 lib/vNext@1 1.0@0",
		changes("feat: begin", "lib/x"), changes("feat: x", "lib/x"), changes("docs: y", "app/y"), changes("Say so", "README.md")),
		changelog.Policy{Components: []changelog.Component{part("app", "lib"), part("lib"), part("none")}, Umbrella: &changelog.Component{Name: "all"}})
	require.NoError(t, err)
	return plan
}

func TestExplainComponents(t *testing.T) {
	assert.Equal(t, `component  previous  next   level  why
app        2.0.0     2.0.1  patch  a release of lib, which it depends on, makes it a patch release
lib        1.0.0     1.1.0  minor  the highest level of all commits since 1.0.0 is minor
none       -         -      none   nothing to release: no commit calls for a version
all        1.0.0     1.1.0  minor  the highest level of all components is minor

app: 2.0.0 -> 2.0.1 (patch): a release of lib, which it depends on, makes it a patch release
previous: app/v2.0.0 is the highest release tag that can be reached from HEAD
with:
  lib  1.0.0 -> 1.1.0  (patch)
not counted:
  0000000300  docs: y  (docs is none)

lib: 1.0.0 -> 1.1.0 (minor): the highest level of all commits since 1.0.0 is minor
previous: lib/v1.0.0 is the highest release tag that can be reached from HEAD
counted:
  0000000200  minor  feat: x  (feat is minor)
tags ignored:
  lib/vNext  (tag "lib/vNext" does not have the form lib/v{version})

all: 1.0.0 -> 1.1.0 (minor): the highest level of all components is minor
previous: v1.0.0 is the highest release tag that can be reached from HEAD
with:
  app  2.0.0 -> 2.0.1  (patch)
  lib  1.0.0 -> 1.1.0  (minor)

of no component:
  0000000400  Say so  (changes nothing that belongs to a component)

tags of no component:
  1.0  (is written as no component writes its tags)

remarks:
  0000000400  header     not a conventional commit: a colon must follow "Say"
  -           untouched  component none: no commit has ever changed the path "none"
`, explained(t).Explain())
	plan, err := changelog.Decide(line("v1.0.0@0", changes("feat: begin"), changes("fix: x")), changelog.Policy{})
	require.NoError(t, err)
	assert.Equal(t, plan.Components[0].Explain(), plan.Explain(), "one component needs no table")
}

func TestPlanAsJSON(t *testing.T) {
	plan := explained(t)
	text, err := json.Marshal(plan)
	require.NoError(t, err)
	var back changelog.Plan
	require.NoError(t, json.Unmarshal(text, &back))
	again, err := json.Marshal(back)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again))
	assert.Equal(t, plan.Explain(), back.Explain())
	assert.Equal(t, plan.Hash(), back.Hash())

	var fields struct {
		Components []map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &fields))
	none := fields.Components[2]
	assert.Equal(t, "none", none["name"])
	assert.Nil(t, none["previous"])
	assert.Nil(t, none["next"])
	assert.Equal(t, "none", none["level"])
	for _, list := range []string{"reasons", "skipped", "ignored_tags"} {
		assert.Equal(t, []any{}, none[list], list)
	}
	assert.Equal(t, "no release tag can be reached from HEAD", none["previous_why"])
	empty, err := json.Marshal(changelog.Plan{})
	require.NoError(t, err)
	assert.Equal(t, `{"components":[],"diagnostics":[]}`, string(empty))
}

func TestHash(t *testing.T) {
	assert.Len(t, explained(t).Hash(), 64)
	assert.Equal(t, explained(t).Hash(), explained(t).Hash())
	seen := map[string]int{explained(t).Hash(): -1}
	for i, change := range []func(p *changelog.Plan){
		func(p *changelog.Plan) { p.Head = "x" },
		func(p *changelog.Plan) { p.Components[0].Name = "x" },
		func(p *changelog.Plan) { p.Components[0].Next = nil },
		func(p *changelog.Plan) { p.Components[0].NextTag = "x" },
		func(p *changelog.Plan) { p.Components[0].PreviousTag = "x" },
		func(p *changelog.Plan) { p.Components[0].Level = changelog.Major },
		func(p *changelog.Plan) { p.Components[0].Dependencies = nil },
		func(p *changelog.Plan) { p.Components[1].Reasons[0].ID = "x" },
		func(p *changelog.Plan) { p.Components[1].Reasons[0].Level = changelog.Major },
		func(p *changelog.Plan) { p.Components[0].Skipped = nil },
		func(p *changelog.Plan) { p.Umbrella = nil },
	} {
		p := explained(t)
		change(&p)
		before, twice := seen[p.Hash()]
		assert.False(t, twice, "%d is as %d", i, before)
		seen[p.Hash()] = i
	}
	same := explained(t)
	same.Components[0].Why = "in other words"
	assert.Equal(t, explained(t).Hash(), same.Hash())
}
