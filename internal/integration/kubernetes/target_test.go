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

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
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
func behaves(r strategy.Revision, how string) []string { return []string{"-behave", r.Digest + "=" + how} }

// options are those of a target for the service web. Pods serve on for a second when they are to end, and a slot
// drains for one: the edge takes notice far sooner.
func (s space) options(w workload, traffic kubernetes.Traffic) kubernetes.Options {
	w.name = "web"
	o := kubernetes.Options{
		Name: "web", Namespace: s.name, Traffic: traffic, Deployment: w.deployment(), Repository: repository,
		DrainDelay: time.Second, PreStop: 2 * time.Second,
	}
	if *chatty {
		o.Logger = hclog.New(&hclog.LoggerOptions{Name: s.name, Level: hclog.Debug})
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

// kit proves the laws of a target for a kind of traffic.
func kit(t *testing.T, traffic kubernetes.Traffic) {
	revisions := [2]strategy.Revision{version("1"), version("2")}
	strategytest.RunTarget(t, func(t *testing.T) strategytest.TargetHarness {
		s := newSpace(t)
		s.prepare(traffic)
		o := s.options(workload{}, traffic)
		return strategytest.TargetHarness{
			Target: s.open(o, nil), Revisions: revisions, Replicas: 2, Poll: 100 * time.Millisecond, Patience: patience,
			Reopen:  func() (rollout.Target, error) { return s.open(o, nil), nil },
			Request: func(ctx context.Context) (strategy.Revision, error) { return s.ask(ctx, revisions[:]...) },
			Instances: func(context.Context) ([]string, error) {
				pods, err := s.pods("")
				var ids []string
				for _, p := range pods {
					if p.DeletionTimestamp == nil {
						ids = append(ids, string(p.UID))
					}
				}
				return ids, err
			},
		}
	})
}

func TestTargetWithAGateway(t *testing.T) {
	t.Parallel()
	kit(t, kubernetes.Gateway{CookieRegex: true})
}

