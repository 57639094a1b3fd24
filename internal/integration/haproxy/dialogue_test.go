package haproxy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/dialogue"
)

// TestDialogue holds the script by which strategy/haproxy proves its simulator against a real HAProxy.
func TestDialogue(t *testing.T) {
	t.Parallel()
	h := openGroups(t)
	script, err := os.ReadFile(filepath.Join("..", "..", "..", "strategy", "haproxy", "testdata", "dialogue.txt"))
	require.NoError(t, err)
	exchanges, err := dialogue.Parse(strings.ReplaceAll(string(script), "MAP", filepath.Join(h.options.Dir, "shop.map")))
	require.NoError(t, err)
	for _, e := range exchanges {
		answer, err := h.Command(t.Context(), strings.TrimSuffix(e.Text, "\n"))
		require.NoError(t, err, e.Command)
		assert.NoError(t, e.Check(answer))
	}
	assert.Greater(t, len(exchanges), 20)
}
