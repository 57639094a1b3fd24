package kubernetes_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"

	"github.com/davit-sdk/davit/internal/integration/kubernetes/load"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// repository is where the images of the tests come from.
const repository = "registry.test/web"

// version is a revision of the service web.
func version(v string) strategy.Revision {
	return strategy.Revision{Version: v, Digest: fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(v)))}
}

// image is what the pods of a revision run.
func image(r strategy.Revision) string { return repository + "@" + r.Digest }

// behaves are arguments of the service web that make a revision misbehave.
func behaves(r strategy.Revision, how string) []string {
	return []string{"-behave", r.Digest + "=" + how}
}

// options are those of a target for the service web. Pods serve on for a moment when they are to end, and a slot
// drains for one: the edge takes notice far sooner.
func options(namespace string, w workload, traffic kubernetes.Traffic) kubernetes.Options {
	w.name = "web"
	o := kubernetes.Options{
		Name: "web", Namespace: namespace, Traffic: traffic, Deployment: w.deployment(), Repository: repository,
		DrainDelay: time.Second, PreStop: 2 * time.Second,
	}
	if *chatty {
		o.Logger = hclog.New(&hclog.LoggerOptions{Name: namespace, Level: hclog.Debug})
	}
	return o
}

// open opens a target as somebody, or as the administrator where that is nil.
func (s space) open(o kubernetes.Options, as *rest.Config) *kubernetes.Target {
	s.Helper()
	target, err := s.tryOpen(o, as)
	require.NoError(s, err)
	s.Cleanup(target.Close)
	return target
}

func (s space) tryOpen(o kubernetes.Options, as *rest.Config) (*kubernetes.Target, error) {
	if as == nil {
		as = s.Config()
	}
	clients, err := kubernetes.Connect(as)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	return kubernetes.Open(ctx, clients, o)
}

// prepare makes what the host brings: with a Gateway the HTTPRoute, which leads to a Service that is not there.
func (s space) prepare(traffic kubernetes.Traffic) {
	if _, ok := traffic.(kubernetes.Gateway); ok {
		s.route("web", `[{"backendRefs":[{"name":"web","port":8080}]}]`)
	}
}

// ask sends one request through the edge, and tells which revision answered.
func (s space) ask(ctx context.Context, all ...strategy.Revision) (strategy.Revision, error) {
	code, by, err := s.get("web", nil)
	if err != nil || ctx.Err() != nil {
		return strategy.Revision{}, err
	}
	if code != http.StatusOK {
		return strategy.Revision{}, fmt.Errorf("status %d", code)
	}
	for _, r := range all {
		if image(r) == by {
			return r, nil
		}
	}
	return strategy.Revision{}, fmt.Errorf("answered by %q", by)
}

// service is the service web in a namespace of its own, with a target that a ServiceAccount moves which has the
// rights that are shipped, and no others.
type service struct {
	space
	w       workload
	traffic kubernetes.Traffic
	options kubernetes.Options
	as      *rest.Config
	target  *kubernetes.Target
}

// newService makes all that, and nothing runs yet. Change may be nil.
func newService(t *testing.T, traffic kubernetes.Traffic, w workload, change func(o *kubernetes.Options)) *service {
	t.Helper()
	return newServiceIn(newSpace(t), traffic, w, change)
}

func newServiceIn(at space, traffic kubernetes.Traffic, w workload, change func(o *kubernetes.Options)) *service {
	at.Helper()
	s := &service{space: at, w: w, traffic: traffic}
	s.prepare(traffic)
	s.options = options(s.name, w, traffic)
	if change != nil {
		change(&s.options)
	}
	s.as = s.employ(s.options)
	s.target = s.open(s.options, s.as)
	return s
}

// plan is the way of a strategy from what runs.
func (s *service) plan(by strategy.Strategy, to strategy.Revision) strategy.Plan {
	s.Helper()
	from, err := rollout.Current(s.ctx, s.target)
	require.NoError(s, err)
	plan, err := by.Plan(from, to)
	require.NoError(s, err)
	return plan
}

// wire makes a rollout that looks often.
func (s *service) wire(plan strategy.Plan, o rollout.Options) *rollout.Rollout {
	s.Helper()
	if o.Poll == 0 {
		o.Poll = 100 * time.Millisecond
	}
	r, err := rollout.New(s.target, plan, o)
	require.NoError(s, err)
	return r
}

// release walks the way of a strategy to a revision, which must be promoted.
func (s *service) release(by strategy.Strategy, to strategy.Revision, o rollout.Options) rollout.Result {
	s.Helper()
	result, err := s.wire(s.plan(by, to), o).Run(s.ctx)
	require.NoError(s, err)
	require.Equal(s, rollout.Promoted, result.Outcome)
	return result
}

// first releases the first revision, and puts load on it.
func (s *service) first(r strategy.Revision) *load.Load {
	s.Helper()
	var by strategy.Strategy = strategy.Rolling{Replicas: 2}
	if _, ok := s.traffic.(kubernetes.Native); ok {
		by = strategy.Native{Replicas: 2}
	}
	s.release(by, r, rollout.Options{})
	return s.load("web")
}

// none ends the load, of which nothing may be lost.
func (s *service) none(l *load.Load) load.Report {
	s.Helper()
	s.more(l, 50)
	report := l.Stop()
	s.Log(report)
	require.Zero(s, report.Lost, "%s", report)
	return report
}

// runs asserts that a revision runs by itself, with so many pods and all of the traffic.
func (s *service) runs(r strategy.Revision, n int) {
	s.Helper()
	now, err := rollout.Current(s.ctx, s.target)
	require.NoError(s, err)
	require.Equal(s, strategy.State{Stable: strategy.Group{Revision: r, Replicas: n, Share: strategy.All()}}, now)
}
