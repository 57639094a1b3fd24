package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/command"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// environment is a place where the service runs: processes behind a router in this process.
type environment struct {
	name     string
	replicas int
	addr     string // where the router listens
	fleet    *local.Fleet
	router   *local.Router
	target   *rollout.Composed

	serving chan error
	stop    context.CancelFunc

	mu       sync.Mutex
	binaries map[strategy.Revision]string
}

func newEnvironment(name, dir string, replicas int) (_ *environment, err error) {
	e := &environment{name: name, replicas: replicas, binaries: map[strategy.Revision]string{}, serving: make(chan error, 1)}
	e.fleet, err = local.NewFleet(local.FleetOptions{
		Dir:     filepath.Join(dir, name),
		Service: "shop",
		Command: e.command,
		Probe:   local.Probe{Path: "/healthz", Interval: 50 * time.Millisecond},
		Grace:   5 * time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.fleet.Close(context.Background()))
		}
	}()
	if e.router, err = local.NewRouter(local.RouterOptions{}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if e.target, err = rollout.Compose(e.fleet, e.router, rollout.ComposeOptions{}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	e.addr = listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	go func() { e.serving <- e.router.Serve(ctx, listener) }()
	return e, nil
}

// command says how an instance is started.
func (e *environment) command(pool strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	path, ok := e.binaries[pool.Revision]
	if !ok {
		return local.Command{}, rollout.Permanent(fmt.Errorf("no binary of %s is installed", pool.Revision))
	}
	return local.Command{Path: path, Args: []string{"-addr", inst.Addr}}, nil
}

// install tells the environment where the binary of a revision lies. What was built is what runs:
// the file must still have the digest that it was tested with.
func (e *environment) install(ctx context.Context, r strategy.Revision, a stage.Artifact) error {
	now, err := command.Digest(ctx, a.Location)
	if err != nil {
		return err
	}
	if now.Digest != r.Digest {
		return fmt.Errorf("%s is not what was built: its digest is %s, not %s", a.Location, now.Digest, r.Digest)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.binaries[r] = a.Location
	return nil
}

// running says what runs where, a line a process.
func (e *environment) running() []string {
	var lines []string
	for _, p := range e.fleet.Processes() {
		if p.Ended.IsZero() {
			lines = append(lines, fmt.Sprintf("%-10s %s  pid %d  %s  %s", e.name, p.Pool, p.PID, p.Addr, p.Phase))
		}
	}
	return lines
}

// close ends all that the environment runs, and waits for it.
func (e *environment) close(ctx context.Context) error {
	e.stop()
	return errors.Join(<-e.serving, e.router.Close(ctx), e.fleet.StopAll(ctx))
}
