package kubernetes_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// roleOf names the variable that makes this test program a host: a process of its own that walks one rollout.
const roleOf = "DAVIT_TEST_HOST"

// task is what a host is to do.
type task struct {
	Server, Token string
	CA            []byte
	Namespace     string
	Way           int // of ways
	Web           string
	Plan          strategy.Plan
	// Checkpoint is a file with the rollout's position: it goes on from there.
	Checkpoint string
	Fence      uint64
	// Abort is the step at which the release is taken back; below zero: none.
	Abort int
}

// playHost does the task that this process was started for, if it was. What happens is told line by line.
func playHost() (played bool) {
	text := os.Getenv(roleOf)
	if text == "" {
		return false
	}
	if err := walk(text); err != nil {
		fmt.Println("error", err)
	}
	return true
}

func walk(text string) error {
	var job task
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return err
	}
	web = job.Web
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	clients, err := kubernetes.Connect(&rest.Config{Host: job.Server, BearerToken: job.Token, TLSClientConfig: rest.TLSClientConfig{CAData: job.CA}})
	if err != nil {
		return err
	}
	target, err := kubernetes.Open(ctx, clients, options(job.Namespace, workload{}, ways[job.Way].traffic))
	if err != nil {
		return err
	}
	defer target.Close()
	var r *rollout.Rollout
	o := rollout.Options{
		Poll: 100 * time.Millisecond, Fence: job.Fence,
		Checkpoint: func(_ context.Context, c rollout.Checkpoint) error { return record(job.Checkpoint, c) },
		Notify: func(e rollout.Event) {
			fmt.Printf("%s, step %d of %d, back %t: %s\n", e.Kind, e.Step+1, e.Steps, e.Back, e.Text)
			if e.Kind == rollout.StepReached && !e.Back && e.Step == job.Abort {
				_ = r.Abort("the host", "it was told to") // of a host before, it is on record already
			}
		},
	}
	at, err := recorded(job.Checkpoint)
	switch {
	case at.Outcome != "": // the host before was killed once it had recorded the end
		fmt.Println("outcome", at.Outcome)
		return nil
	case errors.Is(err, fs.ErrNotExist):
		r, err = rollout.New(target, job.Plan, o)
	case err == nil:
		r, err = rollout.Resume(target, job.Plan, at, o)
	}
	if err != nil {
		return err
	}
	result, err := r.Run(ctx)
	if result.Outcome != "" {
		fmt.Println("outcome", result.Outcome)
	}
	return err
}

// record writes a position so that a crash leaves either this one or the one before.
func record(file string, c rollout.Checkpoint) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func recorded(file string) (c rollout.Checkpoint, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(text, &c)
}

// life runs a host until it has said so many lines, and kills it then. Where it ends before, it tells the outcome.
func (s *service) life(job task, lines int) (outcome rollout.Outcome, said []string) {
	s.Helper()
	text, err := json.Marshal(job)
	require.NoError(s, err)
	cmd := exec.CommandContext(s.ctx, os.Args[0])
	cmd.Env = append(os.Environ(), roleOf+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	require.NoError(s, err)
	require.NoError(s, cmd.Start())
	for words := bufio.NewScanner(out); words.Scan(); {
		said = append(said, words.Text())
		if o, ok := strings.CutPrefix(words.Text(), "outcome "); ok {
			outcome = rollout.Outcome(o)
		}
		if len(said) == lines {
			require.NoError(s, cmd.Process.Kill())
		}
	}
	_ = cmd.Wait() // it may have been killed
	return outcome, said
}

// A host is killed again and again in mid-rollout, each time a little later, and each time another one goes on.
func TestHostsAreKilled(t *testing.T) {
	t.Parallel()
	for n, way := range ways {
		for _, abort := range []int{-1, 1} {
			name, want := way.name+", promoted", rollout.Promoted
			if abort >= 0 {
				name, want = way.name+", taken back", rollout.RolledBack
			}
			if _, native := way.traffic.(kubernetes.Native); native && abort >= 0 {
				abort = 0 // it has one step
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := newService(t, way.traffic, workload{}, nil)
				l := s.first(version("1"))
				job := task{
					Server: s.as.Host, Token: s.as.BearerToken, CA: s.as.CAData, Namespace: s.name, Way: n, Web: web, Abort: abort,
					Plan: s.plan(way.by, version("2")), Checkpoint: filepath.Join(t.TempDir(), "checkpoint"),
				}
				var outcome rollout.Outcome
				for outcome == "" {
					require.Less(t, job.Fence, uint64(60), "sixty hosts, and no end")
					job.Fence++
					var said []string
					outcome, said = s.life(job, int(job.Fence))
					t.Logf("host %d: %s", job.Fence, strings.Join(said, " | "))
				}
				assert.Equal(t, want, outcome)
				assert.Greater(t, job.Fence, uint64(3), "so many hosts")
				if abort >= 0 {
					s.runs(version("1"), 2)
				} else {
					s.runs(version("2"), 2)
				}
				s.none(l)
			})
		}
	}
}
