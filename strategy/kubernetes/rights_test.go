package kubernetes_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy/kubernetes"
)

var update = flag.Bool("update", false, "write the YAML files anew")

// The files that are shipped are what RBAC says, for a service "shop" in a namespace "shop".
func TestRBACFiles(t *testing.T) {
	for file, traffic := range map[string]kubernetes.Traffic{
		"rbac.yaml": kubernetes.Gateway{}, "rbac-selector.yaml": kubernetes.Selector{}, "rbac-native.yaml": kubernetes.Native{},
	} {
		o := good()
		o.Traffic = traffic
		text, err := kubernetes.RBAC(o, "davit")
		require.NoError(t, err)
		if *update {
			require.NoError(t, os.WriteFile(file, text, 0o644))
		}
		shipped, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(shipped), string(text), "go test -run RBACFiles -update writes %s anew", file)
	}
}

func TestRights(t *testing.T) {
	o := good()
	o.MoveAutoscaler = true
	rules, err := kubernetes.Rights(o)
	require.NoError(t, err)
	for _, rule := range rules {
		assert.NotContains(t, rule.Verbs, "delete")
		assert.NotContains(t, rule.Verbs, "*")
		assert.NotContains(t, rule.Resources, "secrets")
		if rule.Resources[0] == "horizontalpodautoscalers" {
			assert.Contains(t, rule.Verbs, "patch")
		}
	}
	_, err = kubernetes.Rights(kubernetes.Options{})
	require.Error(t, err)
	_, err = kubernetes.RBAC(o, "No Name")
	require.ErrorContains(t, err, "ServiceAccount")
}
