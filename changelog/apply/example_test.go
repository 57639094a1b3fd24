package apply_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apply"
	"github.com/davit-sdk/davit/changelog/git"
)

// shop makes a small repository and what it is pushed to; the second result removes both.
func shop() (dir string, remove func(), err error) {
	parent, err := os.MkdirTemp("", "shop")
	if err != nil {
		return "", nil, err
	}
	dir, remove = filepath.Join(parent, "shop"), func() { os.RemoveAll(parent) }
	const history = "blob\nmark :1\ndata <<END\npackage shop\n\nconst Version = \"1.4.0\"\nEND\n" +
		"commit refs/heads/main\ncommitter Ada <ada@example.com> 1767225600 +0000\ndata <<END\nfeat: a basket\nEND\nM 100644 :1 version.go\n\n" +
		"reset refs/tags/v1.4.0\nfrom refs/heads/main\n\n" +
		"commit refs/heads/main\ncommitter Ada <ada@example.com> 1767229200 +0000\ndata <<END\nfeat: a lid\nEND\n"
	for _, args := range []string{
		"init --quiet --bare origin", "init --quiet --initial-branch=main shop", "-C shop fast-import --quiet", "-C shop reset --quiet --hard",
		"-C shop config user.name Ada", "-C shop config user.email ada@example.com", "-C shop remote add origin ../origin",
		"-C shop push --quiet --set-upstream origin main",
	} {
		cmd := exec.Command("git", strings.Fields(args)...)
		cmd.Dir, cmd.Stdin = parent, strings.NewReader(history)
		if out, err := cmd.CombinedOutput(); err != nil {
			remove()
			return "", nil, fmt.Errorf("git %s: %w: %s", args, err, out)
		}
	}
	return dir, remove, nil
}

// The next version of a repository is written into a file, committed, tagged and pushed. What a run before has left half done is
// finished first.
func Example() {
	ctx := context.Background()
	err := func() error {
		folder, remove, err := shop()
		if err != nil {
			return err
		}
		defer remove()
		repo, err := git.Open(ctx, folder, git.Options{})
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
		fmt.Println(err)
	}
	// Output:
	// file version.go
	// commit chore(release): 1.5.0
	// tag v1.5.0
	// push v1.5.0
}
