// Command quickstart carries two releases of a small web shop into production. The first one is good
// and is promoted. The second one fails a part of its requests, which its tests do not see: live
// traffic shows it, and the release is hoisted back.
//
//	go run ./examples/quickstart [-keep] [-plain]
//
// Everything is real: a git repository with conventional commits, go build and go test, processes
// behind a router, and customers that count what they get. It needs Go and git, nothing else, and no
// network beyond loopback. It exits with status 0 only when the good release was promoted, the bad one
// rolled back, and no customer was left without an answer.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

const usage = `quickstart carries two releases of a small web shop into production, under live traffic. The first is good; the
second fails a part of its requests, and is taken back.

usage: quickstart [-keep] [-plain]

  -keep   keep the folder with the repository, the artifacts and the logs
  -plain  print plain lines, on a terminal too

It needs Go and git, and takes less than a minute. Exit status: 0 when the good release was promoted, the bad one taken
back, and no customer left without an answer.
`

func main() {
	flag.Usage = func() { fmt.Fprint(flag.CommandLine.Output(), usage) }
	keep := flag.Bool("keep", false, "keep the folder with the repository, the artifacts and the logs")
	plain := flag.Bool("plain", false, "print plain lines, on a terminal too")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "quickstart: unknown argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()
	// Who pipes the output to head ends its reader. Unless somebody wants to hear of that, it would end
	// this process on the spot, and nobody would look after what it has started.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if err := run(ctx, *keep, *plain); err != nil {
		fmt.Fprintln(os.Stderr, "\nquickstart:", err)
		os.Exit(1)
	}
}

// quickstart is the whole scene.
type quickstart struct {
	dir        string
	keep       bool
	env        []string // of go build and go test
	repository *repository
	staging    *environment
	production *environment
	load       *load
	runner     *release.Runner
	screen     *screen
}

func run(ctx context.Context, keep, plain bool) (err error) {
	if err := requirements(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "davit-quickstart-")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	q := &quickstart{dir: dir, keep: keep, screen: newScreen(os.Stdout, plain, stop)}
	defer func() {
		if ctx.Err() != nil {
			err = fmt.Errorf("interrupted: %w", context.Cause(ctx)) // whatever failed, failed for that
		}
		err = errors.Join(err, q.tidy())
	}()
	for _, folder := range []string{"artifacts", "logs", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return err
		}
	}
	if q.env, err = q.goEnv(ctx); err != nil {
		return err
	}
	if err := q.prepare(ctx); err != nil {
		return err
	}
	return errors.Join(q.play(ctx), q.close(ctx))
}

// prepare makes the repository, and brings up both environments with version 1.0.0.
func (q *quickstart) prepare(ctx context.Context) (err error) {
	where := ""
	if q.keep {
		where = ", in " + q.dir
	}
	q.screen.say("the shop: a git repository with a tag v1.0.0%s", where)
	if q.repository, err = newRepository(ctx, filepath.Join(q.dir, "repository")); err != nil {
		return err
	}
	if err := q.repository.commit(ctx, "1-serve", "2-readme"); err != nil {
		return err
	}
	if err := q.repository.tag(ctx, "1.0.0"); err != nil {
		return err
	}
	if q.staging, err = newEnvironment("staging", q.dir, 2); err != nil {
		return err
	}
	if q.production, err = newEnvironment("production", q.dir, 3); err != nil {
		return errors.Join(err, q.staging.close(context.WithoutCancel(ctx)))
	}
	q.runner = release.NewRunner(release.Config{})
	q.load = newLoad(q.production.addr)
	if err := q.install(ctx); err != nil {
		return errors.Join(err, q.close(ctx))
	}
	return nil
}

// install puts version 1.0.0 where the releases will find it: the state of affairs before Davit.
func (q *quickstart) install(ctx context.Context) error {
	q.screen.say("building 1.0.0, the state of affairs (with an empty build cache that takes a while)")
	built := release.Pipeline{Name: "first", Inputs: []stage.Ref{stage.Version.Ref()}, Stages: []release.Stage{{Name: "build", Do: q.build("shop-0")}}}
	state, err := q.runner.Run(ctx, built, release.Request{
		ID: "shop-0", Service: "shop", RequestedBy: "ada", Inputs: []release.Value{release.Input(stage.Version, "1.0.0")},
	})
	if err != nil {
		return err
	}
	artifact, err := ledger.Value(state, stage.Built)
	if err != nil {
		return err
	}
	first := strategy.Revision{Version: "1.0.0", Digest: artifact.Digest}
	for _, e := range []*environment{q.staging, q.production} {
		if err := e.install(ctx, first, artifact); err != nil {
			return err
		}
		state := strategy.State{Stable: strategy.Group{Revision: first, Replicas: e.replicas, Share: strategy.All()}}
		if err := rollout.Restore(ctx, e.target, state, rollout.Options{Poll: 50 * time.Millisecond, Deadline: 20 * time.Second}); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	q.screen.say("staging and production run 1.0.0 (%d and %d processes behind a router each)", q.staging.replicas, q.production.replicas)
	return nil
}

// play carries both releases, under the eyes of the customers.
func (q *quickstart) play(ctx context.Context) error {
	shopping, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	go func() {
		defer close(left)
		q.load.run(shopping)
	}()
	defer func() {
		leave()
		<-left
	}()
	if err := q.good(ctx); err != nil {
		return err
	}
	if err := q.bad(ctx); err != nil {
		return err
	}
	leave()
	<-left
	return q.verdict()
}

// good is the first release: it must be promoted.
func (q *quickstart) good(ctx context.Context) error {
	state, err := q.release(ctx, "shop-1", "a discount, and rounded prices", "3-discount", "4-round")
	if err != nil {
		return fmt.Errorf("the good release was not promoted: %w", err)
	}
	if version, err := ledger.Value(state, stage.Version); err != nil || version != "1.1.0" {
		return fmt.Errorf("the good release is %q, want 1.1.0: %w", version, err)
	}
	return q.repository.tag(ctx, "1.1.0")
}

// bad is the second release: it must be taken back, for what live traffic showed.
func (q *quickstart) bad(ctx context.Context) error {
	state, err := q.release(ctx, "shop-2", "faster prices", "5-cache")
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil {
		return errors.New("the bad release was promoted")
	}
	if s := state.Stage("production"); s == nil || s.Outcome != stage.RolledBack {
		return fmt.Errorf("the bad release was not rolled back: %w", err)
	}
	if now, err := rollout.Current(ctx, q.production.target); err != nil || now.Stable.Revision.Version != "1.1.0" || now.Stable.Replicas != q.production.replicas {
		return fmt.Errorf("production does not run %d instances of 1.1.0 after the rollback, but %s: %w", q.production.replicas, now, err)
	}
	return nil
}

// release carries one release, and shows it as it goes.
func (q *quickstart) release(ctx context.Context, id, reason string, commits ...string) (*ledger.State, error) {
	if err := q.repository.commit(ctx, commits...); err != nil {
		return nil, err
	}
	q.screen.title("release %s: %s", id, reason)
	looking, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	shown := make(chan error, 1)
	go func() { shown <- q.screen.show(q.runner.Watch(looking, id, 0), q.production.router.Snapshot) }()
	state, err := q.runner.Run(ctx, q.pipeline(id), release.Request{ID: id, Service: "shop", RequestedBy: "ada", Reason: reason})
	if state == nil {
		stop() // it never began
	}
	if showErr := <-shown; showErr != nil && state != nil {
		err = errors.Join(err, showErr)
	}
	if state == nil {
		return nil, err
	}
	review, reviewErr := q.runner.Review(looking, id)
	if reviewErr != nil {
		return state, errors.Join(err, reviewErr)
	}
	if ctx.Err() == nil {
		q.report(review)
	}
	return state, errors.Join(err, q.writeReview(review))
}

// verdict says what the customers got, and whether all went as it should.
func (q *quickstart) verdict() error {
	q.screen.title("what the customers counted")
	for _, line := range q.load.table() {
		q.screen.say("  %s", line)
	}
	q.load.mu.Lock()
	lost := q.load.lost
	q.load.mu.Unlock()
	if lost > 0 {
		return fmt.Errorf("%d requests got no answer", lost)
	}
	for version, want := range map[string]bool{"1.0.0": false, "1.1.0": false, "1.1.1": true} {
		c := q.load.of(version)
		if c.served == 0 || (c.failed > 0) != want {
			return fmt.Errorf("version %s served %d requests and failed %d, which is not what this example is about", version, c.served, c.failed)
		}
	}
	q.screen.say("\n1.1.0 was promoted. 1.1.1 did harm, was seen, and is gone; production runs 1.1.0.")
	return nil
}

// close ends everything, and waits. After Ctrl-C it says what was running where.
func (q *quickstart) close(ctx context.Context) error {
	if ctx.Err() != nil {
		q.screen.say("\nstopped; until now there was running:")
		for _, line := range q.running() {
			q.screen.say("  %s", line)
		}
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	q.runner.Stop(grace)
	var err error
	for _, e := range []*environment{q.production, q.staging} {
		if closeErr := e.close(grace); closeErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", e.name, closeErr))
		}
	}
	left := q.running()
	if len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("still running:\n  %s", strings.Join(left, "\n  ")))
	}
	if ctx.Err() != nil && err == nil {
		q.screen.say("all of it was ended.")
	}
	return err
}

func (q *quickstart) running() []string {
	return append(q.production.running(), q.staging.running()...)
}

// tidy removes the folder, or says what lies in it.
func (q *quickstart) tidy() error {
	if !q.keep {
		q.screen.say("(-keep would have kept the repository, the binaries, the reviews and the logs)")
		return os.RemoveAll(q.dir)
	}
	q.screen.say("kept in %s:", q.dir)
	for _, what := range []string{
		"repository  the service, with its history",
		"artifacts   the binaries, as built once, and a review of each release",
		"logs        what go build and go test said, for each release",
		"production  the processes of production, with their logs (staging likewise)",
	} {
		q.screen.say("  %s", what)
	}
	return nil
}
