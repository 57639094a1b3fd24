//go:build unix

package local_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// host plays a host program: with a state folder, a part for its instances and their number, it
// scales up, says that all are ready, and lives on until it is killed. With the name of a crash
// point it kills itself there, at the second instance.
func host(args []string) {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		panic(err)
	}
	seen := 0
	o := local.WithCrashpoint(options(args[0], args[1]), func(name, _ string) {
		if len(args) < 4 || name != args[3] {
			return
		}
		if seen++; seen == 2 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
	})
	f, err := local.NewFleet(o)
	if err != nil {
		panic(err)
	}
	if err := f.Scale(noTest, one, n); err != nil {
		panic(err)
	}
	for ready := 0; ready < n; time.Sleep(5 * time.Millisecond) {
		list, err := f.Instances(noTest)
		if err != nil {
			panic(err)
		}
		ready = 0
		for _, i := range list {
			if i.Phase == rollout.Ready || i.Phase == rollout.Failed {
				ready++
			}
		}
	}
	fmt.Println("ready")
	sleep()
}

// hosted runs a host program, waits until it is ready or dead, and kills it.
func hosted(t *testing.T, args ...string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, append([]string{"host"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, _ := bufio.NewReader(out).ReadString('\n')
	_ = cmd.Process.Kill()
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal(), "the host must die by the kill")
	if len(args) < 4 {
		require.Equal(t, "ready\n", line)
	}
}

func TestInstancesSurviveTheirHost(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	hosted(t, dir, "serve", "3")
	before := processesOf(t, dir)
	f := open(t, options(dir, "serve"))
	ready := inPhase(t, f, rollout.Ready)
	require.Len(t, ready, 3, "they are ready as soon as the new fleet is there")
	for _, i := range ready {
		p := process(t, f, i.ID)
		assert.True(t, p.Adopted)
		assert.Contains(t, before, p.PID)
		assert.Equal(t, strconv.Itoa(p.PID), tell(t, i, "/pid"))
		assert.True(t, i.ReadySince.Before(time.Now().Add(-time.Millisecond)))
		tell(t, i, "/say/10")
		assert.Positive(t, size(p.LogFile), "the log goes on")
	}
	assert.ElementsMatch(t, before, processesOf(t, dir))

	tell(t, ready[0], "/die/1")
	failed := await(t, f, rollout.Failed, 1)[0]
	assert.Equal(t, ready[0].ID, failed.ID)
	assert.Contains(t, failed.Reason, "exit status unknown")
	assert.Contains(t, failed.Reason, "told to")
	scale(t, f, one, 1, ready[2].ID)
	comesTrue(t, func() bool { return len(processesOf(t, dir)) == 1 }, "adopted instances can be stopped")
	require.NoError(t, f.StopAll(t.Context()))
	assert.Empty(t, processesOf(t, dir))
}

// What is adopted and was ready before keeps its time; what is not ready now does not.
func TestReadinessOverAHandOver(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	o := options(dir, "serve")
	first := open(t, o)
	scale(t, first, one, 2)
	was := await(t, first, rollout.Ready, 2)
	require.NoError(t, first.Close(t.Context()))
	tell(t, was[1], "/unready")
	second := open(t, o)
	is := instances(t, second)
	require.Len(t, is, 2)
	assert.Equal(t, rollout.Ready, is[0].Phase)
	assert.True(t, was[0].ReadySince.Equal(is[0].ReadySince))
	assert.Equal(t, rollout.Unready, is[1].Phase)
	assert.Zero(t, is[1].ReadySince)
	tell(t, is[0], "/die/9")
	assert.Contains(t, await(t, second, rollout.Failed, 1)[0].Reason, "exit status 9", "the same host still is the parent")
}

func TestAHostThatDiesWhileItStartsInstances(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc to look for processes")
	}
	t.Parallel()
	for _, point := range []string{"intended", "released", "started", "recorded"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			dir := stateDir(t)
			hosted(t, dir, "serve", "3", point)
			f := open(t, options(dir, "serve"))
			known := pids(f, rollout.Ready)
			known = append(known, pids(f, rollout.Starting)...)
			assert.ElementsMatch(t, known, processesOf(t, dir), "what runs is what is known")
			want := 1
			if point == "recorded" {
				want = 2
			}
			assert.Len(t, known, want)
			scale(t, f, one, 3)
			await(t, f, rollout.Ready, 3)
			assert.Len(t, processesOf(t, dir), 3)
			assert.Empty(t, inPhase(t, f, rollout.Failed))
		})
	}
}

func TestADeathThatNobodySaw(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	hosted(t, dir, "serve", "2")
	killed := processesOf(t, dir)
	require.Len(t, killed, 2)
	require.NoError(t, syscall.Kill(killed[0], syscall.SIGKILL))
	comesTrue(t, func() bool { return !running(killed[0]) }, "it dies")
	f := open(t, options(dir, "serve"))
	require.Len(t, inPhase(t, f, rollout.Ready), 1)
	failed := inPhase(t, f, rollout.Failed)
	require.Len(t, failed, 1)
	assert.Contains(t, failed[0].Reason, "ended while no fleet watched it")
	require.NoError(t, f.Close(t.Context()))

	again := open(t, options(dir, "serve"))
	assert.Equal(t, failed, inPhase(t, again, rollout.Failed), "a failure is told under the same ID for ever")
}

// A host that dies while instances stop leaves the rest of it to the next one.
func TestStoppingGoesOnInTheNextFleet(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	o := options(dir, "stubborn")
	first := open(t, o)
	scale(t, first, one, 2)
	await(t, first, rollout.Ready, 2)
	scale(t, first, one, 1)
	require.NoError(t, first.Close(t.Context()))
	assert.Len(t, processesOf(t, dir), 2)
	o.Grace = 100 * time.Millisecond
	second := open(t, o)
	comesTrue(t, func() bool { return len(instances(t, second)) == 1 }, "it is killed by the second fleet")
	assert.Len(t, processesOf(t, dir), 1)
	assert.Len(t, inPhase(t, second, rollout.Ready), 1)
}

// alter changes the only state file in the folder and returns its path and what it then holds.
func alter(t *testing.T, dir string, change func(state map[string]any) []byte) (path string, data []byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "instances", "*", "state.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	data, err = os.ReadFile(files[0])
	require.NoError(t, err)
	var state map[string]any
	require.NoError(t, json.Unmarshal(data, &state))
	if data = change(state); data == nil {
		data, err = json.Marshal(state)
		require.NoError(t, err)
	}
	require.NoError(t, os.WriteFile(files[0], data, 0o600))
	return files[0], data
}

// bystander is a process that has nothing to do with any fleet.
func bystander(t *testing.T) int {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, "sleep")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		assert.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

func TestAnotherProcessIsNotAdopted(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(process map[string]any, other int){
		"its number was used again": func(p map[string]any, other int) { p["pid"] = other },
		"it began at another time":  func(p map[string]any, _ int) { p["start"] = "1" },
		"the system began anew":     func(p map[string]any, _ int) { p["boot"] = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := stateDir(t)
			other := bystander(t)
			if name == "its number was used again" {
				time.Sleep(1100 * time.Millisecond) // ps tells start times to the second
			}
			hosted(t, dir, "serve", "1")
			alter(t, dir, func(state map[string]any) []byte {
				forge(state["process"].(map[string]any), other)
				return nil
			})
			f := open(t, options(dir, "serve"))
			failed := inPhase(t, f, rollout.Failed)
			require.Len(t, failed, 1)
			assert.Contains(t, failed[0].Reason, "ended w")
			assert.True(t, running(other), "a bystander is left alone")
			assert.Empty(t, processesOf(t, dir), "the instance is found by its mark, and ended")
			scale(t, f, one, 1)
			await(t, f, rollout.Ready, 1)
			end(t, f)
			assert.True(t, running(other), "a bystander is left alone")
		})
	}
}

func TestAStateFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(state map[string]any) []byte{
		"empty":     func(map[string]any) []byte { return []byte{} },
		"cut short": func(map[string]any) []byte { return []byte(`{"format": 1, "id": "sho`) },
		"all processes": func(s map[string]any) []byte {
			s["process"].(map[string]any)["pid"] = -1
			return nil
		},
		"another's": func(s map[string]any) []byte { s["id"] = "shop-other"; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := stateDir(t)
			hosted(t, dir, "serve", "1")
			path, data := alter(t, dir, change)
			id := filepath.Base(filepath.Dir(path))
			f := open(t, options(dir, "serve"))
			assert.Empty(t, instances(t, f))
			assert.Empty(t, processesOf(t, dir))
			kept, err := os.ReadFile(filepath.Join(dir, "quarantine", id, "state.json"))
			require.NoError(t, err)
			assert.Equal(t, data, kept, "nothing is lost")
			assert.FileExists(t, filepath.Join(dir, "quarantine", id, "output.log"))
		})
	}
}

func TestAStateFolderThatIsNotOurs(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	first := open(t, options(dir, "serve"))
	scale(t, first, one, 1)
	await(t, first, rollout.Ready, 1)
	_, err := local.NewFleet(options(dir, "serve"))
	require.ErrorIs(t, err, local.ErrLocked)
	assert.ErrorContains(t, err, fmt.Sprintf("pid %d (", os.Getpid()))
	require.NoError(t, first.Close(t.Context()))

	o := options(dir, "serve")
	o.Service = "bank"
	_, err = local.NewFleet(o)
	assert.ErrorContains(t, err, `holds instances of "shop", not of "bank"`)

	path, _ := alter(t, dir, func(s map[string]any) []byte { s["format"] = 2; return nil })
	_, err = local.NewFleet(options(dir, "serve"))
	assert.ErrorContains(t, err, "format 2 is not 1")
	assert.Len(t, processesOf(t, dir), 1, "what is not understood is not touched")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(data), `"format":2`, `"format":1`, 1)), 0o600))

	last := open(t, options(dir, "serve"))
	assert.Len(t, inPhase(t, last, rollout.Ready), 1)
}

func TestRubbishInTheStateFolder(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "instances", "shop-halfmade", "work"), 0o700))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "instances", "Not An Instance"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "instances", "notes.txt"), []byte("mine"), 0o600))
	f := open(t, options(dir, "serve"))
	assert.Empty(t, instances(t, f))
	assert.NoDirExists(t, filepath.Join(dir, "instances", "shop-halfmade"))
	assert.DirExists(t, filepath.Join(dir, "instances", "Not An Instance"))
	assert.FileExists(t, filepath.Join(dir, "instances", "notes.txt"))
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(`{"format":1,"id":"shop-1","service":"shop","pool":{"revision":{"version":"1.0.0"}},"addr":"127.0.0.1:8080",
		"stage":"running","created":"2026-01-02T03:04:05Z","process":{"pid":4711,"start":"99","boot":"b"}}`))
	f.Add([]byte(`{"format":1,"id":"shop-1","service":"shop","pool":{"revision":{"version":"1.0.0"}},"addr":"127.0.0.1:8080",
		"stage":"intended","created":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"format":1,"id":"../x","stage":"failed","process":{"pid":-1}}`))
	f.Add([]byte(`{"format":2}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := local.ParseRecord(data)
		if err != nil {
			return
		}
		if pid, must := local.PIDOf(r); must && pid <= 1 || !must && pid != 0 {
			t.Fatalf("accepted a record with pid %d: %s", pid, data)
		}
		if strings.ContainsAny(r.ID, "/\\\x00") || strings.HasPrefix(r.ID, ".") {
			t.Fatalf("accepted the ID %q", r.ID)
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := local.ParseRecord(again); err != nil || !second.Created.Equal(r.Created) || second.Process != r.Process {
			t.Fatalf("%+v became %+v: %v", r, second, err)
		}
	})
}

// noTest is the context of what a host program does.
var noTest = context.Background()
