package apidiff

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/changelog/git"
)

// checkout writes the files of a revision below a folder, byte for byte as they were committed: no filter, line end or
// export attribute of the repository has a say, as none has in what the Go proxy serves. Links and
// submodules are left out, as they are there. It returns the commit.
func checkout(ctx context.Context, t Tree, to string) (commit string, err error) {
	if _, err := exec.LookPath("git"); err != nil {
		return "", fmt.Errorf("%w: %w", git.ErrNoGit, err)
	}
	out, err := gitIn(ctx, t.Dir, "rev-parse", "--verify", "--end-of-options", t.Revision+"^{commit}")
	if err != nil {
		if ctx.Err() == nil && strings.Contains(err.Error(), "Needed a single revision") {
			return "", fmt.Errorf("%s: %w", t, ErrNoRevision)
		}
		return "", fmt.Errorf("%s: %w", t, err)
	}
	commit = strings.TrimSpace(string(out))
	files, err := listed(ctx, t.Dir, commit)
	if err != nil {
		return "", fmt.Errorf("%s: %w", t, err)
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return "", err
	}
	defer root.Close()
	if err := extract(ctx, t.Dir, files, root); err != nil {
		return "", fmt.Errorf("%s: %w", t, err)
	}
	return commit, nil
}

// file is a file of a commit.
type file struct{ id, path string }

// listed are the regular files of a commit.
func listed(ctx context.Context, dir, commit string) ([]file, error) {
	out, err := gitIn(ctx, dir, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, err
	}
	var all []file
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if entry == "" {
			continue
		}
		about, name, ok := strings.Cut(entry, "\t")
		words := strings.Fields(about)
		if !ok || len(words) != 3 {
			return nil, fmt.Errorf("git ls-tree wrote %q", entry)
		}
		if words[0] == "100644" || words[0] == "100755" || words[0] == "100664" {
			all = append(all, file{id: words[2], path: name})
		}
	}
	return all, nil
}

// extract writes files below a folder that it cannot leave.
func extract(ctx context.Context, dir string, files []file, root *os.Root) error {
	var ids strings.Builder
	for _, f := range files {
		ids.WriteString(f.id + "\n")
	}
	cmd, said := command(ctx, dir, "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(ids.String())
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	in := bufio.NewReader(pipe)
	var failed error
	for _, f := range files {
		if failed = write(in, f, root); failed != nil {
			failed = fmt.Errorf("file %q: %w", f.path, failed)
			break
		}
	}
	if failed != nil {
		_ = cmd.Process.Kill() // it still writes, and nobody reads
	}
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case failed != nil:
		return failed
	case err != nil:
		return fmt.Errorf("git cat-file: %w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}

// write copies one file of what git cat-file writes.
func write(in *bufio.Reader, f file, root *os.Root) (err error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return err
	}
	words := strings.Fields(line)
	if len(words) != 3 || words[1] != "blob" {
		return fmt.Errorf("git cat-file wrote %q", line)
	}
	size, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return fmt.Errorf("git cat-file wrote %q", line)
	}
	if err := root.MkdirAll(path.Dir(f.path), 0o700); err != nil {
		return err
	}
	out, err := root.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(out, in, size)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	_, err = in.Discard(1)
	return err
}

// kept are the GIT_ variables that say how git is installed and whom it trusts, not what it reads.
var kept = []string{"GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES", "GIT_CONFIG_GLOBAL", "GIT_DISCOVERY_ACROSS_FILESYSTEM"}

// command prepares git to read a repository, whatever surrounds this process.
func command(ctx context.Context, dir string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"--no-pager", "--no-replace-objects", "--no-optional-locks"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasPrefix(name, "GIT_") && !slices.Contains(kept, name) || strings.HasPrefix(name, "LC_") || name == "LANGUAGE"
	}), "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none")
	cmd.WaitDelay = 5 * time.Second // for pipes held open by a grandchild
	said := &bytes.Buffer{}
	cmd.Stderr = said
	return cmd, said
}

// gitIn runs git in a folder and returns what it wrote.
func gitIn(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd, said := command(ctx, dir, args...)
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(said.Bytes()))
	}
	return out, nil
}
