package kubernetes

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Observe tells what runs, as the watches and what this process wrote last tell it. While a watch is
// broken it is an error: what was true a while ago is not told as news.
func (t *Target) Observe(ctx context.Context) (rollout.Observation, error) {
	if err := t.trust(ctx, false); err != nil {
		return rollout.Observation{}, err
	}
	v, err := t.look(time.Now())
	if err != nil {
		return rollout.Observation{}, err
	}
	if _, native := t.s.Traffic.(Native); native {
		if err := t.spare(ctx, v); err != nil {
			return rollout.Observation{}, err
		}
	}
	t.miss(v)
	now, err := t.traffic(v)
	if err != nil {
		return rollout.Observation{}, err
	}
	o := t.observation(ctx, v, now)
	o.Meddled = t.meddlers(v, now)
	return o, nil
}

// miss tells once of each pod that is not waited for any more.
func (t *Target) miss(v *view) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range v.slots {
		for _, pod := range n.lost {
			if !t.lost[pod.UID] {
				t.lost[pod.UID] = true
				t.log.Warn("a pod ought to have ended and is not counted any more", "pod", pod.Name, "node", pod.Spec.NodeName, "since", pod.DeletionTimestamp.UTC())
			}
		}
	}
}

func (t *Target) observation(ctx context.Context, v *view, now traffic) rollout.Observation {
	o := rollout.Observation{Grain: t.Grain()}
	all := map[strategy.Pool]*rollout.PoolStatus{}
	for _, n := range v.slots {
		for pool, s := range n.status(v.now) {
			if old := all[pool]; old != nil { // only by somebody's hand
				s.Running, s.Stopping, s.Draining = s.Running+old.Running, s.Stopping+old.Stopping, s.Draining+old.Draining
				s.Ready, s.Available = s.Ready+old.Ready, s.Available+old.Available
			}
			if pool == n.pool {
				t.judge(ctx, v, n, now, s)
			}
			all[pool] = s
		}
	}
	t.ledger.fill(all, v)
	for _, pool := range slices.SortedFunc(maps.Keys(all), comparePools) {
		o.Pools = append(o.Pools, *all[pool])
	}
	flows := t.flows(v, now)
	for _, pool := range slices.SortedFunc(maps.Keys(flows), comparePools) {
		f := flows[pool]
		o.Traffic = append(o.Traffic, rollout.Traffic{Pool: pool, Share: f.share, Match: f.match, Mirror: f.mirror})
	}
	return o
}

// judge adds what only the whole view tells: who drains, who is stuck, who is scaled by somebody else.
func (t *Target) judge(ctx context.Context, v *view, n tenant, now traffic, s *rollout.PoolStatus) {
	if n.autoscaled() {
		s.Autoscaled = n.replicas()
	} else if n.replicas() > 0 {
		s.Autoscaled = t.raisedTo(n.name)
	}
	idle := n.seen[n.uid()].lasted(isIdle, v.now)
	if _, led := now.split[n.name]; !led && idle >= 0 && t.leaving(n.name) && idle < t.s.DrainDelay {
		s.Draining += s.Running
	}
	switch {
	case n.conflict != nil && !n.empty():
		s.Stuck = n.conflict.Error()
		if t.s.Conflicts == Refuse {
			s.Available, s.Seized = 0, true // what answers there is not this pool's revision, however well it answers
		}
	case s.Available < n.replicas():
		s.Stuck = t.stuck(ctx, n, v.now)
	}
}

// flows are what the pools get.
func (t *Target) flows(v *view, now traffic) map[strategy.Pool]flow {
	if _, native := t.s.Traffic.(Native); native {
		return nativeFlows(v, now)
	}
	flows := map[strategy.Pool]flow{}
	for name, f := range now.split {
		if n := v.tenant(name); n != nil && n.deployment != nil {
			flows[n.pool] = f
		}
	}
	return flows
}

func comparePools(a, b strategy.Pool) int { return strings.Compare(a.String(), b.String()) }
