package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// killPatience is how long StopAll waits for processes that were sent SIGKILL.
const killPatience = 5 * time.Second

// Close gives up the state folder and leaves all processes running, for the next fleet to adopt.
// An instance that is being stopped has its SIGTERM, but no SIGKILL until then. Close waits for
// every goroutine of the fleet, which none keeps waiting; when ctx ends first it returns its error,
// and goes on behind it. It may be called again.
func (f *Fleet) Close(ctx context.Context) error {
	if err := f.acquire(ctx); err != nil {
		return fmt.Errorf("fleet: close: %w", err)
	}
	defer f.release()
	return f.close(ctx)
}

func (f *Fleet) close(ctx context.Context) error {
	f.mu.Lock()
	first := !f.closed
	f.closed = true
	f.mu.Unlock()
	if first {
		f.unwatch()
		go func() {
			defer close(f.released)
			f.watchers.Wait()
			f.client.CloseIdleConnections()
			f.closeErr = f.lock.release()
		}()
	}
	select {
	case <-f.released:
		return f.closeErr
	case <-ctx.Done():
		return fmt.Errorf("fleet: close: %w", ctx.Err())
	}
}

// StopAll ends all instances, waits until no process is left, and closes the fleet. It waits for a
// Scale that is under way, and Scale is refused afterwards. When ctx ends before they have, the rest is killed at once, and the
// error, which wraps that of ctx, names them; it also names processes that survive even that. It
// may be called again, and after Close, when it does nothing.
func (f *Fleet) StopAll(ctx context.Context) error {
	f.scaling <- struct{}{} // whatever ctx says: what is being started must be ended too
	defer f.release()
	f.mu.Lock()
	var all []*instance
	if !f.closed {
		all = slices.DeleteFunc(slices.Clone(f.instances), (*instance).ended)
	}
	f.mu.Unlock()
	f.stop(all...)
	var errs []error
	if hurried := f.wait(ctx, all); len(hurried) > 0 {
		errs = append(errs, fmt.Errorf("fleet: stop: %w: killed before the grace period was over: %s", ctx.Err(), listInstances(hurried)))
		for _, i := range hurried {
			close(i.hurry)
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), killPatience)
		defer cancel()
		if left := f.wait(last, hurried); len(left) > 0 {
			errs = append(errs, fmt.Errorf("fleet: stop: still there after SIGKILL: %s", listInstances(left)))
		}
	}
	return errors.Join(append(errs, f.close(context.WithoutCancel(ctx)))...)
}

// wait waits for the instances to be gone, and returns those that are not when ctx ends.
func (f *Fleet) wait(ctx context.Context, all []*instance) []*instance {
	for n, i := range all {
		select {
		case <-i.gone:
		case <-ctx.Done():
			return slices.DeleteFunc(slices.Clone(all[n:]), func(i *instance) bool {
				select {
				case <-i.gone:
					return true
				default:
					return false
				}
			})
		}
	}
	return nil
}

func listInstances(all []*instance) string {
	var list []string
	for _, i := range all {
		list = append(list, fmt.Sprintf("%s (pid %d)", i.record.ID, i.record.Process.PID))
	}
	return strings.Join(list, ", ")
}
