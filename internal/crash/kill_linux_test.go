package crash_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// killsVariable says how many hosts are killed in all, and seedVariable when.
const (
	killsVariable = "DAVIT_KILLS"
	seedVariable  = "DAVIT_KILLS_SEED"
	defaultKills  = 25
)

func setting(t *testing.T, variable string, otherwise int) int {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, variable)
	return n
}

// A host that releases real processes is killed again and again, at random instants, and started again at
// once. In the end all releases are over as they should, what was acknowledged is there, nothing was done
// twice, and no process is left.
func TestAHostIsKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	kills, seed := setting(t, killsVariable, defaultKills), setting(t, seedVariable, 1)
	t.Logf("%d kills with the seed %d", kills, seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "effects"), 0o700))
	t.Cleanup(func() { reap(t, dir) })

	said := make(map[string]int)
	began := time.Now()
	for n := range kills {
		if err := live(t, dir, time.Duration(1+random.IntN(250))*time.Millisecond, said); err != nil {
			require.NoError(t, err, "host %d of %d", n+1, kills)
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "enough"), nil, 0o600))
	require.NoError(t, live(t, dir, 0, said))
	t.Logf("%d releases are over, %d signals were acknowledged, %s", count(said, "over "), count(said, "signal "), time.Since(began).Round(time.Millisecond))

	assert.Empty(t, processes(t, dir), "left running")
	require.NoError(t, journal.Verify(t.Context(), filepath.Join(dir, "journal")))
	aftermath(t, dir, said)
}

// live runs a host, and kills it after a while that is counted from when it has opened its journal; zero: it
// ends by itself.
func live(t *testing.T, dir string, kill time.Duration, said map[string]int) error {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(program, "victim", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	if kill == 0 {
		kill = 2 * time.Minute
	}
	timer := time.AfterFunc(kill, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "up" {
			timer.Reset(kill)
		}
		said[lines.Text()]++
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() && kill < 2*time.Minute {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, stderr.String())
	}
	return nil
}

func count(said map[string]int, prefix string) (n int) {
	for line := range said {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// aftermath looks at all that is left.
func aftermath(t *testing.T, dir string, said map[string]int) {
	t.Helper()
	j, err := journal.Open(filepath.Join(dir, "journal"), journal.Options{})
	require.NoError(t, err)
	defer j.Close()
	states := make(map[string]*ledger.State)
	signals := make(map[string]int)
	stands := make(map[string]bool)
	skipped := make(map[string]bool)
	for id, err := range j.Releases(t.Context()) {
		require.NoError(t, err)
		state := new(ledger.State)
		for e, err := range j.Events(context.Background(), id, 0) {
			require.NoError(t, err)
			require.NoError(t, state.Apply(e))
			if b, ok := e.Body.(ledger.Signalled); ok {
				signals["signal "+id+" "+b.Signal.ID]++
			}
		}
		states[id] = state
		want := stage.Succeeded
		undone := strings.HasPrefix(id, "heavy") && third(id)
		if undone {
			want = stage.RolledBack
		}
		assert.Equal(t, want, state.Outcome, "%s: %s", id, state.Reason)
		for _, name := range effectsOf(id, undone) {
			stands[name] = true
		}
		if st := state.Stage("charge"); st != nil && st.Outcome == stage.Skipped {
			skipped[id+"/charge"] = true
		}
	}
	for line := range said {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "begun":
			assert.Contains(t, states, rest, "it was acknowledged")
		case "signal":
			assert.Equal(t, 1, signals[line], "acknowledged, and recorded so often: %s", line)
		case "refused":
			assert.Fail(t, line)
		}
	}
	for line, n := range signals {
		assert.Equal(t, 1, n, line)
	}
	found, err := os.ReadDir(filepath.Join(dir, "effects"))
	require.NoError(t, err)
	var names []string
	for _, f := range found {
		names = append(names, f.Name())
	}
	assert.Equal(t, slices.Sorted(maps.Keys(stands)), names, "what is in effect")

	text, err := os.ReadFile(filepath.Join(dir, "once"))
	require.NoError(t, err)
	charged := make(map[string]int)
	for token := range strings.Lines(string(text)) {
		charged[strings.TrimSpace(token)]++
	}
	for id, state := range states {
		if state.Stage("charge") == nil {
			continue
		}
		token := id + "/charge"
		assert.LessOrEqual(t, charged[token], 1, token)
		assert.True(t, charged[token] == 1 || skipped[token], "%s: charged %d times", token, charged[token])
	}
}

// effectsOf are what a release leaves.
func effectsOf(id string, undone bool) (names []string) {
	add := func(stages string) {
		for name := range strings.FieldsSeq(stages) {
			names = append(names, id+"+"+name)
		}
	}
	switch {
	case undone:
		add("build+build")
	case strings.HasPrefix(id, "heavy"):
		add("build+build take+x take+x2 last+x")
	default:
		add("a+x a+x2 b+y b+y2 flaky+x last+z last+z2")
	}
	return names
}

// processes are those that have the folder on their command line.
func processes(t *testing.T, dir string) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte(dir)) {
			continue // it has ended
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		require.NoError(t, err)
		pids = append(pids, pid)
	}
	return pids
}

// reap ends what a test that failed has left.
func reap(t *testing.T, dir string) {
	for _, pid := range processes(t, dir) {
		t.Logf("process %d was left", pid)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// A process that sleeps keeps its journal; one that is dead does not, at once.
func TestAJournalBelongsToASleeperAndNotToTheDead(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "journal")
	cmd := exec.Command(program, "locker", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "open\n", line)
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	_, err = journal.Open(dir, journal.Options{})
	require.ErrorIs(t, err, journal.ErrLocked)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	j, err := journal.Open(dir, journal.Options{})
	require.NoError(t, err)
	require.NoError(t, j.Close())
}
