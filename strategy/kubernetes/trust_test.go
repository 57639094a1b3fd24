package kubernetes_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// While the API server is down nothing is told and nothing written; afterwards all goes on.
func TestBrokenWatches(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		k.cut(true)
		time.Sleep(100 * time.Millisecond)
		_, err := target.Observe(t.Context())
		require.ErrorContains(t, err, "the watch of deployments.apps is broken")
		require.ErrorContains(t, target.Apply(t.Context(), alone("1.0.1", 3)), "connection refused")
		require.Error(t, target.Fence(t.Context(), 1))
		k.edit("deployments", "shop-a", func(o object) { o["metadata"].(object)["labels"].(object)["by"] = "hand" })
		k.cut(false)
		time.Sleep(5 * time.Second)
		reach(t, target, alone("1.0.1", 3))
		assert.Equal(t, "hand", textsOf(k.get("deployments", "shop-a"), "labels")["by"])
	})
}

// Watches that end, as each does now and then, are a moment's matter.
func TestInterruptedWatches(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		for range 5 {
			time.Sleep(3 * time.Second)
			k.cut(false)
			synctest.Wait()
			_, err := target.Observe(t.Context())
			require.NoError(t, err)
		}
	})
}

// A connection that is cut without a word looks like a cluster in which nothing happens: so it is asked.
func TestSilence(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		time.Sleep(time.Minute)
		before := k.count("get deployments")
		_, err := target.Observe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, before+1, k.count("get deployments"))
		for range 20 { // four seconds
			time.Sleep(200 * time.Millisecond)
			_, err := target.Observe(t.Context())
			require.NoError(t, err)
		}
		assert.Equal(t, before+1, k.count("get deployments"), "it is not polled")
		k.forbid(func(verb, resource, name string) *metav1.Status {
			if verb == "get" {
				return &metav1.Status{Code: 500, Reason: metav1.StatusReasonInternalError, Message: "no etcd"}
			}
			return nil
		})
		time.Sleep(time.Minute)
		_, err = target.Observe(t.Context())
		require.ErrorContains(t, err, "nothing was heard of the API server for 1m")
	})
}

func (c *cluster) count(request string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests[request]
}

// What this process has written is never read back older, however late the watches are.
func TestOwnWritesAreSeen(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, both("1.0.1", "1.0.2", strategy.Percent(10)))
		k.hold(true)
		require.NoError(t, target.Apply(t.Context(), both("1.0.1", "1.0.2", strategy.Percent(40))))
		o, err := target.Observe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, strategy.Percent(40), o.TrafficOf(strategy.Pool{Revision: revision("1.0.2")}).Share)
		k.hold(false)
		reach(t, target, both("1.0.1", "1.0.2", strategy.Percent(40)))
	})
}

// hold keeps the watches from telling, as slow ones do.
func (c *cluster) hold(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held = on; !on {
		close(c.more)
		c.more = make(chan struct{})
	}
}

// Rights that are missing are told at once, all of them, each with the rule that the Role lacks.
func TestMissingRights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := world(t)
		k.forbid(func(verb, resource, name string) *metav1.Status {
			switch {
			case resource == "pods":
				return forbidden(verb, resource, "")
			case resource == "endpointslices" && verb == "watch":
				return forbidden(verb, resource, "discovery.k8s.io")
			}
			return nil
		})
		_, err := kubernetes.Open(t.Context(), k.clients(t), good())
		var missing *kubernetes.RightsError
		require.ErrorAs(t, err, &missing)
		assert.ErrorContains(t, err, `the Role lacks {apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"]}`)
		assert.ErrorContains(t, err, `the Role lacks {apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"]}`)
	})
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		for _, c := range []struct{ verb, resource, group, want string }{
			{"patch", "services", "", `no right to patch services shop-a in namespace shop: the Role lacks {apiGroups: [""], resources: ["services"], resourceNames: ["shop-a"], verbs: ["patch"]}`},
			{"patch", "deployments", "apps", `resourceNames: ["shop-a"], verbs: ["patch"]}`},
			{"patch", "httproutes", "gateway.networking.k8s.io", `no right to patch httproutes.gateway.networking.k8s.io shop`},
		} {
			k.forbid(func(verb, resource, name string) *metav1.Status {
				if verb == c.verb && resource == c.resource {
					return forbidden(verb, resource, c.group)
				}
				return nil
			})
			var err error
			first, began := time.Duration(0), time.Now()
			for range 200 {
				if err = target.Apply(t.Context(), alone("1.0.1", 1)); err != nil && first == 0 {
					first = time.Since(began)
					assert.NotContains(t, fmt.Sprintf("%T", err), "permanentError", "an API server that has just started may say so")
				}
				if strings.Contains(fmt.Sprintf("%T", err), "permanentError") {
					break
				}
				time.Sleep(250 * time.Millisecond)
			}
			permanent(t, err)
			assert.ErrorContains(t, err, c.want)
			assert.InDelta(t, 20, (time.Since(began) - first).Seconds(), 1)
		}
		k.forbid(nil)
		reach(t, target, alone("1.0.1", 1))
	})
}

// An API server that has just started refuses all for a moment: that is not the end of a rollout.
func TestRightsOfAYoungServer(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		k.forbid(func(verb, resource, name string) *metav1.Status { return forbidden(verb, resource, "") })
		k.cut(false)
		for range 8 { // ten seconds, as each call waits for one
			time.Sleep(250 * time.Millisecond)
			err := target.Apply(t.Context(), alone("1.0.1", 3))
			require.Error(t, err)
			require.NotContains(t, fmt.Sprintf("%T", err), "permanentError", "%v", err)
		}
		k.forbid(nil)
		time.Sleep(5 * time.Second)
		reach(t, target, alone("1.0.1", 3))
		k.forbid(func(verb, resource, name string) *metav1.Status { return forbidden(verb, resource, "") })
		k.cut(false)
		time.Sleep(30 * time.Second)
		permanent(t, target.Apply(t.Context(), alone("1.0.1", 2)))
	})
}

// A cluster without the Gateway API is told from one without the HTTPRoute.
func TestNoGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := world(t)
		k.forbid(func(verb, resource, name string) *metav1.Status {
			if resource == "httproutes" {
				return failure(404, metav1.StatusReasonNotFound, "the server could not find the requested resource")
			}
			return nil
		})
		_, err := kubernetes.Open(t.Context(), k.clients(t), good())
		require.ErrorContains(t, err, "install the Gateway API")
	})
	in(t, func(o *kubernetes.Options) { o.Traffic = kubernetes.Gateway{Route: "other"} }, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		_, err := target.Observe(t.Context())
		require.ErrorContains(t, err, "there is no httproute other in namespace shop")
		require.ErrorContains(t, target.Fence(t.Context(), 1), "there is no httproute other")
	})
}

// Opening waits as long as its context lasts for an API server that is not there yet.
func TestOpenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := world(t)
		k.cut(true)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := kubernetes.Open(ctx, k.clients(t), good())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "connection refused")
		go func() {
			time.Sleep(10 * time.Second)
			k.cut(false)
		}()
		target, err := kubernetes.Open(t.Context(), k.clients(t), good())
		require.NoError(t, err)
		target.Close()
	})
	_, err := kubernetes.Open(t.Context(), kubernetes.Clients{}, good())
	require.ErrorContains(t, err, "Clients.Kubernetes is nil")
	assert.Equal(t, 2, strings.Count(err.Error(), "is nil"))
}

// A host that sleeps between two writes of one Apply, and is taken over meanwhile, starts nothing: also where
// what it makes is not there yet, so that no version of it can be too old.
func TestTakenOverInMidApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := world(t)
		sleeper, heir := open(t, k, nil), open(t, k, nil)
		require.NoError(t, sleeper.Fence(t.Context(), 1))
		reach(t, sleeper, alone("1.0.1", 2))
		taken := false
		k.forbid(func(verb, resource, name string) *metav1.Status {
			if verb == "patch" && name == "shop-b" && resource == "deployments" && !taken {
				taken = true
				k.mu.Unlock()
				defer k.mu.Lock()
				assert.NoError(t, heir.Fence(t.Context(), 2))
			}
			return nil
		})
		err := error(nil)
		for range 20 {
			if err = sleeper.Apply(t.Context(), both("1.0.1", "1.0.2", strategy.Percent(10))); err != nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		require.ErrorIs(t, err, rollout.ErrFenced)
		assert.True(t, taken)
		assert.Equal(t, int64(0), at(k.get("deployments", "shop-b"), "spec", "replicas"), "it was made, and has no pods")
		for range 5 {
			require.ErrorIs(t, sleeper.Apply(t.Context(), alone("1.0.1", 9)), rollout.ErrFenced)
			time.Sleep(20 * time.Millisecond)
		}
		assert.Len(t, k.running(), 2)
		reach(t, heir, alone("1.0.2", 2))
		unfenced := open(t, k, nil)
		require.ErrorIs(t, unfenced.Apply(t.Context(), alone("1.0.1", 9)), rollout.ErrFenced, "who has no token at all is no better")
	})
}
