package calendar

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Override lifts freezes, or whole calendars, for a while, on somebody's word.
type Override struct {
	// By is who says so, Why for what reason. Without both it is no override.
	By  string `json:"by"`
	Why string `json:"why"`
	// Lifts are what is lifted: "company/black-friday" a freeze of a calendar, "company" all of the calendar,
	// its allow windows included, "*" all calendars.
	Lifts []string `json:"lifts"`
	// From is when it begins. Zero: it holds from the first.
	From time.Time `json:"from,omitzero"`
	// Until is when it ends.
	Until time.Time `json:"until"`
}

// Everything, in Override.Lifts, lifts all calendars.
const Everything = "*"

// Validate reports everything that is wrong and needs no calendar to be seen.
func (o Override) Validate() error { return together(o.problems()) }

func (o Override) problems() (all []error) {
	for _, field := range []struct{ name, value string }{{"By", o.By}, {"Why", o.Why}} {
		if strings.TrimSpace(field.value) == "" {
			all = append(all, fmt.Errorf("%s: is missing: an override says who lifts what, and why", field.name))
		} else if err := worded(field.value); err != nil {
			all = append(all, fmt.Errorf("%s: %w", field.name, err))
		}
	}
	if len(o.Lifts) == 0 {
		all = append(all, errors.New("Lifts: is empty: name what is lifted"))
	}
	switch {
	case o.Until.IsZero():
		all = append(all, errors.New("Until: is missing: an override ends"))
	case !o.From.Before(o.Until):
		all = append(all, fmt.Errorf("Until: %s is not after From, %s", o.Until.Format(time.RFC3339), o.From.Format(time.RFC3339)))
	}
	return all
}

// piece is when the override holds.
func (o Override) piece() piece {
	p := piece{firstSecond, ceil(o.Until)}
	if !o.From.IsZero() {
		p.from = max(p.from, o.From.Unix())
	}
	return p
}

func ceil(t time.Time) int64 {
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	return s
}

// target tells whether a word of Lifts means a calendar, and a freeze of it.
func target(word, calendar, freeze string) (all, one bool) {
	name, window, part := strings.Cut(word, "/")
	if word == Everything || !part && name == calendar {
		return true, true
	}
	return false, part && name == calendar && window == freeze
}

// lift writes an override into the courses that it lifts.
func (s *Schedule) lift(o Override) {
	for i := range s.courses {
		k := &s.courses[i]
		for _, word := range o.Lifts {
			if _, one := target(word, s.calendars[k.calendar].Name, k.window.Name); k.freeze && one {
				k.lifts, k.plain = append(k.lifts, o.piece()), false
				break
			}
		}
	}
	for i, c := range s.calendars {
		if all := slices.ContainsFunc(o.Lifts, func(word string) bool { all, _ := target(word, c.Name, ""); return all }); all && len(c.Allow) > 0 {
			s.courses = append(s.courses, o.course(i))
		}
	}
}

// course is the override as an allow window of a calendar.
func (o Override) course(calendar int) course {
	p := o.piece()
	first := floor(p.from, day)
	return course{details: &details{override: &o}, calendar: int32(calendar), plain: true, time: p.from - first*day, exact: p.to - p.from, zone: &zone{from: []int64{firstSecond - 2*margin}, off: []int64{0}},
		recur: newRecurrence(Rule{}, first, lastSecond/day-1)}
}

// unknown are the words of Lifts that mean nothing in any of the calendars.
func (o Override) unknown(calendars []Calendar) (all []error) {
	for i, word := range o.Lifts {
		known := word == Everything
		for _, c := range calendars {
			whole, _ := target(word, c.Name, "")
			known = known || whole || slices.ContainsFunc(c.Freeze, func(w Window) bool { _, one := target(word, c.Name, w.Name); return one })
		}
		if !known {
			all = append(all, fmt.Errorf("Lifts[%d]: there is no freeze and no calendar %.100q: write calendar/freeze, or calendar", i, word))
		}
	}
	return all
}

// merged are pieces as few as possible, ascending and apart.
func merged(all []piece) (few []piece) {
	slices.SortFunc(all, func(a, b piece) int { return int(min(max(a.from-b.from, -1), 1)) })
	for _, p := range all {
		if n := len(few); n > 0 && p.from <= few[n-1].to {
			few[n-1].to = max(few[n-1].to, p.to)
			continue
		}
		few = append(few, p)
	}
	return few
}
