package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Error is a failure of git.
type Error struct {
	// Args are git's arguments, from the name of the subcommand on.
	Args []string
	// Stderr is what git said, at most its last 4 KiB.
	Stderr string
	// Err is how the process ended.
	Err error
}

// Error says what was run and what git said.
func (e *Error) Error() string {
	said := strings.TrimSpace(e.Stderr)
	if said == "" {
		return fmt.Sprintf("git %s: %v", e.Args[0], e.Err)
	}
	return fmt.Sprintf("git %s: %v: %s", e.Args[0], e.Err, said)
}

// Unwrap is how the process ended.
func (e *Error) Unwrap() error { return e.Err }

// overrules are set for every command, above all configuration files.
var overrules = []string{
	"--no-pager", "--no-replace-objects", "--no-optional-locks", "--literal-pathspecs",
	"-c", "core.hooksPath=" + os.DevNull,
	"-c", "core.fsmonitor=false",
	"-c", "color.ui=false",
	"-c", "log.showSignature=false",
	"-c", "log.showRoot=true",
	"-c", "log.mailmap=false",
	"-c", "i18n.logOutputEncoding=UTF-8",
}

// kept are the GIT_ variables that say how git is installed and whom it trusts, not what it reads.
var kept = []string{"GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_DISCOVERY_ACROSS_FILESYSTEM"}

// identifying are the GIT_ variables that say who writes, and how a remote is reached.
var identifying = []string{
	"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE",
	"GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_SSL_CAINFO", "GIT_SSL_CERT", "GIT_SSL_KEY",
}

// environment is this process's own without what could lead git astray, but with the GIT_ variables of those names.
func environment(kept ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasPrefix(name, "GIT_") && !slices.Contains(kept, name) ||
			strings.HasPrefix(name, "LC_") || name == "LANG" || name == "LANGUAGE"
	})
	return append(env, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0",
		// No file: old-fashioned grafts, like replacements, do not change the history.
		"GIT_GRAFT_FILE="+os.DevNull+"/none")
}

// command prepares git with these arguments to read.
func (r *Repository) command(ctx context.Context, args ...string) (*exec.Cmd, *tail) {
	env := append(environment(kept...),
		// What a partial clone lacks is not fetched; a git that does not know the first of these obeys the second.
		"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none",
		// One write for many commits, not one for each.
		"GIT_FLUSH=0")
	if !r.system { // it says nothing about what is read
		env = append(env, "GIT_CONFIG_NOSYSTEM=1")
	}
	return r.prepared(ctx, env, args)
}

func (r *Repository) prepared(ctx context.Context, env, args []string) (*exec.Cmd, *tail) {
	cmd := exec.CommandContext(ctx, r.program, slices.Concat(overrules, args)...)
	cmd.Dir = r.dir
	cmd.Env = env
	cmd.WaitDelay = 5 * time.Second // for output pipes held open by a grandchild
	said := &tail{}
	cmd.Stderr = said
	r.log.Trace("running git", "dir", r.dir, "args", args)
	return cmd, said
}

// output runs git and returns what it wrote.
func (r *Repository) output(ctx context.Context, args ...string) (string, error) {
	return r.answer(ctx, "", args...)
}

// answer runs git with an input and returns what it wrote.
func (r *Repository) answer(ctx context.Context, input string, args ...string) (string, error) {
	cmd, said := r.command(ctx, args...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if input != "" {
		cmd.Stdin = strings.NewReader(input)
	}
	if err := cmd.Run(); err != nil {
		return "", failure(ctx, args, said, err)
	}
	return out.String(), nil
}

// failure tells a cancelled context from a missing program and both from a failure of git.
func failure(ctx context.Context, args []string, said *tail, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("git %s: %w", args[0], context.Cause(ctx))
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, exec.ErrDot) {
		return fmt.Errorf("%w: %w", ErrNoGit, err)
	}
	failed := &Error{Args: args, Stderr: said.String(), Err: err}
	switch {
	case strings.HasPrefix(failed.Stderr, "fatal: not a git repository"):
		return fmt.Errorf("%w: %w", ErrNotRepository, failed)
	case strings.HasPrefix(failed.Stderr, "fatal: detected dubious ownership"), strings.HasPrefix(failed.Stderr, "fatal: unsafe repository"):
		return fmt.Errorf("%w: %w", ErrUntrusted, failed)
	case args[0] == "log" && strings.Contains(failed.Stderr, "promisor remote"): // which it was not to ask
		return fmt.Errorf("%w: %w", ErrPartial, failed)
	}
	return failed
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if over := len(t.text) - tailSize; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// ReadFrom spares what io.Copy would take for a buffer: mostly there is nothing to be read.
func (t *tail) ReadFrom(from io.Reader) (n int64, err error) {
	var some [256]byte
	for {
		got, err := from.Read(some[:])
		n += int64(got)
		t.Write(some[:got])
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

func (t *tail) String() string { return strings.ToValidUTF8(string(t.text), "\uFFFD") }
