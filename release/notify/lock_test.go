package notify_test

import (
	"bufio"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const folderOfOther = "DAVIT_NOTIFY_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(folderOfOther); folder != "" {
		hold(folder)
	}
	// The tests leave much garbage and keep little.
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}

// hold is a process that has cursors in a folder until it is killed.
func hold(folder string) {
	if _, err := notify.NewFileCursors(folder); err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString("held\n")
	time.Sleep(time.Hour) // it is killed before
}

// A folder of cursors is for one at a time, also of several processes; one that is killed keeps nobody out.
func TestAFolderOfCursorsIsForOne(t *testing.T) {
	folder := t.TempDir()
	f, err := notify.NewFileCursors(folder)
	require.NoError(t, err)
	_, err = notify.NewFileCursors(folder)
	require.ErrorIs(t, err, notify.ErrLocked)
	assert.ErrorContains(t, err, folder)
	other, err := notify.NewFileCursors(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, other.Close())
	require.NoError(t, f.Save(t.Context(), "mail", []byte("1")))
	require.NoError(t, f.Close())
	require.NoError(t, f.Close())
	assert.ErrorIs(t, f.Save(t.Context(), "mail", []byte("2")), os.ErrClosed)
	_, err = f.Load(t.Context(), "mail")
	assert.ErrorIs(t, err, os.ErrClosed)

	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), folderOfOther+"="+folder)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	killed := false
	kill := func() {
		if !killed {
			killed = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // it was killed
		}
	}
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)
	_, err = notify.NewFileCursors(folder)
	require.ErrorIs(t, err, notify.ErrLocked)
	kill()
	f, err = notify.NewFileCursors(folder)
	require.NoError(t, err)
	text, err := f.Load(t.Context(), "mail")
	require.NoError(t, err)
	assert.Equal(t, "1", string(text))
	require.NoError(t, f.Close())
}
