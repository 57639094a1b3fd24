package haproxy_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/integration/loadtool"
	"github.com/davit-sdk/davit/internal/integration/process"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// tour is what a host process has to do: to carry out a plan, or to go on with it where another host has left
// a checkpoint, and to die of it.
type tour struct {
	Fleet      string // the folder of the fleet
	Groups     haproxy.GroupsOptions
	Plan       strategy.Plan
	Checkpoint string // the file
	// Abort is the step that is aborted once it is reached, from 1.
	Abort int
	// Dies is the touch of the target, a Scale or a Route, at which the host dies, from 1: before it, after it,
	// or so long after it has begun.
	Dies int
	When string
	In   time.Duration
}

// host carries out a tour. What it says is each event, and how it ended.
func host(k tour, _ *bufio.Scanner, out io.Writer) error {
	fleet, err := local.NewFleet((&shop{}).options(k.Fleet))
	if err != nil {
		return err
	}
	defer fleet.Close(context.Background())
	groups, err := haproxy.NewGroups(k.Groups)
	if err != nil {
		return err
	}
	m := &mortal{tour: k}
	target, err := rollout.Compose(mortalFleet{fleet, m}, mortalRouter{groups, m}, rollout.ComposeOptions{})
	if err != nil {
		return err
	}
	o := options()
	var r *rollout.Rollout
	o.Notify = func(e rollout.Event) {
		fmt.Fprintf(out, "%s, step %d of %d, back %v: %s\n", e.Kind, e.Step+1, e.Steps, e.Back, strings.ReplaceAll(e.Text, "\n", " "))
		if e.Kind == rollout.StepReached && !e.Back && e.Step+1 == k.Abort {
			go func() { _ = r.Abort("ada", "because") }()
		}
	}
	o.Checkpoint = func(_ context.Context, c rollout.Checkpoint) error { return keep(k.Checkpoint, c) }
	c, err := kept(k.Checkpoint)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r, err = rollout.New(target, k.Plan, o)
	case err == nil:
		r, err = rollout.Resume(target, k.Plan, c, o)
	}
	if err != nil {
		return err
	}
	result, err := r.Run(context.Background())
	fmt.Fprintf(out, "outcome %s: %v\n", result.Outcome, err)
	return nil
}

// keep writes a checkpoint so that nobody ever reads a half of it.
func keep(path string, c rollout.Checkpoint) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := write(path+".new", string(text)); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func kept(path string) (c rollout.Checkpoint, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(text, &c)
}

// mortal counts what a host does to its target, and kills the host.
type mortal struct {
	tour
	touches int
}

func (m *mortal) touch(do func() error) error {
	m.touches++
	if m.touches != m.Dies {
		return do()
	}
	switch m.When {
	case "before":
		die()
	case "within":
		time.AfterFunc(m.In, die)
	}
	err := do()
	die() // also where what it would die within took no time
	return err
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

type mortalFleet struct {
	rollout.Fleet
	*mortal
}

func (f mortalFleet) Scale(ctx context.Context, pool strategy.Pool, n int, leaving ...string) error {
	return f.touch(func() error { return f.Fleet.Scale(ctx, pool, n, leaving...) })
}

type mortalRouter struct {
	rollout.Router
	*mortal
}

func (r mortalRouter) Unwrap() any { return r.Router }

func (r mortalRouter) Route(ctx context.Context, t rollout.Table) error {
	return r.touch(func() error { return r.Router.Route(ctx, t) })
}

// TestHostsDie kills one host after the other in the middle of a rollout, by SIGKILL, and HAProxy is reloaded
// now and then while no host lives. The last one ends the rollout as it would have ended without all that,
// and nobody has lost a request.
func TestHostsDie(t *testing.T) {
	for _, c := range []struct {
		name  string
		by    strategy.Strategy
		abort int
		tool  loadtool.Tool
		want  rollout.Outcome
	}{
		{"rolling", lossless[0], 0, loadtool.Hey(), rollout.Promoted},
		{"blue-green", lossless[1], 0, loadtool.Wrk(), rollout.Promoted},
		{"canary", lossless[2], 0, loadtool.Hey(), rollout.Promoted},
		{"canary that is aborted", lossless[2], 3, loadtool.Wrk(), rollout.RolledBack},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, wirings(func(o *haproxy.GroupsOptions) { o.BootTime = 200 * time.Millisecond })[0]).install("1.0.0", 2)
			patrons := s.patrons(c.tool)
			k := tour{Fleet: s.shop.dir, Groups: s.options, Plan: s.plan(c.by, "1.1.0"), Abort: c.abort, Checkpoint: filepath.Join(t.TempDir(), "checkpoint")}
			require.NoError(t, s.shop.fleet.Close(t.Context())) // it belongs to the hosts now
			draw := rand.New(rand.NewPCG(7, uint64(len(c.name))))
			last, deaths := "", 0
			for ; !strings.HasPrefix(last, "outcome "); deaths++ {
				require.Less(t, deaths, 60, "it never ends: %s", last)
				k.Dies, k.When = 1+draw.IntN(2), []string{"within", "after", "before"}[draw.IntN(3)]
				k.In = time.Duration(draw.Int64N(int64(60 * time.Millisecond)))
				p := process.Start(t, "host", k)
				for line := p.Line(); line != ""; line = p.Line() {
					last = line
				}
				err := p.Wait()
				if !strings.HasPrefix(last, "outcome ") {
					require.ErrorContains(t, err, "signal: killed", "%s", last)
				}
				if draw.IntN(2) == 0 {
					require.NoError(t, s.Reload(t.Context()))
				}
			}
			require.True(t, strings.HasPrefix(last, "outcome "+string(c.want)), "%s", last)
			assert.Greater(t, deaths, 3)
			s.shop.reopen()
			s.target = s.compose(s.again())
			s.runs(map[rollout.Outcome]string{rollout.Promoted: "1.1.0", rollout.RolledBack: "1.0.0"}[c.want], 2)
			patrons.lostNothing()
			t.Logf("%d hosts died", deaths-1)
		})
	}
}
