package kubernetes_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// adopting are options under which the Deployment shop is taken over.
func adopting(o *kubernetes.Options) {
	o.Manifest = []byte(strings.Replace(manifest, "{app: shop}", "{name: shop}", 1))
	o.Slots[0] = "shop"
	o.Adopt = func(d *appsv1.Deployment) (strategy.Revision, error) {
		_, tag, _ := strings.Cut(d.Spec.Template.Spec.Containers[0].Image, ":")
		return strategy.Revision{Version: tag}, nil
	}
}

// taken is a cluster with the Deployment shop, as somebody else has made it, with a sidecar.
func taken(t *testing.T) *controllers {
	t.Helper()
	k := world(t)
	old := strings.Replace(strings.Replace(manifest, "image: set-by-davit", "image: registry.example.com/shop:0.9", 1),
		"spec:\n  template:", "spec:\n  replicas: 2\n  selector: {matchLabels: {app: shop}}\n  template:", 1)
	k.put(t, old)
	k.edit("deployments", "shop", func(o object) {
		pod := at(o, "spec", "template", "spec").(object)
		list := pod["containers"].([]any)
		list[0].(object)["env"] = []any{object{"name": "MODE", "value": "old"}}
		pod["containers"] = append(list, object{"name": "proxy", "image": "proxy:1"})
		pod["volumes"] = []any{object{"name": "cache", "emptyDir": object{}}}
		pod["nodeSelector"] = object{"disk": "ssd"}
	})
	k.put(t, "{kind: Service, metadata: {name: shop}, spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}}")
	time.Sleep(200 * time.Millisecond)
	return k
}

const leftOver = `deployment shop was taken over and has what the manifest lacks: .spec.template.spec.containers[name="shop"].env, ` +
	`.spec.template.spec.containers[name="proxy"], .spec.template.spec.nodeSelector, .spec.template.spec.volumes: `

// containers are the names of those in the pod template of the Deployment shop.
func (k *controllers) containers() (names []any) {
	for _, c := range at(k.get("deployments", "shop"), "spec", "template", "spec", "containers").([]any) {
		names = append(names, at(c.(object), "name"))
	}
	return names
}

// What an adopted Deployment has and the manifest lacks is named before anything moves, and stays out of a new revision
// or is an error.
func TestLeftovers(t *testing.T) {
	for _, answer := range []kubernetes.Conflicts{kubernetes.Refuse, kubernetes.Take} {
		synctest.Test(t, func(t *testing.T) {
			k := taken(t)
			options := func(o *kubernetes.Options) { adopting(o); o.Leftovers = answer }
			o := good()
			options(&o)
			check := func() {
				t.Helper()
				err := kubernetes.Check(t.Context(), k.clients(t), o)
				if answer == kubernetes.Refuse {
					assert.ErrorContains(t, err, leftOver)
				} else {
					assert.NoError(t, err)
				}
			}
			check()
			target := open(t, k, options)
			from, err := rollout.Current(t.Context(), target)
			require.NoError(t, err)
			reach(t, target, from)
			check()
			reach(t, target, strategy.State{})
			reach(t, target, from)
			assert.Equal(t, []any{"shop", "proxy"}, k.containers(), "what is gone back to runs as it did")
			reach(t, target, alone("1.0.1", 2))
			check()
			if answer == kubernetes.Refuse {
				for range 100 {
					if err = target.Apply(t.Context(), alone("1.0.2", 2)); err != nil {
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
				permanent(t, err)
				var left *kubernetes.LeftoverError
				require.ErrorAs(t, err, &left)
				assert.ErrorContains(t, err, leftOver)
				assert.Len(t, k.running(), 2)
				return
			}
			reach(t, target, alone("1.0.2", 2))
			assert.Equal(t, []any{"shop"}, k.containers())
			pod := at(k.get("deployments", "shop"), "spec", "template", "spec")
			assert.Nil(t, at(pod.(object), "volumes"))
			assert.Nil(t, at(pod.(object), "nodeSelector"))
			assert.Nil(t, at(pod.(object)["containers"].([]any)[0].(object), "env"))
			check()
		})
	}
}

// Pods of a Deployment that was taken over once are seen without Options.Adopt, too.
func TestAdoptedPodsAreSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := taken(t)
		take := func(o *kubernetes.Options) { adopting(o); o.Leftovers = kubernetes.Take }
		forget := func(o *kubernetes.Options) { take(o); o.Adopt = nil }
		first := open(t, k, take)
		from, err := rollout.Current(t.Context(), first)
		require.NoError(t, err)
		reach(t, first, from)
		first.Close()
		target := open(t, k, forget)
		now, err := rollout.Current(t.Context(), target)
		require.NoError(t, err)
		assert.Equal(t, from, now)
		before := k.running()
		o := reach(t, target, from)
		assert.Equal(t, 2, o.Pools[0].Available)
		assert.Equal(t, before, k.running())
		for _, next := range []string{"1.0.1", "1.0.2", "1.0.3"} {
			reach(t, target, alone(next, 2))
			assert.Len(t, k.running(), 2)
		}
	})
}
