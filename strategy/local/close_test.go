//go:build unix

package local_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

func TestStopAllLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	f := open(t, options(dir, "serve"))
	scale(t, f, one, 2)
	scale(t, f, two, 1)
	await(t, f, rollout.Ready, 3)
	require.NoError(t, f.StopAll(t.Context()))
	assert.Empty(t, processesOf(t, dir))
	for _, p := range f.Processes() {
		assert.Equal(t, local.Stopped, p.Phase)
		assert.False(t, p.Ended.IsZero())
	}
	assert.Len(t, f.Processes(), 3, "what ran where is still told")
	require.NoError(t, f.StopAll(t.Context()), "it may be called again")
	require.NoError(t, f.Close(t.Context()))
	assert.ErrorIs(t, f.Scale(t.Context(), one, 1), local.ErrFleetClosed)
	assert.ErrorIs(t, f.Forget(one), local.ErrFleetClosed)
	_, err := f.Instances(t.Context())
	assert.ErrorIs(t, err, local.ErrFleetClosed)
}

func TestStopAllKillsWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	f := open(t, options(dir, "stubborn"))
	scale(t, f, one, 2)
	ready := await(t, f, rollout.Ready, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := f.StopAll(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, ready[0].ID)
	assert.ErrorContains(t, err, ready[1].ID)
	assert.NotContains(t, err.Error(), "still there")
	assert.Empty(t, processesOf(t, dir))
}

func TestCloseLeavesAllRunning(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	o := options(dir, "serve")
	f := open(t, o)
	scale(t, f, one, 2)
	ready := await(t, f, rollout.Ready, 2)
	require.NoError(t, f.Close(t.Context()))
	require.NoError(t, f.Close(t.Context()), "it may be called again")
	require.NoError(t, f.StopAll(t.Context()), "what was left is not touched any more")
	assert.Len(t, processesOf(t, dir), 2)
	for _, i := range ready {
		assert.NotEmpty(t, tell(t, i, "/pid"))
	}
	end(t, open(t, o))
	assert.Empty(t, processesOf(t, dir))
}

// A closed fleet has no goroutine left, whatever its instances were doing. It runs alone, because
// it looks at the stacks of the whole test.
func TestNoGoroutineIsLeft(t *testing.T) {
	noneLeft := func() {
		t.Helper()
		// The goroutine that says that all is over needs an instant to be so itself.
		comesTrue(t, func() bool { return !strings.Contains(stacks(), "local.(*Fleet)") }, "a goroutine is left")
	}
	for _, part := range []string{"serve", "silent", "stubborn", "crash"} {
		f := open(t, options(stateDir(t), part))
		scale(t, f, one, 2)
		scale(t, f, one, 1)
		require.NoError(t, f.Close(t.Context()))
		noneLeft()
		end(t, open(t, options(filepath.Dir(filepath.Dir(filepath.Dir(f.Processes()[0].LogFile))), part)))
		noneLeft()
	}
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

func TestTheLastThirdOfALogIsKept(t *testing.T) {
	t.Parallel()
	const limit = 3000
	for _, written := range []int{0, 10, 999, 1000, 1001, 2500, 100_000} {
		dir := t.TempDir()
		file := filepath.Join(dir, "output.log")
		text := strings.Repeat("0123456789abcde\n", written/16+1)[:written]
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		require.NoError(t, local.CapLog(dir, limit))
		now, err := os.ReadFile(file)
		require.NoError(t, err)
		old, err := os.ReadFile(file + ".1")
		if written < limit/3 {
			require.ErrorIs(t, err, os.ErrNotExist)
		} else {
			require.NoError(t, err)
		}
		kept := string(old) + string(now)
		assert.True(t, strings.HasSuffix(text, kept), "%d: what is kept is the end", written)
		assert.GreaterOrEqual(t, len(kept), min(written, limit/3))
		assert.LessOrEqual(t, len(kept), limit)
	}
}

func TestLogTail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, now, want string }{
		"nothing":       {"", "", ""},
		"one line":      {"", "hello\n", "hello"},
		"no line end":   {"", "a\nb", "a | b"},
		"over both":     {"a\n", "b\n", "a | b"},
		"cut in a line": {"one l", "ine\n", "one line"},
		"blank lines":   {"", "\n\n  a\n\t\n", "a"},
		"controls":      {"", "a\x1b[2J\x07b\tc\x00\r\n", "a[2Jb c"},
		"bidi":          {"", "a\u202eb\n", "ab"},
		"not UTF-8":     {"", "a\xff\xfeb\n", "a\uFFFDb"},
		"many lines":    {"", strings.Repeat("x\n", 50), strings.TrimSuffix(strings.Repeat("x | ", 10), " | ")},
		"a long line":   {"", strings.Repeat("y", 5000) + "\nend\n", "end"},
		"only that":     {"", strings.Repeat("y", 5000), strings.Repeat("y", 1024)},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "output.log")
		require.NoError(t, os.WriteFile(file, []byte(c.now), 0o600))
		if c.old != "" {
			require.NoError(t, os.WriteFile(file+".1", []byte(c.old), 0o600))
		}
		assert.Equal(t, c.want, local.LogTail(dir), name)
	}
	assert.Empty(t, local.LogTail(filepath.Join(t.TempDir(), "nowhere")))
}
