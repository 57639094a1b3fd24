package crash_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

func parts() map[string]func(args []string) error {
	return map[string]func(args []string) error{"victim": victim, "instance": instance, "locker": locker}
}

// instance is a process that a fleet runs: it answers until it is told to end, or for as long as no test takes,
// so that one that fails badly leaves nothing for ever.
func instance(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// host is a program that releases one version after the other in its folder, until it finds a file there
// that says that it is enough.
type host struct {
	dir    string
	runner *release.Runner
	target rollout.Target
	store  *journal.Journal
	say    sync.Mutex
}

// tell says what was acknowledged, a line each.
func (h *host) tell(format string, args ...any) {
	h.say.Lock()
	defer h.say.Unlock()
	fmt.Printf(format+"\n", args...)
}

func victim(args []string) (err error) {
	h := &host{dir: args[0]}
	if h.store, err = journal.Open(filepath.Join(h.dir, "journal"), journal.Options{SegmentSize: 64 << 10}); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	fleet, err := local.NewFleet(local.FleetOptions{
		Dir: filepath.Join(h.dir, "fleet"), Service: "shop", Grace: 5 * time.Second, Probe: local.Probe{Interval: 10 * time.Millisecond},
		Command: func(_ strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
			return local.Command{Path: program, Args: []string{"instance", inst.Addr, h.dir}}, nil
		},
	})
	if err != nil {
		return err
	}
	router, err := local.NewRouter(local.RouterOptions{})
	if err != nil {
		return err
	}
	if h.target, err = rollout.Compose(fleet, router, rollout.ComposeOptions{}); err != nil {
		return err
	}
	h.runner = release.NewRunner(release.Config{Store: h.store})
	h.tell("up")
	if err := h.restore(); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if _, err := h.runner.TakeUp(context.Background(), h.heavy(), h.light()); err != nil {
		return fmt.Errorf("take up: %w", err)
	}
	var lanes sync.WaitGroup
	failed := make([]error, 2)
	lanes.Go(func() { failed[0] = h.lane("heavy", h.heavy()) })
	lanes.Go(func() { failed[1] = h.lane("light", h.light()) })
	lanes.Wait()
	h.runner.Stop(context.Background())
	return errors.Join(append(failed, fleet.StopAll(context.Background()), h.store.Close())...)
}

// restore gives the traffic back that was lost with the former host's router, unless a rollout will.
func (h *host) restore() error {
	ctx := context.Background()
	now, err := rollout.Current(ctx, h.target)
	switch {
	case errors.Is(err, rollout.ErrUnderWay):
		return nil
	case err != nil && !errors.Is(err, rollout.ErrDark):
		return err
	case now.Stable.IsZero(), now.Stable.Revision.Version == "0":
		now.Stable = strategy.Group{Revision: strategy.Revision{Version: "0"}, Replicas: 2, Share: strategy.All()}
	}
	return rollout.Restore(ctx, h.target, now, rollout.Options{Poll: 5 * time.Millisecond})
}

// lane begins one release after the other, and answers its questions.
func (h *host) lane(name string, p release.Pipeline) error {
	for n := 1; ; n++ {
		id := fmt.Sprintf("%s-%d", name, n)
		_, err := h.runner.State(context.Background(), id)
		if errors.Is(err, release.ErrUnknown) {
			if _, enough := os.Stat(filepath.Join(h.dir, "enough")); enough == nil {
				return nil
			}
			if err = h.runner.Begin(context.Background(), p, release.Request{ID: id, Service: "shop", RequestedBy: "ada"}); err == nil {
				h.tell("begun %s", id)
			}
		}
		if err != nil {
			return err
		}
		if err := h.through(id); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
}

// through answers what a release asks until it is over.
func (h *host) through(id string) error {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() {
		defer cancel()
		_, err := h.runner.Wait(context.Background(), id)
		var how *stage.Error
		if errors.As(err, &how) && how.Outcome != stage.Interrupted {
			err = nil
		}
		over <- err
	}()
	state := new(ledger.State)
	for e, err := range h.runner.Watch(ctx, id, 0) {
		if err != nil {
			break
		}
		if err := state.Apply(e); err != nil {
			return err
		}
		switch b := e.Body.(type) {
		case ledger.Began:
			if e.Stage == "ask" {
				h.signal(id, stage.Signal{ID: "yes-" + id, Kind: stage.Approve, Stage: e.Stage, By: "bob"})
			}
		case ledger.Ended:
			if b.Parked != "" {
				h.signal(id, stage.Signal{ID: "skip-" + id, Kind: stage.SkipStage, Stage: e.Stage, By: "bob"})
			}
		case ledger.Parked:
			h.signal(id, stage.Signal{ID: "skip-" + id, Kind: stage.SkipStage, Stage: e.Stage, By: "bob"})
		}
	}
	if err := <-over; err != nil {
		return err
	}
	h.tell("over %s", id)
	return nil
}

func (h *host) signal(id string, sig stage.Signal) {
	switch err := h.runner.Signal(context.Background(), id, sig); {
	case err == nil:
		h.tell("signal %s %s", id, sig.ID)
	case !errors.Is(err, ledger.ErrTooLate):
		h.tell("refused %s %s: %v", id, sig.ID, err)
	}
}

// effect writes down that something is done under a token, twice at most in vain: the second time nothing
// happens.
func (h *host) effect(t *stage.Task, what string) error {
	name := filepath.Join(h.dir, "effects", strings.ReplaceAll(t.Token()+"/"+what, "/", "+"))
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return errors.Join(err, f.Close())
}

func (h *host) take(what string) stage.Stage {
	return stage.Undoable{
		Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			return errors.Join(h.effect(t, what), t.Checkpoint(ctx, 1), h.effect(t, what+"2"))
		}),
		By: stage.Func(func(_ context.Context, t *stage.Task) error {
			for _, name := range []string{what + "2", what} {
				err := os.Remove(filepath.Join(h.dir, "effects", strings.ReplaceAll(t.Token()+"/"+name, "/", "+")))
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					return err
				}
			}
			return nil
		}),
	}
}

// once writes a line each time that it runs, and may run once.
func (h *host) once() stage.Stage {
	return stage.Declared{Class: stage.AtMostOnce, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
		f, err := os.OpenFile(filepath.Join(h.dir, "once"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(f, t.Token())
		return errors.Join(err, f.Close())
	})}
}

// heavy deploys. Every third release fails behind that, and is undone.
func (h *host) heavy() release.Pipeline {
	build := stage.Declared{Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()}, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
		return errors.Join(stage.Version.Set(t, t.Release().ID), stage.Built.Set(t, stage.Artifact{Digest: "sha256:1111", Location: "/shop"}), h.effect(t, "build"))
	})}
	rolls := deploy.Stage{Target: h.target, Strategy: strategy.Rolling{Surge: strategy.Count(1)}, Options: rollout.Options{Poll: 5 * time.Millisecond}}
	last := step("last", stage.Func(func(_ context.Context, t *stage.Task) error {
		if third(t.Release().ID) {
			return errors.New("it is a third one")
		}
		return h.effect(t, "x")
	}), "deploy")
	last.OnFailure = release.Undo
	return release.Pipeline{Name: "heavy", Stages: []release.Stage{
		step("build", build), step("take", h.take("x"), "build"), step("deploy", rolls, "take"), last,
	}}
}

func third(id string) bool {
	var n int
	_, _ = fmt.Sscanf(id[strings.IndexByte(id, '-')+1:], "%d", &n)
	return n%3 == 0
}

// light has an approval, a card that is charged, and stages at once.
func (h *host) light() release.Pipeline {
	flaky := step("flaky", stage.Func(func(_ context.Context, t *stage.Task) error {
		if time.Since(t.Started()) < 20*time.Millisecond {
			return errors.New("not yet")
		}
		return h.effect(t, "x")
	}), "ask")
	flaky.Retry = release.Retry{Attempts: 100, Backoff: 5 * time.Millisecond, MaxBackoff: 10 * time.Millisecond}
	return release.Pipeline{Name: "light", Stages: []release.Stage{
		step("a", h.take("x")), step("b", h.take("y")), step("ask", approval.Stage{FourEyes: true}, "a", "b"),
		step("charge", h.once(), "ask"), flaky, step("last", h.take("z"), "charge", "flaky"),
	}}
}

// locker keeps a journal open, and says so.
func locker(args []string) error {
	j, err := journal.Open(args[0], journal.Options{})
	if err != nil {
		return err
	}
	defer j.Close()
	fmt.Println("open")
	time.Sleep(time.Minute)
	return nil
}
