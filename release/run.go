package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/release/ledger"
)

// Run carries one release through the pipeline, and returns when it is over and nothing of it runs
// any more. The state is that after the last event, and nobody else holds it; it is nil where the
// release never began.
//
// The error is nil when the release succeeded or was skipped. A release that ended otherwise gives a
// *stage.Error with its outcome. Where ctx ends, stages are cancelled with the outcome Interrupted as
// the cause, and the release is left as interrupted, to be taken up again: see TakeUp and Resume. Any
// other error says that there was no release (a pipeline or a request that is wrong, ErrRefused, ErrConflict for an
// ID that is taken, ErrStopped), or that the store failed: then everything is cancelled, and the state
// is the last one that was recorded.
//
// Where another host has taken the release over, since this one was cut off, Run waits until the
// release is over, and returns how it ended there. Should ctx end before, the error is ErrElsewhere.
func (r *Runner) Run(ctx context.Context, p Pipeline, req Request) (*ledger.State, error) {
	s, err := r.begin(ctx, p, req)
	if s == nil {
		return nil, err
	}
	return s.wait(ctx)
}

// Begin begins a release and returns when its first events are recorded; the runner carries it on until
// it is over, or until Stop. The end of ctx does not stop it. The errors are those of Run. See Wait.
func (r *Runner) Begin(ctx context.Context, p Pipeline, req Request) error {
	_, err := r.begin(ctx, p, req)
	return err
}

// Wait waits until a release that this runner carries is over, and returns what Run would. It does not
// stop the release when ctx ends: then the error is the cause, and the state is nil. A release that is
// over is reported as well when it is not carried any more; one that is neither gives ErrUnknown.
func (r *Runner) Wait(ctx context.Context, id string) (*ledger.State, error) {
	s, _ := r.session(id)
	if s == nil {
		state, err := r.State(ctx, id)
		if err != nil {
			return nil, err
		}
		if !state.Over() {
			return state, fmt.Errorf("release %s: %w: it is not under way here", id, ErrUnknown)
		}
		return state, ending(state, "")
	}
	select {
	case <-s.done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s.stages.Wait()
	<-s.gone
	state, err := r.State(ctx, id)
	if err != nil {
		return nil, err
	}
	return state, s.verdict(state)
}

// begin records the first events of a release. The session is nil where there is none.
func (r *Runner) begin(ctx context.Context, p Pipeline, req Request) (*session, error) {
	if r.invalid != nil {
		return nil, r.invalid
	}
	outline, err := p.Outline()
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	first, err := r.first(ctx, outline, req)
	if err != nil {
		return nil, fmt.Errorf("release %s: %w", req.ID, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("release %s: %w", req.ID, err)
	}
	if err := r.ready(outline); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	s := newSession(ctx, r, req.ID, p.wire())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.owned = new(ledger.State), true
	if err := r.enter(ctx, s); err != nil {
		return nil, err
	}
	if err := s.advance(first...); err != nil && !errors.Is(err, ErrLost) { // lost: it has begun, and may go on elsewhere
		if !s.closed {
			s.close()
		}
		return nil, err
	}
	return s, nil
}

// able reports why releases of the pipeline cannot be carried by this runner.
func (r *Runner) able(p Pipeline) error {
	outline, err := p.Outline()
	if err != nil {
		return err
	}
	return r.ready(outline)
}

// ready reports what the pipeline asks for and the runner does not have.
func (r *Runner) ready(p ledger.Pipeline) error {
	for _, node := range p.Stages {
		if len(node.Secrets) > 0 && r.secrets == nil {
			return fmt.Errorf("stage %s: it asks for secret %s, and Config.Secrets is nil", node.Name, node.Secrets[0])
		}
	}
	return nil
}
