package kubernetes_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

func alone(version string, n int) strategy.State {
	return strategy.State{Stable: strategy.Group{Revision: revision(version), Replicas: n, Share: strategy.All()}}
}

func both(old, new string, share strategy.Share) strategy.State {
	s := alone(old, 2)
	s.Stable.Share = share.Rest()
	s.Candidate = strategy.Group{Revision: revision(new), Replicas: 1, Share: share}
	return s
}

// reach applies a state until it is there.
func reach(t *testing.T, target *kubernetes.Target, s strategy.State) rollout.Observation {
	t.Helper()
	last := error(nil)
	for range 500 {
		last = target.Apply(t.Context(), s)
		o, err := target.Observe(t.Context())
		if err == nil && last == nil && o.Missing(s) == "" {
			return o
		}
		last = errors.Join(last, err, errors.New(o.Missing(s)))
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("it never reached %s: %v", s, last)
	return rollout.Observation{}
}

// in runs a test in virtual time with a cluster and a target.
func in(t *testing.T, change func(o *kubernetes.Options), body func(t *testing.T, k *controllers, target *kubernetes.Target)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k := world(t)
		body(t, k, open(t, k, change))
	})
}

func permanent(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	assert.Contains(t, fmt.Sprintf("%T", err), "permanentError")
}

// What waiting does not change is said at once, with what to do.
func TestForeignObjects(t *testing.T) {
	foreign := func(kind, name, labels string) string {
		spec := "{selector: {app: old}}"
		if kind == "Deployment" {
			spec = "{replicas: 0, selector: {matchLabels: {app: old}}, template: {metadata: {labels: {app: old}}}}"
		}
		return fmt.Sprintf("{kind: %s, metadata: {name: %s, labels: {%s}}, spec: %s}", kind, name, labels, spec)
	}
	for name, c := range map[string]struct{ object, want string }{
		"a deployment":             {foreign("Deployment", "shop-a", "app: old"), "deployment shop-a exists and was not made by Davit"},
		"a service":                {foreign("Service", "shop-a", "app: old"), "service shop-a exists and was not made by Davit"},
		"another target's":         {foreign("Deployment", "shop-a", "davit-sdk.github.io/service: web"), "deployment shop-a exists and was not made by Davit"},
		"another target's service": {foreign("Service", "shop-a", "davit-sdk.github.io/service: web"), "service shop-a exists and was not made by Davit"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
				k.put(t, c.object)
				err := target.Apply(t.Context(), alone("1.0.1", 2))
				permanent(t, err)
				assert.ErrorContains(t, err, c.want)
				assert.Empty(t, k.running())
			})
		})
	}
}

// A slot is taken over as it stands: nothing is restarted, and nothing is lost on the way.
func TestAdopt(t *testing.T) {
	old := strings.Replace(strings.Replace(manifest, "image: set-by-davit", "image: registry.example.com/shop:0.9", 1),
		"spec:\n  template:", "spec:\n  replicas: 2\n  selector: {matchLabels: {app: shop}}\n  template:", 1)
	adopted := func(change func(o *kubernetes.Options)) func(o *kubernetes.Options) {
		return func(o *kubernetes.Options) {
			o.Manifest = []byte(strings.Replace(manifest, "{app: shop}", "{name: shop}", 1))
			o.Slots[0] = "shop"
			o.Adopt = func(d *appsv1.Deployment) (strategy.Revision, error) {
				_, tag, _ := strings.Cut(d.Spec.Template.Spec.Containers[0].Image, ":")
				return strategy.Revision{Version: tag}, nil
			}
			if change != nil {
				change(o)
			}
		}
	}
	setup := func(t *testing.T, change func(o *kubernetes.Options)) (*controllers, *kubernetes.Target) {
		k := world(t)
		k.put(t, old)
		k.put(t, "{kind: Service, metadata: {name: shop}, spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}}")
		time.Sleep(200 * time.Millisecond)
		return k, open(t, k, adopted(change))
	}
	t.Run("taken over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			k, target := setup(t, nil)
			before := k.running()
			from, err := rollout.Current(t.Context(), target)
			require.NoError(t, err)
			assert.Equal(t, strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "0.9"}, Replicas: 2, Share: strategy.All()}}, from)
			reach(t, target, from)
			assert.Equal(t, before, k.running(), "nothing was restarted")
			next := from
			next.Stable.Share, next.Candidate = strategy.Percent(50), strategy.Group{Revision: revision("1.0.1"), Replicas: 2, Share: strategy.Percent(50)}
			reach(t, target, next)
			assert.Equal(t, int64(80), at(k.backendRef("shop"), "port"), "its Service has its own port")
			assert.Equal(t, int64(8080), at(k.backendRef("shop-b"), "port"))
			reach(t, target, alone("1.0.1", 2))
			reach(t, target, alone("1.0.2", 2))
			assert.Equal(t, "shop", at(k.get("deployments", "shop"), "spec", "template", "metadata", "labels", "app"), "its selector stays what it was")
		})
	})
	for name, c := range map[string]struct {
		change func(o *kubernetes.Options)
		want   string
	}{
		"selects others": {func(o *kubernetes.Options) { o.Manifest = []byte(manifest) }, "selects the pods of shop-b too"},
		"unknown": {func(o *kubernetes.Options) {
			o.Adopt = func(*appsv1.Deployment) (strategy.Revision, error) { return strategy.Revision{}, errors.New("no tag") }
		}, "adopt deployment shop: no tag"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, target := setup(t, c.change)
				_, err := target.Observe(t.Context())
				require.ErrorContains(t, err, c.want)
				permanent(t, target.Apply(t.Context(), alone("1.0.1", 2)))
			})
		})
	}
}

// backendRef is the first reference to a Service in the route.
func (c *cluster) backendRef(name string) object {
	for _, rule := range at(c.get("httproutes", "shop"), "spec", "rules").([]any) {
		for _, ref := range at(rule.(object), "backendRefs").([]any) {
			if at(ref.(object), "name") == name {
				return ref.(object)
			}
		}
	}
	return nil
}

// Fields that another manager owns are told, and taken where the option says so.
func TestConflicts(t *testing.T) {
	cause := metav1.StatusCause{Type: metav1.CauseTypeFieldManagerConflict, Field: ".spec.template.spec.containers[name=\"shop\"].env", Message: `conflict with "flux" using apps/v1`}
	for _, policy := range []kubernetes.Conflicts{kubernetes.Refuse, kubernetes.Take} {
		t.Run(string(policy), func(t *testing.T) {
			in(t, func(o *kubernetes.Options) { o.Conflicts = policy }, func(t *testing.T, k *controllers, target *kubernetes.Target) {
				reach(t, target, alone("1.0.1", 2))
				reach(t, target, alone("1.0.2", 2))
				k.mu.Lock()
				k.owned["deployments/shop-a"] = []metav1.StatusCause{cause}
				k.mu.Unlock()
				if policy == kubernetes.Take {
					reach(t, target, both("1.0.2", "1.0.3", strategy.Percent(10)))
					return
				}
				err := target.Apply(t.Context(), both("1.0.2", "1.0.3", strategy.Percent(10)))
				var conflict *kubernetes.ConflictError
				require.ErrorAs(t, err, &conflict)
				assert.Equal(t, []kubernetes.FieldOwner{{Field: cause.Field, Manager: "flux"}}, conflict.Fields)
				permanent(t, err)
				assert.ErrorContains(t, err, `deployments.apps shop-a: .spec.template.spec.containers[name="shop"].env is owned by "flux"`)
			})
		})
	}
}

// An image that somebody else has set is told, and not painted over.
func TestSeizedImage(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		k.seize("shop-a")
		time.Sleep(50 * time.Millisecond)
		o, err := target.Observe(t.Context())
		require.NoError(t, err)
		assert.Contains(t, o.Pools[0].Stuck, `containers[name="shop"].image is owned by "kubectl-set"`)
		assert.Zero(t, o.Pools[0].Available, "others answer in its name")
		require.NoError(t, target.Apply(t.Context(), alone("1.0.1", 3)))
		time.Sleep(50 * time.Millisecond)
		o, err = target.Observe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2, o.Pools[0].Running, "nothing is added to it")
		require.NoError(t, target.Apply(t.Context(), strategy.State{}), "to take it away needs nobody's consent")
	})
}

// An image that somebody else sets while a release bakes ends the bake at once, with the reason, and the way back is
// free. Nobody waits for a deadline, or for the end of the bake.
func TestSeizedWhileBaking(t *testing.T) {
	for _, slot := range []string{"shop-a", "shop-b"} {
		in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
			reach(t, target, alone("1.0.1", 2))
			plan, err := strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(10), Bake: time.Hour}}, Deadline: 30 * time.Minute}.Plan(alone("1.0.1", 2), revision("1.0.2"))
			require.NoError(t, err)
			seized := time.Time{}
			r, err := rollout.New(target, plan, rollout.Options{Notify: func(e rollout.Event) {
				if e.Kind == rollout.StepReached && !e.Back && seized.IsZero() {
					seized = time.Now()
					k.seize(slot)
				}
			}})
			require.NoError(t, err)
			result, err := r.Run(t.Context())
			var stuck *rollout.StuckError
			require.ErrorAs(t, err, &stuck)
			assert.ErrorContains(t, err, `containers[name="shop"].image is owned by "kubectl-set"`)
			if slot == "shop-b" {
				require.Equal(t, rollout.RolledBack, result.Outcome)
				assert.Less(t, time.Since(seized), time.Minute)
			}
		})
	}
}

// seize sets the image of a slot as somebody else would.
func (k *controllers) seize(slot string) {
	theirs := object{"f:spec": object{"f:template": object{"f:spec": object{"f:containers": object{`k:{"name":"shop"}`: object{"f:image": object{}}}}}}}
	k.edit("deployments", slot, func(o object) {
		meta := o["metadata"].(object)
		mine := meta["managedFields"].([]any)[0].(object)
		delete(at(mine, "fieldsV1", "f:spec", "f:template", "f:spec", "f:containers", `k:{"name":"shop"}`).(object), "f:image")
		meta["managedFields"] = []any{
			mine, object{"manager": "kubectl-set", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": theirs},
		}
	})
}

// A state that the traffic cannot show is refused before anything is written.
func TestUnfit(t *testing.T) {
	sticky := alone("1.0.1", 2)
	sticky.Sticky = true
	for name, c := range map[string]struct {
		traffic kubernetes.Traffic
		state   strategy.State
		want    string
	}{
		"sticky":            {kubernetes.Gateway{}, sticky, "cannot be kept with their group"},
		"split by selector": {kubernetes.Selector{}, both("1.0.1", "1.0.2", strategy.Percent(10)), "one pool at a time"},
		"two at once":       {kubernetes.Native{}, both("1.0.1", "1.0.2", strategy.Share{}), "one Deployment"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(o *kubernetes.Options) { o.Traffic = c.traffic }, func(t *testing.T, k *controllers, target *kubernetes.Target) {
				err := target.Apply(t.Context(), c.state)
				permanent(t, err)
				assert.ErrorContains(t, err, c.want)
				assert.Zero(t, k.requests["patch deployments"]+k.requests["patch services"])
			})
		})
	}
}

func TestAbilities(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		assert.NoError(t, target.Matches(strategy.Match{Header: "X-Canary", Value: "on"}))
		assert.ErrorContains(t, target.Matches(strategy.Match{Cookie: "canary", Value: "on"}), "Gateway.CookieRegex")
		assert.ErrorContains(t, target.Matches(strategy.Match{Header: "no header", Value: "on"}), "not the name of a header")
		assert.ErrorContains(t, target.Matches(strategy.Match{Header: "X", Value: ""}), "1 to 4096")
		for _, value := range []string{"a\x82", "a\n", " a", "a\t", "\x00", "a\x7f"} {
			assert.ErrorContains(t, target.Matches(strategy.Match{Header: "X", Value: value}), "no value that a header can have", "%q", value)
		}
		for _, value := range []string{"a b", "a\tb", "ü", "a,b;c"} {
			assert.NoError(t, target.Matches(strategy.Match{Header: "X", Value: value}), "%q", value)
		}
		assert.ErrorContains(t, target.Matches(strategy.Match{Header: "host", Value: "x"}), "hostnames")
		assert.NoError(t, target.Mirrors(strategy.Percent(1)))
		assert.Error(t, target.Sticks())
		assert.True(t, target.Grain().IsZero())
		assert.ErrorContains(t, target.Rolls(strategy.Limits{}), "not Native")
		release, err := target.Claim()
		require.NoError(t, err)
		_, err = target.Claim()
		require.ErrorIs(t, err, rollout.ErrBusy)
		release()
	})
	in(t, func(o *kubernetes.Options) { o.Traffic = kubernetes.Selector{} }, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		assert.Error(t, target.Matches(strategy.Match{Header: "X-Canary", Value: "on"}))
		assert.Error(t, target.Mirrors(strategy.Percent(1)))
		assert.Equal(t, strategy.All(), target.Grain())
	})
	in(t, func(o *kubernetes.Options) { o.Traffic = kubernetes.Native{} }, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		assert.NoError(t, target.Rolls(strategy.Limits{MinAvailable: 2, MaxTotal: 3}))
		assert.ErrorContains(t, target.Rolls(strategy.Limits{MinAvailable: 3, MaxTotal: 3}), "needs room")
	})
}

// After Close everything is an error, and no goroutine is left: the bubble of the test would wait for it.
func TestClose(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		target.Close()
		target.Close()
		_, err := target.Observe(t.Context())
		assert.ErrorContains(t, err, "closed")
		assert.ErrorContains(t, target.Apply(t.Context(), alone("1.0.1", 1)), "closed")
		assert.ErrorContains(t, target.Fence(t.Context(), 1), "closed")
	})
}

// Two services may share a namespace, and even an HTTPRoute.
func TestSharedRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := world(t)
		shop := open(t, k, nil)
		files := open(t, k, func(o *kubernetes.Options) { o.Name, o.Traffic = "files", kubernetes.Gateway{Route: "shop"} })
		require.NoError(t, shop.Fence(t.Context(), 9))
		require.NoError(t, files.Fence(t.Context(), 1), "a token is its service's own")
		reach(t, shop, alone("1.0.1", 2))
		seen := reach(t, shop, both("1.0.1", "1.0.2", strategy.Percent(5)))
		reach(t, files, alone("3.0.1", 1))
		now, err := shop.Observe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, seen.String(), now.String())
		assert.Equal(t, int64(950_000), k.backendRef("shop-a")["weight"])
		assert.Equal(t, int64(1_000_000), k.backendRef("files-a")["weight"])
	})
}

// That pods are ready and nobody's requests reach them is told with its reason.
func TestPodsThatNoRequestReaches(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		k.mu.Lock()
		k.blind = map[string]bool{"shop-b": true}
		k.mu.Unlock()
		plan, err := strategy.BlueGreen{Deadline: time.Minute}.Plan(alone("1.0.1", 2), revision("1.0.2"))
		require.NoError(t, err)
		r, err := rollout.New(target, plan, rollout.Options{})
		require.NoError(t, err)
		result, err := r.Run(t.Context())
		require.Equal(t, rollout.RolledBack, result.Outcome)
		assert.ErrorContains(t, err, "is ready, and no requests reach it: it is not in the endpointslices of service shop-b")
	})
}

// Who has changed what leads the traffic, or how many pods there are, is named with the drift.
func TestMeddlersAreNamed(t *testing.T) {
	owns := func(o object, manager string, fields object) {
		meta := o["metadata"].(object)
		list, _ := meta["managedFields"].([]any)
		meta["managedFields"] = append(list, object{"manager": manager, "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": object{"f:spec": fields}})
	}
	for name, c := range map[string]struct {
		traffic kubernetes.Traffic
		meddle  func(k *controllers)
		want    string
	}{
		"rules": {kubernetes.Gateway{}, func(k *controllers) {
			k.edit("httproutes", "shop", func(o object) {
				o["spec"].(object)["rules"].([]any)[0].(object)["backendRefs"] = []any{object{"name": "shop-a", "port": int64(8080), "weight": int64(1)}}
				owns(o, "flux", object{"f:rules": object{}})
			})
		}, `httproute shop: .spec.rules is owned by "flux"`},
		"selector": {kubernetes.Selector{}, func(k *controllers) {
			k.edit("services", "shop", func(o object) {
				at(o, "spec", "selector").(object)["davit-sdk.github.io/slot"] = "a"
				owns(o, "helm", object{"f:selector": object{}})
			})
		}, `service shop: .spec.selector is owned by "helm"`},
		"replicas": {kubernetes.Gateway{}, func(k *controllers) {
			k.edit("deployments", "shop-b", func(o object) {
				o["spec"].(object)["replicas"] = int64(5)
				owns(o, "kubectl-scale", object{"f:replicas": object{}})
			})
		}, `deployment shop-b: .spec.replicas is owned by "kubectl-scale"`},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(o *kubernetes.Options) { o.Traffic = c.traffic }, func(t *testing.T, k *controllers, target *kubernetes.Target) {
				reach(t, target, alone("1.0.1", 2))
				plan, err := strategy.BlueGreen{After: strategy.Hold{Bake: time.Hour}}.Plan(alone("1.0.1", 2), revision("1.0.2"))
				require.NoError(t, err)
				last := -1
				for i, s := range plan.Steps {
					if s.Bake == time.Hour {
						last = i
					}
				}
				o, err := target.Observe(t.Context())
				require.NoError(t, err)
				assert.Empty(t, o.Meddled)
				r, err := rollout.New(target, plan, rollout.Options{Drift: rollout.Freeze, Notify: func(e rollout.Event) {
					if e.Kind == rollout.StepReached && e.Step == last {
						c.meddle(k)
					}
				}})
				require.NoError(t, err)
				_, err = r.Run(t.Context())
				var drift *rollout.ConflictError
				require.ErrorAs(t, err, &drift)
				assert.ErrorContains(t, err, c.want)
			})
		})
	}
}

// A ReplicaSet that is asked for fewer pods tells them a moment later, while the Deployment makes others already. What
// is to end does not count as too many, whatever runs beside it without having been asked for does.
func TestPodsThatNobodyHasToldYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := world(t, func(k *controllers) { k.late = time.Hour })
		target := open(t, k, func(o *kubernetes.Options) { o.Traffic = kubernetes.Native{} })
		limits := strategy.Limits{MinAvailable: 3, MaxTotal: 4}
		look := func() (running, stopping int) {
			o, err := target.Observe(t.Context())
			require.NoError(t, err)
			require.NoError(t, o.Validate())
			for _, p := range o.Pools {
				running, stopping = running+p.Running, stopping+p.Stopping
			}
			return running, stopping
		}
		reach(t, target, alone("1.0.1", 3))
		for range 100 {
			require.NoError(t, target.Roll(t.Context(), alone("1.0.2", 3), limits))
			running, _ := look()
			require.LessOrEqual(t, running, limits.MaxTotal)
			time.Sleep(20 * time.Millisecond)
		}
		running, stopping := look()
		assert.Equal(t, 4, running, "no more are taken for such than there are too many")
		assert.Equal(t, 2, stopping, "nobody tells the three old ones for an hour")

		k.mu.Lock()
		for _, name := range []string{"stray-1", "stray-2"} {
			stray := runtime.DeepCopyJSON(k.kinds["pods"][slices.Max(slices.Collect(maps.Keys(k.kinds["pods"])))])
			meta := stray["metadata"].(object)
			meta["name"] = name
			delete(meta, "ownerReferences")
			k.store("pods", stray)
		}
		k.mu.Unlock()
		time.Sleep(20 * time.Millisecond)
		running, _ = look()
		assert.Equal(t, 5, running, "two that no ReplicaSet knows of are there to stay")

		k.forbid(func(verb, resource, _ string) *metav1.Status {
			if verb == "list" && resource == "replicasets" {
				return forbidden(verb, resource, "")
			}
			return nil
		})
		_, err := target.Observe(t.Context())
		assert.ErrorContains(t, err, "replicasets", "what cannot be read is not guessed")
	})
}
