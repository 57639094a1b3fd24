package git_test

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

// bound are components that depend on each other below an umbrella.
var bound = changelog.Policy{
	Components: []changelog.Component{{Name: "a", Scopes: []string{"a"}}, {Name: "b", Scopes: []string{"b"}, DependsOn: []string{"a"}}, {Name: "c", Scopes: []string{"c"}}},
	Propagate:  changelog.PropagateSame,
	Umbrella:   &changelog.Component{Name: "all"},
}

// The level of what was missed is counted from the version that the others were released with, though it is older than any of
// the last releases.
func TestHalfReleaseIsCountedFromWhatWasThere(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat(a): begin")
	w.run("tag", "a/v1.0.0")
	w.commit("feat(c): c")
	for _, tag := range []string{"b/v1.0.0", "c/v1.1.0", "v1.1.0"} {
		w.run("tag", tag)
	}
	w.commit("fix(a): a")
	w.run("tag", "a/v1.0.1")
	h, err := w.open().History(t.Context(), bound)
	require.NoError(t, err)
	plan, err := changelog.Decide(h, bound)
	require.NoError(t, err)
	assert.Equal(t, "1.1.1", plan.Umbrella.Next.String())
	assert.Equal(t, "1.0.1", plan.Components[1].Next.String())
}

// A release on another branch does not hide what was merged of that branch before it.
func TestReleaseOfABranchThatWasMergedBefore(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("checkout", "--quiet", "-b", "other")
	w.commit("feat: merged")
	w.run("checkout", "--quiet", "main")
	w.commit("fix: x")
	w.run("tag", "v1.0.0")
	w.run("merge", "--quiet", "--no-ff", "-m", "Merge branch 'other'", "other")
	w.run("checkout", "--quiet", "other")
	w.commit("docs: later")
	w.run("tag", "v2.0.0")
	w.run("checkout", "--quiet", "main")
	assert.Equal(t, "v1.1.0", w.next(""))
}

// staggered makes a repository of n commits on two branches that merge now and then, whose components are released one by one.
func staggered(t *testing.T, r *rand.Rand, n int) *workshop {
	t.Helper()
	w := newWorkshop(t)
	var stream strings.Builder
	subjects := []string{"fix(a): x", "feat(a): x", "fix(b): x", "feat(c): x", "feat(b)!: x", "docs: x", "fix(a): y"}
	released := map[string][3]int{}
	heads := [2]int{}
	for i := 1; i <= n; i++ {
		on := r.IntN(3) / 2
		subject := subjects[r.IntN(len(subjects))]
		fmt.Fprintf(&stream, "commit refs/heads/x\nmark :%d\ncommitter Bob <bob@example.org> %d +0000\ndata %d\n%s\n", i, 1_700_000_000+i*60, len(subject), subject)
		if i > 1 {
			fmt.Fprintf(&stream, "from :%d\n", heads[on])
			if heads[0] != heads[1] && r.IntN(5) == 0 {
				fmt.Fprintf(&stream, "merge :%d\n", heads[1-on])
			}
		} else {
			heads = [2]int{1, 1}
		}
		heads[on] = i
		for _, prefix := range []string{"a/v", "b/v", "c/v", "v"} {
			if i > 1 && r.IntN(8) > 0 {
				continue
			}
			v, part := released[prefix], r.IntN(3)
			v[part]++
			for k := part + 1; k < 3; k++ {
				v[k] = 0
			}
			released[prefix] = v
			fmt.Fprintf(&stream, "reset refs/tags/%s%d.%d.%d%s\nfrom :%d\n\n", prefix, 1+v[0], v[1], v[2], []string{"", "", "", "-beta.1"}[r.IntN(4)], i)
		}
	}
	fmt.Fprintf(&stream, "reset refs/heads/main\nfrom :%d\n\n", heads[0])
	cmd := exec.CommandContext(t.Context(), "git", "fast-import", "--quiet", "--force")
	cmd.Dir, cmd.Stdin = w.dir, strings.NewReader(stream.String())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return w
}

// Of releases that stopped half way, the plan is the one that the whole history gives.
func TestHalfReleasesAreReadWhole(t *testing.T) {
	grouped, beta, fixed := bound, bound, bound
	grouped.Groups = []changelog.Group{{Name: "g", Kind: changelog.Fixed, Components: []string{"a", "c"}}}
	beta.Channel = "beta"
	fixed.Groups, fixed.Umbrella = []changelog.Group{{Name: "g", Kind: changelog.Fixed, Components: []string{"b", "c"}}}, nil
	alone := changelog.Policy{Tags: "a/v{version}"}
	for seed := range drawn(30) {
		r := rand.New(rand.NewPCG(seed, 2))
		w := staggered(t, r, 4+r.IntN(16))
		for i, policy := range []changelog.Policy{bound, grouped, beta, fixed, alone} {
			h, err := w.open().History(t.Context(), policy)
			require.NoError(t, err)
			whole := h
			whole.Commits, whole.Tags = nil, append([]changelog.Ref(nil), h.Tags...)
			for c, err := range w.open().Commits(t.Context(), git.Range{}) {
				require.NoError(t, err)
				whole.Commits = append(whole.Commits, c)
			}
			require.Equal(t, told(t, whole, policy), told(t, h, policy), "seed %d, policy %d", seed, i)
		}
	}
}
