package notify

import (
	"path"
	"slices"
	"time"
)

// Rule says who is told of what. Of several rules that name the same recipient, the first one that matches counts: nobody is told one thing twice.
type Rule struct {
	// Name is unique.
	Name string
	// Kinds, Services and Environments are patterns, as path.Match has them: "release.*", "shop-*". An occurrence must match one of each. Nil:
	// all. A stage that names no environment, as an approval often does not, is in those of all stages behind it, which need it by some way; one with
	// none behind it, and what happens to a release as a whole, is in all environments in which stages of the release work.
	Kinds        []string
	Services     []string
	Environments []string
	// AtLeast leaves out what is less severe. Zero: Info, which is everything.
	AtLeast Severity
	// To are the names of the groups that are told.
	To []string
	// Dedupe leaves out what is like something that was told less than so long before, by the times of the events: of the same kind, service,
	// environment and stage, to the same recipient. How many were left out is in Message.Repeated of the next one. What asks a
	// person, is urgent, or is the end of a release is never left out. Zero: nothing is left out.
	Dedupe time.Duration
	// Escalate asks further groups when nobody answers. Nil: nobody else is asked.
	Escalate *Escalation
	// Template is how its messages read. Zero: as Options.Templates say.
	Template Template
}

// rule is a Rule that was checked.
type rule struct {
	Rule
	to       []*crew
	escalate []*crew
	template *form // nil: by the kind
}

// matches reports whether the rule is for that.
func (r *rule) matches(o *Occurrence) bool {
	if o.Severity < r.AtLeast || !matchesAny(r.Kinds, string(o.Kind)) || !matchesAny(r.Services, o.Release.Service) {
		return false
	}
	if o.Environment == "" && r.Environments != nil {
		return slices.ContainsFunc(o.Environments, func(e string) bool { return matchesAny(r.Environments, e) })
	}
	return matchesAny(r.Environments, o.Environment)
}

func matchesAny(patterns []string, name string) bool {
	return patterns == nil || slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name) // New has checked the pattern
		return ok
	})
}

// dedupes reports whether the rule leaves such things out when they come again too soon.
func (r *rule) dedupes(o *Occurrence) bool {
	return r.Dedupe > 0 && o.Severity < Urgent && !o.Kind.Asks() && (o.Outcome == "" || o.Stage != "")
}

// alike is the same for what is told alike.
func alike(o *Occurrence, m *member) string {
	return idOf(string(o.Kind), o.Release.Service, o.Environment, o.Stage, o.Region, o.Gate, m.key())
}
