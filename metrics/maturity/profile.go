package maturity

import "time"

// Assessment is how mature several services are, by a model.
type Assessment struct {
	Model   string   `json:"model"`
	Title   string   `json:"title"`
	Version string   `json:"version"`
	Year    int      `json:"year"`
	Source  string   `json:"source"`
	Levels  []string `json:"levels"`
	// Rule says in a sentence when a level is reached.
	Rule string    `json:"rule"`
	At   time.Time `json:"at"`
	// Spreads are over all services, one for each dimension.
	Spreads []Spread `json:"dimensions"`
	Legacy  Legacies `json:"legacy"`
	// Next are the next steps over all services, the best first.
	Next []Advice `json:"next"`
	// Services are sorted by name.
	Services []Profile `json:"services"`
}

// Profile is how mature one service is.
type Profile struct {
	Service    string    `json:"service"`
	Standing   Standing  `json:"standing,omitempty"`
	Dimensions []Reached `json:"dimensions"`
	// Next are its next steps, the best first.
	Next []Advice `json:"next"`
}

// Reached is the level of a service in a dimension.
type Reached struct {
	Dimension string `json:"dimension"`
	// Level is from 0, which is below all levels, to the highest that has practices. Possible is what it would be if all that is unknown held.
	Level    int `json:"level"`
	Possible int `json:"possible"`
	// Next is the level that comes next, 0 where there is none, and Missing are the ids of its practices that do not hold.
	Next    int      `json:"next,omitempty"`
	Missing []string `json:"missing,omitempty"`
	// Findings are the practices, by level and then in the order of the model.
	Findings []Finding `json:"practices"`
}

// Finding is whether a practice holds, and why.
type Finding struct {
	Practice string `json:"practice"`
	Name     string `json:"name"`
	Level    int    `json:"level"`
	Source   string `json:"source,omitempty"`
	Answer   Answer `json:"answer"`
	Basis    Basis  `json:"basis"`
	// Why is the reason for the answer in words.
	Why string `json:"why"`
	// Evidence is what the records say; nil: none can.
	Evidence *Evidence `json:"evidence,omitempty"`
	// Declared is what somebody says; nil: nobody does.
	Declared *Declared `json:"declared,omitempty"`
	// Contradiction says that the evidence says something else than what was declared.
	Contradiction bool `json:"contradiction,omitempty"`
}

// Evidence is what the records say about a practice.
type Evidence struct {
	Fact   Fact   `json:"fact"`
	What   string `json:"what"`
	Answer Answer `json:"answer"`
	// Value is in Unit, nil where nothing is known; K and N are counts behind it, and Missing is how many records leave it open.
	Value   *float64 `json:"value,omitempty"`
	Unit    Unit     `json:"unit"`
	K       int      `json:"k"`
	N       int      `json:"n"`
	Missing int      `json:"missing,omitempty"`
	// AtLeast and AtMost are what was asked for, From is where the days begin that were looked at; zero: with the records.
	AtLeast *float64  `json:"at_least,omitempty"`
	AtMost  *float64  `json:"at_most,omitempty"`
	From    time.Time `json:"from,omitzero"`
	// First and Last are when the first and the last of all of the events were; they are zero where not all of them are steps of Input.Releases, but some of Input.History alone.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Events are the ids of the latest events for it, or, where the answer is no, against it, the latest first; where First is zero, by their ids. More is how many
	// further ones there are.
	Events []string `json:"events,omitempty"`
	More   int      `json:"more,omitempty"`
	Why    string   `json:"why"`
}

// Declared is what somebody says about a practice.
type Declared struct {
	Holds bool      `json:"holds"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Note  string    `json:"note,omitempty"`
	// For is "all services" where it was not said of this one alone.
	For string `json:"for,omitempty"`
	// Stale says that it is too old to count.
	Stale bool `json:"stale,omitempty"`
}

func (d *Declared) answer() Answer {
	switch {
	case d == nil || d.Stale:
		return Unknown
	case d.Holds:
		return Yes
	}
	return No
}
