package changelog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/Masterminds/semver/v3"
)

// Plan is which version of each component comes next, with everything that led to it. Its JSON is the same for the same
// plan, byte for byte, and can be read back.
type Plan struct {
	// Head is the commit that the plan is about.
	Head string `json:"head,omitempty"`
	// Components are the decisions for the components, in the order of the policy.
	Components []Decision `json:"components"`
	// Umbrella is the decision for the version over all of them, nil unless the policy has one. Its Dependencies are the
	// components that are released.
	Umbrella *Decision `json:"umbrella,omitempty"`
	// Skipped are the commits since the last release of any component that belong to none of them, in the order
	// of the history. Those that belong to a component are in its Decision.
	Skipped []Skipped `json:"skipped,omitempty"`
	// IgnoredTags are the tags that are written as no component writes its own, where there are several components, by
	// their names. All others are in a Decision.
	IgnoredTags []IgnoredTag `json:"ignored_tags,omitempty"`
	// Diagnostics are what is wrong or odd in the messages, each once.
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// Component is the decision for the component of that name.
func (p Plan) Component(name string) (Decision, bool) {
	for _, d := range p.Components {
		if d.Name == name {
			return d, true
		}
	}
	return Decision{}, false
}

// Level is the highest level of all components: what the whole plan means to users.
func (p Plan) Level() Level {
	level := None
	for _, d := range p.Components {
		level = max(level, d.Level)
	}
	return level
}

// decisions are those of the components and that of the umbrella.
func (p Plan) decisions() []Decision {
	if p.Umbrella == nil {
		return p.Components
	}
	return append(p.Components[:len(p.Components):len(p.Components)], *p.Umbrella)
}

// MarshalJSON writes the plan with all its lists, also empty ones.
func (p Plan) MarshalJSON() ([]byte, error) {
	type plain Plan
	p.Components, p.Diagnostics = listed(p.Components), listed(p.Diagnostics)
	return json.Marshal(plain(p))
}

// MarshalJSON writes the decision with all its lists, also empty ones.
func (d Decision) MarshalJSON() ([]byte, error) {
	type plain Decision
	d.Reasons, d.Skipped, d.IgnoredTags = listed(d.Reasons), listed(d.Skipped), listed(d.IgnoredTags)
	return json.Marshal(plain(d))
}

// listed makes [] in JSON of what would be null.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Hash is a name for what the plan will do: the SHA-256, in hexadecimal, of its head and of each component's versions, tags and
// commits with their levels. Sentences for people are not in it, so it stays what it is when they change.
func (p Plan) Hash() string {
	h := sha256.New()
	add := func(texts ...string) {
		for _, text := range texts {
			fmt.Fprintf(h, "%d:%s", len(text), text) // a hash takes everything
		}
	}
	add(p.Head)
	for _, d := range p.decisions() {
		add("component", d.Name, told(d.Previous), d.PreviousTag, told(d.Prerelease), d.PrereleaseTag, told(d.Next), d.NextTag, d.Level.String())
		for _, r := range d.Reasons {
			add("reason", r.ID, r.Level.String(), fmt.Sprint(r.New))
		}
		for _, s := range d.Skipped {
			add("skipped", s.ID)
		}
		for _, on := range d.Dependencies {
			add("dependency", on.Name, told(on.Next), on.Level.String())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// told is a version as people read it, "-" for none.
func told(v *semver.Version) string {
	if v == nil {
		return "-"
	}
	return v.String()
}

// Explain tells the plan as plain text: a table of all components, then each of them with its reasons, and then
// what belongs to none of them.
func (p Plan) Explain() string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if all := p.decisions(); len(all) == 1 && all[0].Name == "" {
		b.WriteString(all[0].Explain())
	} else {
		fmt.Fprint(table, "component\tprevious\tnext\tlevel\twhy\n")
		for _, d := range all {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", printable(d.Name), told(d.Previous), told(d.Next), d.Level, printable(shortened(d.Why, 2*mostExplained)))
		}
		table.Flush() // a strings.Builder takes everything
		for _, d := range all {
			if d.Next != nil || len(d.Reasons)+len(d.Skipped)+len(d.IgnoredTags) > 0 {
				fmt.Fprintf(&b, "\n%s: %s", printable(d.Name), d.Explain())
			}
		}
	}
	if len(p.Skipped) > 0 {
		fmt.Fprint(table, "\nof no component:\n")
	}
	for _, s := range p.Skipped {
		fmt.Fprintf(table, "  %s\t%s\t(%s)\n", shortID(s.ID), printable(shortened(s.Subject, mostExplained)), printable(s.Why))
	}
	table.Flush()
	if len(p.IgnoredTags) > 0 {
		fmt.Fprint(table, "\ntags of no component:\n")
	}
	for _, t := range p.IgnoredTags {
		fmt.Fprintf(table, "  %s\t(%s)\n", printable(t.Tag), printable(shortened(t.Why, 2*mostExplained)))
	}
	table.Flush()
	if len(p.Diagnostics) > 0 {
		fmt.Fprint(table, "\nremarks:\n")
	}
	for _, d := range p.Diagnostics {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", cmp.Or(shortID(d.Commit), "-"), d.Code, printable(shortened(d.Text, 2*mostExplained)))
	}
	table.Flush()
	return b.String()
}
