package changelog

import (
	"fmt"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// Notes tell the users of one version what it brings. They are data; Markdown and Short print them.
type Notes struct {
	// Version is the version, nil for what is not released yet.
	Version *semver.Version `json:"version"`
	// Date is the day of the release; zero leaves it out.
	Date time.Time `json:"date,omitzero"`
	// Sections have a change each at least, listed or left out.
	Sections []Section `json:"sections,omitempty"`
}

// Section is a list of changes of one kind.
type Section struct {
	Kind  SectionKind `json:"kind"`
	Items []Item      `json:"items"`
	// LeftOut is how many further changes the section has that Notes.Within left out.
	LeftOut int `json:"left_out,omitempty"`
}

// SectionKind says what the changes of a section are.
type SectionKind string

const (
	Breaking    SectionKind = "breaking"
	Features    SectionKind = "features"
	Fixes       SectionKind = "fixes"
	Performance SectionKind = "performance"
	Reverts     SectionKind = "reverts"
	// Other are the changes that call for a release by the policy and are none of the above, and,
	// where NotesOptions.Other asks for them, those that do not.
	Other SectionKind = "other"
)

// sections are all kinds in the order of the notes, with their titles and their counts in words.
var sections = []struct {
	kind          SectionKind
	title         string
	one, severals string
}{
	{Breaking, "Breaking changes", "breaking change", "breaking changes"},
	{Features, "Features", "feature", "features"},
	{Fixes, "Fixes", "fix", "fixes"},
	{Performance, "Performance", "performance gain", "performance gains"},
	{Reverts, "Reverts", "revert", "reverts"},
	{Other, "Other changes", "other change", "other changes"},
}

// Item is one change.
type Item struct {
	Scope string `json:"scope,omitempty"`
	Text  string `json:"text"`
	// Notes say more: what breaks, and what to do about it.
	Notes []string `json:"notes,omitempty"`
	// Commit is the commit's id.
	Commit string `json:"commit"`
	// References are the issues and commits that the message refers to.
	References []Reference `json:"references,omitempty"`
}

// NotesOptions say what goes into the notes.
type NotesOptions struct {
	// Date is the day of the release. Zero: no date.
	Date time.Time
	// Other adds the commits that call for no release to the section Other, but never those that
	// were taken back, merges, and what was to be squashed.
	Other bool
}

// Notes are the notes of the version that was decided. A commit is listed once: one that breaks
// something among the breaking changes, whatever its type, and one that brings back what was taken
// back as what it brings. Within a section the oldest comes first.
func (d Decision) Notes(o NotesOptions) Notes {
	items := map[SectionKind][]Item{}
	add := func(c Commit, m Message) {
		if again, ok := m.bringsBack(); ok {
			m = again
		}
		kind := sectionOf(m)
		items[kind] = append(items[kind], itemOf(c, m))
	}
	for i := len(d.Reasons) - 1; i >= 0; i-- {
		add(d.Reasons[i].Commit, Parse(d.Reasons[i].Text))
	}
	for i := len(d.Skipped) - 1; o.Other && i >= 0; i-- {
		m := Parse(d.Skipped[i].Text)
		if !d.Skipped[i].Cancelled && m.Kind != Merging && m.Kind != Autosquash {
			add(d.Skipped[i].Commit, m)
		}
	}
	n := Notes{Version: d.Next, Date: o.Date}
	for _, s := range sections {
		if len(items[s.kind]) > 0 {
			n.Sections = append(n.Sections, Section{Kind: s.kind, Items: items[s.kind]})
		}
	}
	return n
}

func sectionOf(m Message) SectionKind {
	switch {
	case m.Breaking():
		return Breaking
	case m.isRevert():
		return Reverts
	case m.Type == "feat":
		return Features
	case m.Type == "fix":
		return Fixes
	case m.Type == "perf":
		return Performance
	}
	return Other
}

func itemOf(c Commit, m Message) Item {
	item := Item{Scope: m.Scope, Text: m.Description, Commit: c.ID, References: m.References()}
	for range trailingNumbers(item.Text) {
		item.Text = strings.TrimRight(item.Text[:strings.LastIndex(item.Text, "(#")], " ")
	}
	if item.Text == "" {
		item.Text = m.Description
	}
	for _, note := range m.BreakingNotes() {
		if note != m.Description {
			item.Notes = append(item.Notes, note)
		}
	}
	return item
}

// Short is the notes on one line, for a notification: "1.3.0: 1 breaking change, 2 features".
func (n Notes) Short() string {
	var counts []string
	for _, s := range n.Sections {
		if text := s.count(len(s.Items) + s.LeftOut); text != "" {
			counts = append(counts, text)
		}
	}
	if len(counts) == 0 {
		counts = []string{"no changes"}
	}
	return n.title() + ": " + strings.Join(counts, ", ")
}

// count is a number of the section's changes in words, "" for a kind that is not known.
func (s Section) count(n int) string {
	for _, known := range sections {
		switch {
		case known.kind != s.Kind:
		case n == 1:
			return "1 " + known.one
		default:
			return fmt.Sprintf("%d %s", n, known.severals)
		}
	}
	return ""
}

func (n Notes) title() string {
	if n.Version == nil {
		return "Unreleased"
	}
	return n.Version.String()
}
