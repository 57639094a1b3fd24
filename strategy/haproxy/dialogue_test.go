package haproxy_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/dialogue"
)

// The simulator says what HAProxy says: internal/integration holds the same script against a real one.
func TestDialogue(t *testing.T) {
	w := newWorld(t)
	w.dead["127.0.0.1:9"] = true // nobody listens there
	script, err := os.ReadFile(filepath.Join("testdata", "dialogue.txt"))
	require.NoError(t, err)
	exchanges, err := dialogue.Parse(strings.ReplaceAll(string(script), "MAP", w.mapFile))
	require.NoError(t, err)
	for _, e := range exchanges {
		conn, err := w.dialAdmin(t.Context(), "", "")
		require.NoError(t, err)
		_, err = io.WriteString(conn, e.Text)
		require.NoError(t, err)
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		assert.True(t, strings.HasSuffix(string(answer), "\n"), "> %s: an answer ends with an empty line", e.Command)
		assert.NoError(t, e.Check(string(answer)))
	}
}
