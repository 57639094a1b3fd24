// Command canary rolls two revisions out as canaries, and uses nothing of Davit but the rollout: no pipeline, no
// engine, no store. Instances are processes of this machine behind a router in this process. The first revision is
// promoted; the second one fails a part of its requests, and is taken back.
//
//	go run ./examples/canary
//
// It is one file, to be copied: what is particular to it is the service, which the program is itself when it is
// started with an address, and its customers. It needs Go on Linux or macOS, and no network beyond loopback, and
// ends with status 0 when it went as it should.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

func main() {
	if len(os.Args) == 3 { // this process is an instance
		fmt.Fprintln(os.Stderr, serve(os.Args[1], os.Args[2]))
		os.Exit(1)
	}
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "usage: canary (it takes no arguments)")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // who pipes the output to head ends its reader, and not the way back
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "canary:", err)
		os.Exit(1)
	}
}

// serve is one instance of the service. Revision 1.2.0 fails a fifth of its requests.
func serve(addr, version string) error {
	return http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if version == "1.2.0" && rand.N(5) == 0 {
			http.Error(w, "no cake", http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, version)
	}))
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "canary")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}

	// Where it runs. A fleet and a router of yours implement rollout.Fleet and rollout.Router, two methods each.
	fleet, err := local.NewFleet(local.FleetOptions{
		Dir: dir, Service: "shop",
		Command: func(pool strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
			return local.Command{Path: self, Args: []string{inst.Addr, pool.Revision.Version}}, nil
		},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fleet.StopAll(context.WithoutCancel(ctx))) }()
	router, err := local.NewRouter(local.RouterOptions{})
	if err != nil {
		return err
	}
	target, err := rollout.Compose(fleet, router, rollout.ComposeOptions{})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, shut := context.WithCancel(context.WithoutCancel(ctx))
	served, gone := make(chan error, 1), make(chan struct{})
	go func() { served <- router.Serve(serving, listener) }()
	go func() { visit(serving, "http://"+listener.Addr().String()); close(gone) }()
	defer func() {
		shut()
		<-gone
		err = errors.Join(err, <-served, router.Close(context.WithoutCancel(ctx)))
	}()

	// How it is rolled out, and what lets it go on: any metrics.Source can stand where the router stands.
	canary := strategy.Canary{Replicas: 3, Bake: time.Second, Gates: []string{"errors"}}
	gates := map[string]gate.Gate{"errors": gate.ErrorRate{Source: router, Max: 0.02, MinRequests: 50}}
	for _, r := range []struct {
		version string
		want    rollout.Outcome
	}{
		{"1.0.0", rollout.Promoted}, // nothing runs yet
		{"1.1.0", rollout.Promoted},
		{"1.2.0", rollout.RolledBack},
	} {
		outcome, err := release(ctx, target, canary, strategy.Revision{Version: r.version}, gates)
		if outcome != r.want {
			return fmt.Errorf("%s should be %s: %w", r.version, r.want, err)
		}
	}
	return nil
}

// release brings one revision to the target, and tells how it goes.
func release(ctx context.Context, target rollout.Target, s strategy.Strategy, to strategy.Revision, gates map[string]gate.Gate) (rollout.Outcome, error) {
	from, err := rollout.Current(ctx, target)
	if err != nil {
		return "", err
	}
	plan, err := s.Plan(from, to)
	if err != nil {
		return "", err
	}
	fmt.Println(plan.Table())
	r, err := rollout.New(target, plan, rollout.Options{
		Gates: gates, GateInterval: 200 * time.Millisecond, Poll: 50 * time.Millisecond,
		Notify: func(e rollout.Event) {
			if e.Kind == rollout.StepReached || e.Kind == rollout.GoingBack {
				fmt.Println(" ", e.Text)
			}
		},
	})
	if err != nil {
		return "", err
	}
	result, err := r.Run(ctx)
	fmt.Printf("%s is %s\n\n", to, result.Outcome)
	return result.Outcome, err
}

// visit asks for the service all the time.
func visit(ctx context.Context, url string) {
	for ctx.Err() == nil {
		if response, err := http.Get(url); err == nil {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		time.Sleep(2 * time.Millisecond)
	}
}
