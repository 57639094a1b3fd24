//go:build unix

package local_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// patience is how long a test waits for what must happen. It is generous because machines are
// slow at times; nothing waits for it that goes well.
const patience = 20 * time.Second

// envDir marks each process of a test by the state folder that it belongs to, so that tests find
// them without the help of the code that they test.
const envDir = "DAVIT_TEST_DIR"

var (
	one = strategy.Pool{Revision: strategy.Revision{Version: "1.0.0", Digest: "sha256:0123456789abcdef"}}
	two = strategy.Pool{Revision: strategy.Revision{Version: "2.0.0", Digest: "sha256:fedcba9876543210"}}
)

// options are those of a fleet whose instances play the part.
func options(dir, part string) local.FleetOptions {
	return local.FleetOptions{
		Dir: dir, Service: "shop", Command: playing(dir, part),
		Probe: local.Probe{Path: "/healthz", Interval: 20 * time.Millisecond},
		Grace: patience,
	}
}

func playing(dir, part string) func(strategy.Pool, local.InstanceSpec) (local.Command, error) {
	return func(_ strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
		self, err := os.Executable()
		return local.Command{
			Path: self, Args: []string{part, inst.Addr}, Env: append(os.Environ(), envDir+"="+dir),
		}, err
	}
}

// stateDir is a state folder, all processes of which are gone at the end of the test: those that a
// test leaves make it fail.
func stateDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() {
		left := processesOf(t, dir)
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		if !t.Failed() && len(left) > 0 {
			t.Errorf("processes %v are left", left)
		}
	})
	return dir
}

// open makes a fleet which is stopped at the end of the test, if it is not before.
func open(t *testing.T, o local.FleetOptions) *local.Fleet {
	t.Helper()
	f, err := local.NewFleet(o)
	require.NoError(t, err)
	t.Cleanup(func() { end(t, f) })
	return f
}

// end stops all that the fleet runs, at once.
func end(t *testing.T, f *local.Fleet) {
	t.Helper()
	now, cancel := context.WithCancel(context.Background())
	cancel()
	if err := f.StopAll(now); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func scale(t *testing.T, f *local.Fleet, pool strategy.Pool, n int, leaving ...string) {
	t.Helper()
	require.NoError(t, f.Scale(t.Context(), pool, n, leaving...))
}

func instances(t *testing.T, f *local.Fleet) []rollout.Instance {
	t.Helper()
	list, err := f.Instances(t.Context())
	require.NoError(t, err)
	return list
}

// inPhase are the instances in that phase.
func inPhase(t *testing.T, f *local.Fleet, phase rollout.Phase) []rollout.Instance {
	t.Helper()
	var list []rollout.Instance
	for _, i := range instances(t, f) {
		if i.Phase == phase {
			list = append(list, i)
		}
	}
	return list
}

// await waits until n instances are in the phase, and returns them.
func await(t *testing.T, f *local.Fleet, phase rollout.Phase, n int) []rollout.Instance {
	t.Helper()
	var list []rollout.Instance
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if list = inPhase(t, f, phase); len(list) == n {
			return list
		}
		if time.Now().After(deadline) {
			require.FailNowf(t, "it never came", "want %d instances %s, have %+v", n, phase, instances(t, f))
		}
	}
}

func comesTrue(t *testing.T, ok func() bool, format string, args ...any) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			require.FailNowf(t, "it never came", format, args...)
		}
	}
}

// tell sends a request to an instance and returns the answer; one that dies of it gives none.
func tell(t *testing.T, i rollout.Instance, path string) string {
	t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + i.Addr + path)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func process(t *testing.T, f *local.Fleet, id string) local.Process {
	t.Helper()
	for _, p := range f.Processes() {
		if p.ID == id {
			return p
		}
	}
	require.Failf(t, "no such process", "%s", id)
	return local.Process{}
}

// running reports whether the process is there and more than an entry in the process table.
func running(pid int) bool {
	if runtime.GOOS != "linux" {
		return syscall.Kill(pid, 0) == nil
	}
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(data[bytes.LastIndexByte(data, ')'):]), " ")
	// Threads may still be ending when the first one has.
	threads, _ := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	return rest != "" && rest[0] != 'X' && (rest[0] != 'Z' || len(threads) > 1)
}

// processesOf are the running processes that were started for the state folder. It knows nothing
// where there is no /proc.
func processesOf(t *testing.T, dir string) []int {
	t.Helper()
	var list []int
	processes, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	for _, path := range processes {
		env, err := os.ReadFile(filepath.Join(path, "environ"))
		if err != nil || !bytes.Contains(append(env, 0), []byte(envDir+"="+dir+"\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(path))
		require.NoError(t, err)
		if running(pid) {
			list = append(list, pid)
		}
	}
	return list
}

func pids(f *local.Fleet, phase rollout.Phase) []int {
	var list []int
	for _, p := range f.Processes() {
		if p.Phase == phase {
			list = append(list, p.PID)
		}
	}
	return list
}
