package release_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFailedStageIsTriedAgain(t *testing.T) {
	final := &stage.Error{Outcome: stage.Failed, Reason: "no such image", Final: true}
	for name, c := range map[string]struct {
		stage   release.Stage
		ends    []error // of the attempts, the last one repeated
		tries   int
		outcome stage.Outcome
		least   time.Duration
		most    time.Duration
	}{
		"never by default":          {release.Stage{}, []error{errors.New("no")}, 1, stage.Failed, 0, 0},
		"until it works":            {release.Stage{Retry: release.Retry{Attempts: 5, Backoff: time.Minute}}, []error{errors.New("no"), errors.New("no"), nil}, 3, stage.Succeeded, 90 * time.Second, 3 * time.Minute},
		"as often as allowed":       {release.Stage{Retry: release.Retry{Attempts: 3, Backoff: time.Minute}}, []error{errors.New("no")}, 3, stage.Failed, 90 * time.Second, 3 * time.Minute},
		"not when it is final":      {release.Stage{Retry: release.Retry{Attempts: 3}}, []error{final}, 1, stage.Failed, 0, 0},
		"not when a person says no": {release.Stage{Retry: release.Retry{Attempts: 3}}, []error{&stage.Error{Outcome: stage.Rejected}}, 1, stage.Rejected, 0, 0},
		"not beyond its time":       {release.Stage{Retry: release.Retry{Attempts: 9, Backoff: time.Hour}, Timeout: time.Minute}, []error{errors.New("no")}, 1, stage.Failed, 0, 0},
		"and no further":            {release.Stage{Retry: release.Retry{Attempts: 50, Backoff: time.Minute, MaxBackoff: time.Minute}}, []error{errors.New("no")}, 50, stage.Failed, 49 * 30 * time.Second, 49 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries, tokens := 0, map[string]bool{}
				c.stage.Name = "a"
				c.stage.Do = do(func(_ context.Context, task *stage.Task) error {
					tries++
					tokens[task.Token()] = true
					assert.Equal(t, tries, task.Attempt())
					return c.ends[min(tries, len(c.ends))-1]
				})
				began := time.Now()
				_, err := release.NewRunner(release.Config{}).Run(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{c.stage}}, request("r1"))
				assert.Equal(t, c.outcome, outcome(t, err))
				assert.Equal(t, c.tries, tries)
				assert.Len(t, tokens, 1, "one intent, one token")
				assert.GreaterOrEqual(t, time.Since(began), c.least)
				assert.LessOrEqual(t, time.Since(began), c.most)
			})
		})
	}
}

func TestAnAttemptThatTakesTooLongIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{{
			Name: "a", AttemptTimeout: time.Minute, Retry: release.Retry{Attempts: 2},
			Do: do(func(ctx context.Context, _ *stage.Task) error {
				if tries++; tries == 1 {
					<-ctx.Done()
					return context.Cause(ctx)
				}
				return nil
			}),
		}}}
		_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
		require.NoError(t, err)
		assert.Equal(t, 2, tries)
	})
}

// A retry that a person asks for does not wait, and an abort ends the wait.
func TestAPersonNeedNotWaitForARetry(t *testing.T) {
	for kind, want := range map[stage.SignalKind]stage.Outcome{
		stage.Retry: stage.Succeeded, stage.SkipStage: stage.Succeeded, stage.Abort: stage.Aborted,
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			f := fly(t, release.Pipeline{Name: "shop", Stages: []release.Stage{{
				Name: "a", Retry: release.Retry{Attempts: 2, Backoff: time.Hour},
				Do: do(func(context.Context, *stage.Task) error {
					if tries++; tries == 1 {
						return errors.New("no")
					}
					return nil
				}),
			}, {Name: "b", Needs: []string{"a"}, Do: nothing}}})
			began := time.Now()
			require.NoError(t, f.say(kind, "a", "grace"))
			_, err := f.land()
			assert.Equal(t, want, outcome(t, err), kind)
			assert.Zero(t, time.Since(began))
		})
	}
}

// A stage that waits holds nothing, and is run again when a signal comes, or its time.
func TestAStageWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		waits := func(until time.Duration) stage.Stage {
			return listener{stage.Func(func(_ context.Context, task *stage.Task) error {
				runs.Add(1)
				past, cancel := context.WithCancel(context.Background())
				cancel()
				if sig, err := task.Next(past); err == nil {
					if sig.Kind == stage.Approve {
						return nil
					}
				}
				if until > 0 && time.Since(task.Started()) >= until {
					return &stage.Error{Outcome: stage.Rejected, Reason: "nobody came"}
				}
				at := time.Time{}
				if until > 0 {
					at = task.Started().Add(until)
				}
				return stage.Wait(at, "for a person")
			}), []stage.SignalKind{stage.Approve, stage.Promote}}
		}
		f := fly(t, release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "a", Do: waits(0)}, {Name: "b", Do: waits(time.Hour), Needs: []string{"a"}},
		}})
		time.Sleep(1000 * time.Hour)
		assert.Equal(t, int64(1), runs.Load())
		require.NoError(t, f.say(stage.Approve, "a", "grace"))
		assert.Equal(t, int64(3), runs.Load())
		began := time.Now()
		state, err := f.land()
		assert.Equal(t, stage.Rejected, outcome(t, err))
		assert.Equal(t, time.Hour, time.Since(began))
		assert.Equal(t, 2, state.Stage("b").Attempt)
	})
}

func TestAStageThatWaitsForNothingHasFailed(t *testing.T) {
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: do(func(context.Context, *stage.Task) error {
		return stage.Wait(time.Time{}, "")
	})}}}
	_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
	assert.Equal(t, stage.Failed, outcome(t, err))
	assert.ErrorContains(t, err, "it waits for ever")
}

func TestAFrozenReleaseWaitsForAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries, other := 0, 0
		f := fly(t, release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "migrate", OnFailure: release.Freeze, Do: do(func(context.Context, *stage.Task) error {
				if tries++; tries < 3 {
					return errors.New("locked")
				}
				return nil
			})},
			{Name: "slow", Do: sleeper(time.Minute)},
			{Name: "next", Needs: []string{"slow"}, Do: do(func(context.Context, *stage.Task) error { other++; return nil })},
		}})
		time.Sleep(time.Hour)
		assert.Zero(t, other, "nothing begins in a frozen release")
		require.NoError(t, f.say(stage.Retry, "migrate", "grace"))
		assert.Zero(t, other)
		require.NoError(t, f.say(stage.Retry, "migrate", "grace"))
		_, err := f.land()
		require.NoError(t, err)
		assert.Equal(t, 3, tries)
		assert.Equal(t, 1, other)
	})
}
