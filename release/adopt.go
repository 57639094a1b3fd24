package release

import (
	"context"
	"errors"
	"time"
)

// adopt takes up releases of hosts that have died meanwhile, and such as were begun elsewhere and are
// at rest.
func (r *Runner) adopt() {
	r.mu.Lock()
	pipelines := len(r.pipelines)
	idle := pipelines == 0 || r.stopped || r.heart.scans > 0 || time.Since(r.heart.adopted) < r.lease/3 || r.leased() != nil
	r.mu.Unlock()
	if idle {
		return
	}
	r.heart.adopted = time.Now()
	open, err := r.left()
	if err != nil {
		r.logger.Warn("cannot look for releases that nobody carries", "error", err)
		return
	}
	alive := make(map[string]bool)
	known, alien := make(map[string]string), make(map[string]int)
	for _, id := range open {
		if s, _ := r.session(id); s != nil {
			continue
		}
		if r.taking.Err() != nil {
			return
		}
		if r.heart.alien[id] == pipelines {
			alien[id] = pipelines
			continue
		}
		host, ok := r.heart.known[id]
		if ok {
			if _, asked := alive[host]; !asked {
				alive[host] = r.lives(host)
			}
			if known[id] = host; alive[host] {
				continue
			}
		}
		host, err := r.tryUp(id)
		switch {
		case errors.Is(err, ErrElsewhere):
			if host != "" {
				known[id] = host
			}
		case errors.Is(err, ErrUnknown):
			alien[id] = pipelines
		case errors.Is(err, ErrConflict):
		case err != nil:
			r.logger.Warn("cannot take up a release", "release", id, "error", err)
		default:
			r.logger.Info("took up a release that nobody carried, if it is not over", "release", id)
		}
	}
	r.heart.known, r.heart.alien = known, alien
}

// left are the releases that are not over, as fast as the store can tell.
func (r *Runner) left() (ids []string, err error) {
	ctx, cancel := context.WithTimeout(r.taking, r.patience)
	defer cancel()
	for id, err := range r.open(ctx) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// lives reports whether a host is alive. One that cannot be asked for is.
func (r *Runner) lives(host string) bool {
	ctx, cancel := context.WithTimeout(r.taking, r.patience)
	defer cancel()
	alive, err := r.alive(ctx, host)
	return alive || err != nil
}

// tryUp takes a release up unless another host carries it; then it returns which, if it can tell.
func (r *Runner) tryUp(id string) (host string, err error) {
	ctx, cancel := context.WithTimeout(r.taking, r.patience)
	defer cancel()
	_, err = r.takeUp(ctx, id)
	if !errors.Is(err, ErrElsewhere) {
		return "", err
	}
	if state, failed := r.state(ctx, id); failed == nil {
		host = state.Host
	}
	return host, err
}
