package changelog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/changelog"
)

// TestReleasesByDependencies: a release that was made by what it depends on alone says so.
func TestReleasesByDependencies(t *testing.T) {
	policy := changelog.Policy{Components: []changelog.Component{part("app", "lib"), part("lib")}}
	h := line("app/v1.0.0@1 lib/v1.0.0@1 lib/v1.1.0@2 app/v1.0.1@2 lib/v1.2.0@3 lib/v1.3.0@4",
		changes("feat: a", "app/x"), changes("feat: b", "lib/x"), changes("feat: c", "lib/x"), changes("feat: d", "lib/x"), changes("feat: e", "lib/x"))
	only := changelog.ReleasesOptions{Components: []string{"app", "lib"}}
	want := "app unreleased: 1.3.0\napp 1.0.1: 1.1.0\napp 1.0.0: a 1.0.0\n"
	assert.Equal(t, want, outlineOf("app", told(t, h.Commits, h.Tags, policy, only)))
	assert.Equal(t, "lib 1.3.0: e\nlib 1.2.0: d\nlib 1.1.0: c\nlib 1.0.0: b\n", outlineOf("lib", told(t, h.Commits, h.Tags, policy, only)))

	h.Tags = h.Tags[:2]
	policy.Components = append(policy.Components, part("page", "app"))
	h.Tags = append(h.Tags, changelog.Ref{Name: "page/v3.0.0", Commit: id(1)})
	all := told(t, h.Commits, h.Tags, policy, changelog.ReleasesOptions{})
	assert.Equal(t, "app unreleased: unreleased\napp 1.0.0: a 1.0.0\n", outlineOf("app", all))
	assert.Equal(t, "page unreleased: unreleased\npage 3.0.0: 1.0.0\n", outlineOf("page", all), "through another one")
	h.Commits[0].Text, h.Commits[1].Text, h.Commits[2].Text = "docs: e", "docs: d", "docs: c"
	assert.Equal(t, "app 1.0.0: a 1.0.0\n", outlineOf("app", told(t, h.Commits, h.Tags, policy, only)))

	policy.Propagate = changelog.PropagateNone
	assert.Equal(t, "app 1.0.0: a\n", outlineOf("app", told(t, h.Commits, h.Tags, policy, only)))
}

func outlineOf(name string, all []changelog.Release) string {
	var own []changelog.Release
	for _, r := range all {
		if r.Component == name {
			own = append(own, r)
		}
	}
	return outline(own)
}
