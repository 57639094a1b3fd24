package changelog_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func group(kind changelog.GroupKind, names ...string) changelog.Group {
	return changelog.Group{Name: "g", Kind: kind, Components: names}
}

func TestComposition(t *testing.T) {
	chain := []changelog.Component{part("app", "web", "lib"), part("web", "lib"), part("lib")}
	three := []changelog.Component{part("a"), part("b"), part("c")}
	begin := changes("feat: begin", "app/x")
	stable := "app/v1.0.0@0 web/v1.0.0@0 lib/v1.0.0@0 a/v1.0.0@0 b/v1.0.0@0 c/v1.0.0@0"
	young := "app/v0.1.0@0 web/v1.0.0@0 lib/v1.0.0@0"
	spread := "a/v1.0.0@0 b/v1.5.0@0 c/v3.0.0@0"
	betas := "lib/v1.0.0@0 app/v1.0.0@0 web/v1.0.0@0 lib/v1.1.0-beta.1@1 app/v1.0.1-beta.1@1 web/v1.0.1-beta.1@1"
	always := func(l changelog.Level) func(_, _ changelog.Component, _ changelog.Level) changelog.Level {
		return func(_, _ changelog.Component, _ changelog.Level) changelog.Level { return l }
	}
	for _, tc := range []struct {
		name, tags string
		policy     changelog.Policy
		changes    []change
		want       string
	}{
		{"those that depend on it are patched", stable, changelog.Policy{Components: chain}, []change{changes("feat!: x", "lib/x")}, "app 1.0.1, web 1.0.1, lib 2.0.0"},
		{"not the other way round", stable, changelog.Policy{Components: chain}, []change{changes("feat!: x", "app/x")}, "app 2.0.0, web -, lib -"},
		{"what is more by itself stays", stable, changelog.Policy{Components: chain}, []change{changes("fix: x", "lib/x"), changes("feat: y", "web/y")}, "app 1.0.1, web 1.1.0, lib 1.0.1"},
		{"the same level", stable, changelog.Policy{Components: chain, Propagate: changelog.PropagateSame}, []change{changes("feat!: x", "lib/x")}, "app 2.0.0, web 2.0.0, lib 2.0.0"},
		{"the same level, below 1.0.0", young, changelog.Policy{Components: chain, Propagate: changelog.PropagateSame}, []change{changes("feat!: x", "lib/x")}, "app 0.2.0, web 2.0.0, lib 2.0.0"},
		{"not at all", stable, changelog.Policy{Components: chain, Propagate: changelog.PropagateNone}, []change{changes("feat!: x", "lib/x")}, "app -, web -, lib 2.0.0"},
		{"a rule of one's own", stable, changelog.Policy{Components: chain, PropagateBy: always(changelog.Minor)}, []change{changes("fix: x", "lib/x")}, "app 1.1.0, web 1.1.0, lib 1.0.1"},
		{"a rule that says no", stable, changelog.Policy{Components: chain, PropagateBy: always(changelog.None)}, []change{changes("fix: x", "lib/x")}, "app -, web -, lib 1.0.1"},
		{"a rule out of range", stable, changelog.Policy{Components: chain, PropagateBy: always(9)}, []change{changes("fix: x", "lib/x")}, "app 2.0.0, web 2.0.0, lib 1.0.1"},
		{"a rule that knows both", stable, changelog.Policy{Components: chain, PropagateBy: func(d, on changelog.Component, l changelog.Level) changelog.Level {
			if d.Name == "app" && on.Name == "lib" && l == changelog.Patch {
				return changelog.Minor
			}
			return changelog.None
		}}, []change{changes("fix: x", "lib/x")}, "app 1.1.0, web -, lib 1.0.1"},
		{"a requested version", stable, changelog.Policy{Components: chain, Propagate: changelog.PropagateSame}, []change{changes("chore: x\n\nRelease-As: 2.0.0", "lib/x")}, "app 2.0.0, web 2.0.0, lib 2.0.0"},

		{"a pre-release that announces more", "lib/v1.0.0@0 app/v1.0.0@0 web/v1.0.0@0 lib/v2.0.0-rc.1@1", changelog.Policy{Components: chain, Propagate: changelog.PropagateSame},
			[]change{changes("fix: x", "lib/x"), changes("fix: y", "lib/x")}, "app 2.0.0, web 2.0.0, lib 2.0.0"},
		{"a channel", stable, changelog.Policy{Components: chain, Channel: "beta"}, []change{changes("feat: x", "lib/x")}, "app 1.0.1-beta.1, web 1.0.1-beta.1, lib 1.1.0-beta.1"},
		{"a channel, nothing new", betas, changelog.Policy{Components: chain, Channel: "beta"}, []change{changes("feat: x", "lib/x"), changes("docs: y", "lib/x", "app/y")}, "app -, web -, lib -"},
		{"a channel, once more", betas, changelog.Policy{Components: chain, Channel: "beta"}, []change{changes("feat: x", "lib/x"), changes("fix: y", "lib/x")}, "app 1.0.1-beta.2, web 1.0.1-beta.2, lib 1.1.0-beta.2"},
		{"a channel, one alone", betas, changelog.Policy{Components: chain, Channel: "beta"}, []change{changes("feat: x", "lib/x"), changes("fix: y", "app/x")}, "app 1.0.1-beta.2, web -, lib -"},
		{"a channel, the level stays", "lib/v1.0.0@0 app/v1.0.0@0 web/v1.0.0@0 lib/v2.0.0-beta.1@1 app/v2.0.0-beta.1@1 web/v2.0.0-beta.1@1",
			changelog.Policy{Components: chain, Channel: "beta", Propagate: changelog.PropagateSame}, []change{changes("feat!: x", "lib/x"), changes("fix: y", "app/x")}, "app 2.0.0-beta.2, web -, lib -"},
		{"a channel, and one that was not there yet", "lib/v1.0.0@0 app/v1.0.0@0 web/v1.0.0@0 lib/v2.0.0-beta.1@1", changelog.Policy{Components: chain, Channel: "beta", Propagate: changelog.PropagateSame},
			[]change{changes("feat!: x", "lib/x"), changes("fix: y", "app/x")}, "app 2.0.0-beta.1, web 2.0.0-beta.1, lib -"},
		{"and all final", betas, changelog.Policy{Components: chain}, []change{changes("feat: x", "lib/x")}, "app 1.0.1, web 1.0.1, lib 1.1.0"},

		{"fixed", stable, changelog.Policy{Components: three, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}}, []change{changes("feat: x", "a/x")}, "a 1.1.0, b 1.1.0, c -"},
		{"fixed, from the highest", spread, changelog.Policy{Components: three, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}}, []change{changes("fix: x", "a/x")}, "a 1.5.1, b 1.5.1, c -"},
		{"fixed, and nothing", spread, changelog.Policy{Components: three, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}}, []change{changes("fix: x", "c/x")}, "a -, b -, c 3.0.1"},
		{"fixed, a first version", "a/v1.0.0@0", changelog.Policy{Components: three, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}}, []change{changes("fix: x", "b/x")}, "a 1.0.1, b 1.0.1, c -"},
		{"fixed, a requested version", stable, changelog.Policy{Components: three, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}}, []change{changes("fix: x\n\nRelease-As: 4.0.0", "b/x")}, "a 4.0.0, b 4.0.0, c -"},
		{"linked", stable, changelog.Policy{Components: three, Groups: []changelog.Group{group(changelog.Linked, "a", "b")}}, []change{changes("feat: x", "a/x")}, "a 1.1.0, b -, c -"},
		{"linked, from the highest", spread, changelog.Policy{Components: three, Groups: []changelog.Group{group(changelog.Linked, "a", "b")}}, []change{changes("fix: x", "a/x")}, "a 1.5.1, b -, c -"},
		{"linked, both", spread, changelog.Policy{Components: three, Groups: []changelog.Group{group(changelog.Linked, "a", "b")}}, []change{changes("fix: x", "a/x"), changes("feat: y", "b/y")}, "a 1.6.0, b 1.6.0, c -"},
		{"fixed, two first versions", "", changelog.Policy{
			Components: []changelog.Component{part("a"), {Name: "b", Paths: []string{"b"}, Initial: version(t, "2.0.0")}, part("c")}, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")},
		}, []change{changes("fix: x", "a/x")}, "a 2.0.0, b 2.0.0, c -"},
		{"linked, and its own version is taken", spread + " a/v1.0.1@77", changelog.Policy{Components: three, Groups: []changelog.Group{group(changelog.Linked, "a", "b")}}, []change{changes("fix: x", "a/x")}, "a 1.5.1, b -, c -"},
		{"fixed on a channel", stable + " a/v1.1.0-rc.1@1 b/v1.1.0-rc.1@1", changelog.Policy{Components: three, Channel: "rc", Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}},
			[]change{changes("feat: x", "a/x"), changes("fix: x", "b/x")}, "a 1.1.0-rc.2, b 1.1.0-rc.2, c -"},
		{"linked on a channel", stable + " b/v1.1.0-rc.1@1", changelog.Policy{Components: three, Channel: "rc", Groups: []changelog.Group{group(changelog.Linked, "a", "b")}},
			[]change{changes("feat: x", "b/x"), changes("fix: x", "a/x")}, "a 1.1.0-rc.2, b -, c -"},

		{"what depends on a group", stable, changelog.Policy{Components: []changelog.Component{part("a"), part("b"), part("c", "b")}, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}},
			[]change{changes("feat: x", "a/x")}, "a 1.1.0, b 1.1.0, c 1.0.1"},
		{"a group that depends", stable, changelog.Policy{Components: []changelog.Component{part("a"), part("b", "c"), part("c")}, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}},
			[]change{changes("feat: x", "c/x")}, "a 1.0.1, b 1.0.1, c 1.1.0"},
		{"a linked group that depends", spread, changelog.Policy{Components: []changelog.Component{part("a", "c"), part("b"), part("c")}, Groups: []changelog.Group{group(changelog.Linked, "a", "b")}},
			[]change{changes("feat: x", "c/x")}, "a 1.5.1, b -, c 3.1.0"},
		{"dependencies within a group", stable, changelog.Policy{Components: []changelog.Component{part("a", "b"), part("b"), part("c")}, Groups: []changelog.Group{group(changelog.Linked, "a", "b")}},
			[]change{changes("feat: x", "b/x")}, "a 1.1.0, b 1.1.0, c -"},
		{"dependencies within a group, from the highest", "a/v1.5.0@0 b/v1.0.0@0", changelog.Policy{Components: []changelog.Component{part("a", "b"), part("b")}, Groups: []changelog.Group{group(changelog.Linked, "a", "b")}},
			[]change{changes("feat: x", "b/x")}, "a 1.6.0, b 1.6.0"},
		{"a circle through a group", stable, changelog.Policy{Components: []changelog.Component{part("a"), part("b", "c"), part("c", "a")}, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}},
			[]change{changes("feat: x", "c/x")}, "a 1.0.1, b 1.0.1, c 1.1.0"},
		{"and the other way round", stable, changelog.Policy{Components: []changelog.Component{part("a"), part("b", "c"), part("c", "a")}, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}, Propagate: changelog.PropagateSame},
			[]change{changes("fix: x", "a/x"), changes("feat: x", "b/x")}, "a 1.1.0, b 1.1.0, c 1.1.0"},

		{"an umbrella", stable + " v3.1.0@0", changelog.Policy{Components: three, Umbrella: &changelog.Component{Name: "all"}}, []change{changes("feat: x", "a/x"), changes("fix: x", "b/x")}, "a 1.1.0, b 1.0.1, c -, all 3.2.0"},
		{"an umbrella over nothing new", stable + " v3.1.0@0", changelog.Policy{Components: three, Umbrella: &changelog.Component{Name: "all"}}, []change{changes("docs: x", "a/x")}, "a -, b -, c -, all -"},
		{"an umbrella below 1.0.0", stable + " v0.3.0@0", changelog.Policy{Components: three, Umbrella: &changelog.Component{Name: "all"}}, []change{changes("feat!: x", "a/x")}, "a 2.0.0, b -, c -, all 0.4.0"},
		{"a first umbrella", stable, changelog.Policy{Components: three, Umbrella: &changelog.Component{Name: "all", Tags: "all-{version}"}}, []change{changes("fix: x", "a/x")}, "a 1.0.1, b -, c -, all 0.1.0"},
		{"an umbrella on a channel", stable + " v3.1.0@0 a/v1.1.0-rc.1@1 v3.2.0-rc.1@1", changelog.Policy{Components: three, Channel: "rc", Umbrella: &changelog.Component{Name: "all"}},
			[]change{changes("feat: x", "a/x"), changes("fix: x", "b/x")}, "a -, b 1.0.1-rc.1, c -, all 3.2.0-rc.2"},
		{"a first umbrella on a channel", stable + " v3.1.0@0 a/v1.1.0-rc.1@1", changelog.Policy{Components: three, Channel: "rc", Umbrella: &changelog.Component{Name: "all"}},
			[]change{changes("feat: x", "a/x"), changes("fix: x", "b/x")}, "a -, b 1.0.1-rc.1, c -, all 3.2.0-rc.1"},
		{"a requested version under an umbrella", stable + " v3.1.0@0", changelog.Policy{Components: three, Umbrella: &changelog.Component{Name: "all"}}, []change{changes("fix: x\n\nRelease-As: 2.0.0", "a/x")}, "a 2.0.0, b -, c -, all 4.0.0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			plan, err := changelog.Decide(line(tc.tags, append([]change{begin}, tc.changes...)...), tc.policy)
			require.NoError(t, err)
			assert.Equal(t, tc.want, versions(plan))
			for _, d := range plan.Components {
				assert.Equal(t, d.Next == nil, d.Level == changelog.None, d.Name)
				for _, on := range d.Dependencies {
					if from, _ := plan.Component(on.Name); from.Next != nil { // or it was released without this one
						assert.Equal(t, from.Next, on.Next)
						assert.Equal(t, from.Previous, on.Previous)
					}
				}
			}
		})
	}
}

func TestCompositionSaysWhy(t *testing.T) {
	p := changelog.Policy{
		Components: []changelog.Component{part("app", "lib"), part("lib"), part("a"), part("b")},
		Groups:     []changelog.Group{group(changelog.Fixed, "a", "b")},
		Umbrella:   &changelog.Component{Name: "all"},
	}
	plan, err := changelog.Decide(line("lib/v1.0.0@0 app/v2.0.0@0 a/v1.0.0@0 b/v1.0.0@0 v1.0.0@0",
		changes("feat: begin"), changes("feat: x", "lib/x"), changes("fix: y", "a/y")), p)
	require.NoError(t, err)
	assert.Equal(t, "app 2.0.1, lib 1.1.0, a 1.0.1, b 1.0.1, all 1.1.0", versions(plan))
	app, _ := plan.Component("app")
	assert.Equal(t, []changelog.Dependency{{Name: "lib", Previous: version(t, "1.0.0"), Next: version(t, "1.1.0"), Level: changelog.Patch}}, app.Dependencies)
	assert.Equal(t, "a release of lib, which it depends on, makes it a patch release", app.Why)
	assert.Equal(t, changelog.Patch, app.Level)
	assert.Equal(t, "app/v2.0.1", app.NextTag)
	b, _ := plan.Component("b")
	assert.Equal(t, "the fixed group g: the highest level of all commits since 1.0.0 is patch; b has nothing of its own", b.Why)
	assert.Equal(t, "b/v1.0.1", b.NextTag)
	assert.Equal(t, "g", b.Group)
	assert.Empty(t, b.Reasons)
	assert.Empty(t, app.Group)
	assert.Equal(t, "the highest level of all components is minor", plan.Umbrella.Why)
	assert.Equal(t, "v1.1.0", plan.Umbrella.NextTag)
	assert.Len(t, plan.Umbrella.Dependencies, 4)
	assert.Equal(t, changelog.Minor, plan.Level())
}

// TestLevelOfALaggard: the level of a release is that of its version, too.
func TestLevelOfALaggard(t *testing.T) {
	p := changelog.Policy{Components: []changelog.Component{part("a"), part("b")}, Groups: []changelog.Group{group(changelog.Linked, "a", "b")}}
	plan, err := changelog.Decide(line("a/v1.0.0@0 b/v3.0.0@0", changes("feat: begin"), changes("fix: x", "a/x", "b/x")), p)
	require.NoError(t, err)
	assert.Equal(t, "a 3.0.1, b 3.0.1", versions(plan))
	assert.Equal(t, changelog.Major, plan.Components[0].Level)
	assert.Equal(t, changelog.Patch, plan.Components[1].Level)
}

// TestNearlyTakenInAGroup: a tag that differs in its v alone stands in the way of one component.
func TestNearlyTakenInAGroup(t *testing.T) {
	p := changelog.Policy{Components: []changelog.Component{part("a"), {Name: "b", Paths: []string{"b"}, Tags: "v{version}"}}, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}}
	_, err := changelog.Decide(line("a/v1.0.0@0 v1.0.0@0 1.0.1@77", changes("feat: begin"), changes("fix: x", "a/x")), p)
	require.ErrorIs(t, err, changelog.ErrTaken)
	assert.ErrorContains(t, err, "component b: the next version is taken: there is a tag 1.0.1")
}

// TestOneFailsForItself: each component that has no version has its own error, and the others have versions.
func TestOneFailsForItself(t *testing.T) {
	p := changelog.Policy{Components: []changelog.Component{part("a"), part("b"), part("c", "a")}, Groups: []changelog.Group{group(changelog.Fixed, "b", "c")}}
	h := line("a/v1.0.0@0 b/v1.0.0@0 c/v1.0.0@0", changes("feat: begin"), changes("fix: x", "a/x", "b/x"))
	h.Tags = append(h.Tags, changelog.Ref{Name: "c/v1.0.1", Commit: id(77)})
	plan, err := changelog.Decide(h, p)
	require.ErrorIs(t, err, changelog.ErrTaken)
	var failed *changelog.ComponentError
	require.True(t, errors.As(err, &failed))
	assert.Equal(t, "b", failed.Component)
	assert.ErrorContains(t, err, "component c: the next version is taken: 1.0.1 is tagged as c/v1.0.1")
	assert.Equal(t, "a 1.0.1, b -, c -", versions(plan))
}
