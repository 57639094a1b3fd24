package git_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

// tangle makes a repository of n commits with random parents and random tags, and HEAD on any of them.
func tangle(t *testing.T, r *rand.Rand, n int) *workshop {
	t.Helper()
	w := newWorkshop(t)
	var stream strings.Builder
	subjects := []string{"fix: a", "feat: b", "chore: c", "feat!: d", "docs: e", "fix(a): f", "fix(b): g"}
	for i := 1; i <= n; i++ {
		subject := subjects[r.IntN(len(subjects))]
		fmt.Fprintf(&stream, "commit refs/heads/b%d\nmark :%d\ncommitter Bob <bob@example.org> %d +0000\ndata %d\n%s\n",
			i, i, 1_700_000_000+i*100+r.IntN(1000), len(subject), subject)
		parents := map[int]bool{}
		for range 1 + r.IntN(3)*r.IntN(2) {
			if i > 1 && r.IntN(40) > 0 {
				parents[max(1, i-1-r.IntN(1+r.IntN(6)))] = true
			}
		}
		word := "from"
		for p := range i {
			if parents[p] {
				fmt.Fprintf(&stream, "%s :%d\n", word, p)
				word = "merge"
			}
		}
	}
	pre := []string{"", "", "", "-alpha.1", "-beta.1", "-beta.2", "+b1"}
	for range r.IntN(12) {
		at, prefix := 1+r.IntN(n), []string{"v", "v", "v", "a/v", "b/v"}[r.IntN(5)]
		fmt.Fprintf(&stream, "reset refs/tags/%s%d.%d.%d%s\nfrom :%d\n\n", prefix, r.IntN(3), r.IntN(3), at/8, pre[r.IntN(len(pre))], at)
	}
	cmd := exec.CommandContext(t.Context(), "git", "fast-import", "--quiet", "--force")
	cmd.Dir, cmd.Stdin = w.dir, strings.NewReader(stream.String())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	w.run("symbolic-ref", "HEAD", fmt.Sprint("refs/heads/b", n-r.IntN(1+n/3)))
	return w
}

// However the tags lie, what is read is enough: the plan is the one that the whole history gives.
func TestWhatIsReadIsEnough(t *testing.T) {
	parts := []changelog.Component{{Name: "a", Scopes: []string{"a"}}, {Name: "b", Scopes: []string{"b"}, DependsOn: []string{"a"}}}
	policies := []changelog.Policy{
		{},
		{Reach: changelog.ReachAll},
		{Channel: "beta"},
		{Maintenance: "1.x", Reach: changelog.ReachLine},
		{Components: []changelog.Component{{Name: "a", Scopes: []string{"a"}}, {Name: "b"}}},
		{Components: parts, Propagate: changelog.PropagateSame, Umbrella: &changelog.Component{Name: "all"}},
		{Components: parts, Propagate: changelog.PropagateSame, Umbrella: &changelog.Component{Name: "all"}, Channel: "beta"},
		{Components: parts, Groups: []changelog.Group{{Name: "g", Kind: changelog.Fixed, Components: []string{"a", "b"}}}, Umbrella: &changelog.Component{Name: "all"}},
	}
	for seed := range drawn(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := tangle(t, r, 4+r.IntN(40))
		merged := map[string]bool{}
		for name := range strings.FieldsSeq(w.run("tag", "--merged")) {
			merged[name] = true
		}
		var all []changelog.Commit
		for c, err := range w.open().Commits(t.Context(), git.Range{}) {
			require.NoError(t, err)
			all = append(all, c)
		}
		for i, policy := range policies {
			if policy.Validate() != nil {
				continue
			}
			h, err := w.open().History(t.Context(), policy)
			require.NoError(t, err)
			whole := h
			whole.Commits, whole.Tags = slices.Clone(all), slices.Clone(h.Tags)
			for i, tag := range whole.Tags {
				whole.Tags[i].Reachable = merged[tag.Name]
				assert.True(t, merged[tag.Name] || !tag.Reachable, "%s cannot be reached", tag.Name)
			}
			assert.Equal(t, told(t, whole, policy), told(t, h, policy), "seed %d, policy %d", seed, i)
			require.False(t, t.Failed())
		}
	}
}

// drawn is how many of so many repositories are drawn: all where the variable is set, as .ci/run sets it, and
// otherwise a third, because each takes many processes.
func drawn(all uint64) uint64 {
	if os.Getenv("DAVIT_EVERY_POINT") != "" {
		return all
	}
	return all / 3
}

// told is the plan and its error as text.
func told(t *testing.T, h changelog.History, policy changelog.Policy) string {
	t.Helper()
	plan, err := changelog.Decide(h, policy)
	text, failed := json.MarshalIndent([]any{plan.Components, plan.Umbrella}, "", " ")
	require.NoError(t, failed)
	return fmt.Sprintf("%v\n%s", err, text)
}
