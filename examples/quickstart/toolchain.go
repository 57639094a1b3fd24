package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage/command"
)

// requirements fails unless the programs that the example runs are there.
func requirements() error {
	var missing []string
	for _, program := range []string{"go", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("this example needs Go and git, and does not find in PATH: %s", strings.Join(missing, ", "))
	}
	return nil
}

// goEnv keeps the build to what lies in the repository, and what it leaves when it is interrupted to
// the folder of the example. Where this machine's Go has no cache that it
// can write to, it gets one in the folder of the example.
func (q *quickstart) goEnv(ctx context.Context) ([]string, error) {
	env := []string{"GOWORK=off", "GOFLAGS=-buildvcs=false", "GOPROXY=off", "GOTMPDIR=" + filepath.Join(q.dir, "tmp")}
	if writable(ctx, "GOCACHE") {
		return env, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	return append(env, "GOCACHE="+filepath.Join(q.dir, "cache"), "GOPATH="+filepath.Join(q.dir, "gopath")), nil
}

// writable reports whether the folder that go env tells under a name can be written to.
func writable(ctx context.Context, name string) bool {
	asked := exec.CommandContext(ctx, "go", "env", name)
	asked.WaitDelay = time.Second
	asked.Env = append(os.Environ(), "GOWORK=off")
	out, err := asked.Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || !filepath.IsAbs(dir) || os.MkdirAll(dir, 0o755) != nil {
		return false
	}
	probe, err := os.CreateTemp(dir, "davit-quickstart-")
	if err != nil {
		return false
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name())) == nil
}

// goInherit hands on where this machine's Go keeps its caches.
func goInherit() []string {
	return append(command.Inherited(), "GOCACHE", "GOPATH", "GOMODCACHE", "GOROOT", "GOTOOLCHAIN", "XDG_CACHE_HOME")
}
