package changelog_test

import (
	"fmt"
	"testing"

	"github.com/davit-sdk/davit/changelog"
)

// work is a history of so many commits: a merge in every tenth, a revert in every five hundredth, and of each thousandth a
// pre-release.
func work(commits int) changelog.History {
	texts := []string{
		"fix(core): mend the thing that broke (#12)\n\nIt was broken.\n\nCo-authored-by: Z <z@example.org>",
		"feat(api): add one more\n\nNobody asked for it, and there it is.\n\nRefs: #1, #2",
		"chore: tidy up", "Merge pull request #7 from a/b\n\nfeat: add one more", "Update README.md",
	}
	h := changelog.History{Branch: "main", Head: id(commits - 1)}
	h.Tags = append(h.Tags, changelog.Ref{Name: "v1.2.3", Commit: id(0)})
	for i := commits - 1; i >= 0; i-- {
		c := changelog.Commit{ID: id(i), Text: texts[i%len(texts)]}
		if i > 0 {
			c.Parents = []string{id(i - 1)}
		}
		if i > 20 && i%10 == 3 {
			c.Parents = append(c.Parents, id(i-9))
		}
		if i > 20 && i%500 == 0 {
			c.Text = fmt.Sprintf("Revert \"fix\"\n\nThis reverts commit %s.", id(i-5))
		}
		if i > 0 && i%1000 == 0 {
			h.Tags = append(h.Tags, changelog.Ref{Name: fmt.Sprintf("v1.3.0-beta.%d", i/1000), Commit: c.ID})
		}
		h.Commits = append(h.Commits, c)
	}
	return h
}

// BenchmarkDecide shows that the time per commit does not grow with the history.
func BenchmarkDecide(b *testing.B) {
	for _, commits := range []int{1_000, 10_000, 100_000} {
		h := work(commits)
		for name, policy := range map[string]changelog.Policy{"final": {}, "beta": {Channel: "beta"}} {
			b.Run(fmt.Sprintf("%s/%d", name, commits), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					next(b, h, policy)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(commits), "ns/commit")
			})
		}
	}
}
