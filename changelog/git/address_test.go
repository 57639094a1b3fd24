package git_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAddress(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	repo := w.open()
	for _, name := range []string{"origin", "--push", ""} {
		at, err := repo.Address(t.Context(), name)
		require.NoError(t, err)
		assert.Empty(t, at)
	}
	w.run("remote", "add", "origin", "git@host.example:owner/name.git")
	w.run("config", "url.https://forge.example/.insteadOf", "forge:")
	w.run("remote", "add", "short", "forge:owner/name")
	for name, want := range map[string]string{"origin": "git@host.example:owner/name.git", "short": "https://forge.example/owner/name"} {
		at, err := repo.Address(t.Context(), name)
		require.NoError(t, err)
		assert.Equal(t, want, at)
	}
}
