package window

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/stage"
)

// Look is what was seen of a schedule.
type Look struct {
	calendar.Runway
	// Need is how long what comes is expected to take: "40m0s".
	Need string `json:"need"`
	// More is how many reasons there are that Why does not tell: it tells the first 20, with texts of 100 bytes.
	More int `json:"more,omitempty"`
	// Error is why the schedule is not known.
	Error string `json:"error,omitempty"`
}

// look reads the calendars, and asks how long it takes, for as long as Patience each.
func (s Stage) look(ctx context.Context, t *stage.Task) Look {
	need, err := s.Need, error(nil)
	if s.Expect != nil {
		need, err = ask(ctx, func(ctx context.Context) (time.Duration, error) { return s.Expect(ctx, t) })
		if err == nil && need < 0 {
			err = fmt.Errorf("%s is below zero", need)
		}
		if err != nil {
			err = fmt.Errorf("how long it takes is not known: %w", err)
		}
	}
	schedule, unread := ask(ctx, s.Schedule)
	if unread == nil && schedule == nil {
		unread = errNone
	}
	if unread != nil {
		err = errors.Join(err, fmt.Errorf("the schedule cannot be read: %w", unread))
	}
	now := time.Now()
	if err != nil {
		return unknown(now, clip(err.Error()))
	}
	return brief(Look{Runway: schedule.Fits(now, need), Need: need.String()})
}

// unknown is a look that saw nothing.
func unknown(now time.Time, why string) Look {
	return Look{Error: why, Runway: calendar.Runway{Status: calendar.Status{At: now.UTC()}}}
}

// The most of a look that is kept.
const (
	mostReasons = 20
	mostText    = 100 // of a name or text in a reason, in bytes
)

// brief keeps a look within what a detail may hold.
func brief(l Look) Look {
	all := l.Why
	l.Why = slices.Clone(all[:min(len(all), mostReasons)])
	l.More = len(all) - len(l.Why)
	for i := range l.Why {
		r := &l.Why[i]
		r.Calendar, r.Window, r.Text = cut(r.Calendar, mostText), cut(r.Window, mostText), cut(r.Text, mostText)
		if r.Override != nil {
			o := *r.Override
			o.By, o.Why, o.Lifts = cut(o.By, mostText), cut(o.Why, mostText), nil
			r.Override = &o
		}
	}
	return l
}

// open reports whether what comes may begin.
func (l Look) open() bool { return l.Error == "" && l.Fits }

// text says why it waits, for people.
func (l Look) text() string {
	if l.Error != "" {
		return l.Error
	}
	text := cut(l.Runway.String(), mostShown)
	if l.More > 0 {
		text += fmt.Sprintf(" (and %d more)", l.More)
	}
	return text
}

// mostShown is the most of a text that a progress shows, in bytes.
const mostShown = 450

// clip keeps a text within what a progress may hold.
func clip(text string) string { return cut(text, mostShown) }

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
