package git_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/git"
)

func TestOldEncodings(t *testing.T) {
	w := newWorkshop(t)
	w.run("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--quiet", "--allow-empty", "-m", "fix: gr\xf6\xdfer")
	h := w.history("")
	require.Len(t, h.Commits, 1)
	assert.Equal(t, "fix: größer", strings.TrimSpace(h.Commits[0].Text))
}

func TestMessagesOfAllKinds(t *testing.T) {
	w := newWorkshop(t)
	messages := []string{
		"fix: one line", "@@__CHGLOG__@@ @@__CHGLOG_DELIMITER__@@", "fix: x\r\n\r\nbody\r\n", "fix: \x01\x02 \x1b[31m",
		"fix: x\n\n\n\nmany\n\n\n\nlines\n\n", "fix: " + strings.Repeat("long ", 50_000), "--format=%H", "-n 1",
	}
	want := []string{}
	for _, m := range messages {
		file := filepath.Join(t.TempDir(), "message")
		require.NoError(t, os.WriteFile(file, []byte(m), 0o600))
		w.run("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-F", file)
		want = append([]string{m}, want...)
	}
	var got []string
	for c, err := range w.open().Commits(t.Context(), git.Range{}) {
		require.NoError(t, err)
		got = append(got, c.Text)
	}
	require.Len(t, got, len(want))
	for i := range want {
		assert.Equal(t, strings.TrimRight(want[i], "\n"), strings.TrimRight(got[i], "\n"))
	}
}
