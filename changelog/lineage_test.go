package changelog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// lineage is a history with branches, as tests write it down. It knows all that a repository knows.
type lineage struct {
	commits  []changelog.Commit // the oldest first
	branches map[string]string
	branch   string
	tags     []changelog.Ref
}

// steps make a lineage: "on BRANCH", which begins it where there is none, "merge BRANCH", "tag NAME", and the
// messages of commits.
func steps(all ...string) *lineage {
	l := &lineage{branches: map[string]string{}, branch: "main"}
	for _, step := range all {
		l.step(step)
	}
	return l
}

func (l *lineage) step(step string) *lineage {
	word, rest, _ := strings.Cut(step, " ")
	switch word {
	case "on":
		if _, ok := l.branches[rest]; !ok {
			l.branches[rest] = l.head()
		}
		l.branch = rest
	case "tag":
		l.tags = append(l.tags, changelog.Ref{Name: rest, Commit: l.head()})
	case "merge":
		l.commit("Merge branch '"+rest+"'", l.head(), l.branches[rest])
	default:
		l.commit(step, l.head())
	}
	return l
}

func (l *lineage) head() string { return l.branches[l.branch] }

func (l *lineage) commit(message string, parents ...string) {
	parents = slices.DeleteFunc(parents, func(p string) bool { return p == "" })
	c := changelog.Commit{ID: id(len(l.commits)), Parents: parents, Text: message}
	l.commits = append(l.commits, c)
	l.branches[l.branch] = c.ID
}

// ancestors are a commit and all that it descends from.
func (l *lineage) ancestors(of string) map[string]bool {
	all := map[string]bool{of: of != ""}
	for _, c := range slices.Backward(l.commits) {
		for _, p := range c.Parents {
			all[p] = all[p] || all[c.ID]
		}
	}
	return all
}

// history is what a reader finds out about the lineage, with all commits from the beginning on.
func (l *lineage) history() changelog.History {
	h := changelog.History{Head: l.head(), Branch: l.branch}
	own := l.ancestors(h.Head)
	for _, c := range slices.Backward(l.commits) {
		if own[c.ID] {
			h.Commits = append(h.Commits, c)
		}
	}
	for _, tag := range l.tags {
		if tag.Reachable = own[tag.Commit]; !tag.Reachable {
			tag.Fork = l.fork(own, tag.Commit)
		}
		h.Tags = append(h.Tags, tag)
	}
	return h
}

// fork are the commits that both have and of which no other one descends.
func (l *lineage) fork(own map[string]bool, of string) []string {
	common := map[string]bool{}
	for id, is := range l.ancestors(of) {
		common[id] = is && own[id]
	}
	var newest []string
	for _, c := range l.commits {
		if common[c.ID] && !slices.ContainsFunc(l.commits, func(d changelog.Commit) bool { return common[d.ID] && slices.Contains(d.Parents, c.ID) }) {
			newest = append(newest, c.ID)
		}
	}
	return newest
}

// outcome is the next version, "-" for none, or what the error is.
func outcome(t testing.TB, h changelog.History, p changelog.Policy) (string, changelog.Decision, error) {
	t.Helper()
	plan, err := changelog.Decide(h, p)
	require.Len(t, plan.Components, 1, "%v", err)
	d := plan.Components[0]
	if err != nil {
		require.Nil(t, d.Next)
		require.Empty(t, d.NextTag)
		require.Contains(t, err.Error(), strings.TrimPrefix(d.Why, "no version: "), "the plan says it, too")
		return "error", d, err
	}
	require.NotEmpty(t, d.Why)
	require.NotEmpty(t, d.PreviousWhy)
	return spoken(d), d, nil
}
