//go:build !davit_ps

package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pollInterval is how often the fleet looks whether a process still runs.
const pollInterval = 50 * time.Millisecond

func supported() error { return nil }

// bootID tells this run of the system from all others.
func bootID() (string, error) {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data)), err
}

// procStat is what /proc/PID/stat tells of a process.
type procStat struct {
	group int
	start string // in clock ticks since the boot
	// ended says that only its entry in the process table is left.
	ended bool
}

func readStat(pid int) (procStat, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return procStat{}, err
	}
	return parseStat(data)
}

// parseStat reads proc_pid_stat(5). The program's name, the second field, may hold anything, so
// that counting begins behind its last parenthesis, at the third field.
func parseStat(data []byte) (procStat, error) {
	_, rest, found := cutLast(data, ')')
	fields := strings.Fields(string(rest))
	const state, group, threads, start = 3 - 3, 5 - 3, 20 - 3, 22 - 3
	if !found || len(fields) <= start {
		return procStat{}, fmt.Errorf("stat: %q is cut short", data)
	}
	g, err := strconv.Atoi(fields[group])
	if err != nil {
		return procStat{}, fmt.Errorf("stat: group: %w", err)
	}
	// A process whose first thread has ended looks like a zombie while its other threads go on.
	zombie := fields[state] == "Z" && fields[threads] == "1"
	return procStat{group: g, start: fields[start], ended: zombie || fields[state] == "X"}, nil
}

func cutLast(data []byte, sep byte) (before, after []byte, found bool) {
	i := bytes.LastIndexByte(data, sep)
	if i < 0 {
		return data, nil, false
	}
	return data[:i], data[i+1:], true
}

// startTime is when the process with that number, which may have ended but not been waited for,
// began.
func startTime(pid int) (string, error) {
	s, err := readStat(pid)
	return s.start, err
}

// check tells whether this very process still runs. An error means that it cannot be told.
func (p processID) check() (alive bool, err error) {
	s, err := readStat(p.PID)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false, nil
	}
	return err == nil && s.start == p.Start && !s.ended, err
}

// reap tells how the process, which is not alive, ended, and frees its number where it is a child.
func (p processID) reap() string {
	if s, err := readStat(p.PID); err != nil || s.start != p.Start {
		return "" // not a child of ours, or the number already is another process's
	}
	ending, _ := waitChild(p.PID)
	return ending
}

// groupMembers are the processes of a group that have not ended.
func groupMembers(group int) ([]int, error) {
	var found []int
	err := eachProcess(func(pid int) {
		if s, err := readStat(pid); err == nil && s.group == group && !s.ended {
			found = append(found, pid)
		}
	})
	return found, err
}

// markedProcesses are the processes that carry EnvInstance with one of the IDs and have not ended, by ID.
// Only processes of the same user can be read.
func markedProcesses(ids map[string]bool) (map[string][]int, error) {
	found := map[string][]int{}
	err := eachProcess(func(pid int) {
		env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if err != nil {
			return
		}
		for entry := range bytes.SplitSeq(env, []byte{0}) {
			id, ok := bytes.CutPrefix(entry, []byte(EnvInstance+"="))
			if !ok || !ids[string(id)] {
				continue
			}
			if s, err := readStat(pid); err == nil && !s.ended {
				found[string(id)] = append(found[string(id)], pid)
			}
			return
		}
	})
	return found, err
}

func eachProcess(do func(pid int)) error {
	dir, err := os.Open("/proc")
	if err != nil {
		return err
	}
	names, err := dir.Readdirnames(-1)
	if err = errors.Join(err, dir.Close()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	self := os.Getpid()
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && pid != self {
			do(pid)
		}
	}
	return nil
}
