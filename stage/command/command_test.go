//go:build unix

package command_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/command"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sh(script string) []string { return []string{"sh", "-c", script} }

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	build := command.Stage{
		Args:     []string{"sh", "-c", `printf %s "$VERSION" > shop`},
		Env:      []string{"VERSION=${version}"}, // as a variable, so that no shell reads it
		Dir:      dir,
		Values:   []stage.Key[string]{stage.Version},
		Artifact: "shop",
	}
	host := stagetest.NewHost(build, stagetest.Given(stage.Version, "1.5.0"))
	if err := build.Run(context.Background(), host.Task()); err != nil {
		fmt.Println(err)
		return
	}
	artifact, err := stagetest.Value(host, stage.Built)
	fmt.Println(artifact.Name, artifact.Size, artifact.Digest, err)
	// Output: shop 5 sha256:1f4dc096d58f7d21e3875671aee6f29b120ab84218fa47db2cb53bc9eb5b4dac <nil>
}

func TestLaws(t *testing.T) {
	dir := t.TempDir()
	cases := map[string]struct {
		stage command.Stage
		stagetest.Case
	}{
		"success":      {command.Stage{Args: sh("exit 0")}, stagetest.Case{}},
		"failure":      {command.Stage{Args: sh("exit 3")}, stagetest.Case{Want: stage.Failed}},
		"no program":   {command.Stage{Args: []string{"no-such-program"}}, stagetest.Case{Want: stage.Failed}},
		"never ends":   {command.Stage{Args: sh("sleep 60")}, stagetest.Case{Waits: true}},
		"deaf to TERM": {command.Stage{Args: sh("trap '' TERM; sleep 60; sleep 60"), Grace: 50 * time.Millisecond}, stagetest.Case{Waits: true}},
		"a secret": {
			command.Stage{Args: sh(`echo "login with $TOKEN"; exit 3`), Secret: map[string]string{"TOKEN": "token"}},
			stagetest.Case{Want: stage.Failed, Inputs: []stagetest.Input{stagetest.Secret("token", "hunter2-canary")}},
		},
		"artifact": {
			command.Stage{Args: sh("echo ${version} > built"), Dir: dir, Artifact: "built", Values: []stage.Key[string]{stage.Version}},
			stagetest.Case{Inputs: []stagetest.Input{stagetest.Given(stage.Version, "1.0.0")}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			stagetest.Run(t, func() stage.Stage { return c.stage }, c.Case)
		})
	}
	t.Run("undo", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "published")
		stagetest.Run(t, func() stage.Stage {
			return stage.Undoable{
				Stage: command.Stage{Args: []string{"touch", file}},
				By:    command.Stage{Args: []string{"rm", "-f", file}},
			}
		}, stagetest.Case{
			Prepare: func(*stagetest.Host) { os.Remove(file) },
			Undone: func() error {
				if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
					return fmt.Errorf("the file is there: %w", err)
				}
				return nil
			},
		})
	})
}

func run(t *testing.T, s command.Stage, inputs ...stagetest.Input) error {
	t.Helper()
	require.NoError(t, s.Validate())
	return s.Run(t.Context(), stagetest.NewHost(s, inputs...).Task())
}

func TestAFailureShowsTheEndOfTheOutput(t *testing.T) {
	err := run(t, command.Stage{Args: sh("seq 1 10000; echo it is broken >&2; exit 3")})
	var exit *command.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, "exit status 3", exit.Status)
	assert.True(t, strings.HasPrefix(exit.Output, "...\n"), "what was left out is marked")
	assert.True(t, strings.HasSuffix(exit.Output, "9999\n10000\nit is broken"))
	assert.Less(t, len(exit.Output), 5000)
}

func TestTheEnvironmentIsTheProgramsOwn(t *testing.T) {
	t.Setenv("HOST_SECRET", "hunter2")
	t.Setenv("HOST_WANTED", "wanted")
	log := filepath.Join(t.TempDir(), "log")
	s := command.Stage{
		Args: []string{"env"}, Log: log, Env: []string{"OWN=${version}", "OTHER=${home}"},
		Inherit: []string{"PATH", "HOST_WANTED"}, Values: []stage.Key[string]{stage.Version},
	}
	require.NoError(t, run(t, s, stagetest.Given(stage.Version, "1.0.0")))
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "hunter2")
	for _, want := range []string{"HOST_WANTED=wanted\n", "OWN=1.0.0\n", "OTHER=${home}\n", "DAVIT_RELEASE=release-1\n", "DAVIT_STAGE=subject\n", "DAVIT_TOKEN=release-1/subject\n", "DAVIT_ATTEMPT=1\n", "DAVIT_ITEM=\n", "DAVIT_FENCE=1\n"} {
		assert.Contains(t, string(text), want)
	}
	require.NoError(t, run(t, command.Stage{Args: []string{"env"}, Log: log}))
	text, err = os.ReadFile(log)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "HOST_")
}

func TestTheLogIsCapped(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	require.NoError(t, run(t, command.Stage{Args: sh("seq 1 100000"), Log: log, MaxLog: 20}))
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Equal(t, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n[the log ends here; the program wrote 588895 bytes]\n", string(text))
}

func TestALogThatCannotBeWrittenIsToldBeforeAnythingRuns(t *testing.T) {
	dir := t.TempDir()
	err := run(t, command.Stage{Args: sh("touch ran"), Dir: dir, Log: filepath.Join(dir, "no", "such", "folder")})
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.NoFileExists(t, filepath.Join(dir, "ran"))
}

func TestTheWholeGroupEnds(t *testing.T) {
	for name, script := range map[string]string{
		"when it is cancelled":    "sleep 300 & echo $! > child; wait",
		"when it does not listen": "trap '' TERM; (trap '' TERM; sleep 300) & echo $! > child; wait; wait",
		"when the head ends":      "sleep 300 & echo $! > child",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := command.Stage{Args: sh(script), Dir: dir, Grace: 200 * time.Millisecond}
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			result := make(chan error, 1)
			go func() { result <- s.Run(ctx, stagetest.NewHost(s).Task()) }()
			child := 0
			require.Eventually(t, func() bool {
				text, _ := os.ReadFile(filepath.Join(dir, "child"))
				child, _ = strconv.Atoi(strings.TrimSpace(string(text)))
				return child > 0
			}, 10*time.Second, 5*time.Millisecond)
			cause := &stage.Error{Outcome: stage.Aborted, By: "ada", Reason: "wrong branch"}
			if name != "when the head ends" {
				cancel(cause)
				assert.ErrorIs(t, <-result, cause)
			} else {
				assert.NoError(t, <-result)
			}
			require.Eventually(t, func() bool { return gone(child) }, 10*time.Second, 5*time.Millisecond)
		})
	}
}

// gone reports whether a process is no more, or waits only for its exit to be noticed.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestTheProgramIsFoundByThePathThatItHas(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho found > \"$1\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tool"), []byte(script), 0o755))
	out := filepath.Join(dir, "out")
	require.NoError(t, run(t, command.Stage{Args: []string{"tool", out}, Env: []string{"PATH=" + dir}}))
	assert.FileExists(t, out)
	require.NoError(t, os.Remove(out))
	require.NoError(t, run(t, command.Stage{Args: []string{"./tool", "out"}, Dir: dir}))
	assert.FileExists(t, out)
	err := run(t, command.Stage{Args: []string{"tool"}, Env: []string{"PATH=.:/nowhere"}, Dir: dir})
	assert.ErrorIs(t, err, exec.ErrNotFound, "a relative PATH is not looked at")
}

func TestAnArtifactIsBuiltOnce(t *testing.T) {
	dir := t.TempDir()
	s := command.Stage{Args: sh("echo x >> count; cp count built"), Dir: dir, Artifact: "built"}
	host := stagetest.NewHost(s)
	require.NoError(t, s.Run(t.Context(), host.Task()))
	first, err := stagetest.Value(host, stage.Built)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("x\n"))), first.Digest)
	assert.Equal(t, filepath.Join(dir, "built"), first.Location)

	require.NoError(t, s.Run(t.Context(), host.Task()))
	second, err := stagetest.Value(host, stage.Built)
	require.NoError(t, err)
	assert.Equal(t, first, second)

	require.NoError(t, os.WriteFile(first.Location, []byte("tampered"), 0o600))
	require.NoError(t, s.Run(t.Context(), host.Task()))
	third, err := stagetest.Value(host, stage.Built)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("x\nx\n"))), third.Digest, "what was changed is built again")
}

func TestWhatIsNoFileIsNoArtifact(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	assert.ErrorIs(t, run(t, command.Stage{Args: sh("exit 0"), Dir: dir, Artifact: "none"}), os.ErrNotExist)
	assert.ErrorContains(t, run(t, command.Stage{Args: sh("exit 0"), Dir: dir, Artifact: "folder"}), "not a regular file")
	assert.ErrorContains(t, run(t, command.Stage{Args: sh("exit 0"), Dir: dir, Artifact: "pipe"}), "not a regular file")
}

func TestArgumentsReachTheProgramAsTheyAre(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	s := command.Stage{
		Args: []string{"printf", "%s|", "a b", "$HOME", "${HOME}", "; rm -rf /", "${version}"},
		Log:  log, Values: []stage.Key[string]{stage.Version},
	}
	require.NoError(t, run(t, s, stagetest.Given(stage.Version, "$(date)")))
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Equal(t, "a b|$HOME|${HOME}|; rm -rf /|$(date)|", string(text))
}

func TestValidate(t *testing.T) {
	err := command.Stage{
		Env: []string{"=x", "NAME"}, Inherit: []string{"A B"}, Values: []stage.Key[string]{stage.Notes},
		MaxLog: -1, Grace: -1, Dir: "a\x00b",
	}.Validate()
	for _, want := range []string{
		"Command.Args: there is no program", "Command.Env[0]", "Command.Env[1]", "Command.Inherit[0]",
		"Command.Values[0]: ${notes} occurs neither", "Command.MaxLog", "Command.Grace", "zero byte",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestClass(t *testing.T) {
	assert.Equal(t, stage.Idempotent, stage.EffectOf(command.Stage{Args: sh("exit 0")}))
	assert.Equal(t, stage.AtMostOnce, stage.EffectOf(command.Stage{Class: stage.AtMostOnce}))
	assert.ErrorContains(t, command.Stage{Args: sh("exit 0"), Class: "twice"}.Validate(), `Command.Class: there is no class "twice"`)
	assert.ErrorContains(t, command.Stage{Args: sh("exit 0"), Class: stage.Pure, Artifact: "shop"}.Validate(), "not pure")
}

// A program is taken back by another one, with what both need.
func ExampleStage_undo() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	publish := stage.Undoable{
		Stage: command.Stage{
			Args: []string{"sh", "-c", `echo "login with $TOKEN" && touch "published-$VERSION"`}, Dir: dir, Log: filepath.Join(dir, "log"),
			Env: []string{"VERSION=${version}"}, Values: []stage.Key[string]{stage.Version},
			Secret: map[string]string{"TOKEN": "registry-token"}, // the host's name for it
		},
		By: command.Stage{
			Args: []string{"sh", "-c", `rm -f "published-$VERSION"`}, Dir: dir,
			Env: []string{"VERSION=${version}"}, Values: []stage.Key[string]{stage.Version},
		},
	}
	host := stagetest.NewHost(publish, stagetest.Given(stage.Version, "1.5.0"), stagetest.Secret("registry-token", "s3cr3t"))
	look := func() {
		published, _ := filepath.Glob(filepath.Join(dir, "published-*"))
		for i := range published {
			published[i] = filepath.Base(published[i])
		}
		fmt.Println(published)
	}
	fmt.Println(publish.Run(context.Background(), host.Task()))
	look()
	fmt.Println(publish.Undo(context.Background(), host.UndoTask()))
	look()
	text, _ := os.ReadFile(filepath.Join(dir, "log"))
	fmt.Print(string(text))
	// Output:
	// <nil>
	// [published-1.5.0]
	// <nil>
	// []
	// login with ***
}
