package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

func TestProduction(t *testing.T) {
	for name, want := range map[string]bool{
		"prod": true, "prod-eu": true, "eu_production": true, "shop-live": true, "Prod2": true, "k8s.prd.example.com": true,
		"arn:aws:eks:eu:1:cluster/production": true, "staging": false, "kind-dev": false, "delivery": false, "reproduce": false, "alive": false,
	} {
		assert.Equal(t, want, place{context: name}.production() != "", name)
	}
	assert.Equal(t, `namespace "live"`, place{context: "kind", cluster: "kind", server: "https://127.0.0.1", namespace: "live"}.production())
}

const kubeconfig = `
apiVersion: v1
kind: Config
current-context: live
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: live, context: {cluster: c, user: u, namespace: shop}}]
`

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
      - name: shop
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /healthz, port: 8080}}
`

func TestStart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	t.Setenv("KUBECONFIG", write("kubeconfig", kubeconfig))
	file := write("deployment.yaml", manifest)
	out := &bytes.Buffer{}
	require.NoError(t, start(context.Background(), out, settings{traffic: "gateway"}))
	assert.Contains(t, out.String(), "It would talk to context live, cluster c at https://127.0.0.1:1, namespace shop")
	assert.Contains(t, out.String(), `context "live" looks like production`)

	for want, s := range map[string]settings{
		"-name, -manifest and -image are needed": {traffic: "gateway", name: "shop"},
		"names no digest":                        {traffic: "gateway", name: "shop", manifest: file, image: "shop:latest"},
		"is none of gateway":                     {traffic: "mesh", name: "shop", manifest: file, image: "shop@sha256:1"},
		"looks like production":                  {traffic: "gateway", name: "shop", manifest: file, image: "shop@sha256:1"},
	} {
		require.ErrorContains(t, start(context.Background(), out, s), want)
	}
	out.Reset()
	require.NoError(t, start(context.Background(), out, settings{traffic: "native", name: "shop", manifest: file, rbac: true}))
	assert.Contains(t, out.String(), "kind: RoleBinding")

	t.Setenv("KUBECONFIG", filepath.Join(dir, "none"))
	out.Reset()
	require.NoError(t, start(context.Background(), out, settings{traffic: "gateway"}))
	assert.Contains(t, out.String(), "Just now there is no cluster to talk to")
}

func TestPlan(t *testing.T) {
	to := strategy.Revision{Version: "2", Digest: "sha256:2"}
	from := strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1"}, Replicas: 3, Share: strategy.All()}}
	for traffic, want := range map[string]string{"gateway": "Canary", "selector": "BlueGreen", "native": "Native"} {
		for _, state := range []strategy.State{from, {}} {
			plan, err := settings{traffic: traffic}.plan(state, to)
			require.NoError(t, err)
			assert.Equal(t, want, plan.Strategy)
			require.NoError(t, plan.Verify())
		}
	}
	_, err := settings{strategy: "hope"}.plan(from, to)
	require.ErrorContains(t, err, `"hope" is none of`)
}
