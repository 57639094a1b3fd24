package calendar_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/stretchr/testify/require"
)

// What fits is what the spans say, from whatever moment on, over any horizon.
func TestFitsIsWhatTheSpansSay(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	found, nowhere := 0, 0
	for range 300 / raced {
		c := calendar.Calendar{Name: "c", Zone: "Europe/Berlin"}
		for i := range r.IntN(12) {
			w := calendar.Window{Name: fmt.Sprint(i), Start: calendar.Clock(2026, 3, 20+r.IntN(10), r.IntN(24), r.IntN(60)), Length: time.Duration(1+r.IntN(1500)) * time.Minute}
			if r.IntN(3) > 0 {
				w.Rule = calendar.Rule{Freq: calendar.Daily, Interval: 1 + r.IntN(4)}
			}
			if r.IntN(2) == 0 {
				c.Allow = append(c.Allow, w)
			} else {
				c.Freeze = append(c.Freeze, w)
			}
		}
		s := compile(t, calendar.Options{Zones: time.LoadLocation, Horizon: time.Duration(1+r.IntN(1_000_000)) * time.Second}, c)
		for range 20 {
			at := utc("2026-03-18T00:00Z").Add(time.Duration(r.IntN(14*24*3600*2)) * time.Second / 2)
			need := time.Duration(r.IntN(20*3600*2)) * time.Second / 2
			got := s.Fits(at, need)
			require.Equal(t, s.At(at), got.Status)
			var want time.Time
			for span := range s.Spans(at, got.Horizon) {
				if span.Length() >= need {
					want = span.From
					break
				}
			}
			require.Equal(t, want, got.Start, "%s from %s on", need, at)
			require.Equal(t, want.Equal(at), got.Fits)
			if found++; want.IsZero() {
				nowhere++
			}
		}
	}
	require.Greater(t, found-nowhere, 1000/raced)
	require.Greater(t, nowhere, 1000/raced)
}
