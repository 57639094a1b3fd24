package changelog

import (
	"slices"
	"strings"
)

// Audience is whom notes are for. Callers may have others than these.
type Audience string

const (
	// Users work with what is released.
	Users Audience = "users"
	// Operators install it and keep it running.
	Operators Audience = "operators"
	// Developers build it.
	Developers Audience = "developers"
)

// AudienceRule says whom changes concern. A rule fits a change whose type is among Types and whose scope is
// among Scopes, in any case of letters; an empty list has all.
type AudienceRule struct {
	Types     []string   `json:"types,omitempty"`
	Scopes    []string   `json:"scopes,omitempty"`
	Audiences []Audience `json:"audiences"`
}

// audiences are the rules where NotesOptions has none.
var audiences = []AudienceRule{
	{
		Scopes: []string{
			"alerting", "chart", "config", "deploy", "deployment", "docker", "helm", "infra", "install", "k8s", "kubernetes",
			"metrics", "migration", "migrations", "monitoring", "observability", "operations", "ops", "packaging", "systemd", "upgrade",
		},
		Audiences: []Audience{Operators, Developers},
	},
	{Types: []string{"security", "perf", "deprecate", "deprecated", "remove", "removed"}, Audiences: []Audience{Users, Operators, Developers}},
	{Types: []string{"feat", "fix", "revert"}, Audiences: []Audience{Users, Developers}},
	{Audiences: []Audience{Developers}},
}

// concerns reports whether a change is for the audience of the notes, and whether its author said so.
func (e *edition) concerns(m *Message) (concerned, said bool) {
	if e.Audience == "" {
		return true, false
	}
	if named, ok := audienceFooter(m); ok {
		concerned = slices.ContainsFunc(named, func(a Audience) bool { return strings.EqualFold(string(a), string(e.Audience)) })
		return concerned, concerned
	}
	if m.breaking() {
		return true, false
	}
	rules := e.Audiences
	if len(rules) == 0 {
		rules = audiences
	}
	for _, r := range rules {
		if among(r.Types, typeOf(m)) && among(r.Scopes, m.Scope) {
			return slices.Contains(r.Audiences, e.Audience), false
		}
	}
	return false, false
}

// audienceFooter are the audiences that a message names in footers "Audience: users, operators".
func audienceFooter(m *Message) (named []Audience, ok bool) {
	for _, f := range m.Footers {
		if !f.Is("Audience") {
			continue
		}
		ok = true
		for name := range strings.FieldsFuncSeq(f.Value, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
			named = append(named, Audience(name))
		}
	}
	return named, ok
}
