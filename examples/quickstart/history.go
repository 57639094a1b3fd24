package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// history is the service under release: one folder a commit, with its message and the files that it
// changes. The last one has a regression that its tests do not see.
//
//go:embed testdata/history
var history embed.FS

// repository is the git repository of the service.
type repository struct{ dir string }

// newRepository makes an empty one.
func newRepository(ctx context.Context, dir string) (*repository, error) {
	r := &repository{dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return r, r.git(ctx, "init", "-q", "-b", "main")
}

// commit adds the commits of that name, which are folders in testdata/history.
func (r *repository) commit(ctx context.Context, names ...string) error {
	for _, name := range names {
		folder := path.Join("testdata/history", name)
		entries, err := fs.ReadDir(history, folder)
		if err != nil {
			return err
		}
		message := ""
		for _, e := range entries {
			text, err := fs.ReadFile(history, path.Join(folder, e.Name()))
			if err != nil {
				return err
			}
			if e.Name() == "message.txt" {
				message = string(text)
				continue
			}
			// A go.mod would hide its folder from go:embed.
			file := strings.TrimSuffix(e.Name(), ".txt")
			if err := os.WriteFile(filepath.Join(r.dir, file), text, 0o644); err != nil {
				return err
			}
		}
		if err := r.git(ctx, "add", "--all"); err != nil {
			return err
		}
		if err := r.git(ctx, "commit", "-q", "-m", message); err != nil {
			return err
		}
	}
	return nil
}

func (r *repository) tag(ctx context.Context, version string) error {
	return r.git(ctx, "tag", "-a", "-m", "shop "+version, "v"+version)
}

// git runs git with an identity of its own, and without the settings of whoever runs the example.
func (r *repository) git(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = r.dir
	cmd.WaitDelay = time.Second
	environ := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
	cmd.Env = append(environ,
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@shop.example",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@shop.example")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}
