//go:build unix

package local_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

func TestAnInstanceBecomesReady(t *testing.T) {
	t.Parallel()
	f := open(t, options(stateDir(t), "slow"))
	scale(t, f, one, 1)
	first := instances(t, f)
	require.Len(t, first, 1)
	assert.Equal(t, rollout.Starting, first[0].Phase)
	assert.Zero(t, first[0].ReadySince)
	assert.NotEmpty(t, first[0].Reason)
	assert.Equal(t, one, first[0].Pool)

	before := time.Now()
	got := await(t, f, rollout.Ready, 1)[0]
	assert.Equal(t, first[0].ID, got.ID)
	assert.Empty(t, got.Reason)
	assert.WithinRange(t, got.ReadySince, before.Add(-time.Second), time.Now())
	p := process(t, f, got.ID)
	assert.Equal(t, strconv.Itoa(p.PID), tell(t, got, "/pid"))
	assert.FileExists(t, p.LogFile)
	assert.False(t, p.Adopted)
	assert.Equal(t, got.ReadySince, inPhase(t, f, rollout.Ready)[0].ReadySince, "it stays the same while the instance is ready")
}

func TestATCPProbe(t *testing.T) {
	t.Parallel()
	o := options(stateDir(t), "silent")
	o.Probe.Path = ""
	f := open(t, o)
	scale(t, f, one, 1)
	await(t, f, rollout.Ready, 1)
}

func TestReadinessFlaps(t *testing.T) {
	t.Parallel()
	o := options(stateDir(t), "serve")
	o.Probe.Failures, o.Probe.Successes = 2, 2
	f := open(t, o)
	scale(t, f, one, 1)
	was := await(t, f, rollout.Ready, 1)[0]
	tell(t, was, "/unready")
	unready := await(t, f, rollout.Unready, 1)[0]
	assert.Zero(t, unready.ReadySince)
	assert.Contains(t, unready.Reason, "503")
	tell(t, was, "/ready")
	again := await(t, f, rollout.Ready, 1)[0]
	assert.True(t, again.ReadySince.After(was.ReadySince), "the time of being ready begins anew")
	assert.Equal(t, was.ID, again.ID)
}

// Fewer failures in a row than Probe.Failures change nothing.
func TestReadinessStumbles(t *testing.T) {
	t.Parallel()
	o := options(stateDir(t), "serve")
	o.Probe.Failures = 3
	f := open(t, o)
	scale(t, f, one, 1)
	was := await(t, f, rollout.Ready, 1)[0]
	for range 3 {
		tell(t, was, "/stumble/2")
		comesTrue(t, func() bool { return tell(t, was, "/stumbles") == "-2" }, "two probes fail and two succeed")
	}
	assert.Equal(t, []rollout.Instance{was}, instances(t, f))
}

func TestAProbeThatIsNeverAnswered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ part, path, reason string }{
		{"silent", "/healthz", "deadline exceeded"},
		{"unready", "/healthz", "503 Service Unavailable"},
		{"serve", "/moved", "302 Found"},
		{"sleep", "/healthz", "connection refused"},
	} {
		t.Run(c.part, func(t *testing.T) {
			t.Parallel()
			o := options(stateDir(t), c.part)
			o.Probe.Path, o.Probe.Timeout = c.path, 100*time.Millisecond
			f := open(t, o)
			scale(t, f, one, 1)
			comesTrue(t, func() bool {
				list := instances(t, f)
				return len(list) == 1 && strings.Contains(list[0].Reason, c.reason)
			}, "%+v", instances(t, f))
			assert.Equal(t, rollout.Starting, instances(t, f)[0].Phase)
		})
	}
}

func TestScaleStopsThoseThatLeave(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	f := open(t, options(dir, "serve"))
	scale(t, f, one, 4)
	scale(t, f, two, 1)
	await(t, f, rollout.Ready, 5)
	before := instances(t, f)
	scale(t, f, one, 4, before[0].ID)
	assert.Len(t, inPhase(t, f, rollout.Ready), 5, "nobody leaves a pool that need not shrink")

	scale(t, f, one, 2, before[2].ID, before[0].ID, "shop-gone-long-ago")
	comesTrue(t, func() bool { return len(instances(t, f)) == 3 }, "two instances end")
	after := instances(t, f)
	assert.Equal(t, []string{before[1].ID, before[3].ID, before[4].ID}, []string{after[0].ID, after[1].ID, after[2].ID})
	assert.Equal(t, local.Stopped, process(t, f, before[0].ID).Phase)
	assert.Len(t, processesOf(t, dir), 3)

	scale(t, f, one, 0)
	scale(t, f, two, 0)
	comesTrue(t, func() bool { return len(instances(t, f)) == 0 }, "all instances end")
	assert.Empty(t, processesOf(t, dir))
}

func TestScaleStopsTheUnreadyAndTheYoungestFirst(t *testing.T) {
	t.Parallel()
	f := open(t, options(stateDir(t), "serve"))
	scale(t, f, one, 4)
	all := await(t, f, rollout.Ready, 4)
	tell(t, all[1], "/unready")
	await(t, f, rollout.Unready, 1)
	scale(t, f, one, 2)
	comesTrue(t, func() bool { return len(instances(t, f)) == 2 }, "two instances end")
	left := instances(t, f)
	assert.Equal(t, []string{all[0].ID, all[2].ID}, []string{left[0].ID, left[1].ID})
}

func TestScaleRefuses(t *testing.T) {
	t.Parallel()
	f := open(t, options(stateDir(t), "serve"))
	scale(t, f, one, 1)
	other := instances(t, f)[0].ID
	err := f.Scale(t.Context(), two, 0, other)
	assert.ErrorContains(t, err, other+" is of pool 1.0.0@0123456789ab")
	assert.True(t, isPermanent(err))
	assert.ErrorContains(t, f.Scale(t.Context(), one, -1), "below zero")
	assert.ErrorContains(t, f.Scale(t.Context(), strategy.Pool{}, 1), "no revision")
	assert.Len(t, instances(t, f), 1)
}

func TestACrashIsSeen(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	f := open(t, options(dir, "serve"))
	scale(t, f, one, 2)
	victim := await(t, f, rollout.Ready, 2)[0]
	tell(t, victim, "/die/7")
	got := await(t, f, rollout.Failed, 1)[0]
	assert.Equal(t, victim.ID, got.ID)
	assert.Zero(t, got.ReadySince)
	assert.Regexp(t, `^exit status 7 after [0-9.]+m?s: first words \| told to \[31mdie\[0m$`, got.Reason)
	assert.Len(t, processesOf(t, dir), 1, "it is not replaced by itself")

	scale(t, f, one, 2)
	ready := await(t, f, rollout.Ready, 2)
	assert.NotEqual(t, victim.ID, ready[0].ID)
	assert.NotEqual(t, victim.ID, ready[1].ID)
	assert.Len(t, inPhase(t, f, rollout.Failed), 1, "it is remembered")
	require.NoError(t, f.Forget(one))
	assert.Empty(t, inPhase(t, f, rollout.Failed))
	assert.Len(t, inPhase(t, f, rollout.Ready), 2)
	assert.NoDirExists(t, filepath.Dir(process(t, f, ready[0].ID).LogFile)+"/../"+victim.ID)
}

func TestACrashAtOnce(t *testing.T) {
	t.Parallel()
	f := open(t, options(stateDir(t), "crash"))
	for n := 1; n <= 3; n++ {
		scale(t, f, one, 1)
		got := await(t, f, rollout.Failed, n)
		assert.Regexp(t, `^exit status 3 after [0-9.]+m?s: reading the configuration \| no database$`, got[n-1].Reason)
	}
}

func TestFailuresAreForgottenInTheEnd(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	o := options(dir, "")
	o.Command = func(strategy.Pool, local.InstanceSpec) (local.Command, error) {
		return local.Command{Path: "false"}, nil
	}
	f := open(t, o)
	scale(t, f, two, 1)
	await(t, f, rollout.Failed, 1)
	scale(t, f, one, 23)
	comesTrue(t, func() bool {
		folders, err := os.ReadDir(filepath.Join(dir, "instances"))
		return err == nil && len(folders) == 21 && len(inPhase(t, f, rollout.Failed)) == 21
	}, "the oldest three are forgotten")
	for _, i := range inPhase(t, f, rollout.Failed) {
		if i.Pool == two {
			return
		}
	}
	t.Error("the failure of one pool was forgotten for those of another")
}

func TestKilledBySignal(t *testing.T) {
	t.Parallel()
	f := open(t, options(stateDir(t), "serve"))
	scale(t, f, one, 1)
	i := await(t, f, rollout.Ready, 1)[0]
	p, err := os.FindProcess(process(t, f, i.ID).PID)
	require.NoError(t, err)
	require.NoError(t, p.Kill())
	assert.Contains(t, await(t, f, rollout.Failed, 1)[0].Reason, "signal: killed after")
}

func TestStopKillsAfterTheGracePeriod(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	o := options(dir, "stubborn")
	o.Grace = 300 * time.Millisecond
	f := open(t, o)
	scale(t, f, one, 1)
	await(t, f, rollout.Ready, 1)
	begin := time.Now()
	scale(t, f, one, 0)
	assert.Less(t, time.Since(begin), o.Grace, "Scale does not wait")
	assert.Len(t, inPhase(t, f, rollout.Stopping), 1)
	scale(t, f, one, 0)
	comesTrue(t, func() bool { return len(instances(t, f)) == 0 }, "it is killed")
	assert.GreaterOrEqual(t, time.Since(begin), o.Grace)
	assert.Empty(t, processesOf(t, dir))
}

// The first process of the instance ends at SIGTERM, its child does not.
func TestStopEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	o := options(dir, "parent")
	o.Grace = 300 * time.Millisecond
	f := open(t, o)
	scale(t, f, one, 1)
	i := await(t, f, rollout.Ready, 1)[0]
	child := childOf(t, dir, i.ID)
	require.True(t, running(child))
	scale(t, f, one, 0)
	comesTrue(t, func() bool { return len(instances(t, f)) == 0 }, "the group ends")
	assert.False(t, running(child))
	assert.Empty(t, processesOf(t, dir))
}

func TestACrashEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	f := open(t, options(dir, "neglect"))
	scale(t, f, one, 1)
	i := await(t, f, rollout.Failed, 1)[0]
	assert.Contains(t, i.Reason, "exit status 4")
	assert.False(t, running(childOf(t, dir, i.ID)))
}

func childOf(t *testing.T, dir, id string) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "instances", id, "work", "child"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(string(data))
	require.NoError(t, err)
	return pid
}

func TestALogIsKeptSmall(t *testing.T) {
	t.Parallel()
	o := options(stateDir(t), "serve")
	o.LogLimit = 64 << 10
	f := open(t, o)
	scale(t, f, one, 1)
	i := await(t, f, rollout.Ready, 1)[0]
	file := process(t, f, i.ID).LogFile
	for range 10 {
		tell(t, i, "/say/1000")
	}
	comesTrue(t, func() bool { return size(file)+size(file+".1") <= o.LogLimit }, "a megabyte of output is cut")
	assert.Positive(t, size(file+".1"))
	tell(t, i, "/die/1")
	assert.Contains(t, await(t, f, rollout.Failed, 1)[0].Reason, "first words | told to")
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func TestAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	var thief net.Listener
	var once sync.Once
	f := open(t, local.WithCrashpoint(options(stateDir(t), "serve"), func(name, addr string) {
		if name == "released" {
			once.Do(func() {
				var err error
				thief, err = net.Listen("tcp", addr)
				assert.NoError(t, err)
			})
		}
	}))
	scale(t, f, one, 1)
	defer thief.Close()
	got := await(t, f, rollout.Failed, 1)[0]
	assert.Contains(t, got.Reason, "another process took its port "+thief.Addr().String())
	scale(t, f, one, 1)
	assert.NotEqual(t, thief.Addr().String(), await(t, f, rollout.Ready, 1)[0].Addr)
}

func TestAProgramThatDoesNotStart(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, []byte("no program"), 0o600))
	garbage := filepath.Join(t.TempDir(), "garbage")
	require.NoError(t, os.WriteFile(garbage, []byte{0x7f, 'E', 'L', 'F', 0}, 0o700))
	self, err := os.Executable()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		command local.Command
		says    string
	}{
		"missing":           {local.Command{Path: "/no/such/program"}, `command "/no/such/program": stat /no/such/program: no such file`},
		"not in PATH":       {local.Command{Path: "davit-no-such-program"}, `command "davit-no-such-program": executable file not found`},
		"without a name":    {local.Command{}, `command "": executable file not found`},
		"not executable":    {local.Command{Path: plain}, "plain\": permission denied"},
		"not a program":     {local.Command{Path: garbage}, "exec format error"},
		"no such folder":    {local.Command{Path: self, Dir: "/no/such/folder"}, "/no/such/folder"},
		"a folder":          {local.Command{Path: "/"}, `command "/": is a directory`},
		"a broken variable": {local.Command{Path: self, Env: []string{"A=\x00"}}, "Env[0]: invalid argument: want"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := stateDir(t)
			o := options(dir, "serve")
			o.Command = func(strategy.Pool, local.InstanceSpec) (local.Command, error) { return c.command, nil }
			f := open(t, o)
			err := f.Scale(t.Context(), one, 2)
			assert.ErrorContains(t, err, "scale 1.0.0@0123456789ab to 2: ")
			assert.ErrorContains(t, err, c.says)
			assert.True(t, isPermanent(err), "%v", err)
			assert.Empty(t, instances(t, f))
			left, err := os.ReadDir(filepath.Join(dir, "instances"))
			require.NoError(t, err)
			assert.Empty(t, left)
		})
	}
}

// What had started when the program went missing does not stay.
func TestAProgramThatGoesMissingMeanwhile(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	program := filepath.Join(t.TempDir(), "program")
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(self, program))
	o := options(dir, "serve")
	o.Command = func(_ strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
		return local.Command{Path: program, Args: []string{"serve", inst.Addr}, Env: append(os.Environ(), envDir+"="+dir)}, nil
	}
	f := open(t, local.WithCrashpoint(o, func(name, _ string) {
		if name == "recorded" {
			_ = os.Remove(program)
		}
	}))
	err = f.Scale(t.Context(), one, 3)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.True(t, isPermanent(err))
	comesTrue(t, func() bool { return len(instances(t, f)) == 0 }, "the one that started ends")
	assert.Empty(t, processesOf(t, dir))
}

func TestAnErrorOfCommand(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	o := options(dir, "serve")
	busy := errors.New("the artifact is still on its way")
	o.Command = func(strategy.Pool, local.InstanceSpec) (local.Command, error) { return local.Command{}, busy }
	f := open(t, o)
	err := f.Scale(t.Context(), one, 1)
	assert.ErrorIs(t, err, busy)
	assert.False(t, isPermanent(err), "the host says what is permanent")
	left, err := os.ReadDir(filepath.Join(dir, "instances"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// isPermanent looks for what rollout.Permanent wraps an error in.
func isPermanent(err error) bool {
	mark := reflect.TypeOf(rollout.Permanent(errors.New("")))
	for ; err != nil; err = errors.Unwrap(err) {
		if reflect.TypeOf(err) == mark {
			return true
		}
		if all, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range all.Unwrap() {
				if isPermanent(e) {
					return true
				}
			}
		}
	}
	return false
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	f := open(t, options(dir, "serve"))
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			assert.NoError(t, f.Scale(t.Context(), one, n))
			_, err := f.Instances(t.Context())
			assert.NoError(t, err)
			f.Processes()
			assert.NoError(t, f.Forget(two))
		})
	}
	wg.Wait()
	scale(t, f, one, 3)
	list := await(t, f, rollout.Ready, 3)
	seen := map[string]bool{}
	for _, i := range list {
		seen[i.Addr] = true
	}
	assert.Len(t, seen, 3, "each has a port of its own")
	comesTrue(t, func() bool { return len(processesOf(t, dir)) == 3 }, "no more than three run")
}

func TestFleetOptionsValidate(t *testing.T) {
	t.Parallel()
	err := local.FleetOptions{
		Service: "The Shop", Grace: -1, LogLimit: 10, Host: "0.0.0.0",
		Probe: local.Probe{Path: "healthz", Interval: time.Millisecond, Timeout: -1, Failures: -1, Successes: -1},
	}.Validate()
	for _, field := range []string{
		"Dir:", "Service:", "Command:", "Probe.Path:", "Probe.Interval:", "Probe.Timeout:",
		"Probe.Failures:", "Probe.Successes:", "Grace:", "LogLimit:", "Host:",
	} {
		assert.ErrorContains(t, err, field)
	}
	_, err = local.NewFleet(local.FleetOptions{})
	assert.ErrorContains(t, err, "Service: a name is missing")
	assert.NoError(t, options(t.TempDir(), "serve").Validate())
}
