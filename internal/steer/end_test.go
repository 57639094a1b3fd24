package steer_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// cut is a context that ended for a reason.
func cut(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}

var (
	errBroken = errors.New("broken")
	byAda     = &stage.Error{Outcome: stage.Aborted, By: "ada", Reason: "no"}
	late      = &stage.Error{Outcome: stage.Failed, Reason: "it took longer than its timeout of 30s"}
	skipped   = &stage.Error{Outcome: stage.Skipped, By: "bob", Reason: "go on without"}
	stopping  = errors.New("the host stops")
)

func TestTakesBack(t *testing.T) {
	for _, c := range []struct {
		cause error
		want  bool
	}{{nil, false}, {stopping, false}, {context.Canceled, false}, {byAda, true}, {late, true}, {skipped, true}, {&stage.Error{Outcome: stage.Interrupted}, false}, {errors.Join(stopping, byAda), true}} {
		e, back := steer.TakesBack(c.cause)
		assert.Equal(t, c.want, back, "%v", c.cause)
		assert.Equal(t, c.want, e != nil)
	}
	assert.Equal(t, "ada", steer.Sender(byAda))
	assert.Equal(t, "the stage's timeout", steer.Sender(late))
}

// On whose word a rollout was taken back decides what the stage says.
func TestBlame(t *testing.T) {
	for name, c := range map[string]struct {
		ctx    context.Context
		abort  rollout.AbortError
		want   stage.Outcome
		by     string
		reason string
	}{
		"a person, by a signal":       {context.Background(), rollout.AbortError{By: "eve", Why: "ill"}, stage.Aborted, "eve", ""},
		"a person, by aborting":       {cut(byAda), rollout.AbortError{By: "ada", Why: "no"}, stage.Aborted, "ada", ""},
		"a person, before the time":   {cut(late), rollout.AbortError{By: "eve", Why: "ill"}, stage.Aborted, "eve", ""},
		"the time":                    {cut(late), rollout.AbortError{By: "the stage's timeout", Why: late.Reason}, stage.RolledBack, "", late.Reason},
		"who goes on without":         {cut(skipped), rollout.AbortError{By: "bob", Why: "go on without"}, stage.RolledBack, "", ""},
		"another who goes on without": {cut(skipped), rollout.AbortError{By: "bob", Why: "something else"}, stage.Aborted, "bob", ""},
	} {
		t.Run(name, func(t *testing.T) {
			failed := steer.Failure(c.ctx, rollout.RolledBack, &c.abort, errBroken)
			assert.Equal(t, []any{c.want, c.by, c.reason}, []any{failed.Outcome, failed.By, failed.Reason})
			require.ErrorIs(t, failed, errBroken)
			before := steer.Ended(c.ctx, rollout.RolledBack, "it was ill", &c.abort)
			assert.Equal(t, c.want, before.Outcome)
		})
	}
}

func TestFailure(t *testing.T) {
	for outcome, want := range map[rollout.Outcome]stage.Outcome{
		rollout.RolledBack: stage.RolledBack, rollout.RollbackFailed: stage.Stranded, rollout.Frozen: stage.Stranded, rollout.Interrupted: stage.Interrupted,
		rollout.Refused: stage.Failed, rollout.Stopped: stage.Failed,
	} {
		failed := steer.Failure(context.Background(), outcome, nil, errBroken)
		assert.Equal(t, want, failed.Outcome, outcome)
		assert.ErrorIs(t, failed, errBroken)
	}
	failed := steer.Failure(cut(stopping), rollout.Interrupted, nil, errBroken)
	assert.ErrorIs(t, failed, stopping)
	assert.ErrorIs(t, failed, errBroken)
	busy := steer.Failure(context.Background(), rollout.Interrupted, nil, rollout.ErrBusy)
	assert.Equal(t, stage.Failed, busy.Outcome, "it was never begun")
}

func TestEnded(t *testing.T) {
	for _, goesOn := range []rollout.Outcome{"", rollout.Promoted, rollout.Refused} {
		assert.Nil(t, steer.Ended(context.Background(), goesOn, "x", nil), goesOn)
	}
	for outcome, want := range map[rollout.Outcome]stage.Error{
		rollout.RolledBack:     {Outcome: stage.RolledBack},
		rollout.Stopped:        {Outcome: stage.Failed, Final: true},
		rollout.RollbackFailed: {Outcome: stage.Stranded},
		rollout.Frozen:         {Outcome: stage.Stranded},
		"something new":        {Outcome: stage.Stranded},
	} {
		got := steer.Ended(context.Background(), outcome, "it was ill", nil)
		want.Reason = "an earlier attempt was " + string(outcome) + ": it was ill"
		assert.Equal(t, want, *got)
	}
}

func TestStuck(t *testing.T) {
	end := func(ctx context.Context, o rollout.Outcome, err error) *stage.Error {
		var e *stage.Error
		require.ErrorAs(t, steer.Stuck(ctx, o, err), &e)
		return e
	}
	assert.Equal(t, stage.Stranded, end(context.Background(), rollout.RollbackFailed, errBroken).Outcome)
	assert.True(t, end(context.Background(), rollout.Refused, errBroken).Final)
	assert.Equal(t, stage.Interrupted, end(context.Background(), rollout.Interrupted, errBroken).Outcome)
	assert.Equal(t, stage.Failed, end(context.Background(), rollout.Interrupted, rollout.ErrBusy).Outcome)
	stops := end(cut(stopping), rollout.Interrupted, errBroken)
	assert.Equal(t, stage.Interrupted, stops.Outcome)
	assert.ErrorIs(t, stops, stopping)
	tooLate := end(cut(late), rollout.Interrupted, errBroken)
	assert.Equal(t, stage.Stranded, tooLate.Outcome)
	assert.Contains(t, tooLate.Reason, "it was not taken back in time: it took longer")
}

// A way back is walked only where it could be made, and where what ran before is there.
func TestBack(t *testing.T) {
	to := strategy.Revision{Version: "1.1.0"}
	lost := &steer.Recorder{Lost: errors.New("not recorded")}
	for name, c := range map[string]struct {
		made, recall, run error
		want              error
		outcome           stage.Outcome
		did               string
	}{
		"it cannot be undone": {&strategy.IrreversibleError{}, nil, nil, nil, stage.Stranded, ""},
		"it cannot be made":   {errBroken, nil, nil, errBroken, stage.Stranded, ""},
		"nothing to go to":    {nil, errBroken, nil, errBroken, "", "recall "},
		"it does not lead":    {nil, nil, errBroken, errBroken, stage.Stranded, "recall run "},
		"it leads back":       {nil, nil, nil, lost.Lost, "", "recall run "},
	} {
		t.Run(name, func(t *testing.T) {
			did := ""
			err := steer.Back{
				To: to, Made: c.made, Recall: func() error { did += "recall "; return c.recall },
				Run: func(context.Context) (rollout.Outcome, error) { did += "run "; return rollout.RollbackFailed, c.run },
			}.Walk(context.Background(), lost)
			assert.Equal(t, c.did, did)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			if c.outcome != "" {
				var e *stage.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, c.outcome, e.Outcome)
				assert.Equal(t, name == "it cannot be undone", e.Final)
			}
		})
	}
	assert.ErrorContains(t, steer.Undone(to), "the deployment of 1.1.0 was undone, or is to be")
}

func TestFormer(t *testing.T) {
	one, two := strategy.Revision{Version: "1.0.0"}, strategy.Revision{Version: "1.1.0"}
	group := func(r strategy.Revision) strategy.Group { return strategy.Group{Revision: r, Replicas: 1} }
	assert.Equal(t, []strategy.Revision{one}, steer.Former(strategy.State{Stable: group(one), Baseline: group(one), Candidate: group(two)}, two))
	assert.Equal(t, []strategy.Revision{one, two}, steer.Former(strategy.State{Stable: group(one), Candidate: group(two)}, strategy.Revision{Version: "2"}))
	assert.Empty(t, steer.Former(strategy.State{Stable: group(two)}, two))
	assert.Empty(t, steer.Former(strategy.State{}, two))
}
