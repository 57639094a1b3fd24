package window

import (
	"context"
	"errors"
	"fmt"
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
	// Error is why the schedule is not known.
	Error string `json:"error,omitempty"`
}

// look reads the calendars.
func (s Stage) look(ctx context.Context, t *stage.Task, now time.Time) Look {
	need, err := s.Need, error(nil)
	if s.Expect != nil {
		if need, err = s.Expect(ctx, t); err == nil && need < 0 {
			err = fmt.Errorf("%s is below zero", need)
		}
		if err != nil {
			err = fmt.Errorf("how long it takes is not known: %w", err)
		}
	}
	schedule, unread := s.Schedule(ctx)
	if unread == nil && schedule == nil {
		unread = errors.New("there is none")
	}
	if unread != nil {
		err = errors.Join(err, fmt.Errorf("the schedule cannot be read: %w", unread))
	}
	if err != nil {
		return Look{Error: clip(err.Error()), Runway: calendar.Runway{Status: calendar.Status{At: now.UTC()}}}
	}
	return Look{Runway: schedule.Fits(now, need), Need: need.String()}
}

// open reports whether what comes may begin.
func (l Look) open() bool { return l.Error == "" && l.Fits }

// text says why it waits, for people.
func (l Look) text() string {
	if l.Error != "" {
		return l.Error
	}
	return clip(l.Runway.String())
}

// clip keeps a text within what a progress may hold.
func clip(text string) string {
	if len(text) <= 450 {
		return text
	}
	return strings.ToValidUTF8(text[:450], "") + "…"
}
