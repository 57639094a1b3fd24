package changelog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestLeads(t *testing.T) {
	h := since(t, "1.2.3", "feat: a", "chore: b\n\n(cherry picked from commit C0FFEE0123456789)\n(cherry picked from commit x)", "feat: gone", "Revert \"feat: gone\"", "Merge branch 'x'")
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	h.Commits[4].Authored, h.Commits[4].Committed = at, at.Add(time.Hour)
	d := next(t, h, changelog.Policy{})
	assert.Equal(t, []changelog.Lead{
		{Commit: h.Commits[4].ID, Authored: at, Committed: at.Add(time.Hour)},
		{Commit: h.Commits[3].ID, Originals: []string{"c0ffee0123456789"}},
	}, d.Leads())
	plan := changelog.Plan{Components: []changelog.Decision{d, d, {Reasons: []changelog.Reason{{Commit: changelog.Commit{ID: "x"}}}}}}
	assert.Equal(t, d.Leads(), plan.Leads(), "each commit once, and none of what is not released")
}

func TestSignals(t *testing.T) {
	h := since(t, "1.2.3",
		"Revert \"feat: a\"\n\nThis reverts commit c0ffee0123456789.", "fix: b\n\nHotfix: #7", "fix(Hotfix): c", "hotfix: d", "Merge branch 'hotfix/e' into main",
		"Merge pull request #1 from o/hotfix-f", "Merge branch 'feature/hotfixing'", "feat: g", "Revert \"feat: g\"", "feat: h", "Reapply \"feat: i\"", "fix: j (#2)\n\n* hotfix: k\n* fix: l",
	)
	d := next(t, h, changelog.Policy{Types: map[string]changelog.Level{"hotfix": changelog.Patch}})
	s := d.Signals()
	require.Len(t, s.Reverts, 1)
	assert.Equal(t, []string{"c0ffee0123456789"}, s.Reverts[0].Of)
	var found []string
	for _, f := range s.Hotfixes {
		found = append(found, f.Subject+": "+f.Why)
	}
	assert.Equal(t, []string{
		"hotfix: k: its type is hotfix", "hotfix: d: its type is hotfix", "fix(Hotfix): c: its scope is hotfix", "fix: b: it has a footer Hotfix",
		"Merge pull request #1 from o/hotfix-f: merges the branch o/hotfix-f", "Merge branch 'hotfix/e' into main: merges the branch hotfix/e",
	}, found)
	assert.Equal(t, s, changelog.Plan{Components: []changelog.Decision{d, d}}.Signals())
	assert.Empty(t, next(t, since(t, "1.2.3", "fix: a"), changelog.Policy{}).Signals())
}

func TestScope(t *testing.T) {
	d := next(t, since(t, "1.2.3", "feat: a (#12)", "fix: b\n\nCloses #13, #12", "feat: c (#99)", "chore: d (#14)", "feat: e (#15)", "Revert \"feat: e (#15)\"", "fix: f\n\nRefs: abc-1, O/r#3"), changelog.Policy{})
	s := d.Scope([]string{"12", "#13", "14", "15", "ABC-1", "o/R#3", "16", "#16"})
	assert.Equal(t, "[{12 [0000000200000000000000000000000000000002 0000000100000000000000000000000000000001]} {#13 [0000000200000000000000000000000000000002]} "+
		"{14 [0000000400000000000000000000000000000004]} {o/R#3 [0000000700000000000000000000000000000007]}]", fmt.Sprint(s.Done))
	assert.Equal(t, []string{"15", "ABC-1", "16"}, s.Missing, "a key is written in upper case")
	assert.Equal(t, []changelog.UnplannedChange{{Commit: "0000000300000000000000000000000000000003", Subject: "feat: c (#99)", References: []string{"#99"}}}, s.Unplanned)
	assert.False(t, s.Complete())
	assert.True(t, d.Scope([]string{"12", "13", "99", "o/r#3"}).Complete())
	assert.Equal(t, s, changelog.Plan{Components: []changelog.Decision{d, d}}.Scope([]string{"12", "#13", "14", "15", "ABC-1", "o/R#3", "16", "#16"}))
}

func TestLeadsOfReleases(t *testing.T) {
	commits := drawn(t, "f e fix: f", "e d,x Merge branch 'x'", "x c feat: x", "d c Revert \"feat: c\"\n\nThis reverts commit c.", "c b feat: c", "b a chore: b", "a - feat: a")
	tags := []changelog.Ref{{Name: "v1.0.0", Commit: "b"}, {Name: "v1.1.0", Commit: "e"}}
	of := func(o changelog.ReleasesOptions) (all [][]string) {
		for _, r := range told(t, commits, tags, changelog.Policy{}, o) {
			var ids []string
			for _, l := range r.Leads {
				ids = append(ids, l.Commit)
			}
			all = append(all, ids)
		}
		return all
	}
	assert.Equal(t, [][]string{{"f"}, {"x"}, {"b", "a"}}, of(changelog.ReleasesOptions{Leads: true}), "no merge, and nothing that was taken back")
	assert.Equal(t, [][]string{nil, nil, nil}, of(changelog.ReleasesOptions{}))
}
