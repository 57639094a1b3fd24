package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/davit-sdk/davit/internal/haserver"
	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// shop is a service in production: processes behind an HAProxy.
type shop struct {
	dir    string
	server *haserver.Server
	fleet  *local.Fleet
	router *haproxy.Groups
	source *haproxy.Source
	target *rollout.Composed

	stop  context.CancelFunc
	hosts chan error // what a host does beside: it measures, and looks after HAProxy
}

const (
	replicas = 3
	timeout  = 30 * time.Second // for what takes a moment
)

// options are what HAProxy and its router agree upon.
func options(at haserver.Place) haproxy.GroupsOptions {
	return haproxy.GroupsOptions{
		Endpoint:      haproxy.Endpoint{Socket: at.Socket, Master: at.Master},
		Name:          "shop",
		Dir:           filepath.Join(at.Dir, "shop"),
		Headers:       []string{"X-Canary"},
		HealthPath:    traffic.HealthPath,
		DefaultServer: "check inter 200ms fall 3 rise 1",
	}
}

// configuration is all of HAProxy's. What its router needs in it is written by that.
func configuration(o haproxy.GroupsOptions, addr string) (string, error) {
	davit, err := o.Configuration()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`global
%s
defaults
    mode http
    timeout connect 2s
    timeout check 2s
    timeout client 30s
    timeout server 30s

%s
frontend shop
    bind %s
%s%s
%s`, davit.Global, davit.Ring, addr, davit.Frontend, davit.Log, davit.Backends), nil
}

// printConfiguration prints what a team would add to an HAProxy that it has.
func printConfiguration(out io.Writer) error {
	o := options(haserver.Place{Dir: "/etc/haproxy", Socket: "/run/haproxy/admin.sock", Master: "/run/haproxy-master.sock"})
	c, err := o.Configuration()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "# Its master's socket is HAProxy's option -S %s; files lie in %s.\n\n%s", o.Master, o.Dir, c)
	return err
}

// services are the versions that there are, as a fleet starts them. The last one is bad.
func services(pool strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
	service := traffic.Service{Version: pool.Revision.Version, Delay: 5 * time.Millisecond}
	if service.Version == bad {
		service.Fail = 0.08
	}
	return service.Command(inst)
}

// open starts an HAProxy, and makes a target of it and a fleet of processes, on which nothing runs yet.
func open(ctx context.Context) (_ *shop, err error) {
	s := &shop{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	var o haproxy.GroupsOptions
	s.server, err = haserver.Start(ctx, haserver.Options{Config: func(at haserver.Place) (string, error) {
		o = options(at)
		if err := o.CreateFiles(); err != nil {
			return "", err
		}
		return configuration(o, at.Addrs[0])
	}})
	if err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "davit-haproxy-"); err != nil {
		return nil, err
	}
	s.fleet, err = local.NewFleet(local.FleetOptions{
		Dir: s.dir, Service: "shop", Command: services, Grace: 5 * time.Second,
		Probe: local.Probe{Path: traffic.HealthPath, Interval: 50 * time.Millisecond},
	})
	if err != nil {
		return nil, err
	}
	if s.router, err = haproxy.NewGroups(o); err != nil {
		return nil, err
	}
	if err := s.router.Check(ctx); err != nil {
		return nil, err
	}
	if s.source, err = s.router.Source(haproxy.SourceOptions{Poll: 200 * time.Millisecond}); err != nil {
		return nil, err
	}
	if s.target, err = rollout.Compose(s.fleet, s.router, rollout.ComposeOptions{}); err != nil {
		return nil, err
	}
	hosting, stop := context.WithCancel(context.Background())
	s.stop, s.hosts = stop, make(chan error, 2)
	go func() { s.hosts <- s.source.Run(hosting) }()
	go func() { s.hosts <- s.router.Keep(hosting, time.Second) }()
	return s, nil
}

// install brings up what is there before any release.
func (s *shop) install(ctx context.Context, version string) error {
	state := strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: version}, Replicas: replicas, Share: strategy.All()}}
	return rollout.Restore(ctx, s.target, state, rollout.Options{Poll: 50 * time.Millisecond, Deadline: timeout})
}

// close ends everything, and waits for it.
func (s *shop) close() error {
	var errs []error
	if s.stop != nil {
		s.stop()
		for range cap(s.hosts) {
			if err := <-s.hosts; !errors.Is(err, context.Canceled) {
				errs = append(errs, err)
			}
		}
	}
	if s.server != nil {
		errs = append(errs, s.server.Close())
	}
	if s.fleet != nil {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		errs = append(errs, s.fleet.StopAll(ctx))
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
