package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// launch is an instance that is about to be started.
type launch struct {
	record record
	dir    string
	cmd    *exec.Cmd
	// port keeps others away from the instance's port until it starts.
	port net.Listener
}

// discard gives back what the launch holds.
func (l *launch) discard() error { return errors.Join(l.port.Close(), discard(l.dir)) }

// release frees the port. A process that this host is just starting elsewhere has a copy of the
// listener until it runs its own program, and would keep the port taken: so the port is freed while
// none is being started.
func (l *launch) release() error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return l.port.Close()
}

// grow starts n instances. All are prepared before the first one starts, so that what is plainly
// wrong is found with nothing running.
func (f *Fleet) grow(ctx context.Context, pool strategy.Pool, n int) error {
	var launches []*launch
	for range n {
		l, err := f.prepare(pool)
		if err != nil {
			return errors.Join(err, discardAll(launches))
		}
		launches = append(launches, l)
	}
	var begun []*instance
	for at, l := range launches {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, discardAll(launches[at:]))
		}
		i, err := f.start(l)
		if err != nil {
			if cannotStart(err) {
				f.stop(begun...)
				err = rollout.Permanent(err)
			}
			return errors.Join(err, discardAll(launches[at+1:]))
		}
		begun = append(begun, i)
	}
	return nil
}

func discardAll(launches []*launch) error {
	var errs []error
	for _, l := range launches {
		errs = append(errs, l.discard())
	}
	return errors.Join(errs...)
}

// prepare does all that can be done for a new instance before its start.
func (f *Fleet) prepare(pool strategy.Pool) (*launch, error) {
	id := f.o.Service + "-" + strings.ToLower(rand.Text()[:12])
	dir := filepath.Join(f.o.Dir, instancesName, id)
	port, err := net.Listen("tcp", net.JoinHostPort(f.o.Host, "0"))
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	l := &launch{dir: dir, port: port, record: record{
		Format: stateFormat, ID: id, Service: f.o.Service, Pool: pool, Addr: port.Addr().String(),
		Stage: stageIntended, Created: time.Now(),
	}}
	if err := l.prepare(f.o.Command); err != nil {
		return nil, errors.Join(err, l.discard())
	}
	return l, nil
}

func (l *launch) prepare(command func(strategy.Pool, InstanceSpec) (Command, error)) error {
	work := filepath.Join(l.dir, workName)
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	c, err := command(l.record.Pool, InstanceSpec{ID: l.record.ID, Addr: l.record.Addr, Dir: work})
	if err != nil {
		return fmt.Errorf("command: %w", err)
	}
	if c.Dir == "" {
		c.Dir = work
	}
	path, err := c.check()
	if err != nil {
		err = fmt.Errorf("command %q: %w", c.Path, err)
		if cannotStart(err) {
			err = rollout.Permanent(err)
		}
		return err
	}
	if c.Env == nil {
		c.Env = os.Environ()
	}
	l.cmd = &exec.Cmd{
		Path: path, Args: append([]string{path}, c.Args...),
		Env: append(slices.Clone(c.Env), EnvInstance+"="+l.record.ID),
		Dir: c.Dir,
	}
	return nil
}

// check finds what is plainly wrong before anything starts, and returns the program's path.
func (c Command) check() (string, error) {
	path, err := findProgram(c.Path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(c.Dir)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "chdir", Path: c.Dir, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return "", fmt.Errorf("Dir: %w", err)
	}
	for at, entry := range c.Env {
		if key, _, ok := strings.Cut(entry, "="); !ok || key == "" || strings.ContainsRune(entry, 0) {
			// The entry itself may be a secret.
			return "", fmt.Errorf("Env[%d]: %w: want \"key=value\" without a zero byte", at, fs.ErrInvalid)
		}
	}
	return path, nil
}

// findProgram makes the path absolute, because the program runs in another folder than the host.
func findProgram(path string) (string, error) {
	found, err := exec.LookPath(path)
	if err != nil {
		// The name is said by the caller.
		if e := (*exec.Error)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return "", err
	}
	return filepath.Abs(found)
}

// start starts a prepared instance. After an error nothing of it runs, and nothing is left of it.
func (f *Fleet) start(l *launch) (*instance, error) {
	if err := writeRecord(l.dir, l.record); err != nil {
		return nil, errors.Join(fmt.Errorf("record the start of %s: %w", l.record.ID, err), l.discard())
	}
	f.o.crashpoint("intended", l.record.ID)
	out, err := openLog(l.dir)
	if err != nil {
		return nil, errors.Join(err, l.discard())
	}
	l.cmd.Stdout, l.cmd.Stderr = out, out
	err = l.release()
	f.o.crashpoint("released", l.record.Addr)
	var pid int
	if err == nil {
		pid, err = spawn(l.cmd)
	}
	err = errors.Join(err, out.Close())
	if pid == 0 {
		return nil, errors.Join(fmt.Errorf("command %q: %w", l.cmd.Path, err), discard(l.dir))
	}
	f.o.crashpoint("started", l.record.ID)
	i := newInstance(l.dir, l.record, rollout.Starting)
	i.reason = "not probed yet"
	if err = errors.Join(err, f.recordStart(i, pid)); err != nil {
		// Unrecorded, the next fleet would have to end it: better now, before it gets requests.
		err = errors.Join(err, signalGroup(pid, sigKill))
		waitLong(pid)
		return nil, errors.Join(fmt.Errorf("record the start of %s: %w", l.record.ID, err), discard(l.dir))
	}
	f.o.crashpoint("recorded", l.record.ID)
	f.log.Info("an instance was started", "instance", l.record.ID, "pool", l.record.Pool.String(), "pid", pid, "addr", l.record.Addr)
	f.mu.Lock()
	f.instances = append(f.instances, i)
	f.mu.Unlock()
	f.follow(i)
	return i, nil
}

func (f *Fleet) recordStart(i *instance, pid int) error {
	began, err := startTime(pid)
	if err != nil {
		return err
	}
	i.record.Stage, i.record.Process = stageRunning, processID{PID: pid, Start: began, Boot: f.boot}
	return f.save(i)
}

// waitLong waits for a child that was killed, so that its number is free.
func waitLong(pid int) {
	for deadline := time.Now().Add(killPatience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, ended := waitChild(pid); ended {
			return
		}
	}
}
