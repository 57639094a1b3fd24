package plan

import (
	"time"

	"github.com/davit-sdk/davit/release/calendar"
)

// Plan is the plan around a release.
type Plan struct {
	// Name tells it from all other plans. It has the form of a stage's name.
	Name string `json:"name"`
	// About says what it is for, for people.
	About string `json:"about,omitempty"`
	// Service is what is released, and Environment where to.
	Service     string `json:"service"`
	Environment string `json:"environment,omitempty"`
	// Owner is the person who answers for it, one of People.
	Owner string `json:"owner"`
	// Mode is how far it is. Empty: Draft. Moves are how it came there: see Move.
	Mode  Mode    `json:"mode,omitempty"`
	Moves []Moved `json:"moves,omitempty"`
	// Window is when the release takes place.
	Window Span `json:"window"`
	// Scope is what is in it.
	Scope Scope `json:"scope,omitzero"`
	// Phases are the timeline, in any order.
	Phases []Phase `json:"phases,omitempty"`
	// People are all who take part, and Groups those who have a say or must know.
	People []Person `json:"people,omitempty"`
	Groups []Group  `json:"groups,omitempty"`
	// Resources are the things that it uses, and Bookings when.
	Resources []Resource `json:"resources,omitempty"`
	Bookings  []Booking  `json:"bookings,omitempty"`
	// Risks are what may go wrong.
	Risks []Risk `json:"risks,omitempty"`
	// Downtime is how long users may be without the service, in the window.
	Downtime Downtime `json:"downtime,omitzero"`
	// Rollback is how it is taken back.
	Rollback Rollback `json:"rollback,omitzero"`
	// Activate is what must hold for the release to begin, Succeed what must hold in the end.
	Activate []Criterion `json:"activate,omitempty"`
	Succeed  []Criterion `json:"succeed,omitempty"`
}

// Span is a stretch of time: From is a part of it, Until is not.
type Span struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// MaxWindow is how long the window of a plan may be.
const MaxWindow = 366 * 24 * time.Hour

// Length is how long it is.
func (s Span) Length() time.Duration { return s.Until.Sub(s.From) }

// Holds reports whether another one lies within it.
func (s Span) Holds(o Span) bool { return !o.From.Before(s.From) && !o.Until.After(s.Until) }

// common is what two spans have in common; false where that is nothing.
func (s Span) common(o Span) (Span, bool) {
	if o.From.After(s.From) {
		s.From = o.From
	}
	if o.Until.Before(s.Until) {
		s.Until = o.Until
	}
	return s, s.From.Before(s.Until)
}

// Scope is what is in a release, by the ids of its tickets, as commits refer to them: "#12", "ABC-3".
type Scope struct {
	// Features and Fixes are what is new, and what works again.
	Features []string `json:"features,omitempty"`
	Fixes    []string `json:"fixes,omitempty"`
	// Gone are the bugs that must be gone.
	Gone []string `json:"gone,omitempty"`
}

// all are the ids of the scope, in order.
func (s Scope) all() []string {
	var ids []string
	ids = append(ids, s.Features...)
	ids = append(ids, s.Fixes...)
	return append(ids, s.Gone...)
}

// Phase is a part of the timeline.
type Phase struct {
	// Name names it in the plan. It has the form of a stage's name.
	Name string `json:"name"`
	Span
	// Needs are the phases that are over before it begins.
	Needs []string `json:"needs,omitempty"`
	// Owner answers for it, one of People.
	Owner string `json:"owner"`
	// Stages are the stages of the pipeline that run in it.
	Stages []string `json:"stages,omitempty"`
	// Ask is who has to say yes in it. Zero: nobody.
	Ask Ask `json:"ask,omitzero"`
	// Downtime is for how long users are without the service in it.
	Downtime time.Duration `json:"downtime_ns,omitempty"`
}

// Ask is a question to a group.
type Ask struct {
	// Group is who is asked, and Quorum how many of them must say yes. Zero: 1.
	Group  string `json:"group,omitempty"`
	Quorum int    `json:"quorum,omitempty"`
	// FourEyes says that the yes of whoever asked for the release does not count.
	FourEyes bool `json:"four_eyes,omitempty"`
}

// quorum is how many must say yes.
func (a Ask) quorum() int { return max(1, a.Quorum) }

// Person is somebody who takes part.
type Person struct {
	// Name is the name that signals bear. No two names differ in case or outer spaces alone.
	Name string `json:"name"`
	// Zone is where they are: a zone of the IANA database, or UTC.
	Zone string `json:"zone"`
	// Hours are when they work. Empty: Monday to Friday from 09:00 to 17:00.
	Hours []Hours `json:"hours,omitempty"`
	// Away are times at which they do not.
	Away []Span `json:"away,omitempty"`
}

// Hours are working hours of a person, by the clock where they are.
type Hours struct {
	// Days are the days on which they begin.
	Days []calendar.Weekday `json:"days"`
	// From and To are times of day: "09:00". A To that is not after From is one of the next day.
	From string `json:"from"`
	To   string `json:"to"`
}

// Role is what a group has to do with a release.
type Role string

const (
	// Approves: it has a say.
	Approves Role = "approves"
	// Consulted: it is asked for its advice.
	Consulted Role = "consulted"
	// Informed: it is told.
	Informed Role = "informed"
)

// Group are stakeholders.
type Group struct {
	Name string `json:"name"`
	Role Role   `json:"role"`
	// People are its members, by their names in People.
	People []string `json:"people"`
}

// Resource is a thing that releases share: an environment, a quota.
type Resource struct {
	// Name is the same in all plans.
	Name string `json:"name"`
	// Capacity is how much of it there is. Zero: 1, so that one at a time has it.
	Capacity int `json:"capacity,omitempty"`
	// Unit says what is counted: "CPUs".
	Unit string `json:"unit,omitempty"`
}

// Booking is a use of a resource.
type Booking struct {
	Resource string `json:"resource"`
	// Amount is how much. Zero: 1.
	Amount int `json:"amount,omitempty"`
	Span
}

// Downtime is how long users may be without the service.
type Downtime struct {
	// Budget is for how long, all outages of the window together. Zero: not at all.
	Budget time.Duration `json:"budget_ns,omitempty"`
}

// Rollback is how a release is taken back.
type Rollback struct {
	// How says how: what undoes what, what is done with data that was written meanwhile.
	How string `json:"how,omitempty"`
	// Within is how long it may take.
	Within time.Duration `json:"within_ns,omitempty"`
	// Decides is who decides to go back, one of People.
	Decides string `json:"decides,omitempty"`
	// Automatic says that the stages of the pipeline undo what they did.
	Automatic bool `json:"automatic,omitempty"`
}

// Criterion is something that must hold: a gate, or a yes of a group.
type Criterion struct {
	// Name is the name of the stage that it becomes.
	Name string `json:"name"`
	// Text says what it is about, for people.
	Text string `json:"text,omitempty"`
	// Gate is the name of a gate that must pass.
	Gate string `json:"gate,omitempty"`
	// Bake is how long the gate is asked at least. Zero: its first pass counts.
	Bake time.Duration `json:"bake_ns,omitempty"`
	// Ask is who must say yes instead.
	Ask Ask `json:"ask,omitzero"`
	// Within is how long that may take. Zero: as long as it takes, or as the gate stage has it.
	Within time.Duration `json:"within_ns,omitempty"`
}
