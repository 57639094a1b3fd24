package local

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// leftover is an instance's folder as an earlier fleet left it.
type leftover struct {
	dir    string
	record record
	// broken is why the record cannot be read.
	broken error
}

func (b leftover) id() string { return filepath.Base(b.dir) }

// adopt takes over what an earlier fleet left in the state folder. All of it is read before
// anything is done.
func (f *Fleet) adopt() error {
	left, err := f.survey()
	if err != nil {
		return err
	}
	var lost []leftover // their processes are gone or cannot be told
	var mine []*instance
	for _, l := range left {
		if l.broken == nil && (l.record.Stage == stageFailed || l.record.Stage == stageStopped) {
			mine = append(mine, remembered(l))
			continue
		}
		alive, err := f.runs(l)
		switch {
		case err != nil:
			return err
		case alive:
			mine = append(mine, f.adopted(l))
		default:
			lost = append(lost, l)
		}
	}
	if err := f.endOrphans(lost); err != nil {
		return err
	}
	for _, l := range lost {
		i, err := f.account(l)
		if err != nil {
			return err
		}
		if i != nil {
			mine = append(mine, i)
		}
	}
	slices.SortFunc(mine, func(a, b *instance) int {
		return cmp.Or(a.record.Created.Compare(b.record.Created), cmp.Compare(a.record.ID, b.record.ID))
	})
	f.instances = mine
	return f.resume()
}

// runs reports whether the process that was recorded still runs.
func (f *Fleet) runs(l leftover) (bool, error) {
	p := l.record.Process
	if l.broken != nil || l.record.Stage == stageIntended || p.Boot != f.boot {
		return false, nil
	}
	alive, err := p.check()
	if err != nil {
		return false, fmt.Errorf("%s: look for pid %d: %w", l.id(), p.PID, err)
	}
	return alive, nil
}

// survey reads all instances' folders.
func (f *Fleet) survey() ([]leftover, error) {
	root := filepath.Join(f.o.Dir, instancesName)
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var left []leftover
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		if !e.IsDir() || validName(e.Name()) != nil {
			f.log.Warn("something that is no instance lies in the state folder", "path", dir)
			continue
		}
		r, err := readRecord(dir)
		version := formatError{}
		switch {
		case errors.As(err, &version):
			return nil, fmt.Errorf("%s: %w", dir, err)
		case errors.Is(err, fs.ErrNotExist):
			if err := os.RemoveAll(dir); err != nil {
				return nil, err
			}
			continue
		case errors.Is(err, fs.ErrPermission):
			return nil, err
		case err == nil && r.Service != f.o.Service:
			return nil, fmt.Errorf("Service: %s holds instances of %q, not of %q", f.o.Dir, r.Service, f.o.Service)
		}
		left = append(left, leftover{dir, r, err})
	}
	return left, nil
}

func remembered(l leftover) *instance {
	phase := Stopped
	if l.record.Stage == stageFailed {
		phase = rollout.Failed
	}
	i := newInstance(l.dir, l.record, phase)
	i.reason, i.adopted = l.record.Reason, true
	close(i.gone)
	return i
}

func (f *Fleet) adopted(l leftover) *instance {
	phase, reason := rollout.Starting, "adopted, not probed yet"
	switch {
	case l.record.Stage == stageStopping:
		phase, reason = rollout.Stopping, ""
	case !l.record.ReadySince.IsZero():
		phase = rollout.Unready
	}
	i := newInstance(l.dir, l.record, phase)
	i.reason, i.adopted = reason, true
	f.log.Info("an instance was adopted", "instance", l.id(), "pool", l.record.Pool.String(), "pid", l.record.Process.PID, "addr", l.record.Addr)
	return i
}

// account settles what becomes of an instance whose processes are gone. It is nil where nothing
// remains to be remembered.
func (f *Fleet) account(l leftover) (*instance, error) {
	switch {
	case l.broken != nil:
		place, err := f.quarantine(l)
		if err == nil {
			f.log.Error("the state of an instance cannot be read, and what ran of it was ended",
				"instance", l.id(), "error", l.broken, "kept", place)
		}
		return nil, err
	case l.record.Stage == stageIntended:
		f.log.Info("an instance was being started when its host died, and is dropped", "instance", l.id())
		return nil, discard(l.dir)
	}
	r := &l.record
	if r.Stage == stageStopping {
		r.Stage = stageStopped
	} else {
		r.Stage = stageFailed
		r.Reason = "ended while no fleet watched it"
		if r.Process.Boot != f.boot {
			r.Reason = "ended with the system, which was started anew"
		}
		if tail := logTail(l.dir); tail != "" {
			r.Reason += ": " + tail
		}
		f.log.Error("an instance failed", "instance", r.ID, "pool", r.Pool.String(), "reason", r.Reason)
	}
	r.ReadySince, r.Ended = time.Time{}, time.Now().Round(0)
	return remembered(l), writeRecord(l.dir, *r)
}

// quarantine moves an instance's folder, as it is, to where a person can look at it.
func (f *Fleet) quarantine(l leftover) (string, error) {
	root := filepath.Join(f.o.Dir, quarantineName)
	if err := os.MkdirAll(root, 0o700); err != nil {
		return "", err
	}
	place := filepath.Join(root, l.id())
	return place, os.Rename(l.dir, place)
}

// resume follows what was adopted, and waits until it has been probed once.
func (f *Fleet) resume() error {
	var probed []*instance
	for _, i := range f.instances {
		if i.ended() {
			continue
		}
		if i.live() {
			probed = append(probed, i)
		} else {
			close(i.stop)
		}
		f.follow(i)
	}
	for _, i := range probed {
		<-i.probed
	}
	return f.prune()
}

// rescan is the time after which the process table is read again for processes that were between
// the system calls of their start when it was read first.
const rescan = 50 * time.Millisecond

// endOrphans ends all processes of the instances, which are found by EnvInstance, with SIGTERM,
// the grace period and SIGKILL.
func (f *Fleet) endOrphans(lost []leftover) error {
	if len(lost) == 0 {
		return nil
	}
	wanted := map[string]bool{}
	for _, l := range lost {
		wanted[l.id()] = true
	}
	time.Sleep(rescan)
	told := map[int]bool{}
	deadline := time.Now().Add(f.o.Grace)
	for quiet := 0; quiet < 2; time.Sleep(rescan) {
		orphans, err := markedProcesses(wanted)
		if err != nil {
			return fmt.Errorf("look for processes without a fleet: %w", err)
		}
		if len(orphans) == 0 {
			quiet++
			continue
		}
		quiet = 0
		kill := time.Now().After(deadline)
		if time.Now().After(deadline.Add(killPatience)) {
			return fmt.Errorf("processes without a fleet are still there after SIGKILL: %v", orphans)
		}
		for _, l := range lost {
			for _, pid := range orphans[l.id()] {
				if err := f.endOrphan(l.id(), pid, !told[pid], kill); err != nil {
					return err
				}
				told[pid] = true
			}
		}
	}
	return nil
}

func (f *Fleet) endOrphan(id string, pid int, first, kill bool) error {
	sig := sigTerm
	switch {
	case kill:
		sig = sigKill
	case !first:
		return nil
	}
	f.log.Warn("a process without a fleet is ended", "instance", id, "pid", pid, "signal", sig)
	if err := signalProcess(pid, sig); err != nil {
		return fmt.Errorf("end pid %d, a process of %s without a fleet: %w", pid, id, err)
	}
	return nil
}
