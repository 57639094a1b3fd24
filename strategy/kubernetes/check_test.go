package kubernetes_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// What stands in the way is told at once, all of it, and nothing is written.
func TestCheck(t *testing.T) {
	canary := strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(10), Match: []strategy.Match{{Header: "X-Canary", Value: "always"}}}}}
	plan, err := canary.Plan(alone("1.0.1", 2), revision("1.0.2"))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		options func(o *kubernetes.Options)
		cluster func(t *testing.T, k *controllers)
		want    []string
	}{
		"nothing": {nil, nil, nil},
		"much at once": {
			func(o *kubernetes.Options) {
				o.Manifest = []byte(strings.Replace(manifest, "readinessProbe", "livenessProbe", 1))
				o.Traffic = kubernetes.Gateway{Route: "other"}
			},
			func(t *testing.T, k *controllers) {
				k.put(t, "{kind: Deployment, metadata: {name: shop-b, labels: {app: x}}, spec: {replicas: 0, selector: {matchLabels: {app: x}}}}")
				k.put(t, "{kind: Service, metadata: {name: shop-a}, spec: {selector: {app: x}}}")
				k.put(t, "{kind: PodDisruptionBudget, metadata: {name: budget}, spec: {minAvailable: 3, selector: {matchLabels: {davit-sdk.github.io/slot: a}}}}")
				k.put(t, "{kind: PodDisruptionBudget, metadata: {name: others}, spec: {minAvailable: 3, selector: {matchLabels: {app: other}}}}")
				k.put(t, "{kind: HorizontalPodAutoscaler, metadata: {name: scaler}, spec: {scaleTargetRef: {kind: Deployment, name: shop-a}}}")
			},
			[]string{
				"has no readinessProbe", "there is no httproute other", "service shop-a exists and was not made by Davit",
				"deployment shop-b exists and was not made by Davit", "poddisruptionbudget budget selects the pods of shop-a and not those of shop-b",
				"budget wants 3 available pods, and the plan leaves 2", "nobody scales shop-b",
			},
		},
		"no Gateway API": {nil, func(t *testing.T, k *controllers) {
			k.forbid(func(verb, resource, name string) *metav1.Status {
				if resource == "discovery" {
					return missing(resource, name)
				}
				return nil
			})
		}, []string{"the cluster knows no httproutes of gateway.networking.k8s.io/v1"}},
		"a route that nobody takes": {nil, func(t *testing.T, k *controllers) {
			k.put(t, strings.Replace(route, "parentRefs: [{name: gateway}]", "hostnames: [x]", 1))
		}, []string{"httproute shop has no parentRefs"}},
		"backends of others": {nil, func(t *testing.T, k *controllers) {
			k.rules(ruleOf("/", "", "{name: shop, port: 80, weight: 1}, {name: legacy, port: 80, weight: 1}"))
		}, []string{`httproute shop: a rule to lead has the backend "legacy" beside others, which would lose its share`}},
		"a full route": {nil, func(t *testing.T, k *controllers) {
			all := []string{ruleOf("/", "", "{name: shop, port: 80}")}
			for i := range 15 {
				all = append(all, ruleOf(fmt.Sprintf("/%d", i), "", "{name: files, port: 80}"))
			}
			k.rules(all...)
		}, []string{"Plan.Steps[0]: httproute shop: it would have 17 rules, and 16 are the most"}},
		"a header that the led rule has": {nil, func(t *testing.T, k *controllers) {
			k.rules(ruleOf("/", "{name: x-canary, value: beta}", "{name: shop, port: 80}"))
		}, []string{"Plan.Steps[0]: httproute shop: one of its rules matches on the header X-Canary already"}},
		"a header that another rule has": {nil, func(t *testing.T, k *controllers) {
			k.rules(ruleOf("/", "", "{name: shop, port: 80}"), ruleOf("/", "{name: X-CANARY, type: Exact, value: always}", "{name: beta, port: 80}"))
		}, []string{"Plan.Steps[0]: httproute shop: one of its rules matches the same requests already as"}},
		"headers of others": {nil, func(t *testing.T, k *controllers) {
			k.rules(ruleOf("/", "", "{name: shop, port: 80}"), ruleOf("/", "{name: X-Canary, value: never}", "{name: beta, port: 80}"),
				ruleOf("/beta", "{name: X-Canary, value: always}", "{name: beta, port: 80}"))
		}, nil},
		"no rights": {nil, func(t *testing.T, k *controllers) {
			k.forbid(func(verb, resource, name string) *metav1.Status {
				if resource == "events" || resource == "httproutes" && verb != "watch" {
					return forbidden(verb, resource, "")
				}
				return nil
			})
		}, []string{`verbs: ["get"]}`, `verbs: ["list"]}`, `verbs: ["patch"]}`, `resources: ["events"], verbs: ["list"]}`}},
		"a manifest that is refused": {nil, func(t *testing.T, k *controllers) {
			k.forbid(func(verb, resource, name string) *metav1.Status {
				if verb == "patch" && name == "shop-a" && resource == "deployments" {
					return failure(422, metav1.StatusReasonInvalid, "spec.template: Invalid value")
				}
				return nil
			})
		}, []string{"a dry run: patch deployments.apps shop-a: spec.template: Invalid value"}},
		"a Service of another": {func(o *kubernetes.Options) { o.Traffic = kubernetes.Selector{} }, func(t *testing.T, k *controllers) {
			k.put(t, "{kind: Service, metadata: {name: shop, labels: {davit-sdk.github.io/service: web}}, spec: {selector: {app: x}}}")
		}, []string{`service shop leads to "web"`}},
		"a Service of no pods": {func(o *kubernetes.Options) { o.Traffic = kubernetes.Native{} }, func(t *testing.T, k *controllers) {
			k.put(t, "{kind: Service, metadata: {name: shop}, spec: {type: ExternalName}}")
		}, []string{"is of type ExternalName"}},
		"a sleep that is too long": {func(o *kubernetes.Options) {
			o.Manifest = []byte(strings.Replace(manifest, "        image:", "        lifecycle: {preStop: {sleep: {seconds: 30}}}\n        image:", 1))
		}, nil, []string{"sleeps 30s before it stops, and terminationGracePeriodSeconds is 30"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := world(t)
				if c.cluster != nil {
					k.mu.Lock()
					if strings.Contains(name, "nobody takes") {
						delete(k.kinds["httproutes"], "shop")
					}
					k.mu.Unlock()
					c.cluster(t, k)
				}
				o := good()
				if c.options != nil {
					c.options(&o)
				}
				k.mu.Lock()
				before := len(k.kinds["deployments"]) + len(k.kinds["services"])
				k.mu.Unlock()
				err := kubernetes.Check(t.Context(), k.clients(t), o, plan)
				k.mu.Lock()
				assert.Equal(t, before, len(k.kinds["deployments"])+len(k.kinds["services"]), "nothing is written")
				k.mu.Unlock()
				if len(c.want) == 0 {
					require.NoError(t, err)
					return
				}
				var all *multierror.Error
				require.ErrorAs(t, err, &all)
				for _, want := range c.want {
					assert.ErrorContains(t, err, want)
				}
				assert.Len(t, all.Errors, len(c.want), "%v", err)
			})
		})
	}
}

// ruleOf is a rule of an HTTPRoute.
func ruleOf(path, header, backends string) string {
	return fmt.Sprintf("{matches: [{path: {type: PathPrefix, value: %s}, headers: [%s]}], backendRefs: [%s]}", path, header, backends)
}

// rules makes the route have these rules and no others.
func (k *controllers) rules(all ...string) {
	k.edit("httproutes", "shop", func(o object) {
		var list []any
		for _, text := range all {
			data, err := yaml.YAMLToJSON([]byte(text))
			var rule object
			if err = errors.Join(err, kjson.Unmarshal(data, &rule)); err != nil {
				panic(err)
			}
			list = append(list, rule)
		}
		o["spec"].(object)["rules"] = list
	})
}

// While the Gateway has not taken the route, Apply is an error, and nothing is stopped.
func TestGatewayIsWaitedFor(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, both("1.0.1", "1.0.2", strategy.Percent(50)))
		tell := func(generation int64) {
			k.edit("httproutes", "shop", func(o object) {
				o["status"] = object{"parents": []any{object{"controllerName": "example.com/gw", "conditions": []any{
					object{"type": "Accepted", "status": "True", "observedGeneration": generation}}}}}
			})
		}
		tell(at(k.get("httproutes", "shop"), "metadata", "generation").(int64))
		time.Sleep(20 * time.Millisecond)
		var err error
		for range 50 {
			err = target.Apply(t.Context(), alone("1.0.2", 1))
			time.Sleep(20 * time.Millisecond)
		}
		require.ErrorContains(t, err, "example.com/gw has not taken generation")
		assert.Len(t, k.running(), 3, "the old pods may still get requests")
		tell(at(k.get("httproutes", "shop"), "metadata", "generation").(int64))
		reach(t, target, alone("1.0.2", 1))
	})
}

// A new process waits for the whole time, whatever the clock of the one before has written down: what it has not seen
// itself it cannot know.
func TestDrainAndClocks(t *testing.T) {
	drain := func(o *kubernetes.Options) { o.DrainDelay = time.Minute }
	for _, skew := range []time.Duration{-time.Hour, 0, time.Hour} {
		in(t, drain, func(t *testing.T, k *controllers, target *kubernetes.Target) { drained(t, k, target, drain, skew) })
	}
}

func drained(t *testing.T, k *controllers, target *kubernetes.Target, drain func(o *kubernetes.Options), skew time.Duration) {
	reach(t, target, both("1.0.1", "1.0.2", strategy.All()))
	time.Sleep(40 * time.Second)
	require.NoError(t, target.Apply(t.Context(), alone("1.0.2", 1)))
	o, err := target.Observe(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, o.Pool(strategy.Pool{Revision: revision("1.0.1")}).Draining)
	target.Close()
	k.edit("deployments", "shop-a", func(o object) {
		at(o, "metadata", "annotations").(object)["davit-sdk.github.io/idle-since"] = time.Now().Add(skew).UTC().Format(time.RFC3339)
	})
	next := open(t, k, drain)
	start := time.Now()
	for len(k.running()) == 3 {
		require.NoError(t, next.Apply(t.Context(), alone("1.0.2", 1)))
		time.Sleep(100 * time.Millisecond)
	}
	assert.InDelta(t, 60, time.Since(start).Seconds(), 1)
}

// Each crash is told once, under its own ID, also after its pod has gone; what the cluster ends is none.
func TestCrashesAreTold(t *testing.T) {
	in(t, nil, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		names := k.running()
		crash := func(pod string, n int64) {
			k.edit("pods", pod, func(o object) {
				o["status"].(object)["containerStatuses"] = []any{object{"name": "shop", "restartCount": n,
					"lastState": object{"terminated": object{"exitCode": int64(1), "reason": "Error"}}}}
			})
		}
		crash(names[0], 1)
		crash(names[0], 2) // between two looks
		k.edit("pods", names[1], func(o object) { o["status"] = object{"phase": "Failed", "reason": "Evicted"} })
		k.mu.Lock()
		k.remove("pods", names[1])
		k.mu.Unlock()
		time.Sleep(time.Second)
		o, err := target.Observe(t.Context())
		require.NoError(t, err)
		want := []rollout.Failure{
			{ID: names[0] + "/shop#0", Reason: "container shop: exit code 1 (Error)"},
			{ID: names[0] + "/shop#1", Reason: "container shop: exit code 1 (Error)"},
		}
		assert.Equal(t, want, o.Pools[0].Failures)
		k.mu.Lock()
		k.remove("pods", names[0])
		k.mu.Unlock()
		time.Sleep(10 * time.Minute)
		o, err = target.Observe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, o.Pools[0].Failures)
	})
}

// An autoscaler's number stands; it goes along with the traffic where that is asked for.
func TestAutoscaler(t *testing.T) {
	move := func(o *kubernetes.Options) { o.MoveAutoscaler = true }
	in(t, move, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		reach(t, target, alone("1.0.1", 2))
		k.put(t, "{kind: HorizontalPodAutoscaler, metadata: {name: scaler}, spec: {scaleTargetRef: {kind: Deployment, name: shop-a}}}")
		k.edit("deployments", "shop-a", func(o object) { o["spec"].(object)["replicas"] = int64(5) })
		time.Sleep(time.Second)
		require.NoError(t, target.Apply(t.Context(), alone("1.0.1", 2)))
		o, err := target.Observe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, rollout.PoolStatus{Pool: strategy.Pool{Revision: revision("1.0.1")}, Running: 5, Ready: 5, Available: 5, Autoscaled: 5}, o.Pools[0])
		from, err := rollout.Current(t.Context(), target)
		require.NoError(t, err)
		plan, err := strategy.Canary{}.Plan(from, revision("1.0.2"))
		require.NoError(t, err)
		r, err := rollout.New(target, plan, rollout.Options{})
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "shop-b", at(k.get("horizontalpodautoscalers", "scaler"), "spec", "scaleTargetRef", "name"))
		assert.Len(t, k.running(), 5)
	})
}

// An autoscaler that has raised the old revision since the plan was made raises what is to take its traffic: no share
// grows before there are pods for it, and in the end there are as many.
func TestAutoscalerRaisesTheOldRevision(t *testing.T) {
	move := func(o *kubernetes.Options) { o.MoveAutoscaler = true }
	in(t, move, func(t *testing.T, k *controllers, target *kubernetes.Target) {
		k.mu.Lock()
		k.start = time.Second
		k.mu.Unlock()
		reach(t, target, alone("1.0.1", 2))
		k.put(t, "{kind: HorizontalPodAutoscaler, metadata: {name: scaler}, spec: {scaleTargetRef: {kind: Deployment, name: shop-a}}}")
		time.Sleep(time.Second)
		from, err := rollout.Current(t.Context(), target)
		require.NoError(t, err)
		plan, err := strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(10)}, {Share: strategy.Percent(50)}}}.Plan(from, revision("1.0.2"))
		require.NoError(t, err)
		wants := func(n int64) {
			k.edit("deployments", "shop-a", func(o object) { o["spec"].(object)["replicas"] = n })
			time.Sleep(5 * time.Second)
		}
		var had []int
		r, err := rollout.New(target, plan, rollout.Options{Notify: func(e rollout.Event) {
			if e.Kind != rollout.StepReached {
				return
			}
			switch e.Step {
			case 0:
				wants(10)
				k.forbid(func(verb, resource, _ string) *metav1.Status { // nobody is: it looks who takes the traffic
					if verb == "patch" && resource == "httproutes" {
						n := 0
						for _, pod := range k.kinds["pods"] {
							if textsOf(pod, "labels")["davit-sdk.github.io/slot"] == "b" && ready(pod) {
								n++
							}
						}
						had = append(had, n)
					}
					return nil
				})
			case 1:
				wants(5) // half of the traffic has left
			}
		}})
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, had, 2)
		assert.GreaterOrEqual(t, had[0], 5)
		assert.GreaterOrEqual(t, had[1], 10)
		assert.Equal(t, "shop-b", at(k.get("horizontalpodautoscalers", "scaler"), "spec", "scaleTargetRef", "name"))
		assert.Len(t, k.running(), 10)
	})
}

// nativeWith are options for Native, and a manifest whose container has an argument.
func nativeWith(argument string) func(o *kubernetes.Options) {
	return func(o *kubernetes.Options) {
		o.Traffic = kubernetes.Native{}
		o.Manifest = []byte(strings.Replace(manifest, "        image:", "        args: ["+argument+"]\n        image:", 1))
	}
}

// argument is the one that the Deployment of Native has.
func argument(k *controllers) any {
	return at(at(k.get("deployments", "shop"), "spec", "template", "spec", "containers").([]any)[0].(object), "args").([]any)[0]
}

// Whoever goes back natively gets the pod template that ran before, and not the manifest of what failed.
func TestNativeWayBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := world(t)
		limits := strategy.Limits{MinAvailable: 2, MaxTotal: 3}
		target := open(t, k, nativeWith("good"))
		reach(t, target, alone("1.0.1", 2))
		failing := open(t, k, nativeWith("bad"))
		require.NoError(t, failing.Roll(t.Context(), alone("1.0.2", 2), limits))
		time.Sleep(time.Second)
		assert.Equal(t, "bad", argument(k))
		require.NoError(t, failing.Roll(t.Context(), alone("1.0.1", 2), limits))
		time.Sleep(time.Second)
		reach(t, failing, alone("1.0.1", 2))
		assert.Equal(t, "good", argument(k))
		assert.NotContains(t, at(k.get("deployments", "shop"), "spec", "template", "metadata", "labels"), "pod-template-hash")
		require.NoError(t, failing.Roll(t.Context(), alone("1.0.3", 2), limits))
		time.Sleep(time.Second)
		assert.Equal(t, "bad", argument(k), "a new one comes with the manifest")
	})
}

// Other limits hold for what is under way, too, and nothing begins anew for them.
func TestNativeOtherLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := world(t)
		surge := func() any { return at(k.get("deployments", "shop"), "spec", "strategy", "rollingUpdate", "maxSurge") }
		target := open(t, k, nativeWith("one"))
		reach(t, target, alone("1.0.1", 4))
		k.mu.Lock()
		k.start = time.Hour
		k.mu.Unlock()
		roll := func(target *kubernetes.Target, version string, most int) {
			require.NoError(t, target.Roll(t.Context(), alone(version, 4), strategy.Limits{MinAvailable: 4, MaxTotal: most}))
			time.Sleep(time.Second)
			assert.EqualValues(t, most-4, surge())
		}
		roll(target, "1.0.2", 5)
		assert.Len(t, k.running(), 5)
		before := k.running()
		another := open(t, k, nativeWith("two")) // the next process, which comes with another manifest
		roll(another, "1.0.2", 6)
		assert.Len(t, k.running(), 6)
		assert.Subset(t, k.running(), before)
		assert.Equal(t, "one", argument(k), "what runs is not replaced once more")
		generation := at(k.get("deployments", "shop"), "metadata", "generation")
		roll(another, "1.0.2", 6)
		assert.Equal(t, generation, at(k.get("deployments", "shop"), "metadata", "generation"), "the same limits change nothing")
		roll(another, "1.0.2", 5)
		k.mu.Lock()
		k.start = time.Second
		k.mu.Unlock()
		roll(another, "1.0.3", 7)
		assert.Equal(t, "two", argument(k), "a new one comes with the manifest")
		reach(t, another, alone("1.0.3", 4))
	})
}
