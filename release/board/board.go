package board

import (
	"cmp"
	"path"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Section is a part of the page.
type Section string

// The sections, in the order in which they are shown.
const (
	Attention Section = "attention"
	Waiting   Section = "waiting"
	Running   Section = "running"
	Planned   Section = "planned"
	Done      Section = "done"
)

// Sections are all sections, in order.
func Sections() []Section { return []Section{Attention, Waiting, Running, Planned, Done} }

// Input is what a page is made of.
type Input struct {
	// Now is the time that the page is of. Zero: the latest time of any review.
	Now time.Time
	// Reviews are the releases: ledger.NewReview, or release.Runner.Review.
	Reviews []*ledger.Review
	// Planned are the releases to come. One of a release that has begun is left out.
	Planned []Plan
	// Forecast says how far a release is and when it will be done; ok is false where it cannot tell. Nil: nobody can.
	Forecast func(s *ledger.State, now time.Time) (f Forecast, ok bool)
	// Keep is for how long a release that is over is shown. Zero: DefaultKeep.
	Keep time.Duration
}

// DefaultKeep is for how long a release that is over is shown where Input does not say.
const DefaultKeep = 24 * time.Hour

// Plan is a release to come.
type Plan struct {
	// Release is its ID, where that is known: once it has begun, the plan is not shown any more.
	Release     string    `json:"release,omitempty"`
	Service     string    `json:"service"`
	Version     string    `json:"version,omitempty"`
	Environment string    `json:"environment,omitempty"`
	At          time.Time `json:"at"`
	Until       time.Time `json:"until,omitzero"`
	Owner       string    `json:"owner,omitempty"`
	Note        string    `json:"note,omitempty"`
}

// Forecast is how far a release is.
type Forecast struct {
	// Share is how much of it is done, from 0 to 1. Below zero, and no number: it is not known.
	Share float64 `json:"share"`
	// Done is when it will probably be done, and Late when it will be with a probability of 95 %. Zero: it is not known.
	Done time.Time `json:"done,omitzero"`
	Late time.Time `json:"late,omitzero"`
	// AtLeast says that it may be any time later, since something of it was never seen, or takes longer than ever.
	AtLeast bool `json:"at_least,omitempty"`
}

// Board is a page.
type Board struct {
	Now time.Time `json:"now"`
	// Name is that of the view.
	Name  string `json:"name,omitempty"`
	Cards []Card `json:"cards"`

	zone     *time.Location
	sections []Section
}

// Card is a release on the page.
type Card struct {
	Section     Section `json:"section"`
	Release     string  `json:"release,omitempty"`
	Service     string  `json:"service"`
	Version     string  `json:"version,omitempty"`
	RequestedBy string  `json:"requested_by,omitempty"`
	// Environments are those in which its stages work.
	Environments []string `json:"environments,omitempty"`
	// Began is when it began, or is to; Ended is when it was over.
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended,omitzero"`
	// Outcome is how it ended; Interrupted where it waits for a host. By and Reason say who and why.
	Outcome stage.Outcome `json:"outcome,omitempty"`
	By      string        `json:"by,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	// StagesDone of Stages are over.
	StagesDone int `json:"stages_done"`
	Stages     int `json:"stages"`
	// Forecast is how far it is; nil: nobody can tell.
	Forecast *Forecast `json:"forecast,omitempty"`
	// Undoing says that what was done is being taken back.
	Undoing bool `json:"undoing,omitempty"`
	// Items are what is to be said of it, the most urgent first.
	Items []Item `json:"items,omitempty"`
	// Plan is set in the section Planned.
	Plan *Plan `json:"plan,omitempty"`
}

// Item is one thing to be said of a release.
type Item struct {
	// Section is where it belongs: Attention, Waiting or Running.
	Section Section `json:"section"`
	// Stage is the stage, empty for the release as a whole, and Environment where it works.
	Stage       string `json:"stage,omitempty"`
	Environment string `json:"environment,omitempty"`
	// What is it in a few words: "approve or reject", "runs", "to be retried". Text is what the stage says of it.
	What string `json:"what"`
	Text string `json:"text,omitempty"`
	// Since is since when, and Until when it goes on by itself; zero: it does not.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Make makes the page. Reviews of nothing are left out.
func Make(in Input) Board {
	b := Board{Now: in.Now.UTC(), Cards: []Card{}, zone: time.UTC, sections: Sections()}
	if in.Now.IsZero() {
		for _, r := range in.Reviews {
			if r != nil && r.Last.After(b.Now) {
				b.Now = r.Last.UTC()
			}
		}
	}
	keep := in.Keep
	if keep <= 0 {
		keep = DefaultKeep
	}
	begun := map[string]bool{}
	for _, r := range in.Reviews {
		if r == nil || r.State == nil || r.State.Seq == 0 {
			continue
		}
		begun[r.State.Release.ID] = true
		if r.State.Over() && b.Now.Sub(r.State.Ended) > keep {
			continue
		}
		b.Cards = append(b.Cards, card(r, b.Now, in.Forecast))
	}
	for _, p := range in.Planned {
		if p.Release != "" && begun[p.Release] {
			continue
		}
		c := Card{Section: Planned, Release: p.Release, Service: p.Service, Version: p.Version, RequestedBy: p.Owner, Began: p.At.UTC(), Reason: p.Note, Plan: &p}
		if p.Environment != "" {
			c.Environments = []string{p.Environment}
		}
		b.Cards = append(b.Cards, c)
	}
	slices.SortStableFunc(b.Cards, order)
	return b
}

// order is that of the page: by section, then by time, then by name.
func order(a, b Card) int {
	byTime := a.when().Compare(b.when())
	if a.Section == Done {
		byTime = -byTime
	}
	return cmp.Or(cmp.Compare(slices.Index(Sections(), a.Section), slices.Index(Sections(), b.Section)), byTime,
		cmp.Compare(a.Service, b.Service), cmp.Compare(a.Release, b.Release))
}

// when is the time by which a card is put in order: since when it waits, runs or is over.
func (c Card) when() time.Time {
	switch {
	case c.Section == Done:
		return c.Ended
	case len(c.Items) > 0 && !c.Items[0].Since.IsZero() && c.Section != Running:
		return c.Items[0].Since
	}
	return c.Began
}

// View is what a group needs to know.
type View struct {
	// Name is the group, for the headline. Empty: there is none.
	Name string
	// Services and Environments are patterns, as path.Match has them; a card must match one of each. Nil: all. A card without an environment matches
	// all of them.
	Services, Environments []string
	// Sections are what is shown. Nil: all.
	Sections []Section
	// Zone is where times are shown. Nil: UTC.
	Zone *time.Location
}

// For is the page as a group sees it. A pattern that is none matches nothing.
func (b Board) For(v View) Board {
	b.Name = v.Name
	if v.Zone != nil {
		b.zone = v.Zone
	}
	b.sections = slices.DeleteFunc(slices.Clone(b.shown()), func(s Section) bool { return v.Sections != nil && !slices.Contains(v.Sections, s) })
	cards := b.Cards
	b.Cards = []Card{}
	for _, c := range cards {
		here := len(c.Environments) == 0 || slices.ContainsFunc(c.Environments, func(e string) bool { return matches(v.Environments, e) })
		if here && matches(v.Services, c.Service) && slices.Contains(b.sections, c.Section) {
			b.Cards = append(b.Cards, c)
		}
	}
	return b
}

// shown are the sections of the page. A page that was read from JSON does not say which, and has all.
func (b Board) shown() []Section {
	if b.sections == nil {
		return Sections()
	}
	return b.sections
}

func matches(patterns []string, name string) bool {
	return patterns == nil || slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}
