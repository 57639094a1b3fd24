package strategy

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

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
