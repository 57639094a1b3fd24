package kubernetes_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/davit-sdk/davit/strategy/kubernetes"
)

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
      - name: shop
        image: set-by-davit
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /healthz, port: 8080}}
`

func good() kubernetes.Options {
	return kubernetes.Options{
		Name: "shop", Namespace: "shop", Traffic: kubernetes.Gateway{},
		Manifest: []byte(manifest), Repository: "registry.example.com/shop",
	}
}

func ExampleOptions_Validate() {
	o := kubernetes.Options{Name: "Shop!", Traffic: kubernetes.Gateway{}}
	problems := strings.Split(o.Validate().Error(), "\n")
	for _, p := range problems[1:] {
		if p != "" {
			fmt.Println(strings.TrimSpace(p))
		}
	}
	// Output:
	// * Options.Name: "Shop!" is not a DNS label of at most 50 characters
	// * Options.Namespace: "" is not a namespace's name
	// * Options.Repository: exactly one of Repository and Image says which image a revision is
	// * Options.Slots: "Shop!-a" is not a DNS label
	// * Options.Slots: "Shop!-b" is not a DNS label
	// * Options.Slots: "Shop!-baseline" is not a DNS label
	// * Options.Deployment: exactly one of Deployment and Manifest is the manifest
}

func TestOptions(t *testing.T) {
	require.NoError(t, good().Validate())
	for name, c := range map[string]struct {
		change func(o *kubernetes.Options)
		want   string
	}{
		"two images":        {func(o *kubernetes.Options) { o.Repository = "" }, "Options.Repository: exactly one"},
		"no traffic":        {func(o *kubernetes.Options) { o.Traffic = nil }, "Options.Traffic: is missing"},
		"a long name":       {func(o *kubernetes.Options) { o.Name = strings.Repeat("x", 51) }, "Options.Name"},
		"slots alike":       {func(o *kubernetes.Options) { o.Slots = [2]string{"x", "x"} }, `Options.Slots: two slots are called "x"`},
		"conflicts":         {func(o *kubernetes.Options) { o.Conflicts = "perhaps" }, "Options.Conflicts"},
		"a negative delay":  {func(o *kubernetes.Options) { o.DrainDelay = -1 }, "Options.DrainDelay"},
		"negative crashes":  {func(o *kubernetes.Options) { o.CrashPatience = -1 }, "Options.CrashPatience"},
		"two manifests":     {func(o *kubernetes.Options) { o.Deployment = &appsv1.Deployment{} }, "exactly one of Deployment and Manifest"},
		"an empty manifest": {func(o *kubernetes.Options) { o.Manifest, o.Deployment = nil, &appsv1.Deployment{} }, "has no container"},
		"another kind":      {func(o *kubernetes.Options) { o.Manifest = []byte("kind: Job\napiVersion: batch/v1\n") }, "not a Deployment of apps/v1"},
		"a misspelt field": {func(o *kubernetes.Options) {
			o.Manifest = []byte(strings.Replace(manifest, "template:", "templat:", 1))
		}, `unknown field "templat"`},
		"no such container": {func(o *kubernetes.Options) { o.Container = "web" }, `no container "web"`},
		"no port": {func(o *kubernetes.Options) {
			o.Manifest = []byte(strings.Replace(manifest, "ports: [{containerPort: 8080}]", "", 1))
		}, "Options.Ports"},
		"labels of our own": {func(o *kubernetes.Options) {
			o.Manifest = []byte(strings.Replace(manifest, "app: shop", "davit-sdk.github.io/slot: a", 1))
		}, "are Davit's own"},
		"which of two": {func(o *kubernetes.Options) { o.Manifest = []byte(manifest + "      - name: other\n        image: x\n") }, "has 2 containers"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good()
			c.change(&o)
			err := o.Validate()
			require.ErrorContains(t, err, c.want)
			var all *multierror.Error
			require.ErrorAs(t, err, &all)
			assert.Len(t, all.Errors, 1)
		})
	}
}
