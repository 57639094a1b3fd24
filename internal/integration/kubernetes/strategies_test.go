package kubernetes_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/davit-sdk/davit/internal/integration/kubernetes/load"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// ways are strategies, each with a kind of traffic that can walk it without downtime.
var ways = []struct {
	name    string
	traffic kubernetes.Traffic
	by      strategy.Strategy
}{
	{"rolling by a Gateway", kubernetes.Gateway{}, strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}},
	{"blue-green by a Gateway", kubernetes.Gateway{}, strategy.BlueGreen{Preview: strategy.Count(1), Switch: []strategy.Share{strategy.Percent(50)}, Warm: time.Millisecond}},
	{"canary by a Gateway", kubernetes.Gateway{}, strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(10)}, {Share: strategy.Percent(50)}}, Baseline: true}},
	{"blue-green by a Selector", kubernetes.Selector{}, strategy.BlueGreen{Warm: time.Millisecond}},
	{"native", kubernetes.Native{}, strategy.Native{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}},
}

// Each strategy, there and back again as a release of its own, under continuous load of a Go client and of wrk.
func TestStrategiesLoseNothing(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, way.traffic, workload{}, nil)
			l := s.first(version("1"))
			wrk, err := load.Wrk(load.Options{URL: s.Info.Edge, Host: s.host("web"), Workers: 2})
			require.NoError(t, err)
			for _, to := range []string{"2", "3"} {
				s.release(way.by, version(to), rollout.Options{})
				s.runs(version(to), 2)
				s.more(l, 50)
			}
			report, err := wrk.Stop()
			require.NoError(t, err)
			t.Log("wrk:", report)
			assert.Zero(t, report.Lost, "wrk")
			by := s.none(l).By
			for _, v := range []string{"1", "2", "3"} {
				assert.NotZero(t, by[image(version(v))], "revision %s", v)
			}
			assert.Len(t, by, 3)
		})
	}
}

// Requests come in by a proxy beside the service: it serves on for as long as the service does.
func TestAProxyBesideTheServiceLosesNothing(t *testing.T) {
	t.Parallel()
	way := ways[0] // its pods end while their slot gets requests
	proxied := workload{change: func(d *appsv1.Deployment) {
		pod := &d.Spec.Template.Spec
		app := *pod.Containers[0].DeepCopy()
		app.Name, app.Ports, app.ReadinessProbe = "app", nil, nil
		app.Command = []string{web, "-addr", "$(BIND_IP):9090"}
		pod.Containers[0].Image = "registry.test/proxy:1"
		pod.Containers = append(pod.Containers, app)
	}}
	s := newService(t, way.traffic, proxied, func(o *kubernetes.Options) {
		o.Container, o.NoReadinessProbe = "app", true // that of the proxy is the pod's
		o.Ports = []corev1.ServicePort{{Port: 8080}}
	})
	l := s.first(version("1"))
	for _, to := range []string{"2", "3"} {
		s.release(way.by, version(to), rollout.Options{})
	}
	s.none(l)
}

// Aborted at each moment, each strategy takes everything back and loses nothing.
func TestAbortAtEachStep(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, way.traffic, workload{}, nil)
			l := s.first(version("1"))
			for n := 1; ; n += stride {
				reason, promoted := s.abort(way.by, version("2"), n)
				if promoted {
					t.Logf("%d moments at most", n-1)
					break
				}
				s.runs(version("1"), 2)
				if t.Failed() {
					t.Fatalf("aborted at %s", reason)
				}
			}
			s.none(l)
		})
	}
}

// abort begins a rollout and aborts it at the n-th moment at which something begins or is reached. Where there are
// not so many it is promoted.
func (s *service) abort(by strategy.Strategy, to strategy.Revision, n int) (at string, promoted bool) {
	s.Helper()
	var r *rollout.Rollout
	r = s.wire(s.plan(by, to), rollout.Options{Notify: func(e rollout.Event) {
		switch e.Kind {
		case rollout.StepStarted, rollout.PhaseStarted, rollout.StepReached:
		default:
			return
		}
		if n--; n == 0 && !e.Back {
			at = fmt.Sprintf("%s, step %d of %d: %s", e.Kind, e.Step+1, e.Steps, e.Text)
			assert.NoError(s, r.Abort("the test", "every moment must have a way back"))
		}
	}})
	result, err := r.Run(s.ctx)
	if at == "" {
		require.NoError(s, err)
		return "", true
	}
	var aborted *rollout.AbortError
	require.ErrorAs(s, err, &aborted, "aborted at %s", at)
	require.Equal(s, rollout.RolledBack, result.Outcome, "aborted at %s: %v", at, err)
	return at, false
}

// weights are what the one rule of the HTTPRoute that matches all gives to each Service.
func (s *service) weights() map[string]int64 {
	s.Helper()
	route, err := s.Dynamic.Resource(httpRoutes).Namespace(s.name).Get(s.ctx, "web", metav1.GetOptions{})
	require.NoError(s, err)
	rules, _, err := unstructured.NestedSlice(route.Object, "spec", "rules")
	require.NoError(s, err)
	all := map[string]int64{}
	for _, r := range rules {
		matches, _, _ := unstructured.NestedSlice(r.(map[string]any), "matches")
		for _, m := range matches {
			if m.(map[string]any)["headers"] != nil {
				r = map[string]any{}
			}
		}
		refs, _, _ := unstructured.NestedSlice(r.(map[string]any), "backendRefs")
		for _, b := range refs {
			b := b.(map[string]any)
			all[b["name"].(string)] += b["weight"].(int64)
		}
	}
	return all
}

// A canary is led by the weights of the HTTPRoute, by a header and a cookie, and gets copies: what the plan says is
// what the route says, and what clients get.
func TestCanaryIsLedByTheHTTPRoute(t *testing.T) {
	t.Parallel()
	s := newService(t, kubernetes.Gateway{CookieRegex: true}, workload{}, nil)
	l := s.first(version("1"))
	pause := &strategy.Pause{Reason: "the test looks"}
	by := strategy.Canary{Steps: []strategy.CanaryStep{
		{Mirror: strategy.Percent(50), Match: []strategy.Match{{Header: "X-Canary", Value: "on"}, {Cookie: "group", Value: "canary"}}, Pause: pause},
		{Share: strategy.Percent(25), Pause: pause},
	}, After: strategy.Hold{Pause: pause}}
	held := make(chan int, 10)
	r := s.wire(s.plan(by, version("2")), rollout.Options{Notify: func(e rollout.Event) {
		if e.Kind == rollout.Asked {
			held <- e.Step
		}
	}})
	var walking sync.WaitGroup
	walking.Go(func() {
		defer close(held)
		_, err := r.Run(s.ctx)
		assert.NoError(t, err)
	})
	defer walking.Wait()
	defer func() { _ = r.Abort("the test", "it failed") }()
	one, two := "200 "+version("1").Digest, "200 "+version("2").Digest
	for step := range held {
		switch step {
		case 0:
			assert.Equal(t, map[string]int64{"web-a": 1_000_000, "web-b": 0}, s.weights())
			assert.Equal(t, map[string]int{one: 20}, s.by(20, nil))
			assert.Equal(t, map[string]int{two: 20}, s.by(20, http.Header{"X-Canary": {"on"}}))
			assert.Equal(t, map[string]int{two: 20}, s.by(20, http.Header{"Cookie": {"a=b; group=canary"}}))
			assert.Equal(t, map[string]int{one: 20}, s.by(20, http.Header{"Cookie": {"group=canary2"}}))
			s.copies()
		case 1:
			assert.Equal(t, map[string]int64{"web-a": 750_000, "web-b": 250_000}, s.weights())
			by := s.by(400, nil)
			assert.InDelta(t, 100, by[two], 60, "a quarter of 400 within 7 standard deviations")
			assert.Equal(t, 400, by[one]+by[two])
			assert.Less(t, s.by(50, http.Header{"X-Canary": {"on"}})[two], 50, "the rule is gone")
		default:
			assert.Equal(t, map[string]int64{"web-a": 0, "web-b": 1_000_000}, s.weights())
			assert.Equal(t, map[string]int{two: 50}, s.by(50, nil))
		}
		require.NoError(t, r.Resume("the test", "it has looked"))
	}
	walking.Wait()
	s.runs(version("2"), 2)
	s.none(l)
}

// by sends requests and counts who answered, by digest.
func (s *service) by(n int, header http.Header) map[string]int {
	s.Helper()
	by := map[string]int{}
	for answer, n := range s.shares("web", n, header) {
		_, digest, _ := strings.Cut(answer, "@")
		by[answer[:3]+" "+digest] += n
	}
	return by
}

// copies waits until the pods of the candidate were asked, although nobody got an answer of them.
func (s *service) copies() {
	s.Helper()
	asked := func() (n int) {
		pods, err := s.pods("davit-sdk.github.io/slot=b")
		require.NoError(s, err)
		for _, p := range pods {
			n += s.count(p)
		}
		return n
	}
	before := asked()
	s.until("copies come", func() error {
		if n := asked() - before; n < 20 {
			return fmt.Errorf("%d copies", n)
		}
		return nil
	})
}
