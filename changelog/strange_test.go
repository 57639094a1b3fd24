package changelog_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// A full changelog tells of versions that are tagged in another form, at the release that what came with them belongs to.
func TestReleasesTellOfOtherForms(t *testing.T) {
	named := changelog.Policy{Components: []changelog.Component{part("a"), part("b")}}
	for _, tc := range []struct {
		name, tags string
		policy     changelog.Policy
		want       []string
	}{
		{"one form", "v1.0.0@0 v1.1.0@1 v2.0.0@2", changelog.Policy{}, nil},
		{"above all", "v1.0.0@0 1.1.0@1", changelog.Policy{},
			[]string{"-: 1.1.0 is no release: it has the form {version}, and not v{version}; what came with it is told as unreleased"}},
		{"below", "1.0.0@0 1.1.0@1 v1.2.0@2", changelog.Policy{},
			[]string{"v1.2.0: 1.1.0, 1.0.0 are no releases: they have the form {version}, and not v{version}; what came with them is told as part of v1.2.0"}},
		{"in between", "v1.0.0@0 1.1.0@1 v1.2.0@2", changelog.Policy{},
			[]string{"v1.2.0: 1.1.0 is no release: it has the form {version}, and not v{version}; what came with it is told as part of v1.2.0"}},
		{"on the newest commit", "v1.0.0@0 1.1.0@3", changelog.Policy{},
			[]string{"-: 1.1.0 is no release: it has the form {version}, and not v{version}; what came with it is told as unreleased"}},
		{"many", "0.1.0@0 0.2.0@0 0.3.0@1 0.4.0@1 v1.0.0@2", changelog.Policy{},
			[]string{"v1.0.0: 0.4.0, 0.3.0, 0.2.0 and 1 more are no releases: they have the form {version}, and not v{version}; what came with them is told as part of v1.0.0"}},
		{"both forms of each", "v1.0.0@0 1.0.0@0 v1.1.0@1 1.1.0@1", changelog.Policy{}, nil},
		{"pre-releases", "v1.0.0@0 1.1.0-rc.1@1", changelog.Policy{}, nil},
		{"dates", "v1.0.0@0 2026.1.2@1", changelog.Policy{}, nil},
		{"somebody else's", "v1.0.0@0 web-1.1.0@1", changelog.Policy{}, nil},
		{"of a component", "a/v1.0.0@0 a-1.1.0@1 b/v1.0.0@0", named,
			[]string{"-: component a: a-1.1.0 is no release: it has the form a-{version}, and not a/v{version}; what came with it is told as unreleased"}},
		{"of a component without a commit since", "b/v1.0.0@0 b-1.1.0@3 a/v1.0.0@0", named,
			[]string{"b/v1.0.0: component b: b-1.1.0 is no release: it has the form b-{version}, and not b/v{version}; what came with it is told as part of b/v1.0.0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := line(tc.tags, changes("feat: one", "a/x", "b/x"), changes("feat: two", "a/x"), changes("fix: three", "a/x"), changes("fix: four", "a/x"))
			var got []string
			for _, r := range told(t, h.Commits, h.Tags, tc.policy, changelog.ReleasesOptions{}) {
				for _, d := range r.Diagnostics {
					assert.Equal(t, changelog.CodeOtherFormat, d.Code)
					assert.NotEmpty(t, d.Commit)
					tag := r.Tag
					if tag == "" {
						tag = "-"
					}
					got = append(got, tag+": "+d.Text)
				}
				text, err := json.Marshal(r)
				require.NoError(t, err)
				assert.Equal(t, len(r.Diagnostics) > 0, strings.Contains(string(text), `"diagnostics"`))
			}
			assert.Equal(t, tc.want, got)
		})
	}
}
