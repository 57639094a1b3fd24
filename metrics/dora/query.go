package dora

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Query says what a Report is about.
type Query struct {
	// From is where the window begins (included), To where it ends (excluded). Where one is zero, it is the
	// beginning of the day of the first event, and the end of the day of the last one: deployments, incidents, outages, answers and work
	// that is done; commits and work that has begun only where there is nothing else.
	From, To time.Time
	// Services are those that count; empty: all. A name that no event has is an error.
	Services []string
	// Environments are those that count, by their exact names, in place of Rules.Production; empty: the
	// production ones.
	Environments []string
	// Location is where days and weeks begin; nil is UTC.
	Location *time.Location
	// WeekStart is the first day of a week; empty: Rules.WeekStart.
	WeekStart Weekday
	// Weeks says whether weeks count of which only a part lies in the window; empty: Rules.Weeks.
	Weeks Weeks
	// Calendar has the working hours, in Location.
	Calendar Calendar
	// Objective is the share of time that a service promises to be up; 0: none, and no error budget.
	Objective Objective
	// DowntimeCost is what an hour of downtime costs, in any currency; 0: not known.
	DowntimeCost float64
	// Brief leaves out the series per week.
	Brief bool
	// Daily adds the series per day, of all services together.
	Daily bool
}

// Validate reports everything that is wrong with a query by itself, each problem with its field.
func (q Query) Validate() error {
	var p problems
	p.maybe("From", q.From)
	p.maybe("To", q.To)
	if !q.From.IsZero() && !q.To.IsZero() && !q.To.After(q.From) {
		p.add("To: %s is not after From, %s", q.To.Format(time.RFC3339), q.From.Format(time.RFC3339))
	}
	if _, ok := q.WeekStart.number(); !ok {
		p.add("WeekStart: %q is no day of the week", q.WeekStart)
	}
	oneOf(&p, "Weeks", q.Weeks, WeeksComplete, WeeksAll)
	if err := q.Calendar.Validate(); err != nil {
		p.add("Calendar: %w", err)
	}
	if q.Objective != 0 {
		if err := q.Objective.Validate(); err != nil {
			p.add("Objective: %w", err)
		}
	}
	if !(q.DowntimeCost >= 0) || math.IsInf(q.DowntimeCost, 1) {
		p.add("DowntimeCost: %v is not a cost", q.DowntimeCost)
	}
	return p.err()
}

var (
	// ErrNoWindow says that a query has no window, and that there is no event to take it from.
	ErrNoWindow = errors.New("no window, and no event to take it from")
	// ErrTooLong says that a window has too many weeks for so many services, more than eight million weeks of services, or is longer than
	// the 292 years that can be counted in nanoseconds.
	ErrTooLong = errors.New("the window has too many weeks")
	// ErrUnknownService says that a query names a service of which no event tells.
	ErrUnknownService = errors.New("unknown service")
	// ErrUnknownEnvironment says that a query names an environment of which no deployment tells.
	ErrUnknownEnvironment = errors.New("unknown environment")
)

// environments says of each word whether it is the name of an environment that counts.
func (h *History) environments(r Rules, q Query) ([]bool, error) {
	counts := make([]bool, h.words.len())
	if len(q.Environments) > 0 {
		for _, name := range q.Environments {
			i := h.words.find(name)
			if i == none || !slices.ContainsFunc(h.deployed, func(d deployment) bool { return d.finish != never && d.environment == i }) {
				return nil, fmt.Errorf("%w %q", ErrUnknownEnvironment, name)
			}
			counts[i] = true
		}
		return counts, nil
	}
	for i := range counts {
		counts[i] = production(h.words.String(uint32(i)), r.Production)
	}
	return counts, nil
}

// production says whether a name is that of a production environment.
func production(name string, words []string) bool {
	if name == "" {
		return true
	}
	if len(words) == 0 {
		words = productionWords
	}
	found := false
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 127) }) {
		if slices.Contains(deniers, word) {
			return false
		}
		found = found || slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, word) })
	}
	return found || slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, name) })
}

var (
	productionWords = []string{"production", "prod", "live"}
	deniers         = []string{"pre", "non", "no", "not"}
)
