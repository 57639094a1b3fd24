package maturity

// Model says what is asked for, as data.
type Model struct {
	// Name is what the model is called by programs: lower case letters, digits, dots and hyphens. Title is for people.
	Name  string `json:"name"`
	Title string `json:"title"`
	// Version and Year are those of the source; Source says where it is.
	Version string `json:"version"`
	Year    int    `json:"year"`
	Source  string `json:"source"`
	// Levels are the names of the levels, from level 1; level 0 is below all of them.
	Levels []string `json:"levels"`
	// StaleDays is how many days a declaration counts, unless the practice says so itself; 0 is 365.
	StaleDays int `json:"stale_days,omitempty"`
	// LegacyDays is for how many days a service must not have been deployed to be counted in Legacy.NotDeployed; 0 is 180.
	LegacyDays int         `json:"legacy_days,omitempty"`
	Dimensions []Dimension `json:"dimensions"`
}

// Dimension is one aspect, in which a level is reached by itself.
type Dimension struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Practices belong to levels. A level that has none is never reached by itself: it takes a higher one.
	Practices []Practice `json:"practices"`
}

// Practice is something that is done, or not.
type Practice struct {
	// ID tells it from all others of the model, for declarations.
	ID string `json:"id"`
	// Name says what is done, shortly.
	Name  string `json:"name"`
	Level int    `json:"level"`
	// Source is the section of the model's source that it stands for.
	Source string `json:"source,omitempty"`
	// Impact says how much it helps, Effort how much it takes to introduce it: from 1 to 5 each.
	Impact int `json:"impact"`
	Effort int `json:"effort"`
	// Basis says what makes it hold; empty: ByEither where there is a Check, else ByDeclaration.
	Basis Basis `json:"basis,omitempty"`
	// Check is the evidence for it.
	Check *Check `json:"check,omitempty"`
	// StaleDays is how many days a declaration of it counts; 0: Model.StaleDays.
	StaleDays int `json:"stale_days,omitempty"`
}

// Basis says what makes a practice hold.
type Basis string

const (
	// ByEither takes the evidence; where it says nothing, the declaration.
	ByEither Basis = "either"
	// ByEvidence takes the evidence alone.
	ByEvidence Basis = "evidence"
	// ByDeclaration takes the declaration alone: of what no record can tell.
	ByDeclaration Basis = "declaration"
	// ByBoth asks for both: the evidence, and somebody who stands for it. One no is a no.
	ByBoth Basis = "both"
)

func (p Practice) basis() Basis {
	switch {
	case p.Basis != "":
		return p.Basis
	case p.Check != nil:
		return ByEither
	}
	return ByDeclaration
}

const defaultStale, defaultLegacy = 365, 180

func (m Model) staleDays(p Practice) int {
	switch {
	case p.StaleDays > 0:
		return p.StaleDays
	case m.StaleDays > 0:
		return m.StaleDays
	}
	return defaultStale
}

func (m Model) legacyDays() int {
	if m.LegacyDays > 0 {
		return m.LegacyDays
	}
	return defaultLegacy
}

// Check is what the records must say. Exactly one of AtLeast and AtMost is set: which one depends on whether more of the fact is better, and is told there.
type Check struct {
	Fact Fact `json:"fact"`
	// AtLeast and AtMost are in the unit of the fact; shares are from 0 to 1.
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`
	// Days is how many days before Input.At count; 0: all.
	Days int `json:"days,omitempty"`
	// MinN is how many samples it takes; 0 is 1. Of a share and of a median over releases, those that lack are as those in which something is missing; of a count, it
	// is how many must be without for a no.
	MinN int `json:"min_n,omitempty"`
	// Strategies are those that FactStrategy looks for.
	Strategies []Strategy `json:"strategies,omitempty"`
	// Kind is the kind of step that FactStep looks for.
	Kind Kind `json:"kind,omitempty"`
}

func (c Check) minN() int { return max(1, c.MinN) }

// limit is what the value is compared with, and whether it has to be at most that.
func (c Check) limit() (value float64, most bool) {
	if c.AtMost != nil {
		return *c.AtMost, true
	}
	if c.AtLeast != nil {
		return *c.AtLeast, false
	}
	return 0, false
}
