package changelog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// TestReleasesThatWereNotTagged: a release that changed files and failed before its tag is seen, and does not become the last one.
func TestReleasesThatWereNotTagged(t *testing.T) {
	untagged := func(h changelog.History, p changelog.Policy) []changelog.Diagnostic {
		t.Helper()
		plan, err := changelog.Decide(h, p)
		require.NoError(t, err)
		var found []changelog.Diagnostic
		for _, d := range plan.Diagnostics {
			if d.Code == changelog.CodeUntagged {
				found = append(found, d)
			}
		}
		return found
	}
	for header, is := range map[string]bool{
		"chore(release): 9.2.0": true, "chore(release): v9.2.0 [skip ci]": true, "chore: release 9.2.0": true, "chore(main): release 9.2.0 (#12)": true,
		"release: v9.2.0": true, "Release 9.2.0": true, "Release v9.2.0": true, "v9.2.0": true, "9.2.0": true, "Bump version to 9.2.0": true, "Version 9.2.0": true,
		"chore: bump version to v9.2.0": true, "build(release): prepare release of v9.2.0": true, "chore: 9.2.0": true, "Publish v9.2.0-rc.1": true, "chore(release): 9.2.0 [skip ci] [docs]": true,
		"chore(release): 9.1.0": false, "chore(release): 9.0.4": false, "chore(deps): bump version to 9.2.0": false, "chore: bump react to 9.2.0": false, "docs: what 9.2.0 brings": false,
		"fix: 9.2.0": false, "chore: release notes of 9.2.0 are there": false, "Revert \"Release 9.2.0\"": false, "revert: release 9.2.0": false, "chore(release): 9.2": false, "chore(release): 09.2.0": false, "]": false,
		"chore: a b.c.d": false, "chore: bump to 9.2.0": false, "chore(release): [x.y.z]": false,
	} {
		h := steps("feat: begin", "tag v9.1.0", "fix: a", header, "fix: b").history()
		found := untagged(h, changelog.Policy{})
		require.Len(t, found, map[bool]int{true: 1}[is], header)
		assert.Equal(t, "9.1.1", spoken(next(t, h, changelog.Policy{})), header)
	}
	h := steps("feat: begin", "tag v9.1.0", "fix: a", "chore(release): 9.2.0", "fix: b").history()
	found := untagged(h, changelog.Policy{})
	assert.Equal(t, changelog.Diagnostic{
		Commit: id(2), Code: changelog.CodeUntagged, Span: changelog.Span{End: 21},
		Text: "this seems to be the release of 9.2.0, and there is no tag v9.2.0, so that what was in it counts as unreleased: tag it, or take it back",
	}, found[0])

	h.Tags = append(h.Tags, changelog.Ref{Name: "v9.2.0", Commit: id(99)})
	assert.Empty(t, untagged(h, changelog.Policy{}), "there is such a tag")

	assert.Empty(t, untagged(steps("feat: begin", "tag v9.1.0", "chore(release): 9.2.0", "tag boat-v9.2.0", "fix: b").history(), changelog.Policy{}), "it is tagged in another form")
	assert.Len(t, untagged(steps("feat: begin", "tag v9.1.0", "chore(release): 9.2.0", "tag boat-v9.3.0", "fix: b").history(), changelog.Policy{}), 1, "another version is")

	assert.Empty(t, untagged(steps("feat: begin", "Release 9.2.0", "tag v9.1.0", "fix: b").history(), changelog.Policy{}), "released by now")

	both := changelog.Policy{Components: []changelog.Component{{Name: "api", Scopes: []string{"api", "release"}}, {Name: "web", Scopes: []string{"web", "release"}}}}
	for header, tag := range map[string]string{"chore(release): release api 1.2.0": "api/v1.2.0", "chore(release): web/v1.2.0": "web/v1.2.0"} {
		found = untagged(steps("feat(api): begin", header).history(), both)
		require.Len(t, found, 1, header)
		assert.Contains(t, found[0].Text, "there is no tag "+tag)
	}
	for _, tc := range []struct {
		header            string
		untagged, withAPI int
	}{
		{"chore(release): v1.2.0", 2, 0}, // of whom it does not say: it is the release of api
		{"chore(release): release web 1.2.0", 1, 1},
		{"chore(release): web/v1.2.0", 1, 1},
	} {
		h := steps("feat(api): begin", tc.header).history()
		assert.Len(t, untagged(h, both), tc.untagged, tc.header)
		h.Tags = []changelog.Ref{{Name: "api/v1.2.0", Commit: id(1), Reachable: true}}
		assert.Len(t, untagged(h, both), tc.withAPI, tc.header)
	}
}
