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

// Patience is how long one signal, and one call of tell, may take before it is tried again later.
const Patience = 30 * time.Second

// Keep keeps a release to its plan until it is over: when the trigger of a risk comes, it sends the signal of its mitigation, or tells people
// by tell. A release that has not begun is waited for.
//
// Signals come first, and wait for nobody. One that the release refuses is not tried again; whoever decides to go back is told (see
// plan.Action.Refused). tell is called by one goroutine, with a context that ends after Patience; what it does not take is tried again and
// again, after a second at first and after a minute in the end, and once more when the release is over. It has to return when its context
// ends; Keep waits for that before it returns, though it sends signals meanwhile. It may be nil where nobody is to be told.
//
// The error is nil when the release is over and all was done. Otherwise it is the cause when ctx ends, ErrLeft where the runner stops carrying
// the release, or that of the store; then call Keep again, with the same plan. With it come all signals that were refused (ledger.ErrSignal)
// and the last error of each action that tell did not take. A plan that is not what was approved is not kept, with the error of plan.Plan.Bound; a draft is.
func Keep(ctx context.Context, r Runner, p plan.Plan, id string, tell func(context.Context, plan.Action) error) error {
	if err := p.Bound(); err != nil {
		return err
	}
	k := keeper{runner: r, plan: p, id: id, watch: plan.NewWatch(p), done: make(map[string]bool)}
	state, err := r.State(ctx, id)
	switch {
	case err == nil:
		k.known = state.Seq // until then, others have acted, perhaps
	case !errors.Is(err, release.ErrUnknown):
		return fmt.Errorf("plan %s: %w", p.Name, err)
	}
	k.crier = newCrier(ctx, tell, 2*len(p.Risks))
	err = k.follow(ctx)
	if err := errors.Join(append([]error{err}, append(k.refused, k.crier.end()...)...)...); err != nil {
		return fmt.Errorf("plan %s: %w", p.Name, err)
	}
	return nil
}

type keeper struct {
	runner  Runner
	plan    plan.Plan
	id      string
	crier   *crier
	watch   *plan.Watch
	known   uint64
	seen    uint64
	done    map[string]bool
	refused []error
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

// act does what is due: first what is sent, and then what is told, which others do. The error joins those of all signals that the store did
// not take: they are due when Keep is begun anew.
func (k *keeper) act(ctx context.Context) error {
	var errs []error
	due := k.watch.Due(time.Now())
	for i, a := range due {
		if a.Refused != "" && !k.done[a.ID] { // by the plan itself
			k.refused = append(k.refused, fmt.Errorf("risk %s: %w: %s", a.Risk, ledger.ErrSignal, a.Refused))
		}
		if a.Signal == nil || k.done[a.ID] {
			continue
		}
		err := k.send(ctx, *a.Signal)
		switch {
		case err == nil || errors.Is(err, ledger.ErrTooLate):
		case errors.Is(err, ledger.ErrSignal):
			k.refused = append(k.refused, fmt.Errorf("risk %s: %w", a.Risk, err))
			due[i] = k.watch.Refuse(a, err.Error())
		default:
			errs = append(errs, fmt.Errorf("risk %s: %w", a.Risk, err))
			continue
		}
		k.done[a.ID] = true
	}
	for _, a := range due {
		if a.Signal == nil && !k.done[a.ID] {
			k.done[a.ID] = true
			k.crier.cry(a)
		}
	}
	return errors.Join(errs...)
}

// send sends a signal, and gives up after a while.
func (k *keeper) send(ctx context.Context, s stage.Signal) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	return k.runner.Signal(ctx, k.id, s)
}
