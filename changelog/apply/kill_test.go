package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apply"
	"github.com/davit-sdk/davit/changelog/git"
)

// TestMain is also the process that is killed: it carries a plan out, and kills itself at a point.
func TestMain(m *testing.M) {
	if os.Getenv("APPLY_YARD") == "" {
		os.Exit(testsIn(m))
	}
	if err := child(yard{os.Getenv("APPLY_YARD")}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func testsIn(m *testing.M) int {
	dir, err := os.MkdirTemp("", "yard")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is no fault of a test
	first.dir = dir
	return m.Run()
}

func child(y yard) error {
	left, _ := strconv.Atoi(os.Getenv("APPLY_POINTS")) // or it stops at a point
	stop := os.Getenv("APPLY_STOP")
	text, err := os.ReadFile(filepath.Join(y.dir, "plan.json"))
	if err != nil {
		return err
	}
	var plan changelog.Plan
	if err := json.Unmarshal(text, &plan); err != nil {
		return err
	}
	repo, err := git.Open(context.Background(), y.repository(), git.Options{})
	if err != nil {
		return err
	}
	a := y.applierOf(repo).WithPoints(func(point string) error {
		if point == stop {
			fmt.Println("stopped", point)
			time.Sleep(time.Hour)
		}
		if left--; left >= 0 || stop != "" {
			return nil
		}
		fmt.Println("killed", point)
		if self, err := os.FindProcess(os.Getpid()); err == nil && self.Kill() == nil {
			time.Sleep(time.Hour)
		}
		return nil
	})
	if os.Getenv("APPLY_ABANDON") != "" {
		_, err = a.Abandon(context.Background())
	} else {
		_, err = a.Apply(context.Background(), plan)
	}
	return err
}

// However early or late it dies: run again, it comes to the same end, once.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	template := newYard(t)
	plan := template.plan(t)
	reference := template.copy(t)
	_, err := reference.applier(t).Apply(t.Context(), plan)
	require.NoError(t, err)
	want := reference.state(t)
	require.Contains(t, want, "chore(release): 1.1.0")
	for n := 0; ; n += stride {
		y := template.copy(t)
		save(t, filepath.Join(y.dir, "plan.json"), plan)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "APPLY_YARD="+y.dir, "APPLY_POINTS="+strconv.Itoa(n))
		out, err := cmd.CombinedOutput()
		if err == nil {
			assert.Greater(t, n, 40, "the points were counted")
			return
		}
		require.Contains(t, string(out), "killed", "%s", out)
		if n%2 == 0 || n < 4 { // before the journal has it, only the caller has the plan
			_, err = y.applier(t).Apply(t.Context(), plan)
		} else {
			_, err = y.applier(t).Resume(t.Context())
			if errors.Is(err, apply.ErrNothing) { // all was done and written down
				_, err = y.applier(t).Apply(t.Context(), plan)
			}
		}
		require.NoError(t, err, "%s", out)
		require.Equal(t, want, y.state(t), "%s", out)
	}
}

// copy is the same yard in another place.
func (y yard) copy(t *testing.T) yard {
	t.Helper()
	to := yard{t.TempDir()}
	require.NoError(t, os.CopyFS(to.dir, os.DirFS(y.dir)))
	to.git(t, "shop", "remote", "set-url", "origin", to.remote())
	to.git(t, "shop", "update-index", "-q", "--refresh")
	return to
}
