package apply_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apply"
	"github.com/davit-sdk/davit/changelog/git"
)

// The next version of a repository is written into a file, committed, tagged and pushed. What a run before has left half done is
// finished first.
func Example() {
	ctx := context.Background()
	err := func() error {
		repo, err := git.Open(ctx, ".", git.Options{})
		if err != nil {
			return err
		}
		dir, err := repo.Root(ctx)
		if err != nil {
			return err
		}
		a := apply.Applier{
			Repository: repo, Dir: dir,
			Journal:   apply.FileJournal{Path: repo.Private("release.json")}, // in CI: where it outlives the checkout
			Files:     []apply.File{{Path: "version.go", Updater: apply.Pattern(`const Version = "{version}"`)}},
			Committer: git.Committer{Repository: repo},
			Tagger:    git.Tagger{Repository: repo},
			Pusher:    git.Remote{Repository: repo},
		}
		_, err = a.Resume(ctx) // what an earlier run has left half done comes first
		if errors.Is(err, git.ErrRejected) {
			_, err = a.Abandon(ctx) // the branch has moved on: bring it up to date, then run again
			return err
		}
		if !errors.Is(err, apply.ErrNothing) {
			return err
		}
		policy := changelog.Policy{}
		history, err := repo.History(ctx, policy)
		if err != nil {
			return err
		}
		plan, err := changelog.Decide(history, policy)
		if err != nil {
			return err
		}
		steps, err := a.Steps(plan)
		if err != nil {
			return err // apply.ErrNothing, mostly
		}
		for _, s := range steps {
			fmt.Println(s)
		}
		_, err = a.Apply(ctx, plan) // without this line it was a dry run
		return err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
