package strategy

import (
	"fmt"
	"strings"
	"time"
)

// State is what shall run, and who answers which part of the traffic.
//
// The shares of its groups add up to all of the traffic exactly, or to none of it: a state that
// answers nothing is dark, which is what the middle of a recreate is, and what was there before
// the first release.
type State struct {
	Stable    Group
	Baseline  Group
	Candidate Group
	// Sticky keeps a client with the group that answered it first, as far as the shares allow.
	Sticky bool
	// MinReady is how long an instance must have been ready without a break before it counts as
	// available and may be routed to. Zero: as soon as it is ready.
	MinReady time.Duration
}

// Groups are the groups that the state has, with their roles: stable, baseline, candidate.
func (s State) Groups() func(yield func(Role, Group) bool) {
	return func(yield func(Role, Group) bool) {
		for _, role := range []Role{Stable, Baseline, Candidate} {
			if g := s.Group(role); !g.IsZero() && !yield(role, g) {
				return
			}
		}
	}
}

// Group is the group of that role; it is zero where the state has none.
func (s State) Group(role Role) Group {
	switch role {
	case Stable:
		return s.Stable
	case Baseline:
		return s.Baseline
	case Candidate:
		return s.Candidate
	}
	return Group{}
}

// Set puts a group into a role.
func (s *State) Set(role Role, g Group) {
	switch role {
	case Stable:
		s.Stable = g
	case Baseline:
		s.Baseline = g
	case Candidate:
		s.Candidate = g
	}
}

// Pool is the pool that plays the role.
func (s State) Pool(role Role) Pool {
	return Pool{Revision: s.Group(role).Revision, Baseline: role == Baseline}
}

// Find is the role and the group that the state gives to a pool.
func (s State) Find(p Pool) (Role, Group, bool) {
	for role, g := range s.Groups() {
		if s.Pool(role) == p {
			return role, g, true
		}
	}
	return "", Group{}, false
}

// Replicas is the number of instances in all groups.
func (s State) Replicas() int {
	return s.Stable.Replicas + s.Baseline.Replicas + s.Candidate.Replicas
}

// Dark reports whether nobody answers in this state.
func (s State) Dark() bool {
	return s.Stable.Share.IsZero() && s.Baseline.Share.IsZero() && s.Candidate.Share.IsZero()
}

// On is the part of the traffic that a revision answers, its baseline included.
func (s State) On(r Revision) Share {
	var sum Share
	for _, g := range s.Groups() {
		if g.Revision == r {
			sum = sum.Plus(g.Share)
		}
	}
	return sum
}

// Equal reports whether both states want the same.
func (s State) Equal(o State) bool {
	return s.Stable.Equal(o.Stable) && s.Baseline.Equal(o.Baseline) && s.Candidate.Equal(o.Candidate) &&
		s.Sticky == o.Sticky && s.MinReady == o.MinReady
}

// Validate reports everything that is wrong with the state, each problem with its field.
func (s State) Validate() error {
	var p problems
	s.checkStructure(&p)
	sum := 0
	for role, g := range s.Groups() {
		if g.Routed() && g.Replicas <= 0 {
			p.add(role.field()+".Replicas", "the group gets traffic but has no instance")
		}
		sum += g.Share.Millionths()
	}
	if sum != 0 && sum != whole {
		p.add("Share", "the groups' shares add up to %s, not to 100%%", Millionths(sum))
	}
	return p.err()
}

// structure reports what makes a state impossible to read, whatever its traffic.
func (s State) structure() error {
	var p problems
	s.checkStructure(&p)
	return p.err()
}

func (s State) checkStructure(p *problems) {
	for role, g := range s.Groups() {
		if g.Revision.IsZero() || !g.Revision.valid() {
			p.revision(role.field()+".Revision", g.Revision)
		}
		if g.Replicas < 0 || g.Replicas > maxReplicas {
			p.count(role.field()+".Replicas", g.Replicas)
		}
		if g.Share.Valid() != nil {
			p.share(role.field()+".Share", g.Share)
		}
		if g.Mirror.Valid() != nil {
			p.share(role.field()+".Mirror", g.Mirror)
		}
		if len(g.Match) > 0 {
			p.matches(role.field()+".Match", g.Match)
		}
	}
	if !s.Candidate.IsZero() && s.Candidate.Revision == s.Stable.Revision {
		p.add("Candidate.Revision", "%s is what stable runs too", s.Candidate.Revision)
	}
	p.duration("MinReady", s.MinReady)
}

// String is the state on one line: "stable 1.0.0 x3 90% + candidate 1.1.0 x1 10%".
func (s State) String() string {
	var parts []string
	for role, g := range s.Groups() {
		part := fmt.Sprintf("%s %s x%d %s", role, g.Revision, g.Replicas, g.Share)
		for _, m := range g.Match {
			part += ", " + m.String()
		}
		if !g.Mirror.IsZero() {
			part += ", mirrors " + g.Mirror.String()
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " + ")
}
