package waves_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/waves"
	"github.com/davit-sdk/davit/stage/window"
)

// A calendar closes while the first wave is held: no further one begins before it opens, in whatever host.
func TestTheCalendarCloses(t *testing.T) {
	closing := func(t *testing.T, a atlas, c window.Closing) waves.Stage {
		at := time.Now().UTC().Add(30 * time.Second)
		schedule, err := calendar.Compile(calendar.Options{}, calendar.Calendar{Name: "company", Zone: "UTC", Freeze: []calendar.Window{{
			Name: "night", Start: calendar.Local{Year: at.Year(), Month: at.Month(), Day: at.Day(), Hour: at.Hour(), Minute: at.Minute(), Second: at.Second()}, Length: 10 * time.Minute,
		}}})
		require.NoError(t, err)
		s := deployment(a, nil)
		s.Hours = window.Guard{Schedule: func(context.Context) (*calendar.Schedule, error) { return schedule, nil }, Closing: c}
		return s
	}
	bubble(t, "and they hold, over a host that dies", func(t *testing.T) {
		a := newAtlas()
		s := closing(t, a, window.Pause)
		h := host(s)
		first, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		assert.Equal(t, stage.Interrupted, stage.OutcomeOf(s.Run(first, h.Task())))
		began, done := time.Now(), make(chan error, 1)
		go func() { done <- s.Run(t.Context(), h.Task()) }()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		a.shows(t, old, "eu")
		require.NoError(t, <-done)
		assert.Greater(t, time.Since(began), 330*time.Second)
		a.shows(t, fresh)
	})
	bubble(t, "and they are taken back", func(t *testing.T) {
		a := newAtlas()
		s := closing(t, a, window.RollBack)
		assert.Equal(t, stage.Aborted, stage.OutcomeOf(s.Run(t.Context(), host(s).Task())))
		a.shows(t, old)
	})
	s := deployment(newAtlas(), nil)
	s.Hours.Closing = "never"
	assert.ErrorContains(t, s.Validate(), "Stage.Hours: Guard.Closing")
}

// Waves that begin while the calendar is closed move nothing in any region.
func TestWavesThatBeginInAFreeze(t *testing.T) {
	for closing, want := range map[window.Closing]stage.Outcome{window.Pause: stage.Interrupted, window.RollBack: stage.Aborted} {
		bubble(t, string(closing), func(t *testing.T) {
			at := time.Now().UTC()
			schedule, err := calendar.Compile(calendar.Options{}, calendar.Calendar{Name: "company", Zone: "UTC", Freeze: []calendar.Window{{
				Name: "night", Start: calendar.Local{Year: at.Year(), Month: at.Month(), Day: at.Day(), Hour: at.Hour(), Minute: at.Minute(), Second: at.Second()}, Length: 10 * time.Minute,
			}}})
			require.NoError(t, err)
			a := newAtlas()
			s := deployment(a, nil)
			s.Hours = window.Guard{Closing: closing, Schedule: func(context.Context) (*calendar.Schedule, error) {
				time.Sleep(5 * time.Second)
				return schedule, nil
			}}
			ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- s.Run(ctx, host(s).Task()) }()
			for range 10 {
				time.Sleep(time.Second)
				synctest.Wait()
				a.shows(t, old)
			}
			assert.Equal(t, want, stage.OutcomeOf(<-done))
			a.shows(t, old)
		})
	}
}
