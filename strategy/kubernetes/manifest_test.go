package kubernetes

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/davit-sdk/davit/strategy"
)

const base = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: whatever
  labels: {team: shop}
  annotations: {note: kept}
spec:
  replicas: 7
  minReadySeconds: 3
  paused: true
  selector: {matchLabels: {app: shop}}
  progressDeadlineSeconds: 90
  template:
    metadata: {labels: {app: shop}, annotations: {prometheus.io/scrape: "true"}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - {name: proxy, image: proxy@sha256:1}
      - name: shop
        image: x
        ports: [{containerPort: 8080}, {name: admin, containerPort: 9090}, {containerPort: 53, protocol: UDP}]
        env: [{name: A, value: b}]
`

func settingsOf(t *testing.T, change func(o *Options)) settings {
	t.Helper()
	o := Options{Name: "shop", Namespace: "ns", Traffic: Gateway{}, Manifest: []byte(base), Container: "shop", Repository: "r.test/shop"}
	if change != nil {
		change(&o)
	}
	s, err := o.resolve()
	require.NoError(t, err)
	return s
}

// The manifest is kept but for what Davit sets, which is listed here.
func TestManifest(t *testing.T) {
	s := settingsOf(t, nil)
	pool := strategy.Pool{Revision: strategy.Revision{Version: "1.0.0+build", Digest: "sha256:abc"}}
	tree, err := s.deployment(tenancy{at: s.slots[1], pool: pool, image: "r.test/shop@sha256:abc", replicas: new(int32)})
	require.NoError(t, err)
	text, err := yaml.Marshal(tree)
	require.NoError(t, err)
	assert.Equal(t, `apiVersion: apps/v1
kind: Deployment
metadata:
  annotations:
    davit-sdk.github.io/baseline: "false"
    davit-sdk.github.io/digest: sha256:abc
    davit-sdk.github.io/version: 1.0.0+build
    note: kept
  labels:
    davit-sdk.github.io/service: shop
    davit-sdk.github.io/slot: b
    team: shop
  name: shop-b
  namespace: ns
spec:
  progressDeadlineSeconds: 90
  replicas: 0
  selector:
    matchLabels:
      davit-sdk.github.io/service: shop
      davit-sdk.github.io/slot: b
  template:
    metadata:
      annotations:
        davit-sdk.github.io/baseline: "false"
        davit-sdk.github.io/digest: sha256:abc
        davit-sdk.github.io/version: 1.0.0+build
        prometheus.io/scrape: "true"
      labels:
        app: shop
        davit-sdk.github.io/service: shop
        davit-sdk.github.io/slot: b
    spec:
      containers:
      - image: proxy@sha256:1
        lifecycle:
          preStop:
            sleep:
              seconds: 5
        name: proxy
      - env:
        - name: A
          value: b
        image: r.test/shop@sha256:abc
        lifecycle:
          preStop:
            sleep:
              seconds: 5
        name: shop
        ports:
        - containerPort: 8080
        - containerPort: 9090
          name: admin
        - containerPort: 53
          protocol: UDP
      terminationGracePeriodSeconds: 15
`, string(text))
	assert.Equal(t, "x", s.manifest.app().Image, "the manifest itself is not changed")

	typed := settingsOf(t, func(o *Options) { o.Deployment, o.Manifest = s.manifest.typed, nil })
	again, err := typed.deployment(tenancy{at: s.slots[0], pool: pool, image: "i"})
	require.NoError(t, err)
	assert.NotContains(t, again["spec"], "replicas")
	assert.NotContains(t, again, "status")
}

func TestPreStop(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *Options)
		sleep  any
		grace  any
	}{
		"none":       {func(o *Options) { o.PreStop = -1 }, nil, int64(10)},
		"rounded up": {func(o *Options) { o.PreStop = 1500 * time.Millisecond }, int64(2), int64(12)},
		"default":    {nil, int64(5), int64(15)},
		"without one": {func(o *Options) {
			o.Manifest = []byte("apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: shop, image: x, ports: [{containerPort: 1}]}]}}}")
		}, int64(5), int64(35)},
		"its own": {func(o *Options) {
			o.Manifest = []byte("apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: shop, image: x, ports: [{containerPort: 1}], lifecycle: {preStop: {sleep: {seconds: 9}}}}]}}}")
		}, int64(9), nil},
		"a proxy beside it": {beside("", ""), int64(5), int64(35)},
		"with its own":      {beside("", "lifecycle: {preStop: {httpGet: {path: /drain, port: 1}}}"), int64(5), int64(35)},
		"beside its own":    {beside("lifecycle: {preStop: {sleep: {seconds: 9}}}", ""), int64(9), int64(39)},
		"beside none":       {func(o *Options) { beside("", "")(o); o.PreStop = -1 }, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := settingsOf(t, c.change)
			tree, err := s.deployment(tenancy{at: s.slots[0], image: "i"})
			require.NoError(t, err)
			pod := child(child(child(tree, "spec"), "template"), "spec")
			app := pod["containers"].([]any)[s.manifest.index].(map[string]any)
			assert.Equal(t, c.sleep, child(child(child(app, "lifecycle"), "preStop"), "sleep")["seconds"])
			assert.Equal(t, c.grace, pod["terminationGracePeriodSeconds"])
			for _, item := range pod["containers"].([]any) {
				hook := child(child(item.(map[string]any), "lifecycle"), "preStop")
				if hook["httpGet"] == nil {
					assert.Equal(t, c.sleep, child(hook, "sleep")["seconds"], "no other container ends before the service does")
				}
			}
		})
	}
}

// beside is a manifest with two containers.
func beside(app, proxy string) func(o *Options) {
	return func(o *Options) {
		o.Container = "shop"
		o.Manifest = fmt.Appendf(nil, "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: proxy, image: p, %s}, {name: shop, image: x, ports: [{containerPort: 1}], %s}]}}}", proxy, app)
	}
}

func TestPorts(t *testing.T) {
	s := settingsOf(t, nil)
	var names []string
	for _, p := range s.Ports {
		names = append(names, fmt.Sprintf("%s %d->%s", p.Name, p.Port, p.TargetPort.String()))
	}
	assert.Equal(t, []string{"port-8080 8080->8080", "admin 9090->9090"}, names)
	assert.Equal(t, int32(80), s.port(&corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}))
	assert.Equal(t, int32(8080), s.port(&corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}, {Port: 8080}}}}))
}

func TestImage(t *testing.T) {
	s := settingsOf(t, nil)
	image, err := s.image(strategy.Revision{Version: "1", Digest: "sha256:abc"})
	require.NoError(t, err)
	assert.Equal(t, "r.test/shop@sha256:abc", image)
	_, err = s.image(strategy.Revision{Version: "1"})
	require.ErrorContains(t, err, "revision 1 has no digest")
}

// What the API server answers is told with what to do.
func TestExplain(t *testing.T) {
	c := call{"patch", "apps", "deployments", "ns", "shop-a"}
	resource := schema.GroupResource{Group: "apps", Resource: "deployments"}
	for name, k := range map[string]struct {
		err     error
		want    string
		lasting bool
	}{
		"no right":         {apierrors.NewForbidden(resource, "shop-a", errors.New(`User "x" cannot patch resource "deployments"`)), `verbs: ["patch"]}`, true},
		"no right to make": {apierrors.NewForbidden(resource, "shop-a", errors.New(`User "x" cannot create resource "deployments"`)), `resources: ["deployments"], verbs: ["create"]}`, true},
		"quota":            {apierrors.NewForbidden(resource, "shop-a", errors.New("exceeded quota: few")), "patch deployments.apps shop-a: deployments.apps \"shop-a\" is forbidden: exceeded quota: few", true},
		"stale":            {apierrors.NewConflict(resource, "shop-a", errors.New("modified")), "the object was changed meanwhile", false},
		"down":             {errors.New("connection refused"), "patch deployments.apps shop-a: connection refused", false},
		"gone":             {apierrors.NewNotFound(resource, "shop-a"), "not found", false},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.explain(k.err)
			require.ErrorContains(t, err, k.want)
			assert.Equal(t, k.lasting, fmt.Sprintf("%T", err) == "rollout.permanentError")
			assert.ErrorIs(t, err, k.err)
		})
	}
	assert.NoError(t, c.explain(nil))
}

// What somebody has spoilt counts as not written.
func TestSpoiltAnnotations(t *testing.T) {
	assert.Zero(t, fenceOf(&metav1.ObjectMeta{Annotations: map[string]string{annotationFence: "-1"}}, annotationFence))
	assert.Empty(t, addedTo(&metav1.ObjectMeta{Annotations: map[string]string{annotationRules + "shop": "{"}}, "shop"))
}
