package apply_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/apply"
)

// stopped is a process that is stuck in the midst of a release, at a point.
func (y yard) stopped(t *testing.T, point string) *exec.Cmd {
	t.Helper()
	save(t, filepath.Join(y.dir, "plan.json"), y.plan(t))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "APPLY_YARD="+y.dir, "APPLY_STOP="+point)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "stopped "+point+"\n", line)
	return cmd
}

// Of two processes one releases, and the other does nothing. A process that is killed keeps nobody out.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"before the journal", "after file package.json", "before tag v1.1.0", "after push v1.1.0"} {
		t.Run(point, func(t *testing.T) {
			y := newYard(t)
			plan := y.plan(t)
			other := y.stopped(t, point)
			before := y.place(t)
			a := y.applier(t)
			_, err := a.Apply(t.Context(), plan)
			require.ErrorIs(t, err, apply.ErrLocked)
			assert.ErrorContains(t, err, "release.json.lock")
			_, err = a.Resume(t.Context())
			require.ErrorIs(t, err, apply.ErrLocked)
			_, err = a.Abandon(t.Context())
			require.ErrorIs(t, err, apply.ErrLocked)
			assert.Equal(t, before, y.place(t))

			require.NoError(t, other.Process.Kill())
			_ = other.Wait() // it was killed
			_, err = a.Apply(t.Context(), plan)
			require.NoError(t, err)
			assert.Contains(t, y.state(t), "complete: true")
		})
	}
}

func TestLock(t *testing.T) {
	j := apply.FileJournal{Path: filepath.Join(t.TempDir(), "missing", "release.json")}
	unlock, err := j.Lock(t.Context())
	require.NoError(t, err)
	_, err = j.Lock(t.Context())
	require.ErrorIs(t, err, apply.ErrLocked)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = j.Lock(cancelled)
	require.ErrorIs(t, err, context.Canceled)
	other, err := apply.FileJournal{Path: j.Path + "2"}.Lock(t.Context())
	require.NoError(t, err)
	require.NoError(t, other())
	require.NoError(t, unlock())
	unlock, err = j.Lock(t.Context())
	require.NoError(t, err)
	require.NoError(t, unlock())
	record, err := j.Load(t.Context())
	require.NoError(t, err)
	assert.Nil(t, record, "a lock is no record")

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = apply.FileJournal{Path: filepath.Join(file, "release.json")}.Lock(t.Context())
	require.Error(t, err)
	require.NotErrorIs(t, err, apply.ErrLocked)
}
