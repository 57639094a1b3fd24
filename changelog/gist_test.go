package changelog_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// Where scopes have a say all messages are kept, and where they have none their gists, unless a commit is a revert: a plan is the same by both.
func TestGistsAreEnough(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	starts := []string{"feat: ", "fix(a): ", "perf!: ", "docs: ", "odd: ", "", "chore: release 1.2.", "Merge branch 'x'\n\n", "fixup! fix: "}
	for range 300 / raced {
		var h changelog.History
		for i := range 12 {
			text := starts[r.IntN(len(starts))]
			for range r.IntN(8) {
				text += pieces[r.IntN(len(pieces))]
			}
			if strings.Contains(strings.ToLower(text), "revert") && r.IntN(8) > 0 {
				continue
			}
			h.Commits = append(h.Commits, changelog.Commit{ID: fmt.Sprintf("%040x", i+1), Text: text, Parents: []string{fmt.Sprintf("%040x", i+2)}})
		}
		for i := range h.Commits[:len(h.Commits)-1] {
			h.Commits[i].Parents = []string{h.Commits[i+1].ID}
		}
		h.Head = h.Commits[0].ID
		policy := changelog.Policy{Components: []changelog.Component{{Name: "all", Paths: []string{"."}}}, Free: changelog.Level(r.IntN(2))}
		gists, err := changelog.Decide(h, policy)
		policy.Components = append(policy.Components, changelog.Component{Name: "none", Scopes: []string{"nobody"}})
		kept, failed := changelog.Decide(h, policy)
		require.Equal(t, err == nil, failed == nil)
		require.Equal(t, kept.Components[0], gists.Components[0])
		require.Equal(t, kept.Diagnostics, gists.Diagnostics)
	}
}
