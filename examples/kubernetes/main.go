// Command kubernetes releases an image to a namespace of the cluster of the current kubeconfig context: as a
// canary, as blue-green, or by the Deployment's own rolling. Without arguments it tells what it needs, and what
// it would talk to.
//
//	go -C examples/kubernetes run .
//	go -C examples/kubernetes run . -namespace shop -name shop -manifest deployment.yaml -image registry.example.com/shop@sha256:…
//	go -C examples/kubernetes run . … -go
//
// It looks before it moves: it checks rights and objects, shows the plan, and moves nothing without -go. Where
// the context, the cluster, its server or the namespace look like production it refuses to do even that much
// unless told so. An interrupt (Ctrl-C) takes the release back.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// settings are what the flags say.
type settings struct {
	namespace, name, manifest, image, version string
	traffic, strategy, route                  string
	replicas                                  int
	bake                                      time.Duration
	run, production, rbac                     bool
}

const usage = `kubernetes releases an image to a namespace of the cluster of the current kubeconfig context.

usage: kubernetes                                               what it needs, and what it would talk to
       kubernetes -name NAME -manifest FILE -image IMAGE [...]  the plan
       kubernetes ... -go                                       carry it out; Ctrl-C takes it back

Exit status: 0 when it did what it was asked for, 1 when not, 2 for flags that are wrong.

`

func main() {
	var s settings
	flag.StringVar(&s.namespace, "namespace", "", "the namespace (default: the context's)")
	flag.StringVar(&s.name, "name", "", "the service's name; its Deployments are NAME-a and NAME-b, or NAME with -traffic native")
	flag.StringVar(&s.manifest, "manifest", "", "a file with the Deployment to make those of, as Helm or kustomize render it")
	flag.StringVar(&s.image, "image", "", "the image to release, by digest: REPOSITORY@sha256:…")
	flag.StringVar(&s.version, "version", "", "what people call it (default: the first digits of the digest)")
	flag.StringVar(&s.traffic, "traffic", "gateway", "gateway: weights of an HTTPRoute; selector: one Service's selector; native: one Deployment that rolls")
	flag.StringVar(&s.strategy, "strategy", "", "canary, bluegreen or native (default: what fits the traffic)")
	flag.StringVar(&s.route, "route", "", "the HTTPRoute, with -traffic gateway (default: the service's name)")
	flag.IntVar(&s.replicas, "replicas", 0, "how many pods shall run in the end (default: as many as now; 2 for a first release)")
	flag.DurationVar(&s.bake, "bake", 30*time.Second, "how long each step is watched")
	flag.BoolVar(&s.run, "go", false, "move; without it the plan is shown, and nothing is moved")
	flag.BoolVar(&s.production, "yes-this-is-production", false, "go on where the cluster or the namespace look like production")
	flag.BoolVar(&s.rbac, "rbac", false, "print the ServiceAccount, Role and RoleBinding that this needs, and end")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // who pipes the output to head ends its reader, and not the release
	if err := start(ctx, os.Stdout, s); err != nil {
		fmt.Fprintln(os.Stderr, "kubernetes:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, out io.Writer, s settings) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flag.Arg(0))
	}
	where, err := current(s.namespace)
	if s == (settings{namespace: s.namespace, traffic: s.traffic, bake: s.bake}) {
		tell(out, where, err)
		return nil
	}
	o, to, problem := s.options(where.namespace)
	if problem != nil {
		return problem
	}
	if s.rbac {
		return printRights(out, o)
	}
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	fmt.Fprintln(out, where)
	if sign := where.production(); sign != "" && !s.production {
		return fmt.Errorf("%s looks like production: give -yes-this-is-production if it is meant to be", sign)
	}
	return release(ctx, out, where, o, to, s)
}

// plan is the way from what runs to what shall run.
func (s settings) plan(from strategy.State, to strategy.Revision) (strategy.Plan, error) {
	replicas := s.replicas
	if replicas == 0 && from.Stable.Replicas == 0 {
		replicas = 2
	}
	switch s.kind() {
	case "canary":
		steps := []strategy.CanaryStep{{Share: strategy.Percent(5), Bake: s.bake}, {Share: strategy.Percent(50), Bake: s.bake}}
		return strategy.Canary{Replicas: replicas, Steps: steps}.Plan(from, to)
	case "bluegreen":
		return strategy.BlueGreen{Replicas: replicas, Warm: s.bake}.Plan(from, to)
	case "native":
		return strategy.Native{Replicas: replicas, After: strategy.Hold{Bake: s.bake}}.Plan(from, to)
	}
	return strategy.Plan{}, fmt.Errorf("-strategy: %q is none of canary, bluegreen and native", s.strategy)
}

// kind is the strategy, or what fits the traffic.
func (s settings) kind() string {
	switch {
	case s.strategy != "":
		return s.strategy
	case s.traffic == "selector":
		return "bluegreen"
	case s.traffic == "native":
		return "native"
	}
	return "canary"
}

var errIncomplete = errors.New("-name, -manifest and -image are needed; without any argument this says what for")
