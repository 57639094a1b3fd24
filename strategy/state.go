package strategy

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Revision is what a group runs: one version of the service, built once, known by its digest.
// Two revisions are the same when both fields are; the zero value means "none".
type Revision struct {
	// Version is the version as people say it, for example "1.4.0".
	Version string `json:"version"`
	// Digest tells the artifact apart, for example "sha256:9f86d0…". It may be empty where a
	// version is never built twice.
	Digest string `json:"digest,omitempty"`
}

// IsZero reports whether there is no revision.
func (r Revision) IsZero() bool { return r == Revision{} }

// besides is the revision as short as it can be told from others: by its version alone, where
// none of them has the same.
func (r Revision) besides(others ...Revision) string {
	if r.Version == "" {
		return r.String()
	}
	for _, o := range others {
		if o != r && o.Version == r.Version {
			return r.String()
		}
	}
	return r.Version
}

// valid reports whether the revision survives being written as JSON.
func (r Revision) valid() bool {
	return utf8.ValidString(r.Version) && utf8.ValidString(r.Digest)
}

// String is the version and the first twelve digits of the digest: "1.4.0@9f86d081884c".
func (r Revision) String() string {
	if r.IsZero() {
		return "none"
	}
	_, digits, found := strings.Cut(r.Digest, ":")
	if !found {
		digits = r.Digest
	}
	if digits == "" {
		return r.Version
	}
	return r.Version + "@" + digits[:min(12, len(digits))]
}

// Role is the part that a group plays in a state.
type Role string

const (
	// Stable is what production runs, and what it goes back to.
	Stable Role = "stable"
	// Baseline is a fresh group of the stable revision beside the candidate, as young and as
	// large as it, so that both can be compared fairly.
	Baseline Role = "baseline"
	// Candidate is what shall become stable.
	Candidate Role = "candidate"
)

// Pool names a set of interchangeable instances. Instances belong to a pool for life; what changes
// is the role which a state gives the pool: a candidate that is promoted becomes stable without a
// restart.
type Pool struct {
	Revision Revision `json:"revision"`
	// Baseline sets the fresh instances of a baseline group apart from the stable ones, which run
	// the same revision.
	Baseline bool `json:"baseline,omitempty"`
}

// String is the pool's revision, with "/baseline" behind it where the pool is one. Metrics are
// labelled with it.
func (p Pool) String() string {
	if p.Baseline {
		return p.Revision.String() + "/baseline"
	}
	return p.Revision.String()
}

// Match sends requests that carry a header or a cookie of a given value to a group, whatever the
// group's share is. Exactly one of Header and Cookie is set.
type Match struct {
	Header string `json:"header,omitempty"`
	Cookie string `json:"cookie,omitempty"`
	// Value is compared as it is, byte for byte.
	Value string `json:"value"`
}

// String is the rule as people say it: "header X-Canary=on".
func (m Match) String() string {
	if m.Cookie != "" {
		return "cookie " + m.Cookie + "=" + m.Value
	}
	return "header " + m.Header + "=" + m.Value
}

func (m Match) validate() error {
	if (m.Header == "") == (m.Cookie == "") {
		return fmt.Errorf("a match wants exactly one of Header and Cookie")
	}
	if !utf8.ValidString(m.Header) || !utf8.ValidString(m.Cookie) || !utf8.ValidString(m.Value) {
		return fmt.Errorf("%q is not UTF-8", m.String())
	}
	return nil
}

// Group is what a state wants of one role.
type Group struct {
	Revision Revision `json:"revision"`
	// Replicas is the number of instances.
	Replicas int `json:"replicas"`
	// Share is the part of the traffic that the group answers.
	Share Share `json:"share,omitzero"`
	// Match lists requests that the group answers whatever its share is. Any rule suffices.
	Match []Match `json:"match,omitempty"`
	// Mirror is the part of the traffic that the group gets a copy of. Its answers to copies are
	// thrown away.
	Mirror Share `json:"mirror,omitzero"`
}

// IsZero reports whether the state has no such group.
func (g Group) IsZero() bool {
	return g.Revision.IsZero() && g.Replicas == 0 && !g.Routed()
}

// Routed reports whether the group may get requests: by share, by rule, or as copies.
func (g Group) Routed() bool {
	return !g.Share.IsZero() || len(g.Match) > 0 || !g.Mirror.IsZero()
}

// Equal reports whether both groups want the same.
func (g Group) Equal(o Group) bool {
	return g.Revision == o.Revision && g.Replicas == o.Replicas && g.SameTraffic(o)
}

// SameTraffic reports whether both groups want the same traffic, whatever runs.
func (g Group) SameTraffic(o Group) bool {
	return g.Share == o.Share && g.Mirror == o.Mirror && slices.Equal(g.Match, o.Match)
}

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

// field is the name of the role's field in a State.
func (r Role) field() string {
	switch r {
	case Stable:
		return "Stable"
	case Baseline:
		return "Baseline"
	case Candidate:
		return "Candidate"
	}
	return string(r)
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
