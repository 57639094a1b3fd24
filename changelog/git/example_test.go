package git_test

import (
	"context"
	"fmt"
	"os"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

// Which version comes next in the repository of the current folder?
func Example() {
	ctx := context.Background()
	repo, err := git.Open(ctx, ".", git.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err) // a shallow clone, for example, and how to mend it
		return
	}
	policy := changelog.Policy{Zero: changelog.ZeroStable}
	history, err := repo.History(ctx, policy)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	plan, err := changelog.Decide(history, policy)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Print(plan.Components[0].Explain())
}
