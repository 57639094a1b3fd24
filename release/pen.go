package release

import (
	"context"
	"errors"
	"sync"
	"time"
)

// writeGrace is what a write to the store has at most once what runs is to be cancelled, so that a store
// that hangs does not keep a host from stopping.
const writeGrace = 5 * time.Second

var errSlow = errors.New("the store did not answer in time")

// pen bounds the time of each call of the store that a session makes, one at a time. A call that takes
// longer ends ctx, and so all later ones: what became of it is not known.
type pen struct {
	ctx      context.Context
	cancel   context.CancelCauseFunc
	patience time.Duration

	mu      sync.Mutex
	slow    *time.Timer
	writing bool
	hurried bool
}

func (p *pen) open(base context.Context, patience time.Duration) {
	ctx, cancel := context.WithCancelCause(base)
	p.ctx, p.cancel, p.patience = ctx, cancel, patience
	p.slow = time.AfterFunc(time.Hour, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.writing {
			cancel(errSlow)
		}
	})
	p.slow.Stop()
}

// bounded calls the store, and tells of a call that took too long.
func (p *pen) bounded(call func(ctx context.Context) error) error {
	p.mu.Lock()
	p.writing = true
	p.slow.Reset(p.left())
	p.mu.Unlock()
	err := call(p.ctx)
	p.mu.Lock()
	p.writing = false
	p.slow.Stop()
	p.mu.Unlock()
	if err != nil && p.ctx.Err() != nil {
		return errors.Join(context.Cause(p.ctx), err)
	}
	return err
}

// cut ends a call that is under way.
func (p *pen) cut(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writing {
		p.cancel(err)
	}
}

// hurry leaves little time to a call that is under way, and to all later ones.
func (p *pen) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hurried = true
	if p.writing {
		p.slow.Reset(p.left())
	}
}

func (p *pen) left() time.Duration {
	if p.hurried {
		return min(writeGrace, p.patience)
	}
	return p.patience
}
