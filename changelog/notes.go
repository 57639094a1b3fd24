package changelog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/hashicorp/go-multierror"
)

// Notes tell the users of one version what it brings. They are data, whose JSON can be read back;
// Markdown, Text, Short and a Template print them.
type Notes struct {
	// Component is the name of the component that the version is of, empty where there is one only.
	Component string `json:"component,omitempty"`
	// Version is the version, nil for what is not released yet.
	Version *semver.Version `json:"version"`
	// Tag is the tag of the version, and PreviousTag that of the one before.
	Tag         string `json:"tag,omitempty"`
	PreviousTag string `json:"previous_tag,omitempty"`
	// Date is the day of the release; zero leaves it out.
	Date time.Time `json:"date,omitzero"`
	// Audience is whom they are for, empty for everybody.
	Audience Audience `json:"audience,omitempty"`
	// Sections have a change each at least, listed or left out.
	Sections []Section `json:"sections,omitempty"`
	// With are the names of the components of its fixed group that it is released with, where there are no Sections.
	With []string `json:"with,omitempty"`
	// Contributors are who made the changes, by name, where NotesOptions.Contributors asks for them.
	// MoreContributors is how many further ones Within left out.
	Contributors     []Contributor `json:"contributors,omitempty"`
	MoreContributors int           `json:"more_contributors,omitempty"`
	// Links are the patterns of the addresses of what the notes refer to.
	Links Links `json:"links,omitzero"`
}

// Item is one change.
type Item struct {
	// Type is the type of the change, "" for one without.
	Type  string `json:"type,omitempty"`
	Scope string `json:"scope,omitempty"`
	Text  string `json:"text"`
	// Notes say more: what breaks, and what to do about it.
	Notes []string `json:"notes,omitempty"`
	// Commit is the commit's id.
	Commit string `json:"commit"`
	// References are the issues and commits that the message refers to.
	References []Reference `json:"references,omitempty"`
	// Authors are the author and the co-authors, where NotesOptions.Authors asks for them.
	Authors []Contributor `json:"authors,omitempty"`
}

// NotesOptions say what goes into the notes. In JSON a program can read them from a file.
type NotesOptions struct {
	// Date is the day of the release. Zero: no date.
	Date time.Time `json:"date,omitzero"`
	// Other adds the commits that call for no release to the section Other, but never those that
	// were taken back, merges, and what was to be squashed.
	Other bool `json:"other,omitempty"`
	// Whole lists all changes since the last release also where the version is a pre-release. By default the notes of a
	// pre-release hold what has come since the one before it: also what came with a release that was merged meanwhile, whose own notes have
	// it, too, since whoever tries pre-releases out goes from one to the next.
	Whole bool `json:"whole,omitempty"`
	// Audience makes the notes those of one audience. Empty: all changes are listed.
	//
	// A footer "Audience: users, operators" decides alone whom a change is for, and puts it into their notes even
	// if it calls for no release. Without one a breaking change is for everybody, and others are for whom the first of
	// the Audiences says that fits.
	Audience Audience `json:"audience,omitempty"`
	// Audiences are the rules. Default: what has a scope such as config, deploy, docker, helm, migration or monitoring is for operators
	// and developers; security, perf, deprecate and remove are for all three; feat, fix and revert are for users and developers; all
	// else is for developers.
	Audiences []AudienceRule `json:"audiences,omitempty"`
	// Sections say which sections there are and in which order; those that they do not name follow in the
	// order of the constants. A change goes where the first rule says that fits, and else to the section of its type;
	// a breaking change always to Breaking, which is always the first.
	Sections []SectionRule `json:"sections,omitempty"`
	// ByScope puts the changes of one scope together, scopes in alphabetical order, those without first.
	ByScope bool `json:"by_scope,omitempty"`
	// Authors names the author and the co-authors behind each change, but no bots.
	Authors bool `json:"authors,omitempty"`
	// Contributors lists everybody who made a change at the end, also changes that are not listed.
	Contributors bool `json:"contributors,omitempty"`
	// Debuts mark the contributors who are new. Nil: nobody is marked.
	Debuts Debuts `json:"debuts,omitempty"`
	// Logins are names on the forge by e-mail addresses in lower case.
	Logins map[string]string `json:"logins,omitempty"`
	// Links make commits, versions, references and people links. Zero: nothing is one, but for what a forge makes
	// one by itself: "#12" and ids of commits.
	Links Links `json:"links,omitzero"`
}

// Validate reports everything that is wrong with the options, each problem with its field.
func (o NotesOptions) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	for i, r := range o.Audiences {
		if len(r.Audiences) == 0 && len(r.Types)+len(r.Scopes) == 0 {
			bad("Audiences[%d]: says nothing", i)
		}
		if slices.Contains(r.Audiences, "") {
			bad("Audiences[%d].Audiences: one has no name", i)
		}
	}
	for i, r := range o.Sections {
		if oneLine(string(r.Kind)) == "" {
			bad("Sections[%d].Kind: is missing", i)
		}
		if r.Kind == Breaking && (r.Hidden || len(r.Types)+len(r.Scopes) > 0) {
			bad("Sections[%d]: breaking changes are told by their messages, and cannot be hidden", i)
		}
	}
	for _, address := range slices.Sorted(maps.Keys(o.Logins)) {
		if strings.ToLower(address) != address {
			bad("Logins[%q]: must be in lower case", address)
		}
	}
	if err := o.Links.Validate(); err != nil {
		bad("Links: %w", err)
	}
	return errs.ErrorOrNil()
}

// Notes are the notes of the version that was decided. A change is listed once: one that breaks
// something among the breaking changes, whatever its type, and one that brings back what was taken
// back as what it brings. Within a section the oldest comes first.
func (d Decision) Notes(o NotesOptions) Notes {
	e := newEdition(o)
	p := newPage(e)
	news := !o.Whole && d.Next != nil && d.Next.Prerelease() != ""
	if news {
		for i := len(d.Merged) - 1; i >= 0; i-- {
			r := &d.Merged[i]
			m := r.Message(d.Messages)
			p.add(&r.Commit, &m, r.Changes, true)
		}
	}
	for i := len(d.Reasons) - 1; i >= 0; i-- {
		if r := &d.Reasons[i]; !news || r.New {
			m := r.Message(d.Messages)
			p.add(&r.Commit, &m, r.Changes, true)
		}
	}
	for i := len(d.Skipped) - 1; i >= 0; i-- {
		s := &d.Skipped[i]
		switch m := s.Message(d.Messages); {
		case !s.Cancelled:
			p.add(&s.Commit, &m, s.Changes, false)
		case news && s.New: // the pre-release before has what this one takes back
			p.add(&s.Commit, &m, nil, true)
		}
	}
	p.depends(d.Dependencies)
	n := p.notes()
	n.Component, n.Version, n.Tag, n.PreviousTag = d.Name, d.Next, d.NextTag, d.PreviousTag
	if news && d.Prerelease != nil {
		n.PreviousTag = d.PrereleaseTag
	}
	if len(n.Sections) == 0 {
		n.With = d.With
	}
	return n
}

// NoChanges is what is told of a version without changes, as plain text: "No notable changes." It is empty where there are some, or
// no version.
func (n Notes) NoChanges() string {
	const most = 20
	switch with := n.With; {
	case n.Version == nil || len(n.Sections) > 0:
		return ""
	case len(with) > most:
		return fmt.Sprintf("No changes of its own: released with %s and %d others.", strings.Join(with[:most], ", "), len(with)-most)
	case len(with) > 1:
		return fmt.Sprintf("No changes of its own: released with %s and %s.", strings.Join(with[:len(with)-1], ", "), with[len(with)-1])
	case len(with) == 1:
		return fmt.Sprintf("No changes of its own: released with %s.", with[0])
	case n.Audience != "":
		return fmt.Sprintf("No changes for %s.", n.Audience)
	}
	return "No notable changes."
}

// Short is the notes on one line, for a notification: "1.3.0: 1 breaking change, 2 features".
func (n Notes) Short() string {
	var counts []string
	for _, s := range n.Sections {
		counts = append(counts, s.count(len(s.Items)+s.LeftOut))
	}
	if len(counts) == 0 {
		counts = []string{"no changes"}
	}
	return n.title() + ": " + strings.Join(counts, ", ")
}

// title is the component and the version, as plain text.
func (n Notes) title() string {
	title := "Unreleased"
	if n.Version != nil {
		title = n.Version.String()
	}
	return strings.TrimSpace(oneLine(n.Component) + " " + title)
}
