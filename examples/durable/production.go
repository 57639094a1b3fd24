package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/command"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// replicas is how many shops production has.
const replicas = 3

// production are the shops, and the router before them. The shops outlive the host, the router does not.
type production struct {
	dir     string
	fleet   *local.Fleet
	router  *local.Router
	target  *rollout.Composed
	adopted []int // the pids of shops that an earlier host has left

	addr    string // of the router
	serving chan error
	stop    context.CancelFunc

	mu    sync.Mutex
	files map[strategy.Revision]string
}

func fleetOptions(dir string, command func(strategy.Pool, local.InstanceSpec) (local.Command, error)) local.FleetOptions {
	if command == nil {
		command = func(strategy.Pool, local.InstanceSpec) (local.Command, error) {
			return local.Command{}, errors.New("this fleet starts nothing")
		}
	}
	return local.FleetOptions{
		Dir: dir, Service: "shop", Command: command, Grace: 5 * time.Second,
		Probe: local.Probe{Path: "/healthz", Interval: 50 * time.Millisecond},
	}
}

func rolloutOptions() rollout.Options {
	return rollout.Options{Poll: 50 * time.Millisecond, GateInterval: 100 * time.Millisecond, Patience: 30 * time.Second, Deadline: 30 * time.Second}
}

// openProduction takes over what runs, and gives it its traffic. Where nothing runs, it begins with 1.0.0.
func openProduction(ctx context.Context, dir string) (_ *production, err error) {
	p := &production{dir: dir, serving: make(chan error, 1), files: map[strategy.Revision]string{}}
	if p.fleet, err = local.NewFleet(fleetOptions(filepath.Join(dir, "production"), p.command)); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.fleet.Close(context.Background()))
		}
	}()
	for _, running := range p.fleet.Processes() {
		if running.Ended.IsZero() {
			p.adopted = append(p.adopted, running.PID)
		}
	}
	if p.router, err = local.NewRouter(local.RouterOptions{}); err != nil {
		return nil, err
	}
	if p.target, err = rollout.Compose(p.fleet, p.router, rollout.ComposeOptions{}); err != nil {
		return nil, err
	}
	if err := p.restore(ctx); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.addr = listener.Addr().String()
	ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() { p.serving <- p.router.Serve(ctx, listener) }()
	return p, nil
}

// restore gives the router its table again, which was lost with the last host.
func (p *production) restore(ctx context.Context) error {
	now, err := rollout.Current(ctx, p.target)
	switch {
	case errors.Is(err, rollout.ErrUnderWay):
		return nil // whoever takes the rollout up does it
	case errors.Is(err, rollout.ErrDark):
		if err := p.recall(ctx, now.Stable.Revision); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		path, err := pack(p.dir, "1.0.0")
		if err != nil {
			return err
		}
		first, err := command.Digest(ctx, path)
		if err != nil {
			return err
		}
		revision := strategy.Revision{Version: "1.0.0", Digest: first.Digest}
		if err := p.prepare(ctx, revision, first); err != nil {
			return err
		}
		now = strategy.State{Stable: strategy.Group{Revision: revision, Replicas: replicas, Share: strategy.All()}}
	}
	return rollout.Restore(ctx, p.target, now, rolloutOptions())
}

// prepare learns where the artifact of a revision lies. What was built is what runs.
func (p *production) prepare(ctx context.Context, r strategy.Revision, a stage.Artifact) error {
	now, err := command.Digest(ctx, a.Location)
	if err != nil {
		return err
	}
	if now.Digest != r.Digest {
		return fmt.Errorf("%s is not what was built: its digest is %s, not %s", a.Location, now.Digest, r.Digest)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files[r] = a.Location
	return nil
}

// recall learns it for a revision that was released before, by whichever host.
func (p *production) recall(ctx context.Context, r strategy.Revision) error {
	return p.prepare(ctx, r, stage.Artifact{Location: packed(p.dir, r.Version)})
}

// command says how a shop is started.
func (p *production) command(pool strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	path, ok := p.files[pool.Revision]
	if !ok {
		return local.Command{}, rollout.Permanent(fmt.Errorf("nobody said where %s lies", pool.Revision))
	}
	self, err := os.Executable()
	if err != nil {
		return local.Command{}, err
	}
	return local.Command{Path: self, Args: []string{inst.Addr, path}, Env: append(os.Environ(), envRole+"=shop")}, nil
}

// close ends the router and all shops.
func (p *production) close(ctx context.Context) error {
	p.stop()
	return errors.Join(<-p.serving, p.router.Close(ctx), p.fleet.StopAll(ctx))
}
