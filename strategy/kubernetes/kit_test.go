package kubernetes_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

const route = `
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: gateway}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    backendRefs: [{name: shop, port: 80, weight: 1}]
  - matches: [{path: {type: PathPrefix, value: /static}}]
    backendRefs: [{name: files, port: 80, weight: 1}]
`

// world is a cluster with its controllers at work, until the test ends.
func world(t *testing.T, change ...func(k *controllers)) *controllers {
	t.Helper()
	k := &controllers{cluster: newCluster(), start: 30 * time.Millisecond, stop: 30 * time.Millisecond}
	for _, c := range change {
		c(k)
	}
	k.put(t, route)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return k
}

// open is a target over a cluster, until the test ends.
func open(t *testing.T, k *controllers, change func(o *kubernetes.Options)) *kubernetes.Target {
	t.Helper()
	o := good()
	o.DrainDelay = 50 * time.Millisecond
	if change != nil {
		change(&o)
	}
	target, err := kubernetes.Open(t.Context(), k.clients(t), o)
	require.NoError(t, err)
	t.Cleanup(target.Close)
	return target
}

func revision(version string) strategy.Revision {
	return strategy.Revision{Version: version, Digest: "sha256:" + strings.Repeat(version[len(version)-1:], 64)}
}

func TestTargetConforms(t *testing.T) {
	for name, c := range map[string]struct {
		traffic kubernetes.Traffic
		late    time.Duration
	}{
		"gateway": {kubernetes.Gateway{}, 0}, "gateway, late": {kubernetes.Gateway{}, 50 * time.Millisecond},
		"selector": {kubernetes.Selector{}, 0}, "selector, late": {kubernetes.Selector{}, 50 * time.Millisecond},
		"native": {kubernetes.Native{}, 0}, "native, late": {kubernetes.Native{}, 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			strategytest.RunTarget(t, func(t *testing.T) strategytest.TargetHarness {
				k := world(t, func(k *controllers) { k.late = c.late })
				mode := func(o *kubernetes.Options) { o.Traffic = c.traffic }
				harness := strategytest.TargetHarness{
					Target:    open(t, k, mode),
					Revisions: [2]strategy.Revision{revision("1.0.1"), revision("1.0.2")},
					Reopen:    func() (rollout.Target, error) { return open(t, k, mode), nil },
					Request:   k.request,
					Instances: func(context.Context) ([]string, error) { return k.running(), nil },
					Poll:      20 * time.Millisecond, Patience: time.Minute,
				}
				if _, gateway := c.traffic.(kubernetes.Gateway); !gateway {
					harness.Request = k.ask
				}
				return harness
			}, synctest.Test)
		})
	}
}

// ask is answered by one of the pods behind the one Service.
func (c *cluster) ask(context.Context) (strategy.Revision, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	return c.pod("shop")
}

// running are the names of the pods that are to stay.
func (c *cluster) running() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for name, pod := range c.kinds["pods"] {
		if at(pod, "metadata", "deletionTimestamp") == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// request is answered as a Gateway would: a Service by the weights, and one of the pods behind it. It is lost
// where there is none, or where that pod has ended. The pods behind a Service are those of its EndpointSlice.
func (c *cluster) request(context.Context) (strategy.Revision, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	rules, _ := at(c.kinds["httproutes"]["shop"], "spec", "rules").([]any)
	for _, item := range rules {
		if headers := at(item.(object)["matches"].([]any)[0].(object), "headers"); headers != nil {
			continue
		}
		name, err := c.backend(item.(object))
		if err != nil {
			return strategy.Revision{}, err
		}
		return c.pod(name)
	}
	return strategy.Revision{}, errors.New("the route has no rule")
}

func (c *cluster) backend(rule object) (string, error) {
	total, turn := int64(0), int64(0)
	refs, _ := rule["backendRefs"].([]any)
	for _, ref := range refs {
		total += ref.(object)["weight"].(int64)
	}
	if total == 0 {
		return "", errors.New("all weights are zero")
	}
	turn = int64(c.serial) * 7919 % total
	for _, ref := range refs {
		if turn -= ref.(object)["weight"].(int64); turn < 0 {
			return ref.(object)["name"].(string), nil
		}
	}
	return "", errors.New("no backend")
}

func (c *cluster) pod(service string) (strategy.Revision, error) {
	endpoints, _ := c.kinds["endpointslices"][service+"-1"]["endpoints"].([]any)
	endpoints = slices.DeleteFunc(slices.Clone(endpoints), func(e any) bool { return at(e.(object), "conditions", "ready") != true })
	if len(endpoints) == 0 {
		return strategy.Revision{}, fmt.Errorf("nobody is behind service %s", service)
	}
	name, _ := at(endpoints[c.serial%len(endpoints)].(object), "targetRef", "name").(string)
	pod, ok := c.kinds["pods"][name]
	if !ok {
		return strategy.Revision{}, fmt.Errorf("pod %s has ended", name)
	}
	a := textsOf(pod, "annotations")
	return strategy.Revision{Version: a["davit-sdk.github.io/version"], Digest: a["davit-sdk.github.io/digest"]}, nil
}
