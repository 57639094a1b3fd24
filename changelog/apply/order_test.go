package apply_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apply"
)

// What others are made of is tagged before them, however the policy lists them: or else a release that stops half way is taken for
// one that lacks what it is made of.
func TestTagsComeAfterWhatTheyAreMadeOf(t *testing.T) {
	decided := func(name string, on ...string) changelog.Decision {
		d := changelog.Decision{Name: name, Next: semver.MustParse("1.0.1"), NextTag: name + "/v1.0.1"}
		for _, name := range on {
			d.Dependencies = append(d.Dependencies, changelog.Dependency{Name: name})
		}
		return d
	}
	all := decided("all", "app", "lib", "base")
	quiet := decided("quiet", "base")
	quiet.Next = nil
	plan := changelog.Plan{Components: []changelog.Decision{decided("app", "quiet", "lib"), decided("other"), quiet, decided("lib", "base"), decided("base")}, Umbrella: &all}
	steps, err := apply.Applier{}.Steps(plan)
	require.NoError(t, err)
	var names []string
	for _, s := range steps {
		names = append(names, s.Name)
	}
	assert.Equal(t, []string{"base/v1.0.1", "lib/v1.0.1", "app/v1.0.1", "other/v1.0.1", "all/v1.0.1"}, names)
}

// A journal that holds null was not written by an Applier, and says nothing of what is done.
func TestJournalWithoutARecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "release.json")
	require.NoError(t, os.WriteFile(path, []byte("null\n"), 0o600))
	_, err := apply.FileJournal{Path: path}.Load(t.Context())
	assert.ErrorContains(t, err, "there is no record in it")
}
