package rollout

import "context"

// fence tells a target that can refuse a stale owner on whose behalf it is moved from now on. Where it
// has seen a later owner, or says that trying again does not help, nothing is moved.
func (r *Rollout) fence(ctx context.Context, w *watch) error {
	f, ok := ability[Fencer](r.target)
	if !ok || r.o.Fence == 0 {
		return nil
	}
	for {
		err := r.call(ctx, w.leg, func(ctx context.Context) error { return f.Fence(ctx, r.o.Fence) })
		switch {
		case err == nil:
			return nil
		case final(err):
			return &refusal{err}
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		w.last = err
		if err := w.overdue("the target did not take the fencing token"); err != nil {
			return err
		}
		if err := r.mayMove(ctx, w); err != nil {
			return err
		}
		r.control.sleep(ctx, r.o.Poll)
	}
}
