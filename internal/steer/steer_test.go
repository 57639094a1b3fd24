package steer_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/davit-sdk/davit/stage/window"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// listener is a stage that takes all signals of a rollout.
type listener struct{}

func (listener) Run(context.Context, *stage.Task) error { return nil }
func (listener) Listens() []stage.SignalKind            { return steer.Signals() }
func (listener) Reads() []stage.Ref                     { return steer.Reads() }

// wheel is a rollout that notes how it is steered, and takes no promotion.
type wheel struct {
	mu    sync.Mutex
	turns []string
	ended chan struct{} // closed by an abort
}

func (w *wheel) turn(how, by, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turns = append(w.turns, how+" by "+by+": "+why)
}

func (w *wheel) Pause(by, why string) error  { w.turn("pause", by, why); return nil }
func (w *wheel) Resume(by, why string) error { w.turn("resume", by, why); return nil }
func (w *wheel) Answer(by, why string) error { w.turn("answer", by, why); return nil }
func (w *wheel) Promote(by, why string) error {
	w.turn("promote", by, why)
	return errors.New("too early")
}
func (w *wheel) Abort(by, why string) error {
	w.turn("abort", by, why)
	close(w.ended)
	return nil
}

// run ends when it is aborted, or cancelled.
func (w *wheel) run(ctx context.Context) error {
	select {
	case <-w.ended:
		return errBroken
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Signals reach a rollout, and the one that comes too early does no harm.
func TestSignalsSteer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := stagetest.NewHost(listener{}), &wheel{ended: make(chan struct{})}
		go func() {
			for _, kind := range steer.Signals() {
				time.Sleep(time.Second)
				h.Send(kind, "ada", "because")
			}
		}()
		assert.ErrorIs(t, steer.Run(t.Context(), h.Task(), w, steer.NewKeeper(window.Guard{}, steer.Hold{}, false), w.run), errBroken)
		assert.Equal(t, []string{"pause by ada: because", "resume by ada: because", "promote by ada: because", "resume by ada: because", "abort by ada: because"}, w.turns)
	})
}

// A host that goes on resumes what the schedule has paused and nobody is to hold any more.
func TestAPauseThatIsLeft(t *testing.T) {
	closed, err := calendar.Compile(calendar.Options{}, calendar.Calendar{Name: "company", Zone: "UTC", Allow: []calendar.Window{{
		Name: "never again", Start: calendar.Local{Year: 1990, Month: time.March, Day: 1}, Length: time.Hour,
	}}})
	require.NoError(t, err)
	shut := window.Guard{Closing: window.Pause, Schedule: func(context.Context) (*calendar.Schedule, error) { return closed, nil }}
	for name, c := range map[string]struct {
		guard window.Guard
		said  steer.Hold
		want  string
	}{
		"the guard is gone":       {window.Guard{}, steer.Hold{}, "resume by calendar: no schedule holds"},
		"the schedule is lifted":  {shut, steer.Hold{Lifted: true}, "resume by calendar: the schedule is overridden"},
		"the lift is over":        {shut, steer.Hold{Lifted: true, Until: time.Unix(0, 0)}, "pause by calendar"},
		"the schedule is closed":  {shut, steer.Hold{}, "pause by calendar"},
		"a person has paused it":  {window.Guard{}, steer.Hold{Person: true}, ""},
		"a person has, in a lift": {shut, steer.Hold{Person: true, Lifted: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, ran := &wheel{}, false
				require.NoError(t, steer.Run(t.Context(), stagetest.NewHost(listener{}).Task(), w, steer.NewKeeper(c.guard, c.said, true), func(context.Context) error {
					if ran = true; c.want == "" {
						assert.Empty(t, w.turns)
					} else if assert.Len(t, w.turns, 1, "before it runs") {
						assert.Contains(t, w.turns[0], c.want)
					}
					return nil
				}))
				assert.True(t, ran)
			})
		})
	}
}

// A person who aborts takes the release back; a host that stops leaves it as it is. A rollout that ends well did so.
func TestTheEndOfAStage(t *testing.T) {
	for name, c := range map[string]struct {
		cause error
		want  error
		turns []string
	}{
		"a person aborts": {byAda, errBroken, []string{"abort by ada: no"}},
		"time is up":      {late, errBroken, []string{"abort by the stage's timeout: " + late.Reason}},
		"the host stops":  {stopping, stopping, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Minute, func() { cancel(c.cause) })
				w := &wheel{ended: make(chan struct{})}
				assert.ErrorIs(t, steer.Run(ctx, stagetest.NewHost(listener{}).Task(), w, steer.NewKeeper(window.Guard{}, steer.Hold{}, false), w.run), c.want)
				assert.Equal(t, c.turns, w.turns)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		well := func(ctx context.Context) error {
			time.Sleep(time.Hour)
			return ctx.Err()
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(byAda) })
		require.NoError(t, steer.Run(ctx, stagetest.NewHost(listener{}).Task(), &wheel{ended: make(chan struct{})}, steer.NewKeeper(window.Guard{}, steer.Hold{}, false), well), "the rollout's context lives on")
	})
}

// What happens is told and recorded, with less of it than the rollout knows.
func TestRecorder(t *testing.T) {
	h := stagetest.NewHost(listener{})
	var heard []rollout.Event
	r := steer.Recorder{Task: h.Task(), Context: t.Context(), Notify: func(e rollout.Event) { heard = append(heard, e) }}
	e := rollout.Event{Kind: rollout.StepDone, Text: "half", Region: "eu", Verdict: &gate.Verdict{Gate: "errors", Outcome: gate.Pass}}
	e.Observed = &rollout.Observation{Pools: []rollout.PoolStatus{{Ready: 1, Failures: []rollout.Failure{{}}}}}
	r.Tell(e, stage.Progress{Done: 1, Total: 2, Text: steer.Text(e)})
	require.NoError(t, r.Lost)
	assert.Equal(t, []rollout.Event{e}, heard)
	assert.Len(t, e.Observed.Pools[0].Failures, 1, "what others hold is theirs")
	assert.Equal(t, "eu/errors", h.Verdicts()[0].Gate)
	assert.Equal(t, "errors", e.Verdict.Gate)
	var told rollout.Event
	require.NoError(t, json.Unmarshal(h.Details()[0].Data, &told))
	assert.Empty(t, told.Observed.Pools[0].Failures)
	assert.Equal(t, steer.DetailEvent, h.Details()[0].Name)
	assert.Equal(t, "eu: step-done: half", strings.ReplaceAll(h.Shown()[0].Text, string(rollout.StepDone), "step-done"))
	e.Back = true
	assert.True(t, strings.HasPrefix(steer.Text(e), "way back: eu: "))

	r.Context = cut(stopping)
	r.Tell(e, stage.Progress{Done: 3, Total: 2}) // more than all
	require.Error(t, r.Lost)
	first := r.Lost
	r.Tell(e, stage.Progress{Done: 4, Total: 2})
	assert.Equal(t, first, r.Lost, "the first is kept")
}

func TestClip(t *testing.T) {
	assert.Equal(t, "short\n", steer.Clip("short\n"))
	long := steer.Clip(strings.Repeat("ü", stage.MaxDetail))
	assert.Less(t, len(long), stage.MaxDetail)
	assert.True(t, strings.HasSuffix(long, "ü…\n"))
	assert.Less(t, len(steer.Text(rollout.Event{Text: strings.Repeat("x", 5000)})), 600)
}

func TestRevision(t *testing.T) {
	h := stagetest.NewHost(listener{}, stagetest.Given(stage.Version, "1.1.0"), stagetest.Given(stage.Built, stage.Artifact{Digest: "sha256:22", Location: "/x"}))
	r, a, err := steer.Revision(h.Task())
	require.NoError(t, err)
	assert.Equal(t, strategy.Revision{Version: "1.1.0", Digest: "sha256:22"}, r)
	assert.Equal(t, "/x", a.Location)
	_, _, err = steer.Revision(stagetest.NewHost(listener{}, stagetest.Given(stage.Version, "1.1.0")).Task())
	assert.ErrorIs(t, err, stage.ErrNoValue)
}

// The traffic is given back to what was left, where it was lost, also by a stage whose time is up, and else nobody is touched.
func TestLight(t *testing.T) {
	left := strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0"}, Replicas: 2, Share: strategy.All()}}
	for name, ctx := range map[string]context.Context{"in time": context.Background(), "late": cut(late)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &strategytest.World{}
				w.Put(left)
				require.NoError(t, steer.Light(ctx, w.Target(), left, rollout.Options{Poll: time.Second}))
				w.Meddle(func(t *rollout.Table) { *t = rollout.Table{} })
				require.NoError(t, steer.Light(ctx, w.Target(), left, rollout.Options{Poll: time.Second}))
				now, err := rollout.Current(context.Background(), w.Target())
				require.NoError(t, err)
				assert.True(t, now.Equal(left), "%s", now)
			})
		})
	}
}
