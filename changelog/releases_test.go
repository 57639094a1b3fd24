package changelog_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func stream(commits []changelog.Commit) iter.Seq2[changelog.Commit, error] {
	return func(yield func(changelog.Commit, error) bool) {
		for _, c := range commits {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func told(t *testing.T, commits []changelog.Commit, tags []changelog.Ref, p changelog.Policy, o changelog.ReleasesOptions) []changelog.Release {
	t.Helper()
	var all []changelog.Release
	for r, err := range changelog.Releases(stream(commits), tags, p, o) {
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

// outline is each release on a line, with the texts of its changes.
func outline(releases []changelog.Release) string {
	var b strings.Builder
	for _, r := range releases {
		name := "unreleased"
		if r.Version != nil {
			name = r.Version.String()
		}
		fmt.Fprintf(&b, "%s%s:", strings.TrimPrefix(r.Component+" ", " "), name)
		for _, s := range r.Notes.Sections {
			for _, i := range s.Items {
				b.WriteString(" " + i.Text)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// drawn reads a history from lines "id parent,parent message", newest first.
func drawn(t *testing.T, lines ...string) []changelog.Commit {
	t.Helper()
	var commits []changelog.Commit
	for _, line := range lines {
		id, rest, _ := strings.Cut(line, " ")
		parents, text, ok := strings.Cut(rest, " ")
		require.True(t, ok, line)
		c := changelog.Commit{ID: id, Text: text}
		if parents != "-" {
			c.Parents = strings.Split(parents, ",")
		}
		commits = append(commits, c)
	}
	return commits
}

func TestReleases(t *testing.T) {
	tag := func(name, commit string) changelog.Ref {
		return changelog.Ref{Name: name, Commit: commit, Reachable: true}
	}
	for name, c := range map[string]struct {
		history []string
		tags    []changelog.Ref
		policy  changelog.Policy
		options changelog.ReleasesOptions
		want    string
	}{
		"a line": {
			history: []string{"d c feat: later", "c b fix: c", "b a feat: b", "a - feat: a"},
			tags:    []changelog.Ref{tag("v0.1.0", "a"), tag("v0.2.0", "c"), tag("latest", "c")},
			want:    "unreleased: later\n0.2.0: b c\n0.1.0: a\n",
		},
		"nothing is released": {history: []string{"b a fix: b", "a - feat: a"}, want: "unreleased: a b\n"},
		"all is released":     {history: []string{"a - feat: a"}, tags: []changelog.Ref{tag("v0.1.0", "a")}, want: "0.1.0: a\n"},
		"a hotfix on a branch, merged after the next release": {
			history: []string{"m n,h Merge branch 'hotfix'", "n b feat: n", "h b fix: h", "b - feat: b"},
			tags:    []changelog.Ref{tag("v1.2.0", "b"), tag("v1.2.1", "h"), tag("v1.3.0", "n")},
			want:    "unreleased:\n1.3.0: n\n1.2.1: h\n1.2.0: b\n",
		},
		"a feature from long ago, merged after a release": {
			history: []string{"m n,f Merge branch 'f'", "f b feat: f", "n b fix: n", "b - feat: b"},
			tags:    []changelog.Ref{tag("v1.2.3", "b"), tag("v1.2.4", "n")},
			want:    "unreleased: f\n1.2.4: n\n1.2.3: b\n",
		},
		"v0.10.0 is above v0.9.0": {
			history: []string{"c b feat: c", "b a feat: b", "a - feat: a"},
			tags:    []changelog.Ref{tag("v0.10.0", "c"), tag("v0.9.0", "b"), tag("v0.8.0", "a")},
			want:    "0.10.0: c\n0.9.0: b\n0.8.0: a\n",
		},
		"several versions on one commit": {
			history: []string{"b a feat: b", "a - feat: a"},
			tags:    []changelog.Ref{tag("v1.0.0", "b"), tag("v0.2.0", "b"), tag("v0.1.0", "a")},
			want:    "1.0.0:\n0.2.0: b\n0.1.0: a\n",
		},
		"a higher version further back": {
			history: []string{"b a fix: b", "a - feat: a"},
			tags:    []changelog.Ref{tag("v2.0.0", "a"), tag("v1.9.0", "b")},
			want:    "2.0.0:\n1.9.0: a b\n",
		},
		"pre-releases belong to their final release": {
			history: []string{"e d feat: e", "d c fix: d", "c b feat: c", "b a feat: b", "a - feat: a"},
			tags:    []changelog.Ref{tag("v1.0.0", "a"), tag("v1.1.0-beta.1", "b"), tag("v1.1.0-rc.1", "c"), tag("v1.1.0", "d"), tag("v1.2.0-beta.1", "e")},
			want:    "1.2.0-beta.1: e\n1.1.0: b c d\n1.0.0: a\n",
		},
		"pre-releases that are shown": {
			history: []string{"d c fix: d", "c b feat: c", "b a feat: b", "a - feat: a"},
			tags:    []changelog.Ref{tag("v1.0.0", "a"), tag("v1.1.0-beta.1", "b"), tag("v1.1.0-rc.1", "c"), tag("v1.1.0", "d")},
			options: changelog.ReleasesOptions{Prereleases: true},
			want:    "1.1.0: d\n1.1.0-rc.1: c\n1.1.0-beta.1: b\n1.0.0: a\n",
		},
		"a pre-release that became final as it was": {
			history: []string{"b a feat: b", "a - feat: a"},
			tags:    []changelog.Ref{tag("v1.0.0", "a"), tag("v1.1.0-rc.1", "b"), tag("v1.1.0", "b")},
			want:    "1.1.0: b\n1.0.0: a\n",
		},
		"a revert in the same release": {
			history: []string{"d c fix: d", "c b000000 Revert \"feat: b\"\n\nThis reverts commit b000000.", "b000000 a feat: b", "a - feat: a"},
			tags:    []changelog.Ref{tag("v1.0.0", "a"), tag("v1.1.0", "d")},
			want:    "1.1.0: d\n1.0.0: a\n",
		},
		"a revert in a later release": {
			history: []string{"d c fix: d", "c b000000 Revert \"feat: b\"\n\nThis reverts commit b000000.", "b000000 a feat: b", "a - feat: a"},
			tags:    []changelog.Ref{tag("v1.0.0", "a"), tag("v1.1.0", "b000000")},
			want:    "unreleased: d Revert \"feat: b\"\n1.1.0: b\n1.0.0: a\n",
		},
		"reverts that count": {
			history: []string{"c b000000 Revert \"feat: b\"\n\nThis reverts commit b000000.", "b000000 - feat: b"},
			policy:  changelog.Policy{Reverts: changelog.CountReverts},
			want:    "unreleased: b Revert \"feat: b\"\n",
		},
		"tags that cannot be reached": {
			history: []string{"a - feat: a"},
			tags:    []changelog.Ref{{Name: "v3.0.0", Commit: "elsewhere"}, {Name: "v1.0.0", Commit: "a"}, {Name: "v0.1.0", Commit: ""}},
			want:    "1.0.0: a\n",
		},
		"several changes in a message": {
			history: []string{"b a feat: b (#2)\n\n* feat: one\n* chore: two\n* fix: three", "a - feat: a"},
			want:    "unreleased: a b one three\n",
		},
		"components": {
			history: []string{"d c feat: d", "c b fix(x): c", "b a feat(y): b", "a - feat(x,y): a"},
			tags:    []changelog.Ref{tag("x/v1.0.0", "a"), tag("y/v1.0.0", "a"), tag("y/v1.1.0", "b"), tag("v9.0.0", "b")},
			policy:  changelog.Policy{Components: []changelog.Component{{Name: "x", Paths: []string{"x"}, Scopes: []string{"x"}}, {Name: "y", Paths: []string{"y"}, Scopes: []string{"y"}}}},
			want:    "x unreleased: c\nx 1.0.0: a\ny 1.1.0: b\ny 1.0.0: a\n",
		},
		"one component": {
			history: []string{"c b fix(x): c", "b a feat(y): b", "a - feat(x,y): a"},
			policy:  changelog.Policy{Components: []changelog.Component{{Name: "x", Paths: []string{"x"}, Scopes: []string{"x"}}, {Name: "y", Paths: []string{"y"}, Scopes: []string{"y"}}}},
			options: changelog.ReleasesOptions{Components: []string{"y"}},
			want:    "y unreleased: a b\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(t, drawn(t, c.history...), c.tags, c.policy, c.options)
			if len(c.policy.Components) > 1 {
				slices.SortStableFunc(got, func(a, b changelog.Release) int { return strings.Compare(a.Component, b.Component) })
			}
			assert.Equal(t, c.want, outline(got))
		})
	}
}

func TestReleasesTellWhenAndSinceWhen(t *testing.T) {
	made := time.Date(2024, 5, 6, 23, 30, 0, 0, time.FixedZone("", -3600))
	commits := drawn(t, "c b feat: c", "b a chore: b", "a - feat: a")
	commits[1].Committed = made.Add(time.Hour)
	got := told(t, commits, []changelog.Ref{{Name: "v0.1.0", Commit: "a", Time: made}, {Name: "v0.2.0", Commit: "b"}}, changelog.Policy{}, changelog.ReleasesOptions{})
	require.Len(t, got, 3)
	assert.Equal(t, "", got[0].Tag)
	assert.Equal(t, "v0.2.0", got[0].Notes.PreviousTag)
	assert.Equal(t, "v0.1.0", got[1].Notes.PreviousTag)
	assert.Equal(t, "", got[2].Notes.PreviousTag)
	assert.Equal(t, []int{1, 1, 1}, []int{got[0].Commits, got[1].Commits, got[2].Commits})
	assert.Equal(t, "## 0.2.0 - 2024-05-07\n\nNo notable changes.\n", got[1].Notes.Markdown(), "a release without notable changes; the day of its commit in UTC")
	assert.Equal(t, "2024-05-07", got[2].Notes.Date.Format("2006-01-02"), "the day in UTC")
	assert.Equal(t, "b", got[1].Commit)
}

func TestReleasesFail(t *testing.T) {
	fails := func(commits iter.Seq2[changelog.Commit, error], p changelog.Policy, o changelog.ReleasesOptions) error {
		var failure error
		for _, err := range changelog.Releases(commits, nil, p, o) {
			assert.NoError(t, failure, "an error is the last thing that comes")
			failure = err
		}
		return failure
	}
	line := drawn(t, "b a feat: b", "a - feat: a")
	assert.ErrorContains(t, fails(stream(line), changelog.Policy{Zero: "x"}, changelog.ReleasesOptions{}), "policy: ")
	assert.ErrorContains(t, fails(stream(line), changelog.Policy{}, changelog.ReleasesOptions{Components: []string{"x"}}), `no component "x"`)
	assert.ErrorContains(t, fails(stream(line), changelog.Policy{}, changelog.ReleasesOptions{Notes: changelog.NotesOptions{Links: changelog.Links{Commit: "x"}}}), "Notes: ")
	slices.Reverse(line)
	var order *changelog.OrderError
	require.ErrorAs(t, fails(stream(line), changelog.Policy{}, changelog.ReleasesOptions{}), &order)
	assert.Equal(t, "b", order.Commit)
	broken := errors.New("broken")
	assert.ErrorIs(t, fails(func(yield func(changelog.Commit, error) bool) { yield(changelog.Commit{}, broken) }, changelog.Policy{}, changelog.ReleasesOptions{}), broken)
}

// history makes a random history, newest first, and tags on it.
func history(r *rand.Rand) ([]changelog.Commit, []changelog.Ref) {
	n := 2 + r.IntN(25)
	commits := make([]changelog.Commit, n)
	for i := range commits {
		c := changelog.Commit{ID: fmt.Sprintf("c%d", i), Text: fmt.Sprintf("feat: c%d", i)}
		for range r.IntN(3) {
			if i+1 < n {
				if p := fmt.Sprintf("c%d", i+1+r.IntN(min(n-i-1, 6))); !slices.Contains(c.Parents, p) {
					c.Parents = append(c.Parents, p)
				}
			}
		}
		commits[i] = c
	}
	// What no child has becomes a parent of the one before.
	for i := 1; i < n; i++ {
		if !slices.ContainsFunc(commits[:i], func(c changelog.Commit) bool { return slices.Contains(c.Parents, commits[i].ID) }) {
			commits[i-1].Parents = append(commits[i-1].Parents, commits[i].ID)
		}
	}
	var tags []changelog.Ref
	for range r.IntN(6) {
		name := fmt.Sprintf("v%d.%d.0", r.IntN(2), r.IntN(4))
		if r.IntN(3) == 0 {
			name += fmt.Sprintf("-beta.%d", r.IntN(3))
		}
		if !slices.ContainsFunc(tags, func(t changelog.Ref) bool { return t.Name == name }) {
			tags = append(tags, changelog.Ref{Name: name, Commit: fmt.Sprintf("c%d", r.IntN(n)), Reachable: r.IntN(2) == 0})
		}
	}
	return commits, tags
}

// lowest finds by brute force which version each commit belongs to.
func lowest(commits []changelog.Commit, tags []changelog.Ref, prereleases bool) map[string][]string {
	contains := func(from, what string) bool {
		todo := []string{from}
		for len(todo) > 0 {
			id := todo[0]
			todo = todo[1:]
			if id == what {
				return true
			}
			for _, c := range commits {
				if c.ID == id {
					todo = append(todo, c.Parents...)
				}
			}
		}
		return false
	}
	sections := map[string][]string{}
	for _, c := range commits {
		var best changelog.Tag
		for _, final := range []bool{true, false} {
			for _, ref := range tags {
				v, err := changelog.TagFormat("").Parse(ref.Name)
				if err != nil || (v.Prerelease() == "") != final || !contains(ref.Commit, c.ID) {
					continue
				}
				if !final && !prereleases && best.Version != nil && best.Version.Prerelease() == "" {
					continue
				}
				if best.Version == nil || v.LessThan(best.Version) {
					best = changelog.Tag{Name: ref.Name, Version: v}
				}
			}
		}
		sections[best.Name] = append(sections[best.Name], c.ID)
	}
	return sections
}

func TestReleasesAgainstBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		commits, tags := history(r)
		shown := r.IntN(2) == 0
		got := told(t, commits, tags, changelog.Policy{}, changelog.ReleasesOptions{Prereleases: shown})
		want := lowest(commits, tags, shown)
		sections := map[string][]string{}
		for i, release := range got {
			var ids []string
			for _, s := range release.Notes.Sections {
				for _, item := range s.Items {
					ids = append(ids, item.Commit)
				}
			}
			slices.Reverse(ids)
			if len(ids) > 0 {
				sections[release.Tag] = ids
			}
			assert.Equal(t, len(ids), release.Commits)
			if i > 0 && got[i-1].Version != nil && (shown || (release.Version.Prerelease() == "") == (got[i-1].Version.Prerelease() == "")) {
				assert.True(t, release.Version.LessThan(got[i-1].Version), "from the highest to the lowest")
			}
		}
		if !assert.Equal(t, want, sections, "commits %v\ntags %v\nshown %v", commits, tags, shown) {
			return
		}
	}
}

// TestReleasesComeEarly looks at how far the history has been read when a release comes.
func TestReleasesComeEarly(t *testing.T) {
	const n = 1000
	read := 0
	commits := func(yield func(changelog.Commit, error) bool) {
		for i := range n {
			read++
			if !yield(changelog.Commit{ID: fmt.Sprint(i), Parents: []string{fmt.Sprint(i + 1)}, Text: "fix: x"}, nil) {
				return
			}
		}
	}
	var tags []changelog.Ref
	for i := 0; i < n; i += 10 {
		tags = append(tags, changelog.Ref{Name: fmt.Sprintf("v0.0.%d", n-i), Commit: fmt.Sprint(i)})
	}
	told := 0
	for r, err := range changelog.Releases(commits, tags, changelog.Policy{}, changelog.ReleasesOptions{}) {
		require.NoError(t, err)
		assert.Equal(t, 10, r.Commits)
		told++
		assert.LessOrEqual(t, read, 10*told+11)
	}
	assert.Equal(t, n/10, told)
	read = 0
	for range changelog.Releases(commits, tags, changelog.Policy{}, changelog.ReleasesOptions{}) {
		break
	}
	assert.LessOrEqual(t, read, 21, "leaving the loop ends the reading")
}
