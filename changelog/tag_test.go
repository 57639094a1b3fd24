package changelog_test

import (
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestTagFormat(t *testing.T) {
	for _, tc := range []struct {
		format    changelog.TagFormat
		tag, want string
	}{
		{"", "v1.2.3", "1.2.3"},
		{"", "v1.2.3-rc.1+b.2", "1.2.3-rc.1+b.2"},
		{"", "1.2.3", ""},
		{"", "v1", ""},
		{"", "v2.0", ""},
		{"", "v1.02.4", ""},
		{"", "v1.8.5.1", ""},
		{"", "vv1.2.3", ""},
		{"", "v 1.2.3", ""},
		{"", "nightly-2024-01-01", ""},
		{"{version}", "1.2.3", "1.2.3"},
		{"{version}", "v1.2.3", ""},
		{"pkg/a/v{version}", "pkg/a/v1.2.3", "1.2.3"},
		{"pkg/a/v{version}", "pkg/ab/v1.2.3", ""},
		{"app_{version}_final", "app_1.2.3_final", "1.2.3"},
		{"app_{version}_final", "app_1.2.3", ""},
	} {
		v, err := tc.format.Parse(tc.tag)
		if tc.want == "" {
			assert.Error(t, err, tc.tag)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, tc.want, v.String())
		assert.Equal(t, tc.tag, tc.format.Print(v))
	}
	_, err := changelog.TagFormat("").Parse("v1.x")
	assert.EqualError(t, err, `tag "v1.x": "1.x" is not a semantic version: invalid semantic version`)
	assert.Error(t, changelog.TagFormat("{version}{version}").Validate())
	assert.Error(t, changelog.TagFormat("v").Validate())
	assert.NoError(t, changelog.TagFormat("").Validate())
}

func FuzzTagFormat(f *testing.F) {
	f.Add("", "v1.2.3")
	f.Add("a{version}b", "a1.2.3-x+yb")
	f.Add("{version}.0", "1.2.3.0")
	f.Fuzz(func(t *testing.T, format, tag string) {
		tags := changelog.TagFormat(format)
		if tags.Validate() != nil {
			return
		}
		v, err := tags.Parse(tag)
		if err != nil {
			v = semver.New(1, 2, 3, "rc.1", "")
			tag = tags.Print(v)
			if v, err = tags.Parse(tag); err != nil {
				t.Fatalf("%q does not read its own %q: %v", format, tag, err)
			}
		}
		if tags.Print(v) != tag {
			t.Fatalf("%q reads %q as %s and prints %q", format, tag, v, tags.Print(v))
		}
	})
}
