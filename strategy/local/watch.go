package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"time"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// follow starts the two goroutines that every instance with a process has: one probes it, one sees
// it end and ends it. Both are over when the instance is gone or the fleet is closed.
func (f *Fleet) follow(i *instance) {
	probing, cancel := context.WithCancel(f.watching)
	f.watchers.Go(func() { f.probe(probing, i) })
	f.watchers.Go(func() {
		defer cancel()
		f.watch(i, cancel)
	})
}

// watch sees the instance through to its end, unless the fleet is closed before.
func (f *Fleet) watch(i *instance, unprobe func()) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	process := i.record.Process // never changes once the instance is followed
	for {
		select {
		case <-f.watching.Done():
			return
		case <-i.stop:
			unprobe()
			if f.endGroup(i, tick) {
				f.finish(i, process.reap())
			}
			return
		case <-tick.C:
		}
		f.capLog(i)
		if !process.alive() {
			unprobe()
			if f.killRest(i, tick) {
				f.finish(i, process.reap())
			}
			return
		}
	}
}

func (f *Fleet) capLog(i *instance) {
	if err := capLog(i.dir, f.o.LogLimit); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.log.Warn("the log of an instance cannot be kept small", "instance", i.record.ID, "error", err)
	}
}

// endGroup asks the instance's group to end, and kills it when the grace period is over. It
// reports whether the group is gone: it is not when the fleet was closed meanwhile.
func (f *Fleet) endGroup(i *instance, tick *time.Ticker) bool {
	group, id := i.record.Process.PID, i.record.ID
	f.log.Info("an instance is told to end", "instance", id, "pid", group, "grace", f.o.Grace)
	if !f.groupGone(i) {
		if err := signalGroup(group, sigTerm); err != nil {
			f.log.Error("an instance cannot be told to end", "instance", id, "error", err)
		}
	}
	grace := time.NewTimer(f.o.Grace)
	defer grace.Stop()
	for !f.groupGone(i) {
		select {
		case <-f.watching.Done():
			return false
		case <-i.hurry:
			return f.killRest(i, tick)
		case <-grace.C:
			f.log.Warn("an instance did not end within its grace period and is killed", "instance", id, "pid", group)
			return f.killRest(i, tick)
		case <-tick.C:
			f.capLog(i)
		}
	}
	return true
}

// killRest kills what is left of the instance's group until nothing is. It reports whether the
// group is gone: it is not when the fleet was closed meanwhile.
func (f *Fleet) killRest(i *instance, tick *time.Ticker) bool {
	for again := false; !f.groupGone(i); again = true {
		if err := signalGroup(i.record.Process.PID, sigKill); err != nil && !again {
			f.log.Error("an instance cannot be killed", "instance", i.record.ID, "error", err)
		}
		select {
		case <-f.watching.Done():
			return f.groupGone(i)
		case <-tick.C:
		}
	}
	return true
}

// groupGone reports whether no process of the instance's group runs. A group is signalled only
// when it has just been seen not to be gone: as long as it has a member, the system gives its number
// to no other.
func (f *Fleet) groupGone(i *instance) bool {
	if i.record.Process.alive() {
		return false
	}
	rest, err := groupMembers(i.record.Process.PID)
	if err != nil {
		f.log.Error("the process table cannot be read", "error", err)
	}
	return err == nil && len(rest) == 0
}

// finish records the end of an instance, whose group is gone.
func (f *Fleet) finish(i *instance, ending string) {
	defer close(i.gone)
	f.capLog(i)
	f.mu.Lock()
	wasReady, told := i.phase == rollout.Ready || i.phase == rollout.Unready, i.phase == rollout.Stopping
	f.mu.Unlock()
	now := time.Now()
	phase, at := Stopped, stageStopped
	var reason string
	if !told {
		phase, at = rollout.Failed, stageFailed
		reason = f.failure(i, ending, now, wasReady)
	}
	f.mu.Lock()
	i.phase, i.reason = phase, reason
	i.record.Stage, i.record.Reason, i.record.Ended, i.record.ReadySince = at, reason, now, time.Time{}
	f.mu.Unlock()
	f.saveOrLog(i)
	if told {
		f.log.Info("an instance was stopped", "instance", i.record.ID)
	} else {
		f.log.Error("an instance failed", "instance", i.record.ID, "pool", i.record.Pool.String(), "reason", reason)
	}
	if err := f.prune(); err != nil && !errors.Is(err, ErrFleetClosed) {
		f.log.Error("an old instance cannot be forgotten", "error", err)
	}
}

// failure says why an instance failed: how it ended, how long it lived, what it last said.
func (f *Fleet) failure(i *instance, ending string, now time.Time, wasReady bool) string {
	if ending == "" {
		ending = "ended, exit status unknown,"
	}
	reason := fmt.Sprintf("%s after %s", ending, lifetime(now.Sub(i.record.Created)))
	if !wasReady && portInUse(i.record.Addr) {
		reason += fmt.Sprintf(": another process took its port %s before it could listen there", i.record.Addr)
	}
	if tail := logTail(i.dir); tail != "" {
		reason += ": " + tail
	}
	return reason
}

func lifetime(d time.Duration) time.Duration {
	if d >= time.Minute {
		return d.Round(time.Second)
	}
	return d.Round(10 * time.Millisecond)
}

// portInUse reports whether somebody listens on the address.
func portInUse(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return portTaken(err)
	}
	return l.Close() != nil
}
