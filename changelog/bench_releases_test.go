package changelog_test

import (
	"fmt"
	"testing"

	"github.com/davit-sdk/davit/changelog"
)

// BenchmarkReleases tells a whole history with a release every hundred commits. It counts per commit.
func BenchmarkReleases(b *testing.B) {
	commits := func(yield func(changelog.Commit, error) bool) {
		for i := range b.N {
			c := changelog.Commit{
				ID: id(i), Parents: []string{id(i + 1)}, Author: "Ana", AuthorEmail: "ana@example.org",
				Text: fmt.Sprintf("fix(core): hold the rope of boat %d (#%d)\n\nIt slipped when wet.\n\nCloses #%d\n", i, i, i),
			}
			if !yield(c, nil) {
				return
			}
		}
	}
	var tags []changelog.Ref
	for i := 0; i < min(b.N, 100_000); i += 100 {
		tags = append(tags, changelog.Ref{Name: fmt.Sprintf("v0.0.%d", b.N-i), Commit: id(i)})
	}
	b.ReportAllocs()
	b.ResetTimer()
	for r, err := range changelog.Releases(commits, tags, changelog.Policy{}, changelog.ReleasesOptions{}) {
		if err != nil {
			b.Fatal(err)
		}
		if r.Notes.Markdown() == "" {
			b.Fatal("empty")
		}
	}
}
