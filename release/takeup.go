package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/hashicorp/go-multierror"
)

// ErrElsewhere says that another host carries a release.
var ErrElsewhere = errors.New("another host carries it")

// UnknownStageError says that a release cannot be taken up, since its pipeline no longer has one of its
// stages. Pipeline.Former is the remedy.
type UnknownStageError struct {
	// Release is the release, Pipeline the pipeline, and Stage the stage that it no longer has.
	Release, Pipeline, Stage string
}

// Error names all three.
func (e *UnknownStageError) Error() string {
	return fmt.Sprintf("release %s: pipeline %s no longer has its stage %s: name it in Pipeline.Former", e.Release, e.Pipeline, e.Stage)
}

// TakeUp takes up all releases of the pipelines that are not over and that nobody carries: those of a
// host that was stopped or has died. Done stages stay done; one that was under way is run again with
// its checkpoint, unless its effect class says otherwise. From then on the runner carries them until
// they are over, or until Stop, and where the store is shared, those of hosts that die later, too. It
// returns the IDs of the releases that it took up, in the order in which they were begun.
//
// A release goes on by the plan that it began with, which is in its first event, whatever has become
// of the pipeline since; only what the stages do is taken from the pipeline of the same name. A stage that is
// not over must still do what the plan says of it: it writes the keys, has the traits and asks the gates that are
// named there, reads no others, and deploys only where that is said; a stage that was to ask people does not come back as one that
// asks nobody. The error
// is a *multierror.Error that names each release which cannot be taken up, and why: an
// *UnknownStageError, or ErrUnknown for one of a pipeline that is not among those given. All others
// have been taken up nevertheless. Releases that other hosts carry are not mentioned.
func (r *Runner) TakeUp(ctx context.Context, pipelines ...Pipeline) ([]string, error) {
	if r.invalid != nil {
		return nil, r.invalid
	}
	var errs *multierror.Error
	byName := make(map[string]wiring, len(pipelines))
	for _, p := range pipelines {
		err := r.able(p)
		if _, twice := byName[p.Name]; twice && err == nil {
			err = errors.New("it is given twice")
		}
		if err != nil {
			errs = multierror.Append(errs, fmt.Errorf("pipeline %s: %w", p.Name, err))
			continue
		}
		byName[p.Name] = p.wire()
	}
	if errs != nil {
		return nil, errs
	}
	r.mu.Lock()
	stopped := r.stopped
	for name, w := range byName {
		if !stopped {
			r.pipelines[name] = w
		}
	}
	if !stopped {
		r.heart.scans++ // what is there to be taken up now is this call's
	}
	r.mu.Unlock()
	if stopped {
		return nil, ErrStopped
	}
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.heart.scans--; !r.stopped {
			r.beat()
		}
	}()
	var taken []string
	for id, err := range r.open(ctx) {
		if err != nil {
			return taken, multierror.Append(errs, err)
		}
		if s, _ := r.session(id); s != nil {
			continue
		}
		switch _, err := r.takeUp(ctx, id); {
		case errors.Is(err, ErrElsewhere), errors.Is(err, ErrConflict):
		case err != nil:
			errs = multierror.Append(errs, err)
		default:
			taken = append(taken, id)
		}
	}
	return taken, errs.ErrorOrNil()
}

// Resume takes up one release, as TakeUp does, and waits for it, as Run does. The error is ErrUnknown
// for a release that there is not, ErrConflict for one that this runner carries, and ErrElsewhere for
// one that another host does, and ErrUnknown for one of another pipeline. A release that is over gives
// its outcome.
func (r *Runner) Resume(ctx context.Context, p Pipeline, id string) (*ledger.State, error) {
	if r.invalid != nil {
		return nil, r.invalid
	}
	if err := r.able(p); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	if s, _ := r.session(id); s != nil {
		return nil, fmt.Errorf("release %s: %w: it is under way", id, ErrConflict)
	}
	s, err := r.carry(ctx, id, func(name string) (wiring, bool) { return p.wire(), name == p.Name })
	if s == nil && err == nil {
		return r.Wait(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	return s.wait(ctx)
}

// open are the releases that are not over.
func (r *Runner) open(ctx context.Context) func(yield func(string, error) bool) {
	if o, ok := r.store.(Opener); ok {
		return o.Open(ctx)
	}
	return func(yield func(string, error) bool) {
		for id, err := range r.store.Releases(ctx) {
			if err == nil {
				var state *ledger.State
				if state, err = r.state(ctx, id); err == nil && state.Over() {
					continue
				}
			}
			if !yield(id, err) {
				return
			}
		}
	}
}

// takeUp carries a release of one of the pipelines that are taken up.
func (r *Runner) takeUp(ctx context.Context, id string) (*session, error) {
	return r.carry(ctx, id, func(name string) (wiring, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		w, ok := r.pipelines[name]
		return w, ok
	})
}

// carry takes a release on that was begun before. Nil and no error: it is over.
func (r *Runner) carry(ctx context.Context, id string, find func(name string) (wiring, bool)) (*session, error) {
	state, err := r.state(ctx, id)
	if err != nil || state.Over() {
		return nil, err
	}
	if state.Busy() {
		alive, err := r.alive(ctx, state.Host)
		if err != nil {
			return nil, fmt.Errorf("release %s: %w", id, err)
		}
		if alive {
			return nil, fmt.Errorf("release %s: %w: host %s", id, ErrElsewhere, state.Host)
		}
	}
	wired, ok := find(state.Pipeline.Name)
	if !ok {
		return nil, fmt.Errorf("release %s: pipeline %s: %w", id, state.Pipeline.Name, ErrUnknown)
	}
	if err := match(state, wired); err != nil {
		return nil, err
	}
	s := newSession(ctx, r, id, wired)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
	if err := r.enter(ctx, s); err != nil {
		return nil, err
	}
	if r.beyond(ctx, id, state.Seq) {
		// A signal was posted in between, by somebody who did not find this session yet.
		s.state = nil
		if err := s.read(); err != nil {
			err = s.fail(err)
			s.settle()
			return nil, err
		}
	}
	if err := s.advance(); err != nil {
		if !s.closed {
			s.close()
		}
		if errors.Is(err, ErrLost) {
			err = fmt.Errorf("release %s: %w: it was quicker", id, ErrElsewhere)
		}
		return nil, err
	}
	return s, nil
}
