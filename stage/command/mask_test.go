//go:build unix

package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/command"
	"github.com/davit-sdk/davit/stage/stagetest"
)

func TestSecretsAreHidden(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	s := command.Stage{
		Args: sh(`echo "with $TOKEN and ${TOKEN}more"
			printf hunter; sleep 0.1; printf "2-canary!\n"
			printf "%s\n" "$KEY"; echo hunter3; printf hunter2-; exit 3`),
		Secret: []string{"TOKEN=hunter2-canary", "LONG=hunter2-canary-long", "KEY=first line\r\nsecond line"},
		Log:    log,
	}
	require.NoError(t, s.Validate())
	host := stagetest.NewHost(s)
	err := s.Run(t.Context(), host.Task())
	var exit *command.ExitError
	require.ErrorAs(t, err, &exit)
	text, readErr := os.ReadFile(log)
	require.NoError(t, readErr)
	assert.Equal(t, "with *** and ***more\n***!\n***\nhunter3\nhunter2-", string(text))
	assert.Equal(t, string(text), exit.Output)
	details, jsonErr := json.Marshal(host.Details())
	require.NoError(t, jsonErr)
	assert.NotContains(t, string(details)+err.Error(), "canary")
}

func TestSecretsAreNotPrintedByValidate(t *testing.T) {
	err := command.Stage{
		Args: sh("exit 0"), Env: []string{"canary-in-env"},
		Secret: []string{"canary-alone", "bad name=canary", "SHORT=cny"},
	}.Validate()
	for _, want := range []string{"Command.Env[0]", "Command.Secret[0]", "Command.Secret[1]", "Command.Secret[2]: the value of SHORT has fewer than 4 bytes"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "canary")
	assert.NotContains(t, err.Error(), "cny")
}

func TestAnOldFileIsNoArtifact(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "shop")
	require.NoError(t, os.WriteFile(old, []byte("stale"), 0o600))
	s := command.Stage{Args: sh("exit 0"), Dir: dir, Artifact: "shop"}
	err := run(t, s)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "its artifact cannot be used")
	assert.NoFileExists(t, old)

	require.NoError(t, os.Mkdir(old, 0o700))
	s.Args = sh("touch ran")
	assert.ErrorContains(t, run(t, s), "not a regular file")
	assert.NoFileExists(t, filepath.Join(dir, "ran"), "nothing runs whose artifact cannot be told apart")
}

// An artifact that was built for another place is not that of this stage.
func TestAnArtifactOfAnotherPlaceIsBuiltAgain(t *testing.T) {
	dir := t.TempDir()
	s := command.Stage{Args: sh("echo x > shop; echo x > other"), Dir: dir, Artifact: "shop"}
	host := stagetest.NewHost(s)
	require.NoError(t, s.Run(t.Context(), host.Task()))
	s.Artifact = "other"
	require.NoError(t, s.Run(t.Context(), host.Task()))
	a, err := stagetest.Value(host, stage.Built)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "other"), a.Location)
}
