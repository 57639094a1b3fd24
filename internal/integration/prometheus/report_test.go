package prometheus_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What package metrics/dora/report writes for Prometheus is what Prometheus reads, and its own program finds nothing to complain about.
func TestDeliveryReports(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../metrics/dora/report/testdata/*.prom")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		file, err := os.Open(name)
		require.NoError(t, err)
		check := exec.Command(program(t, "promtool"), "check", "metrics")
		check.Stdin = file
		out, err := check.CombinedOutput()
		assert.NoError(t, err, "%s: %s", name, out)
		assert.Empty(t, string(out), name)
		require.NoError(t, file.Close())
	}
}
