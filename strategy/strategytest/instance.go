package strategytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// instance is one simulated instance.
type instance struct {
	rollout.Instance
	Behaviour
	born    time.Time
	stopped time.Time
	stuck   bool // it waits for something to be mended
}

func (w *World) start(pool strategy.Pool, at time.Time) *instance {
	n := w.born[pool]
	w.born[pool]++
	in := &instance{born: at, stuck: w.stuck[pool] != ""}
	in.ID = fmt.Sprintf("%s-%d", pool, n)
	in.Pool = pool
	in.Addr = fmt.Sprintf("127.0.0.1:%d", 10000+w.addresses%50000)
	w.addresses++
	if w.Behave != nil {
		in.Behaviour = w.Behave(pool, n)
	}
	in.Behaviour.Start = cmp.Or(in.Behaviour.Start, w.Start)
	w.instances = append(w.instances, in)
	return in
}

// at is the phase of the instance at a time, and since when it is ready.
func (in *instance) at(now time.Time) (rollout.Phase, time.Time) {
	age := now.Sub(in.born)
	switch {
	case in.Crash > 0 && age >= in.Crash && (in.stopped.IsZero() || in.born.Add(in.Crash).Before(in.stopped)):
		return rollout.Failed, time.Time{}
	case !in.stopped.IsZero():
		return rollout.Stopping, time.Time{}
	case in.NeverReady || in.stuck || age < in.Behaviour.Start:
		return rollout.Starting, time.Time{}
	}
	since := in.born.Add(in.Behaviour.Start)
	for _, u := range in.Unready {
		if age >= u.From && age < u.To {
			return rollout.Unready, time.Time{}
		}
		if age >= u.To {
			since = in.born.Add(max(u.To, in.Behaviour.Start))
		}
	}
	return rollout.Ready, since
}

// alive reports whether the instance runs and is to stay.
func (in *instance) alive(now time.Time) bool {
	phase, _ := in.at(now)
	return phase != rollout.Failed && phase != rollout.Stopping
}

// listens reports whether the instance takes requests: it was ready, and still runs.
func (in *instance) listens(now time.Time) bool {
	phase, _ := in.at(now)
	return phase == rollout.Ready || phase == rollout.Unready
}

func (in *instance) kill(now time.Time, reason string) {
	in.Crash, in.Behaviour.Reason = max(now.Sub(in.born), 1), reason
}

// Kill makes n instances of the pool die, the oldest first; it returns their IDs.
func (w *World) Kill(pool strategy.Pool, n int, reason string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []string
	now := time.Now()
	w.evolve(now)
	for _, in := range w.instances {
		if in.Pool == pool && len(ids) < n && in.alive(now) {
			in.kill(now, reason)
			ids = append(ids, in.ID)
		}
	}
	return ids
}

// KillInstance makes one instance die. It is an error when no such instance lives.
func (w *World) KillInstance(id, reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.evolve(now)
	in := w.find(id)
	if in == nil || !in.alive(now) {
		return fmt.Errorf("kill %s: no such instance lives", id)
	}
	in.kill(now, reason)
	return nil
}

func (w *World) find(id string) *instance {
	i := slices.IndexFunc(w.instances, func(in *instance) bool { return in.ID == id })
	if i < 0 {
		return nil
	}
	return w.instances[i]
}

// fleet is the world as a rollout.Fleet.
type fleet struct{ w *World }

var _ rollout.Fleet = fleet{}

func (f fleet) Instances(ctx context.Context) ([]rollout.Instance, error) {
	if err := errors.Join(ctx.Err(), f.w.call("Instances")); err != nil {
		return nil, err
	}
	w := f.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	now := time.Now()
	w.evolve(now)
	w.check(now, "time")
	var list []rollout.Instance
	w.instances = slices.DeleteFunc(w.instances, func(in *instance) bool {
		phase, _ := in.at(now)
		return phase == rollout.Stopping && now.Sub(in.stopped) >= w.Stop
	})
	for _, in := range w.instances {
		out := in.Instance
		out.Phase, out.ReadySince = in.at(now)
		if out.Phase == rollout.Failed {
			out.Reason = cmp.Or(in.Behaviour.Reason, "died")
		}
		list = append(list, out)
	}
	return list, nil
}

func (f fleet) Scale(ctx context.Context, pool strategy.Pool, n int, leaving ...string) error {
	if err := errors.Join(ctx.Err(), f.w.call("Scale")); err != nil {
		return err
	}
	if n < 0 {
		return rollout.Permanent(fmt.Errorf("scale %s to %d: below zero", pool, n))
	}
	w := f.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	now := time.Now()
	w.evolve(now)
	w.rolling = nil // whoever scales takes over
	defer w.check(now, fmt.Sprintf("scaling %s to %d", pool, n))
	var alive []*instance
	for _, in := range w.instances {
		if in.Pool == pool && in.alive(now) {
			alive = append(alive, in)
		}
	}
	slices.SortStableFunc(alive, func(a, b *instance) int {
		return cmp.Compare(index(leaving, a.ID), index(leaving, b.ID))
	})
	for i := len(alive); i < n; i++ {
		w.start(pool, now)
	}
	for _, in := range alive[:max(0, len(alive)-n)] {
		if tableHas(w.table, in.ID) {
			w.violated("%s was stopped while the router still sends it requests", in.ID)
		} else if left, ok := w.left[in.ID]; w.open[in.ID] > 0 || ok && now.Sub(left) < w.Request {
			w.violated("%s was stopped with requests in flight", in.ID)
		}
		in.stopped = now
	}
	return nil
}

// index puts the leaving first.
func index(leaving []string, id string) int {
	if i := slices.Index(leaving, id); i >= 0 {
		return i
	}
	return len(leaving)
}
