package window_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/davit-sdk/davit/stage/window"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// at is the local time so long after the moment, in UTC.
func at(t time.Time, d time.Duration) calendar.Local {
	t = t.UTC().Add(d)
	return calendar.Local{Year: t.Year(), Month: t.Month(), Day: t.Day(), Hour: t.Hour(), Minute: t.Minute(), Second: t.Second()}
}

// frozen is a calendar that is frozen for some spans from now on, each from and to.
func frozen(spans ...time.Duration) calendar.Calendar {
	c := calendar.Calendar{Name: "company", Zone: "UTC"}
	now := time.Now()
	for i := 0; i < len(spans); i += 2 {
		c.Freeze = append(c.Freeze, calendar.Window{Name: fmt.Sprint("freeze-", i/2), Start: at(now, spans[i]), Length: spans[i+1] - spans[i]})
	}
	return c
}

// board is a schedule that changes, when the test says so.
type board struct {
	mu  sync.Mutex
	now func(context.Context) (*calendar.Schedule, error)
}

func (b *board) put(now func(context.Context) (*calendar.Schedule, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = now
}

func (b *board) schedule(ctx context.Context) (*calendar.Schedule, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now(ctx)
}

// by is a schedule that never changes.
func by(c calendar.Calendar) func(context.Context) (*calendar.Schedule, error) {
	s, err := calendar.Compile(calendar.Options{}, c)
	return func(context.Context) (*calendar.Schedule, error) { return s, err }
}

func Example() {
	morning := calendar.Calendar{Name: "company", Zone: "UTC", Allow: []calendar.Window{{
		Name: "never-again", Start: calendar.Clock(2020, time.January, 1, 9, 0), Length: time.Hour,
	}}}
	s := window.Stage{Schedule: by(morning), Need: 40 * time.Minute}
	err := s.Run(context.Background(), stagetest.NewHost(s).Task())
	fmt.Println(stage.OutcomeOf(err))
	// Output: failed
}

func TestLaws(t *testing.T) {
	promote := []stage.Signal{{Kind: stage.Promote, By: "ada", Why: "the shop is down"}}
	closed := func(s window.Stage) func() stage.Stage {
		return func() stage.Stage {
			s.Schedule = by(frozen(-time.Hour, 100*time.Hour))
			return s
		}
	}
	for _, c := range []struct {
		name  string
		stage func() stage.Stage
		stagetest.Case
	}{
		{"open", func() stage.Stage { return window.Stage{Schedule: by(frozen()), Need: time.Hour} }, stagetest.Case{}},
		{"closed", closed(window.Stage{}), stagetest.Case{Waits: true}},
		{"overridden", closed(window.Stage{}), stagetest.Case{Signals: promote}},
		{"rejected", closed(window.Stage{}), stagetest.Case{Signals: []stage.Signal{{Kind: stage.Reject, By: "ada"}}, Want: stage.Rejected}},
		{"overridden by somebody else", closed(window.Stage{People: []string{"grace"}}), stagetest.Case{Signals: promote, Waits: true}},
		{"unknown", func() stage.Stage { return window.Stage{Schedule: unreadable} }, stagetest.Case{Waits: true}},
		{"never", func() stage.Stage { return window.Stage{Schedule: by(frozen(-time.Hour, 10000*time.Hour))} }, stagetest.Case{Want: stage.Failed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stagetest.Run(t, c.stage, c.Case)
		})
	}
}

func unreadable(context.Context) (*calendar.Schedule, error) {
	return nil, errors.New("the disk is gone")
}

func TestValidate(t *testing.T) {
	err := window.Stage{Need: -1, MaxWait: -1, Interval: -1, People: []string{" "}, Expect: func(context.Context, *stage.Task) (time.Duration, error) { return 0, nil }}.Validate()
	for _, want := range []string{"Window.Schedule: is missing", "Window.Need: -1ns is below zero", "Window.MaxWait", "Window.Interval", "Window.Need: does not go with Expect", "Window.People[0]: is empty"} {
		assert.ErrorContains(t, err, want)
	}
	err = window.Guard{Closing: "maybe", Interval: -1, People: []string{""}}.Validate()
	for _, want := range []string{`Guard.Closing: "maybe" is none of end, pause, roll-back`, "Guard.Schedule: is missing", "Guard.Interval", "Guard.People[0]"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, window.Guard{}.Validate())
}

// house is one host after the other on one store.
type house struct {
	t      *testing.T
	store  *release.MemoryStore
	runner *release.Runner
	does   release.Pipeline
}

func begin(t *testing.T, s window.Stage) *house {
	h := &house{t: t, store: new(release.MemoryStore), does: release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "window", Do: s}}}}
	h.runner = release.NewRunner(release.Config{Store: h.store})
	require.NoError(t, h.runner.Begin(t.Context(), h.does, release.Request{ID: "r1", Service: "shop", RequestedBy: "bob"}))
	synctest.Wait()
	return h
}

func (h *house) stop() { h.runner.Stop(context.Background()) }

func (h *house) start() {
	h.t.Helper()
	h.runner = release.NewRunner(release.Config{Store: h.store})
	_, err := h.runner.TakeUp(h.t.Context(), h.does)
	require.NoError(h.t, err)
	synctest.Wait()
}

func (h *house) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (h *house) is(want stage.Outcome) {
	h.t.Helper()
	state, err := h.runner.State(h.t.Context(), "r1")
	require.NoError(h.t, err)
	assert.Equal(h.t, want, state.Stage("window").Outcome, "%s", state.Stage("window").Reason)
}

func (h *house) details(name string) (all []json.RawMessage) {
	review, err := h.runner.Review(h.t.Context(), "r1")
	require.NoError(h.t, err)
	for _, d := range review.Details {
		if d.Name == name {
			all = append(all, d.Data)
		}
	}
	return all
}

func (h *house) say(kind stage.SignalKind, by, why string) {
	h.t.Helper()
	require.NoError(h.t, h.runner.Signal(h.t.Context(), "r1", stage.Signal{Kind: kind, Stage: "window", By: by, Why: why}))
	synctest.Wait()
}

// A pipeline meets a freeze, waits over a restart, and goes on by itself.
func TestAFreezeIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := begin(t, window.Stage{Schedule: by(frozen(-time.Hour, 63*time.Hour))})
		defer func() { h.stop() }()
		h.is(stage.Waiting)
		waits := h.details(window.DetailWait)
		require.Len(t, waits, 1)
		var look window.Look
		require.NoError(t, json.Unmarshal(waits[0], &look))
		assert.Equal(t, time.Now().Add(63*time.Hour).UTC(), look.Start)
		assert.Equal(t, "freeze-0", look.Why[0].Window)
		h.after(10 * time.Hour)
		h.stop()
		time.Sleep(20 * time.Hour)
		h.start()
		h.is(stage.Waiting)
		h.after(33*time.Hour - time.Second)
		h.is(stage.Waiting)
		h.after(time.Second)
		h.is(stage.Succeeded)
		assert.Len(t, h.details(window.DetailWait), 1, "what has not changed is not told again")
		assert.Len(t, h.details(window.DetailOpen), 1)
	})
	synctest.Test(t, func(t *testing.T) {
		h := begin(t, window.Stage{Schedule: by(frozen(-time.Hour, 63*time.Hour))})
		h.stop()
		time.Sleep(100 * time.Hour)
		h.start()
		defer h.stop()
		h.is(stage.Succeeded)
	})
}

// What would not be done before the schedule closes waits for a span that is long enough.
func TestTheRunway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := window.Stage{Schedule: by(frozen(30*time.Minute, 2*time.Hour, 2*time.Hour+39*time.Minute, 4*time.Hour)), Need: 40 * time.Minute}
		h := begin(t, s)
		defer h.stop()
		h.is(stage.Waiting)
		h.after(4*time.Hour - time.Second)
		h.is(stage.Waiting)
		h.after(time.Second)
		h.is(stage.Succeeded)
	})
	synctest.Test(t, func(t *testing.T) {
		h := begin(t, window.Stage{Schedule: by(frozen(40*time.Minute, 2*time.Hour)), Need: 40 * time.Minute})
		defer h.stop()
		h.is(stage.Succeeded)
	})
	synctest.Test(t, func(t *testing.T) {
		var rehearsed atomic.Bool
		s := window.Stage{Schedule: by(frozen(30*time.Minute, 9*time.Hour)), Expect: func(context.Context, *stage.Task) (time.Duration, error) {
			if !rehearsed.Load() {
				return 0, errors.New("no rehearsal")
			}
			return 10 * time.Minute, nil
		}}
		h := begin(t, s)
		defer h.stop()
		h.is(stage.Waiting)
		assert.Contains(t, string(h.details(window.DetailWait)[0]), "no rehearsal")
		rehearsed.Store(true)
		h.after(window.DefaultRetry)
		h.is(stage.Succeeded)
	})
}

func TestAnOverride(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := begin(t, window.Stage{Schedule: by(frozen(-time.Hour, 63*time.Hour)), People: []string{"Ada "}})
		defer func() { h.stop() }()
		h.say(stage.Promote, "bob", "I want to go home")
		h.say(stage.Promote, "ada", " ")
		h.is(stage.Waiting)
		h.stop()
		h.start()
		h.is(stage.Waiting)
		assert.Len(t, h.details(window.DetailIgnored), 2, "each once")
		h.say(stage.Promote, "ada", "the shop is down")
		h.is(stage.Succeeded)
		all := h.details(window.DetailOverride)
		require.Len(t, all, 1)
		var o window.Override
		require.NoError(t, json.Unmarshal(all[0], &o))
		assert.Equal(t, "ada", o.By)
		assert.Equal(t, "the shop is down", o.Why)
		assert.Equal(t, "freeze-0", o.Look.Why[0].Window)
	})
	synctest.Test(t, func(t *testing.T) {
		h := begin(t, window.Stage{Schedule: by(frozen(-time.Hour, 63*time.Hour)), NoOverride: true})
		defer h.stop()
		h.say(stage.Promote, "ada", "the shop is down")
		h.is(stage.Waiting)
		h.say(stage.Reject, "ada", "not this week")
		h.is(stage.Rejected)
	})
}

// A no counts, though the schedule opens while no host is up to hear it.
func TestANoBeforeTheOpening(t *testing.T) {
	for kind, want := range map[stage.SignalKind]stage.Outcome{stage.Reject: stage.Rejected, stage.Promote: stage.Succeeded} {
		synctest.Test(t, func(t *testing.T) {
			s := window.Stage{Schedule: by(frozen(-time.Hour, 2*time.Hour))}
			h := stagetest.NewHost(s)
			assert.Equal(t, stage.Waiting, stage.OutcomeOf(s.Run(t.Context(), h.Task())))
			h.Send(kind, "ada", "not today")
			time.Sleep(3 * time.Hour)
			assert.Equal(t, want, stage.OutcomeOf(s.Run(t.Context(), h.Task())))
			for _, d := range h.Details() {
				assert.NotEqual(t, window.DetailOverride, d.Name, "there is nothing to override any more")
			}
		})
	}
}

// A freeze that is made meanwhile, or taken back, counts.
func TestTheCalendarsAreReadAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &board{now: by(frozen(-time.Hour, 24*time.Hour))}
		h := begin(t, window.Stage{Schedule: b.schedule})
		defer h.stop()
		b.put(by(frozen(-time.Hour, 48*time.Hour)))
		h.after(24 * time.Hour)
		h.is(stage.Waiting)
		assert.Len(t, h.details(window.DetailWait), 2, "news are told")
		b.put(by(frozen()))
		h.after(window.DefaultInterval)
		h.is(stage.Succeeded)
	})
	synctest.Test(t, func(t *testing.T) {
		b := &board{now: unreadable}
		h := begin(t, window.Stage{Schedule: b.schedule})
		defer h.stop()
		h.after(time.Hour)
		h.is(stage.Waiting)
		b.put(by(frozen()))
		h.after(window.DefaultRetry)
		h.is(stage.Succeeded)
	})
}

func TestTheLongestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := begin(t, window.Stage{Schedule: by(frozen(-time.Hour, 63*time.Hour)), MaxWait: 90 * time.Minute})
		defer h.stop()
		h.after(90*time.Minute - time.Second)
		h.is(stage.Waiting)
		h.after(time.Second)
		h.is(stage.Failed)
	})
	synctest.Test(t, func(t *testing.T) {
		h := begin(t, window.Stage{Schedule: by(frozen(10*time.Hour, 63*time.Hour)), Need: 10000 * time.Hour})
		defer h.stop()
		h.is(stage.Failed)
	})
}

// A function of the host that hangs, or panics, tells nothing: the time to wait runs on, and people are heard.
func TestACalendarThatBreaks(t *testing.T) {
	hangs := func(ctx context.Context) (*calendar.Schedule, error) { <-ctx.Done(); return nil, ctx.Err() }
	open := by(calendar.Calendar{Name: "company", Zone: "UTC"})
	for name, s := range map[string]window.Stage{
		"a schedule that hangs":  {Schedule: hangs, MaxWait: time.Hour},
		"a schedule that panics": {Schedule: func(context.Context) (*calendar.Schedule, error) { panic("boom") }, MaxWait: time.Hour},
		"a need that hangs": {Schedule: open, MaxWait: time.Hour, Expect: func(ctx context.Context, _ *stage.Task) (time.Duration, error) {
			<-ctx.Done()
			return 0, nil
		}},
		"a need that comes too late": {Schedule: open, MaxWait: time.Hour, Expect: func(context.Context, *stage.Task) (time.Duration, error) {
			time.Sleep(window.Patience + time.Second)
			return 0, nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := begin(t, s)
				defer h.stop()
				h.after(59 * time.Minute)
				h.is(stage.Waiting)
				h.after(3 * time.Minute)
				h.is(stage.Failed)
			})
			for kind, want := range map[stage.SignalKind]stage.Outcome{stage.Promote: stage.Succeeded, stage.Reject: stage.Rejected} {
				synctest.Test(t, func(t *testing.T) {
					h := begin(t, s)
					defer h.stop()
					h.after(10 * time.Minute)
					h.say(kind, "ada", "the shop is down")
					h.after(2 * window.Patience)
					h.is(want)
				})
			}
		})
	}
}

// However many reasons there are, and however wordy, they are told as far as there is room.
func TestManyReasons(t *testing.T) {
	for _, n := range []int{20, 500} {
		synctest.Test(t, func(t *testing.T) {
			c := frozen(-time.Hour, 10*time.Hour)
			one := c.Freeze[0]
			for i := 1; i < n; i++ {
				one.Name, one.Text = fmt.Sprint("freeze-", i), strings.Repeat("\x01", 2000)
				c.Freeze = append(c.Freeze, one)
			}
			h := begin(t, window.Stage{Schedule: by(c)})
			defer h.stop()
			h.is(stage.Waiting)
			var look window.Look
			require.NoError(t, json.Unmarshal(h.details(window.DetailWait)[0], &look))
			assert.Len(t, look.Why, 20)
			assert.Equal(t, n-20, look.More)
			h.say(stage.Promote, "ada", "the shop is down")
			h.is(stage.Succeeded)
		})
	}
}

// A schedule that cannot be read is told once, though the text of its error differs each time.
func TestErrorsThatDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := begin(t, window.Stage{Schedule: func(context.Context) (*calendar.Schedule, error) {
			return nil, fmt.Errorf("request %s", time.Now())
		}})
		defer h.stop()
		h.after(3 * time.Hour)
		h.is(stage.Waiting)
		assert.Len(t, h.details(window.DetailWait), 1)
	})
}
