package kubernetes_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// podOf is the name of a pod of a slot.
func (k *controllers) podOf(slot string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, pod := range k.kinds["pods"] {
		if textsOf(pod, "labels")["davit-sdk.github.io/slot"] == slot {
			return name
		}
	}
	return ""
}

// A pod that was evicted stays listed for days, and holds no slot.
func TestEvictedPod(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		k.edit("pods", k.podOf("a"), func(o object) { o["status"] = object{"phase": "Failed", "reason": "Evicted"} })
		reach(t, target, alone("1.0.1", 2))
		o := reach(t, target, alone("1.0.2", 2))
		assert.Len(t, o.Pools, 1, "the old pool is gone: %s", o)
		reach(t, target, alone("1.0.3", 2))
		assert.Empty(t, o.Pools[0].Failures)
	})
}

// A pod whose node is lost ends when somebody deletes the node: no release waits for that.
func TestLostPod(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		k.edit("pods", k.podOf("a"), func(o object) {
			o["metadata"].(object)["deletionTimestamp"] = time.Now().Add(30 * time.Second).UTC().Format(time.RFC3339)
			o["metadata"].(object)["finalizers"] = []any{"example.com/lost"}
			o["spec"].(object)["nodeName"] = "node-7"
		})
		time.Sleep(time.Second)
		o, err := target.Observe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, o.Pools[0].Stopping)
		require.NoError(t, target.Apply(t.Context(), alone("1.0.1", 2)), "its grace period is not over")
		time.Sleep(45 * time.Second)
		require.ErrorContains(t, target.Apply(t.Context(), alone("1.0.1", 2)), "ought to have ended 11s ago, and is waited for until that is 1m0s: node node-7 may be lost, or a finalizer keeps the pod")
		time.Sleep(2 * time.Minute)
		o = reach(t, target, alone("1.0.1", 2))
		assert.Zero(t, o.Pools[0].Stopping)
		reach(t, target, alone("1.0.2", 2))
		reach(t, target, alone("1.0.3", 2))
		assert.NotEmpty(t, k.podOf("a"))
	})
}

// A pod that takes its grace period to end is waited for, whatever the step's deadline.
func TestSlowPods(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		k.mu.Lock()
		k.stop = 30 * time.Second
		k.mu.Unlock()
		plan, err := strategy.BlueGreen{Deadline: 5 * time.Second}.Plan(alone("1.0.1", 2), revision("1.0.2"))
		require.NoError(t, err)
		r, err := rollout.New(target, plan, rollout.Options{})
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		assert.Len(t, k.running(), 2)
	})
}
