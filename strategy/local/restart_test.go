//go:build unix

package local_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// The rollout that the host program of these tests is in when it is killed.
func interruptedPlan() strategy.Plan {
	from := strategy.State{Stable: strategy.Group{Revision: one.Revision, Replicas: 2, Share: strategy.All()}}
	plan, err := strategy.Canary{Steps: []strategy.CanaryStep{
		{Share: strategy.Percent(50), Bake: 200 * time.Millisecond}, {Share: strategy.Percent(60)},
	}}.Plan(from, two.Revision)
	if err != nil {
		panic(err)
	}
	return plan
}

// roller plays a host program that rolls out: with a state folder, a file for the checkpoint, and how
// many calls of its fleet it makes before it kills itself.
func roller(args []string) {
	var calls int
	if _, err := fmt.Sscan(args[2], &calls); err != nil {
		panic(err)
	}
	fleet, err := local.NewFleet(options(args[0], "serve"))
	if err != nil {
		panic(err)
	}
	router, err := local.NewRouter(local.RouterOptions{})
	if err != nil {
		panic(err)
	}
	target, err := rollout.Compose(&mortal{Fleet: fleet, left: 1 << 30}, router, rollout.ComposeOptions{})
	if err != nil {
		panic(err)
	}
	plan := interruptedPlan()
	if err := rollout.Restore(noTest, target, plan.From, rollout.Options{Poll: 10 * time.Millisecond}); err != nil {
		panic(err)
	}
	target, err = rollout.Compose(&mortal{Fleet: fleet, left: calls}, router, rollout.ComposeOptions{})
	if err != nil {
		panic(err)
	}
	r, err := rollout.New(target, plan, rollout.Options{Poll: 10 * time.Millisecond, Checkpoint: func(_ context.Context, c rollout.Checkpoint) error {
		raw, err := json.Marshal(c)
		return errors.Join(err, os.WriteFile(args[1]+".new", raw, 0o600), os.Rename(args[1]+".new", args[1]))
	}})
	if err != nil {
		panic(err)
	}
	_, err = r.Run(noTest)
	fmt.Println("ended", err)
}

// mortal kills its own process, with nothing said, at one of its calls.
type mortal struct {
	rollout.Fleet
	left int
}

func (m *mortal) live() {
	if m.left--; m.left == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}

func (m *mortal) Instances(ctx context.Context) ([]rollout.Instance, error) {
	m.live()
	return m.Fleet.Instances(ctx)
}

func (m *mortal) Scale(ctx context.Context, pool strategy.Pool, n int, leaving ...string) error {
	m.live()
	err := m.Fleet.Scale(ctx, pool, n, leaving...)
	m.live()
	return err
}

// A host is killed in mid-rollout, at many instants. The next one finds its processes and the position
// that was recorded, serves again at once, and brings the rollout to its end.
func TestAHostThatIsKilledInMidRollout(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	ended := false
	for calls := 1; !ended; calls = calls*5/4 + 1 {
		dir, file := stateDir(t), filepath.Join(t.TempDir(), "checkpoint")
		cmd := exec.Command(self, "roller", dir, file, fmt.Sprint(calls))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		said, _ := bufio.NewReader(out).ReadString('\n')
		err = cmd.Wait()
		if ended = err == nil; ended {
			require.Equal(t, "ended <nil>\n", said)
		}
		goesOn(t, dir, file)
	}
}

// goesOn is the next host.
func goesOn(t *testing.T, dir, file string) {
	t.Helper()
	fleet := open(t, options(dir, "serve"))
	defer end(t, fleet)
	router := newRouter(t, local.RouterOptions{}, rollout.Table{})
	url := front(t, router).URL + "/pid"
	target, err := rollout.Compose(fleet, router, rollout.ComposeOptions{})
	require.NoError(t, err)
	plan := interruptedPlan()
	o := rollout.Options{Poll: 10 * time.Millisecond, Deadline: patience}

	var at rollout.Checkpoint
	raw, err := os.ReadFile(file)
	switch {
	case errors.Is(err, os.ErrNotExist): // it died before it began
		now, err := rollout.Current(t.Context(), target)
		require.ErrorIs(t, err, rollout.ErrDark)
		require.NoError(t, rollout.Restore(t.Context(), target, now, o))
		r, err := rollout.New(target, plan, o)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
	default:
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &at))
		if at.Outcome == rollout.Promoted {
			require.NoError(t, rollout.Restore(t.Context(), target, plan.Final(), o))
			break
		}
		r, err := rollout.Resume(target, plan, at, o)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
	}
	now, err := target.Observe(t.Context())
	require.NoError(t, err)
	assert.Empty(t, now.Missing(plan.Final()))
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	_, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.StatusCode)
}
