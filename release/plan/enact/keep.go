package enact

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/davit-sdk/davit/stage"
)

// ErrLeft says that the release was left unfinished by this host.
var ErrLeft = errors.New("left unfinished")

// Runner is what Keep needs of a release.Runner.
type Runner interface {
	Watch(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error]
	State(ctx context.Context, id string) (*ledger.State, error)
	Signal(ctx context.Context, id string, sig stage.Signal) error
}

var _ Runner = (*release.Runner)(nil)

// Keep keeps a release to its plan until it is over: when the trigger of a risk comes, it sends the signal of its mitigation, or tells people
// by tell. A release that has not begun is waited for. The error is nil when the release is over, the cause when ctx ends, ErrLeft where the
// runner stops carrying it, or the first one of the store or of tell; then call Keep again, with the same plan. tell is called by one
// goroutine, once for each action that it took without an error; it may be nil where nobody is to be told.
func Keep(ctx context.Context, r Runner, p plan.Plan, id string, tell func(context.Context, plan.Action) error) error {
	k := keeper{runner: r, plan: p, id: id, tell: tell, watch: plan.NewWatch(p), done: make(map[string]bool)}
	state, err := r.State(ctx, id)
	switch {
	case err == nil:
		k.known = state.Seq // until then, others have acted, perhaps
	case !errors.Is(err, release.ErrUnknown):
		return fmt.Errorf("plan %s: %w", p.Name, err)
	}
	if err := k.follow(ctx); err != nil {
		return fmt.Errorf("plan %s: %w", p.Name, err)
	}
	return nil
}

type keeper struct {
	runner Runner
	plan   plan.Plan
	id     string
	tell   func(context.Context, plan.Action) error
	watch  *plan.Watch
	known  uint64
	seen   uint64
	done   map[string]bool
}

// follow acts upon events, and upon stages that take too long, until the release is over.
func (k *keeper) follow(ctx context.Context) error {
	for {
		until, cancel := ctx, context.CancelFunc(func() {})
		wake := k.watch.Wake()
		if !wake.IsZero() {
			until, cancel = context.WithDeadline(ctx, wake)
		}
		again := false
		for e, err := range k.runner.Watch(until, k.id, k.seen+1) {
			if err != nil {
				if again = until.Err() != nil && ctx.Err() == nil; again {
					break
				}
				cancel()
				return err
			}
			if err := k.watch.Apply(e); err != nil {
				cancel()
				return err
			}
			if k.seen = e.Seq; k.seen < k.known {
				continue
			}
			if err := k.act(ctx); err != nil {
				cancel()
				return err
			}
			if !k.watch.Wake().Equal(wake) {
				again = true // wait for no longer than that
				break
			}
		}
		cancel()
		switch {
		case k.watch.State().Over():
			return nil
		case !again:
			return fmt.Errorf("release %s: %w", k.id, ErrLeft)
		}
		if k.seen >= k.known {
			if err := k.act(ctx); err != nil {
				return err
			}
		}
	}
}

// act does what is due.
func (k *keeper) act(ctx context.Context) error {
	for _, a := range k.watch.Due(time.Now()) {
		if k.done[a.ID] {
			continue
		}
		switch {
		case a.Signal != nil:
			err := k.runner.Signal(ctx, k.id, *a.Signal)
			if err != nil && !errors.Is(err, ledger.ErrTooLate) {
				return fmt.Errorf("risk %s: %w", a.Risk, err)
			}
		case k.tell != nil:
			if err := k.tell(ctx, a); err != nil {
				return fmt.Errorf("risk %s: tell %v: %w", a.Risk, a.Tell, err)
			}
		}
		k.done[a.ID] = true
	}
	return nil
}
