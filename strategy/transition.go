package strategy

import (
	"errors"
	"fmt"
	"slices"
)

// PhaseKind says what a phase of a transition changes.
type PhaseKind string

const (
	// Grow starts instances. Nobody's traffic moves.
	Grow PhaseKind = "grow"
	// Route moves traffic. No instance starts or stops.
	Route PhaseKind = "route"
	// Shrink stops instances that get no traffic, or less than before, any more.
	Shrink PhaseKind = "shrink"
	// Roll is all of it at once, by the target itself, as a Native step leaves it to that. Transition
	// makes no such phase.
	Roll PhaseKind = "roll"
)

// Phase is a part of a transition that changes one thing only, and may be walked through in any
// order of its instances.
type Phase struct {
	Kind  PhaseKind
	State State
}

// ErrTooManyPools says that a transition would need more pools at once than a state can hold: two
// baselines, or three revisions.
var ErrTooManyPools = errors.New("more pools than a state can hold")

// Transition tells how one state becomes another without harm: first start what is missing, then
// move the traffic, then stop what is too much. Both states may be empty.
//
// What counts are pools, not roles: a candidate that is promoted to stable stays where it is. The
// phases in between use from's roles as long as they can name all pools, else to's. Phases that
// change nothing are left out, but there is always one, and the last one's state is always to.
//
// From may be an observation which is no valid state. Shares that do not add up, or that lie on a
// pool without instances, are then mended in the grow phase: each pool that runs gets the share
// that it shall have, and what is left goes to the one that had the most. To is taken as valid.
//
// The error is ErrTooManyPools.
func Transition(from, to State) ([]Phase, error) {
	between, err := cast(from, to)
	if err != nil {
		return nil, err
	}
	grown, routed := between, between
	for role := range between.Groups() {
		pool := between.Pool(role)
		f, t := from.groupOf(pool), to.groupOf(pool)
		n := max(f.Replicas, t.Replicas)
		grown.Set(role, f.withReplicas(pool, n))
		routed.Set(role, t.withReplicas(pool, n))
	}
	mend(&grown, from, to)
	grown.drop()
	routed.drop()

	phases := make([]Phase, 0, 3)
	last := from
	for _, next := range [...]Phase{{Grow, grown}, {Route, routed}, {Shrink, to}} {
		if !samePools(last, next.State) {
			phases = append(phases, next)
			last = next.State
		}
	}
	if len(phases) == 0 {
		phases = append(phases, Phase{Kind: Route})
	}
	phases[len(phases)-1].State = to
	return phases, nil
}

// cast gives each pool of both states a role; the groups of its answer hold nothing but their
// revisions.
func cast(from, to State) (State, error) {
	roles, other := to, from
	if within(to, from) {
		roles, other = from, to
	}
	cast := State{Sticky: to.Sticky, MinReady: to.MinReady}
	for role, g := range roles.Groups() {
		if !g.absent() {
			cast.Set(role, Group{Revision: g.Revision})
		}
	}
	for role, g := range other.Groups() {
		pool := other.Pool(role)
		if _, _, found := cast.Find(pool); found || g.absent() {
			continue
		}
		free, ok := freeRole(cast, role)
		if !ok {
			return State{}, fmt.Errorf("from %s to %s: %s has no role: %w", from, to, pool, ErrTooManyPools)
		}
		cast.Set(free, Group{Revision: g.Revision})
	}
	return cast, nil
}

func freeRole(s State, wanted Role) (Role, bool) {
	if s.Group(wanted).IsZero() {
		return wanted, true
	}
	switch {
	case wanted == Stable && s.Candidate.IsZero():
		return Candidate, true
	case wanted == Candidate && s.Stable.IsZero():
		return Stable, true
	}
	return "", false
}

// within reports whether all pools of inner are pools of outer too.
func within(inner, outer State) bool {
	for role, g := range inner.Groups() {
		if !g.absent() && outer.groupOf(inner.Pool(role)).absent() {
			return false
		}
	}
	return true
}

// mend puts the traffic of a grown state right where from was an observation that is no valid
// state.
func mend(grown *State, from, to State) {
	sum, stray := 0, false
	for _, g := range grown.Groups() {
		sum += g.Share.Millionths()
		stray = stray || g.Replicas == 0 && g.Routed() || g.Share.Valid() != nil
	}
	if !stray && (sum == 0 || sum == whole) {
		return
	}
	heaviest, rest := Role(""), whole
	for role, g := range grown.Groups() {
		pool := grown.Pool(role)
		if g.Replicas == 0 {
			g.Match, g.Mirror = nil, Share{}
		}
		g.Share = Share{}
		if runs := from.groupOf(pool); runs.Replicas > 0 {
			g.Share = to.groupOf(pool).Share
			if heaviest == "" || runs.Share.Compare(from.groupOf(grown.Pool(heaviest)).Share) > 0 {
				heaviest = role
			}
		}
		rest -= g.Share.Millionths()
		grown.Set(role, g)
	}
	if heaviest != "" {
		g := grown.Group(heaviest)
		g.Share = g.Share.Plus(Millionths(rest))
		grown.Set(heaviest, g)
	}
}

// samePools reports whether both states want the same of each pool, whatever its role.
func samePools(a, b State) bool {
	return covers(a, b) && covers(b, a)
}

func covers(a, b State) bool {
	for role, g := range b.Groups() {
		other := a.groupOf(b.Pool(role))
		if g.Replicas != other.Replicas || !g.SameTraffic(other) {
			return false
		}
	}
	return true
}

// groupOf is what the state wants of a pool: a zero group where it does not name it.
func (s State) groupOf(p Pool) Group {
	if p.Baseline {
		if s.Baseline.Revision == p.Revision {
			return s.Baseline
		}
		return Group{}
	}
	if s.Stable.Revision == p.Revision && !s.Stable.IsZero() {
		return s.Stable
	}
	if s.Candidate.Revision == p.Revision {
		return s.Candidate
	}
	return Group{}
}

// drop forgets the groups that are named but neither run nor get anything.
func (s *State) drop() {
	for _, role := range [...]Role{Stable, Baseline, Candidate} {
		if s.Group(role).absent() {
			s.Set(role, Group{})
		}
	}
}

// absent reports whether the group neither runs nor gets anything, so that it could as well not
// be named.
func (g Group) absent() bool { return g.Replicas <= 0 && !g.Routed() }

func (g Group) withReplicas(p Pool, n int) Group {
	g.Revision, g.Replicas, g.Match = p.Revision, n, slices.Clip(g.Match)
	return g
}
