package changelog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// outOfStep are the texts of the diagnostics of releases that stopped half way.
func outOfStep(p changelog.Plan) (texts []string) {
	for _, d := range p.Diagnostics {
		if d.Code == changelog.CodeOutOfStep {
			texts = append(texts, d.Text)
		}
	}
	return texts
}

// What a release that stopped half way has left behind is told, and brought together by the next plan.
func TestHalfReleases(t *testing.T) {
	fixed := changelog.Policy{Components: []changelog.Component{part("a"), part("b")}, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}}
	beta := fixed
	beta.Channel = "beta"
	linked := fixed
	linked.Groups = []changelog.Group{group(changelog.Linked, "a", "b")}
	depends := changelog.Policy{Components: []changelog.Component{part("app", "lib"), part("lib")}}
	depended := depends
	depended.Channel = "beta"
	same, none := depends, depends
	same.Propagate, none.Propagate = changelog.PropagateSame, changelog.PropagateNone
	over := changelog.Policy{Components: []changelog.Component{part("a"), part("b")}, Umbrella: &changelog.Component{Name: "all"}}
	grouped := changelog.Policy{Components: []changelog.Component{part("a", "lib"), part("b", "lib"), part("lib")}, Groups: fixed.Groups, Umbrella: over.Umbrella}
	const (
		group12 = "a/v1.2.0@0 b/v1.2.0@0 "
		app     = "app/v1.0.0@0 lib/v1.0.0@0 "
		parts   = "a/v1.0.0@0 b/v1.0.0@0 v3.0.0@0 "
		behind  = "b of the fixed group g was not released with a/v1.3.0, as if a release had stopped half way; "
		without = "app, which depends on lib, was not released with lib/v1.1.0, as if a release had stopped half way; "
		under   = "all, which is over all components, was not released with a/v1.1.0, as if a release had stopped half way; "
	)
	for _, tc := range []struct {
		name, tags string
		policy     changelog.Policy
		changes    []change
		want       string
		told       []string
	}{
		{"a group in step", group12 + "a/v1.3.0@1 b/v1.3.0@1", fixed, []change{changes("feat: x", "a/x")}, "a -, b -", nil},
		{"a group, nothing of its own", group12 + "a/v1.3.0@1", fixed, []change{changes("feat: x", "a/x")}, "a -, b 1.3.0", []string{behind + "1.3.0 brings them together"}},
		{"a group, something of both", group12 + "a/v1.3.0@1", fixed, []change{changes("feat: x", "a/x", "b/x")}, "a -, b 1.3.0", []string{behind + "1.3.0 brings them together"}},
		{"a group, and commits of others since", group12 + "a/v1.3.0@1", fixed, []change{changes("feat: x", "a/x", "b/x"), changes("fix: y", "c/x"), changes("docs: y", "b/x")},
			"a -, b 1.3.0", []string{behind + "1.3.0 brings them together"}},
		{"a group that has gone on", group12 + "a/v1.3.0@1", fixed, []change{changes("feat: x", "a/x", "b/x"), changes("fix: y", "a/x")},
			"a 1.3.1, b 1.3.1", []string{behind + "1.3.1 brings them together"}},
		{"a group, and the one behind has gone on", group12 + "a/v1.3.0@1", fixed, []change{changes("feat!: x", "a/x", "b/x"), changes("fix: y", "b/x")},
			"a 1.3.1, b 1.3.1", []string{behind + "1.3.1 brings them together"}},
		{"a group that never was in step", "a/v1.0.0@0 b/v1.5.0@0", fixed, []change{changes("docs: x", "a/x")}, "a -, b -", nil},
		{"a group, and the one behind is ahead on a channel", group12 + "a/v1.3.0@1 b/v1.4.0-rc.1@1", fixed, []change{changes("docs: x", "a/x")}, "a -, b -", nil},
		{"a linked group", group12 + "a/v1.3.0@1", linked, []change{changes("feat: x", "a/x")}, "a -, b -", nil},
		{"a channel", group12 + "a/v1.3.0-beta.1@1", beta, []change{changes("feat: x", "a/x", "b/x")}, "a -, b 1.3.0-beta.1",
			[]string{"b of the fixed group g was not released with a/v1.3.0-beta.1, as if a release had stopped half way; 1.3.0-beta.1 brings them together"}},
		{"a channel that has gone on", group12 + "a/v1.3.0-beta.1@1", beta, []change{changes("feat: x", "a/x", "b/x"), changes("fix: y", "b/x")}, "a 1.3.0-beta.2, b 1.3.0-beta.2",
			[]string{"b of the fixed group g was not released with a/v1.3.0-beta.1, as if a release had stopped half way; 1.3.0-beta.2 brings them together"}},

		{"a group, its first release", "a/v0.1.0@2", fixed, []change{changes("feat: x", "a/x"), changes("feat: x", "b/x")}, "a -, b 0.1.0",
			[]string{"b of the fixed group g was not released with a/v0.1.0, as if a release had stopped half way; 0.1.0 brings them together"}},
		{"a group, its first release, and more has come", "a/v0.1.0@2", fixed, []change{changes("feat: x", "a/x"), changes("feat: x", "b/x"), changes("fix: x", "b/x")}, "a 0.1.1, b 0.1.1",
			[]string{"b of the fixed group g was not released with a/v0.1.0, as if a release had stopped half way; 0.1.1 brings them together"}},
		{"a group, a new member of it", "a/v1.2.0@0 a/v1.3.0@1", fixed, []change{changes("feat: x", "b/x")}, "a -, b 1.3.0", []string{behind + "1.3.0 brings them together"}},
		{"a group, a member that came since", "a/v1.3.0@0", fixed, []change{changes("feat: x", "b/x")}, "a 1.4.0, b 1.4.0", nil},
		{"a group, the new member alone", "a/v1.2.0@0 b/v1.3.0@1", fixed, []change{changes("feat: x", "b/x")}, "a 1.3.0, b -",
			[]string{"a of the fixed group g was not released with b/v1.3.0, as if a release had stopped half way; 1.3.0 brings them together"}},
		{"a group, a new member that is not in step", "a/v1.2.0@0 b/v1.5.0@1", fixed, []change{changes("docs: x", "b/x")}, "a -, b -", nil},
		{"a group, a first pre-release", "a/v0.1.0-beta.1@2", beta, []change{changes("feat: x", "a/x"), changes("feat: x", "b/x")}, "a -, b 0.1.0-beta.1",
			[]string{"b of the fixed group g was not released with a/v0.1.0-beta.1, as if a release had stopped half way; 0.1.0-beta.1 brings them together"}},

		{"a dependent in step", app + "lib/v1.1.0@1 app/v1.0.1@1", depends, []change{changes("feat: x", "lib/x")}, "app -, lib -", nil},
		{"a dependent that was released later", app + "lib/v1.1.0@1 app/v1.0.1@2", depends, []change{changes("feat: x", "lib/x"), changes("docs: y", "c/x")}, "app -, lib -", nil},
		{"a dependent", app + "lib/v1.1.0@1", depends, []change{changes("feat: x", "lib/x")}, "app 1.0.1, lib -", []string{without + "1.0.1 brings them together"}},
		{"a dependent by the same level", app + "lib/v1.1.0@1", same, []change{changes("feat: x", "lib/x")}, "app 1.1.0, lib -", []string{without + "1.1.0 brings them together"}},
		{"the level of all that was missed", app + "lib/v1.1.0@1", same, []change{changes("feat: x", "lib/x"), changes("fix: y", "lib/x")}, "app 1.1.0, lib 1.1.1", []string{without + "1.1.0 brings them together"}},
		{"a dependent that no release is made of", app + "lib/v1.1.0@1", none, []change{changes("feat: x", "lib/x")}, "app -, lib -", nil},
		{"a dependent that was never released", "lib/v1.0.0@0 lib/v1.1.0@1", depends, []change{changes("feat: x", "lib/x")}, "app -, lib -", nil},
		{"a dependent on a channel", app + "lib/v1.1.0-beta.1@1 app/v1.0.1-beta.1@1 lib/v1.1.0-beta.2@2", depended, []change{changes("feat: x", "lib/x"), changes("fix: y", "lib/x")}, "app 1.0.1-beta.2, lib -",
			[]string{"app, which depends on lib, was not released with lib/v1.1.0-beta.2, as if a release had stopped half way; 1.0.1-beta.2 brings them together"}},
		{"a dependent on a channel, in step", app + "lib/v1.1.0-beta.1@1 app/v1.0.1-beta.1@1", depended, []change{changes("feat: x", "lib/x"), changes("docs: y", "lib/x")}, "app -, lib -", nil},

		{"an umbrella in step", parts + "a/v1.1.0@1 v3.1.0@1", over, []change{changes("feat: x", "a/x")}, "a -, b -, all -", nil},
		{"an umbrella", parts + "a/v1.1.0@1", over, []change{changes("feat: x", "a/x")}, "a -, b -, all 3.1.0", []string{under + "3.1.0 brings them together"}},
		{"an umbrella, and more has come", parts + "a/v1.1.0@1", over, []change{changes("feat: x", "a/x"), changes("fix: y", "b/x")}, "a -, b 1.0.1, all 3.1.0", []string{under + "3.1.0 brings them together"}},
		{"an umbrella over several steps", parts + "a/v1.0.1@1 a/v1.1.0@2 b/v2.0.0@2", over, []change{changes("fix: x", "a/x"), changes("feat: y", "a/x")}, "a -, b -, all 4.0.0",
			[]string{under + "4.0.0 brings them together", "all, which is over all components, was not released with b/v2.0.0, as if a release had stopped half way; 4.0.0 brings them together"}},
		{"a first umbrella", "a/v1.0.0@0 b/v1.0.0@0 a/v1.1.0@1", over, []change{changes("feat: x", "a/x")}, "a -, b -, all -", nil},

		{"all of it", "a/v1.0.0@0 b/v1.0.0@0 lib/v1.0.0@0 v3.0.0@0 lib/v1.1.0@1 a/v1.0.1@1", grouped, []change{changes("feat: x", "lib/x")}, "a -, b 1.0.1, lib -, all 3.1.0", []string{
			"b of the fixed group g was not released with a/v1.0.1, as if a release had stopped half way; 1.0.1 brings them together",
			"all, which is over all components, was not released with a/v1.0.1, as if a release had stopped half way; 3.1.0 brings them together",
			"all, which is over all components, was not released with lib/v1.1.0, as if a release had stopped half way; 3.1.0 brings them together",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := line(tc.tags, append([]change{changes("feat: begin", "a/x")}, tc.changes...)...)
			plan, err := changelog.Decide(h, tc.policy)
			require.NoError(t, err)
			assert.Equal(t, tc.want, versions(plan))
			assert.Equal(t, tc.told, outOfStep(plan))
			for _, d := range plan.Components { // what brings them together is released: then they are
				if d.Next != nil {
					h.Tags = append(h.Tags, changelog.Ref{Name: d.NextTag, Commit: h.Head})
				}
			}
			if u := plan.Umbrella; u != nil && u.Next != nil {
				h.Tags = append(h.Tags, changelog.Ref{Name: u.NextTag, Commit: h.Head})
			}
			again, err := changelog.Decide(h, tc.policy)
			require.NoError(t, err)
			assert.Empty(t, outOfStep(again))
			assert.Equal(t, changelog.None, again.Level())
		})
	}
}

// What a half release is made of is in the decision, and in the notes.
func TestHalfReleaseSaysWhy(t *testing.T) {
	h := line("a/v1.2.0@0 b/v1.2.0@0 a/v1.3.0@1", changes("feat: begin"), changes("feat: x", "a/x", "b/x"))
	plan, err := changelog.Decide(h, changelog.Policy{Components: []changelog.Component{part("a"), part("b")}, Groups: []changelog.Group{group(changelog.Fixed, "a", "b")}})
	require.NoError(t, err)
	b := plan.Components[1]
	assert.Equal(t, "the fixed group g: a/v1.3.0 was released without it", b.Why)
	assert.Equal(t, changelog.Minor, b.Level)
	assert.Equal(t, "b/v1.3.0", b.NextTag)
	require.Len(t, b.Reasons, 1)
	assert.Equal(t, id(1), plan.Diagnostics[0].Commit)

	h = line("app/v1.0.0@0 lib/v1.0.0@0 lib/v1.1.0@1", changes("feat: begin"), changes("feat: x", "lib/x"))
	plan, err = changelog.Decide(h, changelog.Policy{Components: []changelog.Component{part("app", "lib"), part("lib")}})
	require.NoError(t, err)
	app := plan.Components[0]
	assert.Equal(t, "lib/v1.1.0, which it depends on, was released without it, which makes it a patch release", app.Why)
	assert.Equal(t, []changelog.Dependency{{Name: "lib", Previous: version(t, "1.0.0"), Next: version(t, "1.1.0"), Level: changelog.Patch}}, app.Dependencies)
	assert.Contains(t, app.Notes(changelog.NotesOptions{}).Markdown(), "- **lib:** 1.1.0, formerly 1.0.0")

	h.Tags = append(h.Tags, changelog.Ref{Name: "app/v1.0.1", Commit: id(77)})
	plan, err = changelog.Decide(h, changelog.Policy{Components: []changelog.Component{part("app", "lib"), part("lib")}})
	require.ErrorIs(t, err, changelog.ErrTaken)
	assert.Equal(t, []string{"app, which depends on lib, was not released with lib/v1.1.0, as if a release had stopped half way"}, outOfStep(plan))
}

// What an umbrella is behind is among the commits that are read for it.
func TestBasesOfAnUmbrella(t *testing.T) {
	p := changelog.Policy{Components: []changelog.Component{part("a")}, Umbrella: &changelog.Component{Name: "all"}}
	h := line("a/v1.0.0@0 v3.0.0@0 a/v1.1.0@1", changes("feat: begin"), changes("feat: x", "a/x"))
	bases, err := changelog.Bases(h, p)
	require.NoError(t, err)
	assert.Equal(t, []string{id(1), id(0)}, bases)
}
