package git_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

// shop makes a small repository, which is removed by the second result.
func shop() (dir string, remove func(), err error) {
	if dir, err = os.MkdirTemp("", "shop"); err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	var history strings.Builder
	for i, subject := range []string{"feat: a basket", "fix: the basket keeps its eggs", "docs: how to carry it", "feat: a lid"} {
		fmt.Fprintf(&history, "commit refs/heads/main\ncommitter Ada <ada@example.com> %d +0000\ndata <<END\n%s\nEND\n", 1767225600+3600*i, subject)
		if i == 0 {
			history.WriteString("reset refs/tags/v1.4.0\nfrom refs/heads/main\n\n")
		}
	}
	for _, args := range [][]string{{"init", "--quiet", "--initial-branch=main"}, {"fast-import", "--quiet"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(history.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			remove()
			return "", nil, fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
	}
	return dir, remove, nil
}

// Which version comes next in a repository, and why?
func Example() {
	ctx := context.Background()
	dir, remove, err := shop()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()

	repo, err := git.Open(ctx, dir, git.Options{})
	if err != nil {
		fmt.Println(err) // a shallow clone, for example, and how to mend it
		return
	}
	policy := changelog.Policy{Zero: changelog.ZeroStable}
	history, err := repo.History(ctx, policy)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := changelog.Decide(history, policy)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan.Components[0].Explain())
	// Output:
	// 1.4.0 -> 1.5.0 (minor): the highest level of all commits since 1.4.0 is minor
	// previous: v1.4.0 is the highest release tag that can be reached from HEAD
	// counted:
	//   6af5b552c1  minor  feat: a lid                     (feat is minor)
	//   ff60c6f873  patch  fix: the basket keeps its eggs  (fix is patch)
	// not counted:
	//   9f014a1124  docs: how to carry it  (docs is none)
}
