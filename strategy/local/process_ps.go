//go:build darwin || (linux && davit_ps)

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Where there is no /proc, ps(1) is asked instead. It tells start times to the second only, and
// darwin hides the environment of the system's own programs, so that an instance of such a program
// is not found again when its host was killed between starting and recording it.
//
// The build tag davit_ps chooses this way on Linux too, where the tests can prove it.

// pollInterval is how often the fleet looks whether a process still runs.
const pollInterval = 500 * time.Millisecond

// psPatience is how long ps may take.
const psPatience = 10 * time.Second

func supported() error {
	_, err := exec.LookPath("ps")
	return err
}

// bootID tells this run of the system from all others. It may be empty: start times by ps are
// dates, which no two runs share.
func bootID() (string, error) {
	if runtime.GOOS != "darwin" {
		return "", nil
	}
	out, err := exec.Command("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid").Output()
	return strings.TrimSpace(string(out)), err
}

func runPS(args ...string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), psPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ps", args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC0", "COLUMNS=")
	out, err := cmd.Output()
	// ps says with status 1 that there is no such process.
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 && len(exit.Stderr) == 0 {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("ps %s: %w", strings.Join(args, " "), err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' }), nil
}

// startTime is when the process with that number, which may have ended but not been waited for,
// began.
func startTime(pid int) (string, error) {
	_, start, err := inspect(pid)
	if err == nil && start == "" {
		err = fmt.Errorf("pid %d: no such process", pid)
	}
	return start, err
}

// inspect tells the state and the start of a process, both empty where there is none.
func inspect(pid int) (state, start string, err error) {
	lines, err := runPS("-o", "stat=,lstart=", "-p", strconv.Itoa(pid))
	if err != nil || len(lines) == 0 {
		return "", "", err
	}
	state, start, _ = strings.Cut(strings.TrimSpace(lines[0]), " ")
	return state, strings.Join(strings.Fields(start), " "), nil
}

// check tells whether this very process still runs. An error means that it cannot be told.
func (p processID) check() (alive bool, err error) {
	state, start, err := inspect(p.PID)
	return err == nil && start == p.Start && !strings.HasPrefix(state, "Z"), err
}

// reap tells how the process, which is not alive, ended, and frees its number where it is a child.
func (p processID) reap() string {
	ending, _ := waitChild(p.PID)
	return ending
}

// groupMembers are the processes of a group that have not ended.
func groupMembers(group int) ([]int, error) {
	lines, err := runPS("-A", "-o", "pid=,pgid=,stat=")
	var found []int
	for _, line := range lines {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[1] != strconv.Itoa(group) || strings.HasPrefix(fields[2], "Z") {
			continue
		}
		if pid, err := strconv.Atoi(fields[0]); err == nil {
			found = append(found, pid)
		}
	}
	return found, err
}

// markedProcesses are the processes that carry EnvInstance with one of the IDs and have not ended, by ID.
func markedProcesses(ids map[string]bool) (map[string][]int, error) {
	args := []string{"-A", "-E", "-ww", "-o", "pid=,command="}
	if runtime.GOOS == "linux" {
		args = []string{"axeww", "-o", "pid=,command="}
	}
	lines, err := runPS(args...)
	found := map[string][]int{}
	for _, line := range lines {
		for _, field := range strings.Fields(line) {
			id, ok := strings.CutPrefix(field, EnvInstance+"=")
			if !ok || !ids[id] {
				continue
			}
			pid, err := strconv.Atoi(strings.Fields(line)[0])
			if err == nil && pid != os.Getpid() {
				found[id] = append(found[id], pid)
			}
			break
		}
	}
	return found, err
}
