package changelog

import (
	"fmt"
	"slices"
	"strings"
)

// Section is a list of changes of one kind.
type Section struct {
	Kind SectionKind `json:"kind"`
	// Title is its heading, where a rule says another one than the kind has.
	Title string `json:"title,omitempty"`
	// ByScope says that the changes of one scope stand together, under the scope.
	ByScope bool   `json:"by_scope,omitempty"`
	Items   []Item `json:"items"`
	// LeftOut is how many further changes the section has that Notes.Within left out.
	LeftOut int `json:"left_out,omitempty"`
}

// SectionKind says what the changes of a section are. A SectionRule may have kinds of its own.
type SectionKind string

const (
	Breaking    SectionKind = "breaking"
	Security    SectionKind = "security"
	Features    SectionKind = "features"
	Fixes       SectionKind = "fixes"
	Performance SectionKind = "performance"
	Deprecated  SectionKind = "deprecated"
	Removed     SectionKind = "removed"
	Reverts     SectionKind = "reverts"
	// Dependencies are the components that a component is built from and that are released with it.
	Dependencies SectionKind = "dependencies"
	// Other are the changes that call for a release by the policy and are none of the above, and,
	// where NotesOptions.Other asks for them, those that do not.
	Other SectionKind = "other"
)

// sections are all kinds in the order of the notes, with their titles, their counts in words, and the types
// of the changes that belong there.
var sections = []struct {
	kind          SectionKind
	title         string
	one, severals string
	types         []string
}{
	{Breaking, "Breaking changes", "breaking change", "breaking changes", nil},
	{Security, "Security", "security fix", "security fixes", []string{"security"}},
	{Features, "Features", "feature", "features", []string{"feat"}},
	{Fixes, "Fixes", "fix", "fixes", []string{"fix"}},
	{Performance, "Performance", "performance gain", "performance gains", []string{"perf"}},
	{Deprecated, "Deprecated", "deprecation", "deprecations", []string{"deprecate", "deprecated"}},
	{Removed, "Removed", "removal", "removals", []string{"remove", "removed"}},
	{Reverts, "Reverts", "revert", "reverts", []string{"revert"}},
	{Dependencies, "Dependencies", "dependency", "dependencies", nil},
	{Other, "Other changes", "other change", "other changes", nil},
}

// SectionRule says which changes belong to a section, and how it looks.
type SectionRule struct {
	// Kind is the section: a known one, or one of the caller's own, in any words.
	Kind SectionKind `json:"kind"`
	// Title is its heading. Default: that of the known kind, or the kind itself.
	Title string `json:"title,omitempty"`
	// Types and Scopes are those of the changes that belong to it. Where both are given, a change must have
	// one of each. Where neither is, the rule moves no change. In any case of letters.
	Types  []string `json:"types,omitempty"`
	Scopes []string `json:"scopes,omitempty"`
	// Hidden leaves the section out. Breaking changes cannot be hidden.
	Hidden bool `json:"hidden,omitempty"`
}

func (r SectionRule) fits(m *Message) bool {
	return (len(r.Types) > 0 || len(r.Scopes) > 0) && among(r.Types, typeOf(m)) && among(r.Scopes, m.Scope)
}

// among reports whether a name is in a list, in any case of letters. An empty list has all.
func among(list []string, name string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// typeOf is the type of a message; one that git wrote for a revert has the type revert.
func typeOf(m *Message) string {
	if m.Kind == Reverting {
		return "revert"
	}
	return m.Type
}

// edition is what NotesOptions say, made ready for many commits.
type edition struct {
	NotesOptions
	order  []Section      // without items
	known  map[string]int // the section of a type, by default
	hidden map[SectionKind]bool
	rooms  [][]Item // empty lists that have grown, for further pages
}

const breakingAt = 0 // breaking changes come first, whatever the rules say

func newEdition(o NotesOptions) *edition {
	e := &edition{NotesOptions: o, known: map[string]int{}, hidden: map[SectionKind]bool{}}
	add := func(kind SectionKind, title string) {
		at := slices.IndexFunc(e.order, func(s Section) bool { return s.Kind == kind })
		if at < 0 {
			at = len(e.order)
			e.order = append(e.order, Section{Kind: kind, ByScope: o.ByScope && kind != Dependencies})
		}
		if title != "" {
			e.order[at].Title = title
		}
	}
	add(Breaking, "")
	for _, r := range o.Sections {
		add(r.Kind, r.Title)
		e.hidden[r.Kind] = e.hidden[r.Kind] || r.Hidden && r.Kind != Breaking
	}
	for _, s := range sections {
		add(s.kind, "")
		for _, name := range s.types {
			e.known[name] = e.at(s.kind)
		}
	}
	return e
}

// at is where a section stands. All that are asked for are there.
func (e *edition) at(kind SectionKind) int {
	return slices.IndexFunc(e.order, func(s Section) bool { return s.Kind == kind })
}

// sectionOf is where the section of a message stands.
func (e *edition) sectionOf(m *Message) int {
	if m.breaking() {
		return breakingAt
	}
	for _, r := range e.Sections {
		if r.fits(m) {
			return e.at(r.Kind)
		}
	}
	if at, ok := e.known[typeOf(m)]; ok {
		if m.Type == "fix" && strings.EqualFold(m.Scope, "security") {
			return e.at(Security)
		}
		return at
	}
	return e.at(Other)
}

// filled are the sections with their items, without those that are empty or hidden.
func (e *edition) filled(items [][]Item) []Section {
	var all []Section
	for i, s := range e.order {
		if len(items[i]) == 0 || e.hidden[s.Kind] {
			continue
		}
		s.Items = items[i]
		if s.ByScope {
			slices.SortStableFunc(s.Items, func(a, b Item) int { return strings.Compare(a.Scope, b.Scope) })
		}
		all = append(all, s)
	}
	return all
}

// title is the heading of the section, as plain text.
func (s Section) title() string {
	if s.Title != "" {
		return s.Title
	}
	for _, known := range sections {
		if known.kind == s.Kind {
			return known.title
		}
	}
	return string(s.Kind)
}

// count is a number of the section's changes in words.
func (s Section) count(n int) string {
	one, severals := "", ""
	for _, known := range sections {
		if known.kind == s.Kind {
			one, severals = known.one, known.severals
		}
	}
	switch {
	case one == "":
		return fmt.Sprintf("%d in %s", n, oneLine(s.title()))
	case n == 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, severals)
}
