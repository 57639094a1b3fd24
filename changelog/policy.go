package changelog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/hashicorp/go-multierror"
)

// Policy answers what the specifications leave open. Its zero value is a sound default. In JSON a
// level is its name.
type Policy struct {
	// Types are the levels of further types, or other levels for known ones. Names are in lower
	// case. By default feat is minor; fix, perf and revert are patch; build, chore, ci, docs,
	// refactor, style and test are none. A breaking change is major whatever its type.
	Types map[string]Level `json:"types,omitempty"`
	// Unknown is the level of a type that is neither known nor in Types. Default: None.
	Unknown Level `json:"unknown,omitzero"`
	// Free is the level of a message that is not conventional. Default: None.
	Free Level `json:"free,omitzero"`
	// Initial is the first version, when there is no release yet. Default: 0.1.0.
	Initial *semver.Version `json:"initial,omitempty"`
	// Zero says what the levels mean before 1.0.0. Default: ZeroMinor.
	Zero Zero `json:"zero,omitempty"`
	// Tags is how versions are written as tags. Default: "v{version}".
	Tags TagFormat `json:"tags,omitempty"`
	// Messages says how messages are read where the specification leaves it open.
	Messages Reading `json:"messages,omitzero"`
	// Reverts says what a revert does. Default: CancelReverts.
	Reverts RevertRule `json:"reverts,omitempty"`
	// ReleaseAs says what the footer "Release-As: 2.0.0" does. Default: Obey.
	ReleaseAs ReleaseAs `json:"release_as,omitempty"`
	// Reach says which tags count. Default: ReachAncestors.
	Reach Reach `json:"reach,omitempty"`
	// Channel is the pre-release channel that is released to: "beta" leads to 1.3.0-beta.1. It is made of
	// letters, digits and hyphens, and may have several parts with dots between them, of which the last is no
	// number. Empty: the release is a final one.
	Channel string `json:"channel,omitempty"`
	// Final makes the release a final one, whatever Channel says: 1.3.0 of 1.3.0-rc.2. Unlike a policy without
	// Channel it also makes the last pre-release final where no commit calls for a version. What has come since that
	// pre-release is released with it; the Reasons that are New say what that is.
	Final bool `json:"final,omitempty"`
	// Maintenance is the line that versions must keep to: "1.x" or "1.2.x". Empty: the one that
	// the branch is called after, if any, perhaps with a folder before it, as in "release/1.x". "none": no line.
	// A detached head, as many build servers have it, has no branch: name the line there.
	Maintenance string `json:"maintenance,omitempty"`
	// Components are the parts with versions of their own. None: there is one, which is everything.
	Components []Component `json:"components,omitempty"`
	// Groups bind components together.
	Groups []Group `json:"groups,omitempty"`
	// Propagate is the level that a component gets from the release of one that it depends on. Default:
	// PropagatePatch. PropagateBy, if it is set, is asked instead: with the component, the one that it
	// depends on, and the level of that one's release, which is not None. What it answers depends on nothing else; a level
	// that there is not counts as the nearest. Below 1.0.0 Zero has a say in the answer.
	Propagate   Propagation                                          `json:"propagate,omitempty"`
	PropagateBy func(dependent, dependency Component, l Level) Level `json:"-"`
	// Umbrella adds a version over all components, which is released whenever one of them is: its level is
	// the highest of theirs. It needs a name, and its Tags are what Tags says by default. It has no Paths, Excludes, Aliases,
	// Scopes, DependsOn or GoModule.
	Umbrella *Component `json:"umbrella,omitempty"`
}

// Reading says how messages are read where Conventional Commits leaves it open. Its zero value is
// what is recommended.
type Reading struct {
	// Bullets says whether "* feat: x" on a line of the body, with a type that is known, is a commit of its own, as
	// forges write it when they squash. A list right below a footer is part of its value, and "* feat: x by @ann in https://…" is a line of
	// release notes (CodeQuoted). Below a blank line "* fixup! x" ends the value of a footer, and so does any other item behind a
	// commit of the list, unless the value ends in a colon: clause 10 of the specification would go on up to the next footer, as
	// Ignore does. Default: Count.
	Bullets Within `json:"bullets,omitempty"`
	// Paragraphs says whether a paragraph of the body that begins like a header, with a type that is
	// known and in lower case, is a commit of its own. "fix: #12" is not: that is a footer. Default: Count.
	Paragraphs Within `json:"paragraphs,omitempty"`
	// Merges says whether the message within the message of a merge counts: that of a pull request,
	// mostly its title. Default: Ignore, since the merged commits count themselves; where it would lead to a higher version, Decide
	// says so (CodeUncounted). It counts in any case where
	// the commit has one parent: then it was squashed, and there are no merged commits.
	Merges Within `json:"merges,omitempty"`
	// EmptyScope says whether "feat(): x" counts as "feat: x". Default: Ignore, with a diagnostic.
	EmptyScope Within `json:"empty_scope,omitempty"`
	// Autosquash says whether "fixup! feat: x" counts as "feat: x". Default: Ignore, since it was to become
	// part of another commit.
	Autosquash Within `json:"autosquash,omitempty"`
	// Unseparated says whether a BREAKING CHANGE without the blank line that belongs before it counts.
	// Default: Count, with a diagnostic.
	Unseparated Within `json:"unseparated,omitempty"`
	// Types are types that commits within a message may have, in lower case, besides the known ones. Those of Policy.Types are
	// among them in any case.
	Types []string `json:"types,omitempty"`
}

// validate reports what is wrong with the reading.
func (r Reading) validate(bad func(format string, args ...any)) {
	for _, f := range []struct {
		name  string
		value Within
	}{
		{"Bullets", r.Bullets}, {"Paragraphs", r.Paragraphs}, {"Merges", r.Merges}, {"EmptyScope", r.EmptyScope},
		{"Autosquash", r.Autosquash}, {"Unseparated", r.Unseparated},
	} {
		switch f.value {
		case "", Count, Ignore:
		default:
			bad("Messages.%s: %q is none of %q and %q", f.name, f.value, Count, Ignore)
		}
	}
	for i, name := range r.Types {
		if typeLength(name) != len(name) || name == "" || strings.ToLower(name) != name {
			bad("Messages.Types[%d]: %q is not a type in lower case", i, name)
		}
	}
}

// Within says whether something in a message counts.
type Within string

const (
	// Count counts it.
	Count Within = "count"
	// Ignore takes it for text.
	Ignore Within = "ignore"
)

// RevertRule says what the revert of a commit does that is not released yet.
type RevertRule string

const (
	// CancelReverts lets a revert and what it takes back cancel each other, in the version and in the notes. It
	// is the default. The revert of something that was released is a patch.
	CancelReverts RevertRule = "cancel"
	// CountReverts counts both, and lists both.
	CountReverts RevertRule = "count"
)

// ReleaseAs says what the footer Release-As does.
type ReleaseAs string

const (
	// Obey makes it the next version. It is the default. It counts for the components that the commit belongs
	// to, the newest one counts, and one that is not above the last release is an error.
	Obey ReleaseAs = "obey"
	// Disregard takes it for a footer like any other.
	Disregard ReleaseAs = "ignore"
)

// Reach says which tags count.
//
// A final release that is not among them counts nonetheless where one of its pre-releases is an ancestor of Head: what
// was 1.1.0-beta.2 has become 1.1.0 on another branch, and no beta of it can follow. With a line, tags above
// it count only if they are ancestors, and then they are an error. Pre-releases on other branches never count, but their
// versions are taken: the counter of a channel does not skip them, it is ErrTaken.
type Reach string

const (
	// ReachAncestors are the tags on Head and its ancestors. It is the default.
	ReachAncestors Reach = "ancestors"
	// ReachAll are all tags, also those on branches that were never merged.
	ReachAll Reach = "all"
	// ReachLine are the tags on Head and its ancestors, and all tags of the line that Policy.Maintenance says,
	// wherever they are.
	ReachLine Reach = "line"
)

// Zero says what the levels mean before 1.0.0, where anything may change at any time.
type Zero string

const (
	// ZeroMinor makes a breaking change a minor release: 0.1.2 to 0.2.0. The others stay what
	// they are. It is the default.
	ZeroMinor Zero = "minor"
	// ZeroShift makes a breaking change a minor release, and all others patch releases.
	ZeroShift Zero = "shift"
	// ZeroStable makes no difference: a breaking change leads to 1.0.0.
	ZeroStable Zero = "stable"
)

// Validate reports everything that is wrong with the policy, each problem with its field.
func (p Policy) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	for _, name := range slices.Sorted(maps.Keys(p.Types)) {
		if typeLength(name) != len(name) || name == "" || strings.ToLower(name) != name {
			bad("Types[%q]: not a type in lower case", name)
		}
		if l := p.Types[name]; !l.valid() {
			bad("Types[%q]: %s is no level", name, l)
		}
	}
	if !p.Unknown.valid() {
		bad("Unknown: %s is no level", p.Unknown)
	}
	if !p.Free.valid() {
		bad("Free: %s is no level", p.Free)
	}
	if p.Initial != nil {
		if err := checkInitial(p.Initial); err != nil {
			bad("Initial: %w", err)
		}
	}
	switch p.Zero {
	case "", ZeroMinor, ZeroShift, ZeroStable:
	default:
		bad("Zero: %q is none of %q, %q and %q", p.Zero, ZeroMinor, ZeroShift, ZeroStable)
	}
	p.Messages.validate(bad)
	switch p.Reverts {
	case "", CancelReverts, CountReverts:
	default:
		bad("Reverts: %q is none of %q and %q", p.Reverts, CancelReverts, CountReverts)
	}
	if err := p.Tags.Validate(); err != nil {
		bad("Tags: %w", err)
	}
	p.validateChoice(bad)
	p.validateComponents(bad)
	return joined(errs)
}

// joined is the error itself where there is but one.
func joined(errs *multierror.Error) error {
	if errs != nil && len(errs.Errors) == 1 {
		return errs.Errors[0]
	}
	return errs.ErrorOrNil()
}

func (p Policy) initial() *semver.Version {
	if p.Initial != nil {
		return p.Initial
	}
	return semver.New(0, 1, 0, "", "")
}

// reading is Messages with the types of the policy among the known ones.
func (p Policy) reading() Reading {
	r := p.Messages
	if len(p.Types) > 0 {
		r.Types = append(slices.Sorted(maps.Keys(p.Types)), r.Types...)
	}
	return r
}
