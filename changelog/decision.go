package changelog

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/Masterminds/semver/v3"
)

// Decision is which version comes next, with everything that led to it. Its JSON can be read back.
type Decision struct {
	// Name is the component's name.
	Name string `json:"name"`
	// Head is the commit that the decision is about, as History says it.
	Head string `json:"head,omitempty"`
	// Channel is the pre-release channel of Next, empty for a final release.
	Channel string `json:"channel,omitempty"`
	// Previous is the last release, nil before the first one. PreviousTag is its tag, and
	// PreviousWhy says why it is that one.
	Previous    *semver.Version `json:"previous"`
	PreviousTag string          `json:"previous_tag,omitempty"`
	PreviousWhy string          `json:"previous_why"`
	// Prerelease is the last pre-release since Previous, nil where there is none: of the channel, for
	// a pre-release, and of any channel for a final release. Reasons with New are since then.
	Prerelease    *semver.Version `json:"prerelease,omitempty"`
	PrereleaseTag string          `json:"prerelease_tag,omitempty"`
	// Next is the version to be released, nil when there is nothing to release. NextTag is its tag.
	Next    *semver.Version `json:"next"`
	NextTag string          `json:"next_tag,omitempty"`
	// Level is the level of the release, None when there is nothing to release.
	Level Level `json:"level"`
	// Why is one sentence for people.
	Why string `json:"why"`
	// Reasons are the commits that call for a release, in the order of the history.
	Reasons []Reason `json:"reasons"`
	// Merged are the commits that call for a release, that came with Previous, and that the Prerelease does not have, because Previous was
	// merged after it, such as a hotfix. They have no say in the version, but are new to whoever has that pre-release: its notes have
	// them. Only a pre-release has any.
	Merged []Reason `json:"merged,omitempty"`
	// Dependencies are the components that it depends on and that are released with it, or were since its last release, by name.
	Dependencies []Dependency `json:"dependencies,omitempty"`
	// Group is the group that had a say in the version, "" for none.
	Group string `json:"group,omitempty"`
	// With are the other components of a fixed group that have this version, too, by name.
	With []string `json:"with,omitempty"`
	// Messages is how the messages were read, by the policy.
	Messages Reading `json:"messages,omitzero"`
	// Skipped are all other commits, in the order of the history.
	Skipped []Skipped `json:"skipped"`
	// IgnoredTags are the tags that have no say, as History says them.
	IgnoredTags []IgnoredTag `json:"ignored_tags"`
}

// Reason is a commit that calls for a release.
type Reason struct {
	Commit
	// Rule says which rule gives the commit its level: "feat is minor".
	Rule  string `json:"rule"`
	Level Level  `json:"level"`
	// Subject is the first line of the message.
	Subject string `json:"subject"`
	// New says that the commit has come since the last pre-release, or, where there is none, since the last
	// release; but not with an earlier pre-release of the channel, such as 1.1.0-beta.2 where 1.1.0 was made of 1.1.0-beta.1.
	New bool `json:"new"`
	// Changes are what the message tells of, each with its own level, where there are commits within it.
	Changes []Change `json:"changes,omitempty"`
}

// Change is one of the changes that a commit's message tells of: that of its header, or that of a commit within.
type Change struct {
	// Span is where it stands in the message.
	Span Span `json:"span"`
	// Subject is its first line.
	Subject string `json:"subject"`
	Level   Level  `json:"level"`
	// Rule says which rule gives it its level, or why it is Cancelled.
	Rule string `json:"rule"`
	// Cancelled says that the change and a revert cancel each other.
	Cancelled bool `json:"cancelled,omitempty"`
}

// Dependency is a component that another one depends on, and that is released with it, or was released without it before.
type Dependency struct {
	Name string `json:"name"`
	// Previous is the version that the other one was released with last, and Next the one that it is released with.
	Previous *semver.Version `json:"previous"`
	Next     *semver.Version `json:"next"`
	// Level is the level that it gives to the one that depends on it, by the rule of the policy.
	Level Level `json:"level"`
}

// Skipped is a commit that calls for no release.
type Skipped struct {
	Commit
	// Why says why: "chore is none".
	Why string `json:"why"`
	// Subject is the first line of the message.
	Subject string `json:"subject"`
	// Cancelled says that the commit and a revert cancel each other: users will never see either.
	Cancelled bool `json:"cancelled,omitempty"`
	// New says of a commit that is Cancelled that this is so since the last release only: the last pre-release has
	// one of the two, so that there is something new since.
	New bool `json:"new,omitempty"`
	// Changes are what the message tells of, where there are commits within it.
	Changes []Change `json:"changes,omitempty"`
}

// mostExplained is how much of a commit's first line an explanation shows, in bytes.
const mostExplained = 200

// Explain tells the decision and its reasons as plain text in lines, with long subjects cut.
func (d Decision) Explain() string {
	var b strings.Builder
	from, to := "no release", "" // Why says that there is no version
	if d.Previous != nil {
		from = d.Previous.String()
	}
	if d.Next != nil {
		to = fmt.Sprintf("%s (%s): ", d.Next, d.Level)
	}
	fmt.Fprintf(&b, "%s -> %s%s\n", from, to, printable(d.Why))
	if d.PreviousWhy != "" {
		fmt.Fprintf(&b, "previous: %s\n", printable(d.PreviousWhy))
	}
	if d.Prerelease != nil {
		fmt.Fprintf(&b, "pre-release: %s is the last one since, and has what is not marked as new\n", d.PrereleaseTag)
	}
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(d.Dependencies) > 0 {
		fmt.Fprint(table, "with:\n")
	}
	for _, on := range d.Dependencies {
		fmt.Fprintf(table, "  %s\t%s -> %s\t(%s)\n", printable(on.Name), told(on.Previous), told(on.Next), on.Level)
	}
	table.Flush() // a strings.Builder takes everything
	if len(d.Reasons) > 0 {
		fmt.Fprint(table, "counted:\n")
	}
	for _, r := range d.Reasons {
		fmt.Fprintf(table, "  %s\t%s\t%s\t(%s%s)\n", shortID(r.ID), r.Level, printable(shortened(r.Subject, mostExplained)), printable(r.Rule), d.marked(r.New))
	}
	table.Flush()
	if len(d.Merged) > 0 {
		fmt.Fprintf(table, "merged with %s:\n", printable(d.PreviousTag))
	}
	for _, r := range d.Merged {
		fmt.Fprintf(table, "  %s\t%s\t%s\t(%s; new)\n", shortID(r.ID), r.Level, printable(shortened(r.Subject, mostExplained)), printable(r.Rule))
	}
	table.Flush()
	if len(d.Skipped) > 0 {
		fmt.Fprint(table, "not counted:\n")
	}
	for _, s := range d.Skipped {
		fmt.Fprintf(table, "  %s\t%s\t(%s%s)\n", shortID(s.ID), printable(shortened(s.Subject, mostExplained)), printable(s.Why), d.marked(s.New))
	}
	table.Flush()
	if len(d.IgnoredTags) > 0 {
		fmt.Fprint(table, "tags ignored:\n")
	}
	for _, t := range d.IgnoredTags {
		fmt.Fprintf(table, "  %s\t(%s)\n", printable(t.Tag), printable(shortened(t.Why, 2*mostExplained)))
	}
	table.Flush()
	return b.String()
}

// marked marks what has come since the last pre-release, if there is one.
func (d Decision) marked(fresh bool) string {
	if fresh && d.Prerelease != nil {
		return "; new"
	}
	return ""
}
