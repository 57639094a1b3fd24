package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Conflict is a time at which more of a resource is booked than there is, or one person has phases of several plans.
type Conflict struct {
	// Resource is what is booked; Person is who.
	Resource string `json:"resource,omitempty"`
	Person   string `json:"person,omitempty"`
	Span
	// Booked of Capacity is in use.
	Booked   int `json:"booked,omitempty"`
	Capacity int `json:"capacity,omitempty"`
	// Plans are those that take part, sorted.
	Plans []string `json:"plans"`
}

// String is the conflict in one line.
func (c Conflict) String() string {
	when := fmt.Sprintf("from %s to %s", stamp(c.From), stamp(c.Until))
	if c.Person != "" {
		return fmt.Sprintf("%s has phases of %s at once %s", c.Person, strings.Join(c.Plans, " and "), when)
	}
	return fmt.Sprintf("%d of %d of %s is booked %s, by %s", c.Booked, c.Capacity, c.Resource, when, strings.Join(c.Plans, " and "))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04Z") }

// use is a use of something by a plan.
type use struct {
	Span
	plan   string
	amount int
}

// Conflicts are all conflicts within plans and between them, by what they are about and by time. Where plans do not agree how much there is of
// a resource, the least counts. Completed plans have none.
func Conflicts(plans ...Plan) []Conflict {
	capacity, booked, busy := map[string]int{}, map[string][]use{}, map[string][]use{}
	for _, p := range plans {
		if p.Mode == Completed {
			continue
		}
		for _, r := range p.Resources {
			if c, known := capacity[r.Name]; !known || max(1, r.Capacity) < c {
				capacity[r.Name] = max(1, r.Capacity)
			}
		}
		for _, b := range p.Bookings {
			booked[b.Resource] = append(booked[b.Resource], use{b.Span, p.Name, max(1, b.Amount)})
		}
		for _, ph := range p.Phases {
			if ph.Owner != "" {
				busy[ph.Owner] = append(busy[ph.Owner], use{ph.Span, p.Name, 1})
			}
		}
	}
	var all []Conflict
	for _, name := range sorted(booked) {
		most := max(1, capacity[name])
		for _, c := range overbooked(booked[name], func(in []use) bool { return sum(in) > most }) {
			c.Resource, c.Capacity = name, most
			all = append(all, c)
		}
	}
	for _, name := range sorted(busy) {
		for _, c := range overbooked(busy[name], func(in []use) bool { return len(plansOf(in)) > 1 }) {
			c.Person, c.Booked = name, 0
			all = append(all, c)
		}
	}
	return all
}

func sorted[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	// order: they are sorted below
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func sum(uses []use) int {
	n := 0
	for _, u := range uses {
		n += u.amount
	}
	return n
}

func plansOf(uses []use) []string {
	var names []string
	for _, u := range uses {
		names = append(names, u.plan)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// overbooked are the stretches in which the uses are too many, those with the same plans and the same amount as one.
func overbooked(uses []use, tooMany func([]use) bool) []Conflict {
	var times []time.Time
	for _, u := range uses {
		times = append(times, u.From, u.Until)
	}
	slices.SortFunc(times, time.Time.Compare)
	times = slices.CompactFunc(times, time.Time.Equal)
	uses = slices.SortedStableFunc(slices.Values(uses), func(a, b use) int { return a.From.Compare(b.From) })
	var all []Conflict
	var in []use // those that are under way
	for i := 0; i+1 < len(times); i++ {
		part := Span{times[i].UTC(), times[i+1].UTC()}
		in = slices.DeleteFunc(in, func(u use) bool { return !u.Until.After(part.From) })
		for ; len(uses) > 0 && !uses[0].From.After(part.From); uses = uses[1:] {
			if uses[0].Until.After(part.From) {
				in = append(in, uses[0])
			}
		}
		if !tooMany(in) {
			continue
		}
		c := Conflict{Span: part, Booked: sum(in), Plans: plansOf(in)}
		if last := len(all) - 1; last >= 0 && all[last].Until.Equal(c.From) && all[last].Booked == c.Booked && slices.Equal(all[last].Plans, c.Plans) {
			all[last].Until = c.Until
			continue
		}
		all = append(all, c)
	}
	return all
}
