package changelog_test

import (
	"fmt"
	"iter"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// stretched is a history of that many commits, with a release and a revert every two hundred.
func stretched(commits int) (iter.Seq2[changelog.Commit, error], []changelog.Ref) {
	var tags []changelog.Ref
	for i := 0; i < commits; i += 200 {
		tags = append(tags, changelog.Ref{Name: fmt.Sprintf("v1.%d.0", (commits-i)/200), Commit: id(i)})
	}
	return func(yield func(changelog.Commit, error) bool) {
		for i := range commits {
			c := changelog.Commit{ID: id(i), Author: "Ana", AuthorEmail: "ana@example.org"}
			if i < commits-1 {
				c.Parents = []string{id(i + 1)}
			}
			c.Text = fmt.Sprintf("fix(core): hold the rope of boat %d (#%d)\n\nIt slipped when wet.\n\nCloses #%d\n", i, i, i)
			if i%200 == 150 {
				c.Text = fmt.Sprintf("Revert \"fix\"\n\nThis reverts commit %s.\n", id(i+7))
			}
			if !yield(c, nil) {
				return
			}
		}
	}, tags
}

// A history of twenty times the length takes no more memory while it is told: nothing is kept of a release that was handed out.
func TestMemoryIsFlat(t *testing.T) {
	peak := func(commits int) int {
		live := func() int {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int(m.HeapAlloc)
		}
		history, tags := stretched(commits)
		before, most, releases := live(), 0, 0
		for r, err := range changelog.Releases(history, tags, changelog.Policy{}, changelog.ReleasesOptions{Leads: true}) {
			require.NoError(t, err)
			require.NotEmpty(t, r.Notes.Markdown())
			if releases++; releases%(commits/2000) == 0 { // as often, however long it is
				most = max(most, live()-before)
			}
		}
		require.Equal(t, commits/200, releases)
		return most
	}
	short, long := peak(2_000), peak(40_000)
	const tags = 200 << 10 // those of the longer one
	assert.Less(t, long, short+tags+512<<10, "%d KiB instead of %d", long>>10, short>>10)
}
