package pace_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/pace"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is expected anew")

func TestTheWordsAreThoseOfARollout(t *testing.T) {
	assert.Equal(t, []string{deploy.DetailEvent, string(rollout.StepStarted), string(rollout.StepDone), string(rollout.Asked), string(rollout.Answered),
		string(rollout.Paused), string(rollout.Resumed)}, pace.RolloutWords)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func takes(d time.Duration) stage.Stage {
	return stage.Func(func(ctx context.Context, _ *stage.Task) error { return sleep(ctx, d) })
}

// rolls tells of a rollout of three steps, the second of which asks a person, as package stage/deploy does.
func rolls(steps ...time.Duration) stage.Stage {
	return stage.Func(func(ctx context.Context, t *stage.Task) error {
		for i, d := range steps {
			tell := func(kind rollout.EventKind) error {
				return t.Detail(ctx, deploy.DetailEvent, rollout.Event{At: time.Now(), Kind: kind, Step: i, Steps: len(steps)})
			}
			if err := tell(rollout.StepStarted); err != nil {
				return err
			}
			if err := sleep(ctx, d); err != nil {
				return err
			}
			if i == 1 {
				_ = tell(rollout.Asked)
				if err := sleep(ctx, 7*time.Minute); err != nil {
					return err
				}
				_ = tell(rollout.Answered)
			}
			if err := tell(rollout.StepDone); err != nil {
				return err
			}
		}
		return nil
	})
}

// shop is a pipeline whose stages take so many times as long in an environment.
func shop(slower time.Duration) release.Pipeline {
	return release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: takes(2 * time.Minute * slower)},
		{Name: "test", Do: takes(5 * time.Minute * slower), Needs: []string{"build"}},
		{Name: "scan", Do: takes(3 * time.Minute * slower), Needs: []string{"build"}},
		{Name: "approval", Do: approval.Stage{}, Needs: []string{"test", "scan"}},
		{Name: "production", Do: rolls(slower*time.Minute, slower*2*time.Minute, slower*3*time.Minute), Needs: []string{"approval"}},
	}}
}

// A rehearsal is run by a real runner; what it took flows into what is expected of the real release, and into what is told while that runs.
func TestARehearsalTellsHowLongTheReleaseTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines strings.Builder
		ctx := t.Context()
		store := new(release.MemoryStore)
		runner := release.NewRunner(release.Config{Store: store})
		defer runner.Stop(ctx)
		approve := func(id string, after time.Duration) {
			time.Sleep(after)
			_ = runner.Signal(ctx, id, stage.Signal{Kind: stage.Approve, Stage: "approval", By: "grace"})
		}

		go approve("rehearsal-1", 17*time.Minute)
		_, err := runner.Run(ctx, shop(1), release.Request{ID: "rehearsal-1", Service: "shop", RequestedBy: "ada"})
		require.NoError(t, err)
		book := pace.NewBook(pace.Options{Least: 1})
		require.NoError(t, book.Add(pace.Rehearsal, store.Events(ctx, "rehearsal-1", 0)))

		outline, err := shop(2).Outline()
		require.NoError(t, err)
		e, err := book.Expect(outline)
		require.NoError(t, err)
		lines.WriteString(e.Text())
		need, err := e.Runway()
		require.NoError(t, err)
		assert.Equal(t, 13*time.Minute, need, "build, the longer one of test and scan, and three steps; people apart")
		assert.Equal(t, 13*time.Minute+10*time.Minute+7*time.Minute, e.WithPeople.Median)
		step, ok := book.Step("production", 1, 3)
		require.True(t, ok)
		assert.Equal(t, 2*time.Minute, step.Median, "without the time that a person took")

		// The release: its stages take twice as long.
		go approve("shop-1", 34*time.Minute)
		require.NoError(t, runner.Begin(ctx, shop(2), release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"}))
		begun, done := time.Now(), 0.0
		time.Sleep(10 * time.Second) // never at the moment of an event
		for {
			time.Sleep(150 * time.Second)
			course, err := pace.Follow(store.Events(ctx, "shop-1", 0))
			require.NoError(t, err)
			f := book.Forecast(course, time.Now())
			fmt.Fprintf(&lines, "after %-6s %s\n", time.Since(begun).Round(time.Second), f)
			if f.Over {
				assert.Equal(t, 1.0, f.Done)
				break
			}
			assert.Less(t, f.Done, 1.0, "before the end, it is never all")
			assert.GreaterOrEqual(t, f.Done, done)
			done = f.Done
		}
		state, err := runner.Wait(ctx, "shop-1")
		require.NoError(t, err)

		// Without the events, by the state alone:
		f := book.Forecast(pace.CourseOf(state), time.Now())
		assert.True(t, f.Over)

		golden(t, "rehearsal.txt", lines.String())
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run with -update, and read the difference")
}

// followed is a course up to the first event for which ok holds.
func followed(t *testing.T, events []ledger.Event, n int) *pace.Course {
	t.Helper()
	c := new(pace.Course)
	for _, e := range events[:n] {
		require.NoError(t, c.Apply(e))
	}
	return c
}

func TestWhatIsNotKnownIsSaid(t *testing.T) {
	p := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{{Name: "a"}, {Name: "b", Needs: []string{"a"}}, {Name: "c", Needs: []string{"b"}}}}
	events := ran("r", p, map[string]time.Duration{"a": time.Minute, "b": time.Minute, "c": time.Minute})
	empty := pace.NewBook(pace.Options{})
	f := empty.Forecast(followed(t, events, 2), epoch.Add(30*time.Second))
	assert.Equal(t, "r: progress unknown, 0 of 3 stages; at least 0s of work left; never seen: a, b, c", f.String())
	_, err := f.Runway()
	require.ErrorIs(t, err, pace.ErrUnseen)
	likely, late := f.Ends()
	assert.True(t, likely.IsZero() && late.IsZero() && !f.Known && f.AtLeast())

	book := pace.NewBook(pace.Options{Least: 1})
	require.NoError(t, book.Add(pace.Real, each(events)))
	f = book.Forecast(followed(t, events, 2), epoch.Add(30*time.Second))
	assert.Equal(t, "r: 16 %, 0 of 3 stages; 2m30s of work left, p95 2m30s, by 12:03:00Z", f.String())
	need, err := f.Runway()
	require.NoError(t, err)
	assert.Equal(t, 150*time.Second, need)
	f = book.Forecast(followed(t, events, 2), epoch.Add(90*time.Second))
	assert.Equal(t, "r: 33 %, 0 of 3 stages; at least 2m of work left; longer than ever: a", f.String())
	_, err = f.Runway()
	require.ErrorIs(t, err, pace.ErrNoEnd)
	f = book.Forecast(followed(t, events, 6), epoch.Add(time.Hour))
	assert.Equal(t, 0.99, f.Done, "the last stage is late, and not over")
	f = book.Forecast(followed(t, events, 2), epoch.Add(-time.Hour))
	assert.Equal(t, epoch, f.At, "before its last event")

	failed := append(events[:2:2], ledger.Event{Seq: 3, Time: epoch.Add(time.Minute), Stage: "a", Attempt: 1, Body: ledger.Ended{Outcome: stage.Failed, Reason: "no"}})
	f = book.Forecast(followed(t, failed, 3), epoch.Add(time.Minute))
	assert.Equal(t, "r: progress unknown, 1 of 3 stages; it does not go well any more, so its end is unknown", f.String())
	_, err = f.Runway()
	require.ErrorIs(t, err, pace.ErrNoEnd)

	text, err := json.Marshal(f)
	require.NoError(t, err)
	var back pace.Forecast
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, f, back)
}

func TestOnlyWholeRunsThatWentWellAreLearned(t *testing.T) {
	p := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{{Name: "a", Retry: ledger.Retry{Attempts: 3}}, {Name: "hold", Traits: []stage.Trait{stage.Holds}}}}
	at := func(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }
	begin := ledger.Event{Time: epoch, Body: ledger.Requested{Release: stage.Release{ID: "r", Service: "shop", RequestedBy: "ada"}, Pipeline: p}}
	began := func(minute, attempt int) ledger.Event {
		return ledger.Event{Time: at(minute), Stage: "a", Attempt: attempt, Body: ledger.Began{}}
	}
	ended := func(minute, attempt int, e ledger.Ended) ledger.Event {
		return ledger.Event{Time: at(minute), Stage: "a", Attempt: attempt, Body: e}
	}
	good := ledger.Ended{Outcome: stage.Succeeded}
	hold := func(minute, attempt int, body ledger.Body) ledger.Event {
		return ledger.Event{Time: at(minute), Stage: "hold", Attempt: attempt, Body: body}
	}
	for name, test := range map[string]struct {
		events     []ledger.Event
		work, wait time.Duration
		learned    bool
	}{
		"well":             {[]ledger.Event{began(0, 1), ended(5, 1, good)}, 5 * time.Minute, 0, true},
		"failed":           {[]ledger.Event{began(0, 1), ended(5, 1, ledger.Ended{Outcome: stage.Failed})}, 0, 0, false},
		"tried again":      {[]ledger.Event{began(0, 1), ended(5, 1, ledger.Ended{Outcome: stage.Failed, RetryAt: at(6)}), began(6, 2), ended(8, 2, good)}, 8 * time.Minute, 0, true},
		"tried again late": {[]ledger.Event{began(0, 1), ended(5, 1, ledger.Ended{Outcome: stage.Failed, RetryAt: at(6)}), began(16, 2), ended(18, 2, good)}, 8 * time.Minute, 0, true},
		"interrupted":      {[]ledger.Event{began(0, 1), ended(5, 1, ledger.Ended{Outcome: stage.Interrupted}), began(6, 2), ended(8, 2, good)}, 2 * time.Minute, 0, true},
		"tried again and interrupted": {[]ledger.Event{began(0, 1), ended(5, 1, ledger.Ended{Outcome: stage.Failed, RetryAt: at(6)}), began(6, 2),
			ended(9, 2, ledger.Ended{Outcome: stage.Interrupted}), began(20, 3), ended(22, 3, good)}, 8 * time.Minute, 0, true},
		"interrupted behind a checkpoint": {[]ledger.Event{began(0, 1), {Time: at(1), Stage: "a", Attempt: 1, Body: ledger.Saved{Checkpoint: json.RawMessage("1")}},
			ended(5, 1, ledger.Ended{Outcome: stage.Interrupted}), began(6, 2), ended(8, 2, good)}, 0, 0, false},
		"waits itself": {[]ledger.Event{began(0, 1), ended(1, 1, ledger.Ended{Outcome: stage.Waiting, Until: at(4)}), began(4, 2), ended(5, 2, good)}, 5 * time.Minute, 0, true},
		"is answered":  {[]ledger.Event{began(0, 1), ended(1, 1, ledger.Ended{Outcome: stage.Waiting, Until: at(9)}), began(4, 2), ended(5, 2, good)}, 2 * time.Minute, 3 * time.Minute, true},
		"goes on from a checkpoint": {[]ledger.Event{began(0, 1), {Time: at(1), Stage: "a", Attempt: 1, Body: ledger.Saved{Checkpoint: json.RawMessage("1")}},
			ended(5, 1, ledger.Ended{Outcome: stage.Failed, RetryAt: at(6)}), began(6, 2), ended(8, 2, good)}, 8 * time.Minute, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			all := append([]ledger.Event{begin}, test.events...)
			for i := range all {
				all[i].Seq = uint64(i + 1)
			}
			book := pace.NewBook(pace.Options{})
			require.NoError(t, book.Add(pace.Real, each(all)))
			work, ok := book.Work("a")
			assert.Equal(t, test.learned, ok)
			assert.Equal(t, test.work, work.Median)
			wait, _ := book.Wait("a")
			assert.Equal(t, test.wait, wait.Median)
		})
	}
	all := []ledger.Event{begin, hold(0, 1, ledger.Began{}), hold(0, 1, ledger.Ended{Outcome: stage.Waiting, Until: at(600)}), hold(600, 2, ledger.Began{}), hold(601, 2, good)}
	for i := range all {
		all[i].Seq = uint64(i + 1)
	}
	book := pace.NewBook(pace.Options{})
	require.NoError(t, book.Add(pace.Real, each(all)))
	work, _ := book.Work("hold")
	wait, _ := book.Wait("hold")
	f := book.Forecast(followed(t, all[:2], 2), at(30))
	assert.Empty(t, f.Overdue, "what only waits is never late")
	assert.Equal(t, []string{"a"}, f.Unseen)
	assert.Equal(t, []time.Duration{time.Minute, 600 * time.Minute}, []time.Duration{work.Median, wait.Median}, "to wait for an opening is no work, though its time was named")
}

// A stage that fails twice each time takes as long as it takes until it has succeeded: the runway has the tries and the waits between.
func TestTheRunwayHasTheRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(release.MemoryStore)
		runner := release.NewRunner(release.Config{Store: store})
		defer runner.Stop(t.Context())
		n := 0
		flaky := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Retry: release.Retry{Attempts: 4, Backoff: time.Hour}, Do: stage.Func(func(ctx context.Context, _ *stage.Task) error {
			if n++; n%3 != 0 {
				_ = sleep(ctx, 10*time.Minute)
				return errors.New("flaky")
			}
			return sleep(ctx, 10*time.Minute)
		})}}}
		outline, err := flaky.Outline()
		require.NoError(t, err)
		book := pace.NewBook(pace.Options{})
		var slowest time.Duration
		for i := range 3 {
			e, err := book.Expect(outline)
			require.NoError(t, err)
			_, err = e.Runway()
			if i == 0 {
				require.ErrorIs(t, err, pace.ErrUnseen)
			} else {
				require.ErrorIs(t, err, pace.ErrFew)
				require.ErrorContains(t, err, "a")
			}
			begun, id := time.Now(), fmt.Sprint("r", i)
			_, err = runner.Run(t.Context(), flaky, release.Request{ID: id, Service: "shop", RequestedBy: "ada"})
			require.NoError(t, err)
			slowest = max(slowest, time.Since(begun))
			require.NoError(t, book.Add(pace.Real, store.Events(t.Context(), id, 0)))
		}
		e, err := book.Expect(outline)
		require.NoError(t, err)
		need, err := e.Runway()
		require.NoError(t, err)
		assert.Greater(t, need, 2*time.Hour)
		assert.LessOrEqual(t, need, slowest)

		require.NoError(t, runner.Begin(t.Context(), flaky, release.Request{ID: "live", Service: "shop", RequestedBy: "ada"}))
		done, begun := 0.0, time.Now()
		for {
			time.Sleep(7 * time.Minute)
			course, err := pace.Follow(store.Events(t.Context(), "live", 0))
			require.NoError(t, err)
			f := book.Forecast(course, time.Now())
			assert.GreaterOrEqual(t, f.Done, done)
			if done = f.Done; f.Over {
				break
			}
			if !f.AtLeast() {
				assert.InDelta(t, need, time.Since(begun)+f.Work.P95, float64(30*time.Minute), f.String())
			}
		}
	})
}

// The share that is done does not fall, though what is left of a stage may grow while it runs.
func TestTheShareThatIsDoneDoesNotFall(t *testing.T) {
	p := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{{Name: "a"}, {Name: "b", Needs: []string{"a"}}}}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 24))
		book := pace.NewBook(pace.Options{Draws: 100})
		took := func() time.Duration { return time.Duration(r.ExpFloat64()*300+1) * time.Second }
		for i := range 30 {
			require.NoError(t, book.Add(pace.Real, each(ran(fmt.Sprint("r", i), p, map[string]time.Duration{"a": took(), "b": took()}))))
		}
		events := ran("live", p, map[string]time.Duration{"a": took(), "b": took()})
		done := 0.0
		for i := range events[:len(events)-1] {
			for at := events[i].Time; !at.After(events[i+1].Time); at = at.Add(10 * time.Second) {
				f := book.Forecast(followed(t, events, i+1), at)
				require.GreaterOrEqual(t, f.Done, done, "seed %d: %s", seed, f)
				require.Less(t, f.Done, 1.0)
				done = f.Done
			}
		}
	}
}
