package kubernetes

import (
	"cmp"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

const (
	// remembered is how long a crash is told after it was seen.
	remembered = 30 * time.Minute
	// mostCrashes is how many are remembered.
	mostCrashes = 1000
)

// ledger remembers crashes. A pod tells the last one of each container alone, so each change of a pod is
// looked at.
type ledger struct {
	mu      sync.Mutex
	entries map[string]entry // by the failure's ID
}

type entry struct {
	rollout.Failure
	pool   strategy.Pool // zero: the pod's labels tell the slot
	labels map[string]string
	at     time.Time
}

func newLedger() *ledger { return &ledger{entries: map[string]entry{}} }

// note takes what a pod tells.
func (l *ledger) note(pod *corev1.Pod) {
	failures := crashes(pod)
	if len(failures) == 0 {
		return
	}
	pool, _ := poolOf(pod)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, f := range failures {
		if old, ok := l.entries[f.ID]; !ok || len(old.Reason) < len(f.Reason) {
			if ok {
				old.Failure = f // it is told in more detail now
				l.entries[f.ID] = old
				continue
			}
			l.entries[f.ID] = entry{Failure: f, pool: pool, labels: pod.Labels, at: now}
		}
	}
	for id, e := range l.entries {
		if now.Sub(e.at) > remembered {
			delete(l.entries, id)
		}
	}
	for len(l.entries) > mostCrashes {
		l.forgetOldest()
	}
}

func (l *ledger) forgetOldest() {
	oldest, at := "", time.Time{}
	for id, e := range l.entries {
		if oldest == "" || e.at.Before(at) {
			oldest, at = id, e.at
		}
	}
	delete(l.entries, oldest)
}

// fill adds the failures to the pools that are there.
func (l *ledger) fill(all map[strategy.Pool]*rollout.PoolStatus, v *view) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, e := range l.entries {
		pool := e.pool
		if pool.Revision.IsZero() {
			pool = v.owner(e.labels)
		}
		if s := all[pool]; s != nil && now.Sub(e.at) <= remembered {
			s.Failures = append(s.Failures, e.Failure)
		}
	}
	for _, s := range all {
		slices.SortFunc(s.Failures, func(a, b rollout.Failure) int { return cmp.Compare(a.ID, b.ID) })
	}
}

// owner is the pool whose Deployment selects such labels.
func (v *view) owner(labels map[string]string) strategy.Pool {
	for _, n := range v.slots {
		if n.deployment != nil && within(n.deployment.Spec.Selector.MatchLabels, labels) {
			return n.pool
		}
	}
	return strategy.Pool{}
}
