package rollout

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-hclog"
)

// call bounds a call of the target. On the way forward an abort cuts it short. A target that panics has made an
// error like any other: what it leaves behind is taken back, and the host lives on.
func (r *Rollout) call(ctx context.Context, l leg, f func(context.Context) error) error {
	limit := fmt.Errorf("the target did not answer within %s", r.o.CallTimeout)
	calling, cancel := context.WithTimeoutCause(ctx, r.o.CallTimeout, limit)
	defer cancel()
	if l.forward() {
		defer r.control.abortable(cancel)()
	}
	late := time.AfterFunc(2*r.o.CallTimeout, func() {
		r.log.Warn("a call of the target does not return though its time is up: nothing moves until it does", "since", 2*r.o.CallTimeout)
	})
	defer late.Stop()
	err := sheltered("the target", func() error { return f(calling) })
	if p, ok := errors.AsType[*panicked](err); ok && p.Error() != r.panics {
		r.panics = p.Error() // it is called again and again: the same one is told once
		tellPanic(r.log, p)
	}
	if err != nil && errors.Is(context.Cause(calling), limit) {
		return fmt.Errorf("%w: %w", limit, err)
	}
	return err
}

// sheltered makes an error of a panic.
func sheltered(who string, f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicked{who, value, debug.Stack()}
		}
	}()
	return f()
}

// panicked is the panic of what others wrote.
type panicked struct {
	who   string
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("%s panicked: %v", p.who, p.value) }

// tellPanic logs where an error comes from that was a panic.
func tellPanic(log hclog.Logger, err error) {
	if p, ok := errors.AsType[*panicked](err); ok {
		log.Error(p.Error(), "stack", string(p.stack))
	}
}

// final reports whether trying again does not help: the target says so, or belongs to another host.
func final(err error) bool { return isPermanent(err) || errors.Is(err, ErrFenced) }

// see asks a target what runs, and takes no answer that cannot be true.
func see(ctx context.Context, target Target) (o Observation, err error) {
	err = sheltered("the target", func() (err error) {
		o, err = target.Observe(ctx)
		return err
	})
	if err != nil {
		return o, err
	}
	if err := o.Validate(); err != nil {
		return o, fmt.Errorf("the target shows what cannot be true: %w", err)
	}
	return o, nil
}

// seeWithin is see where no rollout bounds it.
func seeWithin(ctx context.Context, target Target, most time.Duration) (Observation, error) {
	limit := fmt.Errorf("the target did not answer within %s", most)
	ctx, cancel := context.WithTimeoutCause(ctx, most, limit)
	defer cancel()
	o, err := see(ctx, target)
	if err != nil && errors.Is(context.Cause(ctx), limit) {
		err = fmt.Errorf("%w: %w", limit, err)
	}
	return o, err
}

// observe looks at the target.
func (r *Rollout) observe(ctx context.Context, l leg) error {
	return r.call(ctx, l, func(ctx context.Context) error {
		o, err := see(ctx, r.target)
		if err == nil {
			r.seen, r.looked = o, true
		}
		return err
	})
}

// look observes until the target answers.
func (r *Rollout) look(ctx context.Context, w *watch) error {
	for {
		err := r.observe(ctx, w.leg)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if final(err) {
			return err
		}
		w.last = err
		if err := w.overdue("the target could not be observed"); err != nil {
			return err
		}
		if err := r.mayMove(ctx, w); err != nil {
			return err
		}
		r.control.sleep(ctx, r.o.Poll)
	}
}
