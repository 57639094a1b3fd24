package changelog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// change is a commit with the paths that it changes.
type change struct {
	message string
	paths   []string
}

func changes(message string, paths ...string) change { return change{message, paths} }

// line is one line of commits, oldest first, commit n having id(n). A tag is "name@n".
func line(tags string, commits ...change) changelog.History {
	h := changelog.History{Head: id(len(commits) - 1)}
	for i := len(commits) - 1; i >= 0; i-- {
		c := changelog.Commit{ID: id(i), Text: commits[i].message, Paths: commits[i].paths}
		if i > 0 {
			c.Parents = []string{id(i - 1)}
		}
		h.Commits = append(h.Commits, c)
	}
	for tag := range strings.FieldsSeq(tags) {
		name, at, _ := strings.Cut(tag, "@")
		n := 0
		for _, digit := range at {
			n = 10*n + int(digit-'0')
		}
		h.Tags = append(h.Tags, changelog.Ref{Name: name, Commit: id(n)})
	}
	return h
}

// versions are the next versions of all components: "a 1.2.3, b -".
func versions(p changelog.Plan) string {
	var all []string
	for _, d := range p.Components {
		all = append(all, d.Name+" "+spoken(d))
	}
	if p.Umbrella != nil {
		all = append(all, p.Umbrella.Name+" "+spoken(*p.Umbrella))
	}
	return strings.Join(all, ", ")
}

// part is a component in the folder that it is called after.
func part(name string, on ...string) changelog.Component {
	return changelog.Component{Name: name, Paths: []string{name}, DependsOn: on}
}

func TestWhichComponent(t *testing.T) {
	released := "a/v1.0.0@0 b/v1.0.0@0 v1.0.0@0"
	root := changelog.Component{Name: "all", Paths: []string{"."}}
	for _, tc := range []struct {
		name       string
		components []changelog.Component
		change     change
		want       string
	}{
		{"its folder", []changelog.Component{part("a"), part("b")}, changes("fix: x", "a/x"), "a 1.0.1, b -"},
		{"no leak to a longer name", []changelog.Component{part("a"), {Name: "b", Paths: []string{"ab"}}}, changes("fix: x", "ab/x"), "a -, b 1.0.1"},
		{"both, once each", []changelog.Component{part("a"), part("b")}, changes("feat: x", "a/x", "b/y", "b/z"), "a 1.1.0, b 1.1.0"},
		{"a nested one", []changelog.Component{part("a"), {Name: "b", Paths: []string{"a/b"}}}, changes("fix: x", "a/b/x/y"), "a -, b 1.0.1"},
		{"beside the nested one", []changelog.Component{part("a"), {Name: "b", Paths: []string{"a/b"}}}, changes("fix: x", "a/bx/y"), "a 1.0.1, b -"},
		{"a file", []changelog.Component{part("a"), {Name: "b", Paths: []string{"a/go.mod"}}}, changes("fix: x", "a/go.mod"), "a -, b 1.0.1"},
		{"beside the file", []changelog.Component{part("a"), {Name: "b", Paths: []string{"a/go.mod"}}}, changes("fix: x", "a/go.sum"), "a 1.0.1, b -"},
		{"the root has the rest", []changelog.Component{part("a"), root}, changes("fix: x", "c/x"), "a -, all 1.0.1"},
		{"and no more", []changelog.Component{part("a"), root}, changes("fix: x", "a/x"), "a 1.0.1, all -"},
		{"nobody", []changelog.Component{part("a"), part("b")}, changes("feat!: x", "c/x"), "a -, b -"},
		{"excluded", []changelog.Component{{Name: "a", Paths: []string{"a"}, Excludes: []string{"a/docs"}}, root}, changes("fix: x", "a/docs/x"), "a -, all 1.0.1"},
		{"an excluded file", []changelog.Component{{Name: "a", Paths: []string{"a"}, Excludes: []string{"a/x"}}, root}, changes("fix: x", "a/x"), "a -, all 1.0.1"},
		{"within what is excluded", []changelog.Component{{Name: "a", Paths: []string{"a", "a/docs/api"}, Excludes: []string{"a/docs"}}, root}, changes("fix: x", "a/docs/api/x"), "a 1.0.1, all -"},
		{"a folder that was moved", []changelog.Component{{Name: "a", Paths: []string{"a"}, Aliases: []string{"old/a"}}, root}, changes("fix: x", "old/a/x"), "a 1.0.1, all -"},
		{"and is somebody else's now", []changelog.Component{{Name: "a", Paths: []string{"a"}, Aliases: []string{"b"}}, part("b")}, changes("fix: x", "b/x"), "a -, b 1.0.1"},
		{"a shared folder", []changelog.Component{{Name: "a", Paths: []string{"a", "shared"}}, {Name: "b", Paths: []string{"b", "shared"}}}, changes("fix: x", "shared/x"), "a 1.0.1, b 1.0.1"},
		{"a scope, whatever changes", []changelog.Component{{Name: "a", Paths: []string{"a"}, Scopes: []string{"API"}}, part("b")}, changes("fix(api): x", "b/x"), "a 1.0.1, b 1.0.1"},
		{"a scope alone", []changelog.Component{{Name: "a", Scopes: []string{"a"}}, {Name: "b", Scopes: []string{"b"}}}, changes("fix(b): x", "a/x"), "a -, b 1.0.1"},
		{"several scopes", []changelog.Component{{Name: "a", Scopes: []string{"a"}}, {Name: "b", Scopes: []string{"b"}}}, changes("fix(b, a): x", "a/x"), "a 1.0.1, b 1.0.1"},
		{"the scope of a commit within", []changelog.Component{{Name: "a", Scopes: []string{"a"}}, {Name: "b", Scopes: []string{"b"}}}, changes("Merge both (#7)\n\n* fix(a): x\n* chore: y"), "a 1.0.1, b -"},
		{"a version for an empty commit's scope", []changelog.Component{{Name: "a", Paths: []string{"a"}, Scopes: []string{"a"}}, part("b")}, changes("fix(a): x\n\nRelease-As: 3.0.0"), "a 3.0.0, b -"},
		{"an empty commit is the root's", []changelog.Component{part("a"), root}, changes("fix: x"), "a -, all 1.0.1"},
		{"or that of its scope", []changelog.Component{{Name: "a", Paths: []string{"a"}, Scopes: []string{"a"}}, root}, changes("fix(a): x"), "a 1.0.1, all -"},
		{"or nobody's", []changelog.Component{part("a"), part("b")}, changes("fix: x"), "a -, b -"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			plan, err := changelog.Decide(line(released, changes("feat: begin"), tc.change), changelog.Policy{Components: tc.components})
			require.NoError(t, err)
			assert.Equal(t, tc.want, versions(plan))
			listed := len(plan.Skipped)
			for _, d := range plan.Components {
				assert.LessOrEqual(t, len(d.Reasons)+len(d.Skipped), 1, "once each")
				listed += len(d.Reasons) + len(d.Skipped)
			}
			assert.NotZero(t, listed, "a commit is told of somewhere")
		})
	}
}

func TestCommitsOfNobody(t *testing.T) {
	h := line("a/v1.0.0@0 latest@1 b/vX@1 1.0.0@1",
		changes("feat: begin", "a/x"), changes("fix: one", "README"), changes("fix: two"), changes("fix: three", "a/y"))
	plan, err := changelog.Decide(h, changelog.Policy{Components: []changelog.Component{part("a")}})
	require.NoError(t, err)
	var why []string
	for _, s := range plan.Skipped {
		why = append(why, s.Subject+": "+s.Why)
	}
	assert.Equal(t, []string{"fix: two: changes no file, and so belongs to no component with paths", "fix: one: changes nothing that belongs to a component"}, why)
	assert.Len(t, plan.Components[0].IgnoredTags, 3, "one component is told of all tags")

	plan, err = changelog.Decide(h, changelog.Policy{Components: []changelog.Component{part("a"), part("b")}})
	require.NoError(t, err)
	assert.Equal(t, []changelog.IgnoredTag{
		{Tag: "1.0.0", Why: "is written as no component writes its tags"}, {Tag: "latest", Why: "is written as no component writes its tags"},
	}, plan.IgnoredTags)
	assert.Empty(t, plan.Components[0].IgnoredTags)
	require.Len(t, plan.Components[1].IgnoredTags, 1)
	assert.Equal(t, "b/vX", plan.Components[1].IgnoredTags[0].Tag)

	scopes := []changelog.Component{{Name: "a", Scopes: []string{"a"}}, {Name: "b", Scopes: []string{"b"}}}
	plan, err = changelog.Decide(h, changelog.Policy{Components: scopes})
	require.NoError(t, err)
	assert.Equal(t, "has the scope of no component", plan.Skipped[0].Why)
}

// TestRangesOfComponents: several tags on one commit, which touches only one of the components.
func TestRangesOfComponents(t *testing.T) {
	p := changelog.Policy{Components: []changelog.Component{
		{Name: "a", Paths: []string{"a"}, Tags: "a-v{version}"}, {Name: "b", Paths: []string{"b"}, Tags: "b-v{version}"},
	}}
	plan, err := changelog.Decide(line("a-v1.0.0@1 b-v2.0.0@1",
		changes("feat: begin", "a/x", "b/x"), changes("feat: b", "b/x"), changes("fix: a", "a/x"), changes("feat: b", "b/x")), p)
	require.NoError(t, err)
	assert.Equal(t, "a 1.0.1, b 2.1.0", versions(plan))
	plan, err = changelog.Decide(line("a-v1.0.0@0 b-v2.0.0@2",
		changes("feat: begin", "a/x", "b/x"), changes("feat: a", "a/x"), changes("feat: b", "b/x"), changes("fix: both", "a/x", "b/x")), p)
	require.NoError(t, err)
	assert.Equal(t, "a 1.1.0, b 2.0.1", versions(plan))
	d, _ := plan.Component("b")
	assert.Equal(t, "2.0.0", d.Previous.String())
	require.Len(t, d.Reasons, 1)
	assert.Equal(t, id(3), d.Reasons[0].ID)
}

func TestHistoryInOrder(t *testing.T) {
	h := line("", changes("fix: a"), changes("fix: b"))
	h.Commits[0], h.Commits[1] = h.Commits[1], h.Commits[0]
	_, err := changelog.Decide(h, changelog.Policy{})
	assert.ErrorContains(t, err, "history: commit 0000000200 comes after its parent 0000000100: children must come first")
	h.Commits[1] = h.Commits[0]
	_, err = changelog.Decide(h, changelog.Policy{})
	assert.ErrorContains(t, err, "comes twice")
}

// TestManyComponents: more of them than a machine word has bits, each with a release of its own.
func TestManyComponents(t *testing.T) {
	const n = 150
	var p changelog.Policy
	var tags, want []string
	var commits []change
	for i := range n {
		name := fmt.Sprintf("p%03d", i)
		p.Components = append(p.Components, part(name))
		commits = append(commits, changes("feat: x", name+"/x"), changes("fix: y", name+"/y"))
		tags = append(tags, fmt.Sprintf("%s/v1.0.0@%d", name, 2*i+i%2)) // every other one after its fix
		want = append(want, name+[]string{" 1.0.1", " -"}[i%2])
	}
	plan, err := changelog.Decide(line(strings.Join(tags, " "), commits...), p)
	require.NoError(t, err)
	assert.Equal(t, strings.Join(want, ", "), versions(plan))
}

// TestWhoseTag: a tag that is no version is told where its form is, the longest one.
func TestWhoseTag(t *testing.T) {
	p := changelog.Policy{Components: []changelog.Component{{Name: "root", Paths: []string{"."}}, part("vendor")}}
	for range 2 {
		slices.Reverse(p.Components)
		plan, err := changelog.Decide(line("vendor/vNext@0 vNext@0", changes("feat: begin", "x")), p)
		require.NoError(t, err)
		for _, d := range plan.Components {
			want := map[string]string{"root": "vNext", "vendor": "vendor/vNext"}[d.Name]
			require.Len(t, d.IgnoredTags, 1)
			assert.Equal(t, want, d.IgnoredTags[0].Tag)
		}
	}
}
