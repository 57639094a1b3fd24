package tags_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/release/delivery/tags"
)

// shop makes a repository with a commit each hour and a tag every four of them; the second result removes it.
func shop() (dir string, remove func(), err error) {
	if dir, err = os.MkdirTemp("", "shop"); err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	var history strings.Builder
	for i := range 12 {
		fmt.Fprintf(&history, "commit refs/heads/main\ncommitter Ada <ada@example.com> %d +0000\ndata <<END\nfeat: part %d\nEND\n", 1767225600+3600*i, i)
		if i%4 == 3 {
			fmt.Fprintf(&history, "reset refs/tags/v1.%d.0\nfrom refs/heads/main\n\n", i/4)
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

// How long do changes take from their commit to a tag?
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
		fmt.Println(err)
		return
	}
	var history dora.History
	for event, err := range tags.Events(ctx, repo, changelog.Policy{}, tags.Options{Environment: "production"}) {
		if err == nil {
			err = history.Add(event)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	report, err := history.Report(dora.Rules{}, dora.Query{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if lead := report.LeadTime; lead != nil { // nil: no change is known
		fmt.Println(lead.N, "changes, half of them within", lead.P50, "seconds")
	}
	// Output:
	// 12 changes, half of them within 5400 seconds
}
