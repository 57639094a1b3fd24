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
		Secret:      map[string]string{"TOKEN": "registry-token", "KEY": "signing-key"},
		SecretValue: map[string]stage.Secret{"LONG": stage.NewSecret("hunter2-canary-long")},
		Log:         log,
	}
	require.NoError(t, s.Validate())
	assert.Equal(t, []string{"registry-token", "signing-key"}, stage.Secrets(s))
	host := stagetest.NewHost(s, stagetest.Secret("registry-token", "hunter2-canary"), stagetest.Secret("signing-key", "first line\r\nsecond line"))
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
		Secret: map[string]string{"bad name": "token", "TOKEN": "", "TWICE": "token"},
		SecretValue: map[string]stage.Secret{
			"SHORT": stage.NewSecret("cny"), "ZERO": stage.NewSecret("canary\x00"), "=": stage.NewSecret("canary"), "NONE": {}, "TWICE": stage.NewSecret("canary"),
		},
	}.Validate()
	for _, want := range []string{
		"Command.Env[0]", `Command.Secret["bad name"]: it is not the name of a variable`, `Command.Secret["TOKEN"]: it does not name a secret`,
		`Command.SecretValue["SHORT"]: the value has fewer than 4 bytes`, `Command.SecretValue["ZERO"]: the value holds a zero byte`,
		`Command.SecretValue["="]: it is not the name of a variable`, `Command.SecretValue["NONE"]`, `Command.SecretValue["TWICE"]: the variable is among Secret, too`,
	} {
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

// What the host gives is looked at when it is given, and shows in no error.
func TestSecretsThatCannotBeHidden(t *testing.T) {
	for value, want := range map[string]string{
		"cny": "the secret for TOKEN has fewer than 4 bytes", "canary\x00": "the secret for TOKEN holds a zero byte", "": "has fewer than 4 bytes",
	} {
		dir := t.TempDir()
		s := command.Stage{Args: sh("touch ran"), Dir: dir, Secret: map[string]string{"TOKEN": "token"}}
		err := s.Run(t.Context(), stagetest.NewHost(s, stagetest.Secret("token", value)).Task())
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "canary")
		assert.NoFileExists(t, filepath.Join(dir, "ran"))
	}
	s := command.Stage{Args: sh("exit 0"), Secret: map[string]string{"TOKEN": "token"}}
	assert.ErrorIs(t, s.Run(t.Context(), stagetest.NewHost(s).Task()), stage.ErrNoValue)
}

func TestASecretIsHandedOnAsItIs(t *testing.T) {
	value := "a=b ${version} $HOME `id` 'x\" \\ ü"
	s := command.Stage{
		Args: sh(`test "$TOKEN" = "$(cat "$WANT")" && test "$OTHER" = "$TOKEN"`), Env: []string{"WANT=" + filepath.Join(t.TempDir(), "want"), "V=${version}"},
		Values: []stage.Key[string]{stage.Version},
		Secret: map[string]string{"TOKEN": "token", "OTHER": "token"},
	}
	assert.Equal(t, []string{"token"}, stage.Secrets(s), "it is asked for once")
	require.NoError(t, os.WriteFile(s.Env[0][len("WANT="):], []byte(value), 0o600))
	require.NoError(t, s.Run(t.Context(), stagetest.NewHost(s, stagetest.Given(stage.Version, "1.0.0"), stagetest.Secret("token", value)).Task()))
}
