package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/strategy"
)

// Pool is what is observed of a pool; it is zero where the pool has no instance.
func (o Observation) Pool(p strategy.Pool) PoolStatus {
	for _, s := range o.Pools {
		if s.Pool == p {
			return s
		}
	}
	return PoolStatus{Pool: p}
}

// exist is how many instances take up room.
func (s PoolStatus) exist() int { return s.Running + s.Stopping }

// TrafficOf is what the pool gets; it is zero where it gets nothing.
func (o Observation) TrafficOf(p strategy.Pool) Traffic {
	for _, t := range o.Traffic {
		if t.Pool == p {
			return t
		}
	}
	return Traffic{Pool: p}
}

// Missing says in words what is still missing until the target shows the state; it is empty when
// nothing is.
func (o Observation) Missing(s strategy.State) string {
	return o.missing(s, func(_ strategy.Pool, g strategy.Group) int { return g.Replicas })
}

// missing is Missing where a group needs so many available instances. A pool under an autoscaler has its
// size when as many are available as that one wants; more of them are its business.
func (o Observation) missing(s strategy.State, need func(strategy.Pool, strategy.Group) int) string {
	var missing []string
	for role, g := range o.sized(s).Groups() {
		status := o.Pool(s.Pool(role))
		auto := status.autoscaled(g.Replicas)
		switch least := need(s.Pool(role), g); {
		case status.Available < least:
			text := fmt.Sprintf("%s %s has %d of %d instances available (%d ready, %d running)",
				role, g.Revision, status.Available, least, status.Ready, status.Running)
			if auto {
				text += ", as many as an autoscaler wants"
			}
			missing = append(missing, text)
		case status.exist() > g.Replicas && !auto:
			missing = append(missing, fmt.Sprintf("%s %s still runs %d instances, %d are wanted", role, g.Revision, status.exist(), g.Replicas))
		}
	}
	for _, status := range o.Pools {
		if _, _, ok := s.Find(status.Pool); !ok && status.exist() > 0 {
			missing = append(missing, fmt.Sprintf("%s still runs %d instances, none are wanted", status.Pool, status.exist()))
		}
	}
	if t := o.missingTraffic(s); t != "" {
		missing = append(missing, t)
	}
	return strings.Join(missing, "; ")
}

// missingTraffic says how the traffic differs from the state's.
func (o Observation) missingTraffic(s strategy.State) string {
	for role, g := range s.Groups() {
		if t := o.TrafficOf(s.Pool(role)); !t.equal(trafficOf(s.Pool(role), g), o.Grain) {
			return fmt.Sprintf("%s %s gets %s, not %s", role, g.Revision, t.text(), trafficOf(s.Pool(role), g).text())
		}
	}
	for _, t := range o.Traffic {
		if _, _, ok := s.Find(t.Pool); !ok && !t.none() {
			return fmt.Sprintf("%s gets %s, not nothing", t.Pool, t.text())
		}
	}
	if o.Sticky != s.Sticky && !s.Dark() {
		return fmt.Sprintf("sticky sessions are %t, not %t", o.Sticky, s.Sticky)
	}
	return ""
}

func trafficOf(p strategy.Pool, g strategy.Group) Traffic {
	return Traffic{Pool: p, Share: g.Share, Match: g.Match, Mirror: g.Mirror}
}

// equal reports whether both get the same, as finely as the target can tell. The order of rules means
// nothing, as any of them suffices.
func (t Traffic) equal(o Traffic, grain strategy.Share) bool {
	return t.Pool == o.Pool && sameShare(t.Share, o.Share, grain) && sameShare(t.Mirror, o.Mirror, grain) &&
		slices.Equal(sorted(t.Match), sorted(o.Match))
}

func sameShare(a, b, grain strategy.Share) bool {
	if a == b {
		return true
	}
	d := a.Compare(b)
	return a.IsZero() == b.IsZero() && max(d, -d) < grain.Millionths()
}

func sorted(rules []strategy.Match) []strategy.Match {
	return slices.SortedFunc(slices.Values(rules), func(a, b strategy.Match) int {
		return cmp.Or(cmp.Compare(a.Header, b.Header), cmp.Compare(a.Cookie, b.Cookie), cmp.Compare(a.Value, b.Value))
	})
}

func (t Traffic) none() bool { return t.Share.IsZero() && t.Mirror.IsZero() && len(t.Match) == 0 }

func (t Traffic) text() string {
	text := t.Share.String()
	for _, m := range t.Match {
		text += ", " + m.String()
	}
	if !t.Mirror.IsZero() {
		text += ", a copy of " + t.Mirror.String()
	}
	return text
}

// score grows with every instance and every route that gets nearer to the state; a new best score
// is what counts as progress. Pools under an autoscaler have no part in it: their numbers rise and fall by
// what that one wants.
func (o Observation) score(s strategy.State) int {
	score := 0
	for role, g := range s.Groups() {
		status := o.Pool(s.Pool(role))
		if status.autoscaled(g.Replicas) {
			continue
		}
		score += 2*min(status.Available, g.Replicas) + min(status.Running, g.Replicas) -
			max(0, status.Running-g.Replicas) - max(0, status.exist()-g.Replicas)
	}
	for _, status := range o.Pools {
		if _, _, ok := s.Find(status.Pool); !ok {
			score -= status.Running + status.exist()
		}
	}
	if o.missingTraffic(s) == "" {
		score++
	}
	return score
}

// foreign lists the pools that neither of the states names, and that run or get traffic.
func (o Observation) foreign(known ...strategy.State) []strategy.Pool {
	var pools []strategy.Pool
	add := func(p strategy.Pool) {
		for _, s := range known {
			if _, _, ok := s.Find(p); ok {
				return
			}
		}
		if !slices.Contains(pools, p) {
			pools = append(pools, p)
		}
	}
	for _, status := range o.Pools {
		if status.Running > 0 {
			add(status.Pool)
		}
	}
	for _, t := range o.Traffic {
		add(t.Pool)
	}
	return pools
}

// as tells the observation as a state: the roles come from the first of the given states that
// names the pool, pools that none of them names are left out.
func (o Observation) as(known ...strategy.State) strategy.State {
	var s strategy.State
	for _, status := range o.Pools {
		o.place(&s, status.Pool, known)
	}
	for _, t := range o.Traffic {
		o.place(&s, t.Pool, known)
	}
	s.Sticky = o.Sticky
	return s
}

func (o Observation) place(s *strategy.State, p strategy.Pool, known []strategy.State) {
	if _, _, done := s.Find(p); done {
		return
	}
	t := o.TrafficOf(p)
	g := strategy.Group{Revision: p.Revision, Replicas: o.Pool(p).Running, Share: t.Share, Match: t.Match, Mirror: t.Mirror}
	if g.Replicas == 0 && t.none() {
		return
	}
	for _, k := range known {
		role, _, ok := k.Find(p)
		if ok && s.Group(role).IsZero() {
			s.Set(role, g)
			return
		}
	}
	for _, role := range []strategy.Role{strategy.Stable, strategy.Candidate} {
		if !p.Baseline && s.Group(role).IsZero() && namedAny(p, known) {
			s.Set(role, g)
			return
		}
	}
}

func namedAny(p strategy.Pool, known []strategy.State) bool {
	return slices.ContainsFunc(known, func(k strategy.State) bool {
		_, _, ok := k.Find(p)
		return ok
	})
}

// String tells what runs where, for people: "1.0.0: 3 of 3 available, 100%; 1.1.0: …".
func (o Observation) String() string {
	var parts []string
	for _, status := range o.Pools {
		part := fmt.Sprintf("%s: %d of %d available, gets %s", status.Pool, status.Available, status.Running, o.TrafficOf(status.Pool).text())
		if status.Autoscaled > 0 {
			part += fmt.Sprintf(", an autoscaler wants %d", status.Autoscaled)
		}
		if status.Stuck != "" {
			part += ", stuck: " + status.Stuck
		}
		parts = append(parts, part)
	}
	for _, t := range o.Traffic {
		if o.Pool(t.Pool).Running == 0 {
			parts = append(parts, fmt.Sprintf("%s: nothing runs, gets %s", t.Pool, t.text()))
		}
	}
	if len(parts) == 0 {
		return "nothing runs"
	}
	return strings.Join(parts, "; ")
}
