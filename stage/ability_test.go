package stage_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// able is a stage with every ability that there is.
type able struct{ stage.Func }

func (able) Reads() []stage.Ref                      { return refs(colour.Ref()) }
func (able) Writes() []stage.Ref                     { return refs(amount.Ref()) }
func (able) Listens() []stage.SignalKind             { return []stage.SignalKind{stage.Withdraw} }
func (able) Undo(context.Context, *stage.Task) error { return errors.New("undone") }
func (able) Effect() stage.Effect                    { return stage.AtMostOnce }
func (able) Secrets() []string                       { return []string{"token"} }
func (able) Gates() []string                         { return []string{"errors"} }
func (able) Traits() []stage.Trait                   { return []stage.Trait{stage.Deploys} }
func (able) Validate() error                         { return errors.New("seen") }

func TestEveryAbilityIsFoundThroughWrappers(t *testing.T) {
	for name, s := range map[string]stage.Stage{
		"itself": able{}, "wrapped": logged{logged{able{}}}, "declared": stage.Declared{Stage: able{}},
		"both": logged{stage.Declared{Stage: logged{stage.Declared{Stage: able{}}}}},
	} {
		assert.Equal(t, refs(colour.Ref()), stage.Reads(s), name)
		assert.Equal(t, refs(amount.Ref()), stage.Writes(s), name)
		assert.Equal(t, []stage.SignalKind{stage.Withdraw}, stage.Listens(s), name)
		assert.Equal(t, stage.AtMostOnce, stage.EffectOf(s), name)
		assert.Equal(t, []string{"token"}, stage.Secrets(s), name)
		assert.Equal(t, []string{"errors"}, stage.Gates(s), name)
		assert.Equal(t, []stage.Trait{stage.Deploys}, stage.Traits(s), name)
		require.True(t, stage.CanUndo(s), name)
		u, _ := stage.As[stage.Undoer](s)
		assert.EqualError(t, u.Undo(t.Context(), nil), "undone", name)
		v, _ := stage.As[stage.Validator](s)
		assert.ErrorContains(t, v.Validate(), "seen", name)
	}
	for name, s := range map[string]stage.Stage{"a function": never, "declared": stage.Declared{Stage: never}, "none": nil, "wrapped": logged{never}} {
		assert.Empty(t, stage.Reads(s), name)
		assert.Empty(t, stage.Writes(s), name)
		assert.Empty(t, stage.Listens(s), name)
		assert.Equal(t, stage.Idempotent, stage.EffectOf(s), name)
		assert.Empty(t, stage.Secrets(s), name)
		assert.Empty(t, stage.Gates(s), name)
		assert.Empty(t, stage.Traits(s), name)
		assert.False(t, stage.CanUndo(s), name)
	}
}

func TestDeclaredAddsToWhatAStageDeclares(t *testing.T) {
	s := stage.Declared{
		Stage: able{}, Read: refs(amount.Ref()), Write: refs(colour.Ref()), Listen: []stage.SignalKind{stage.Approve},
		Secret: []string{"password"}, Class: stage.Pure, Trait: []stage.Trait{stage.Asks},
	}
	assert.Equal(t, refs(amount.Ref(), colour.Ref()), stage.Reads(s))
	assert.Equal(t, refs(colour.Ref(), amount.Ref()), stage.Writes(s))
	assert.Equal(t, []stage.SignalKind{stage.Approve, stage.Withdraw}, stage.Listens(s))
	assert.Equal(t, []string{"password", "token"}, stage.Secrets(s))
	assert.Equal(t, []stage.Trait{stage.Asks, stage.Deploys}, stage.Traits(s))
	assert.ErrorContains(t, stage.Declared{Stage: never, Trait: []stage.Trait{"sings"}}.Validate(), `Declared.Trait: there is no trait "sings"`)
	built := stage.Declared{Stage: never, Write: refs(stage.Built.Ref())}
	assert.Equal(t, []stage.Trait{stage.Builds}, stage.Traits(built), "what writes an artifact builds")
	assert.Equal(t, []stage.Trait{stage.Builds}, stage.Traits(stage.Declared{Stage: built, Trait: []stage.Trait{stage.Builds}}), "once")
	assert.Equal(t, stage.Pure, stage.EffectOf(s), "what is said from outside counts")
	err := stage.Declared{Stage: able{}, Class: "twice"}.Validate()
	assert.ErrorContains(t, err, `Declared.Class: there is no class "twice"`)
	assert.ErrorContains(t, err, "seen")
	assert.ErrorContains(t, stage.Declared{Class: "twice"}.Validate(), "Declared.Stage: there is none")
	assert.NoError(t, stage.Declared{Stage: never, Class: stage.AtMostOnce}.Validate())
	assert.Equal(t, []stage.Effect{stage.Idempotent, stage.Pure, stage.AtMostOnce}, stage.Effects())
}

func TestAnUndoableStageIsTakenBack(t *testing.T) {
	under := t
	curve := stage.NewKey[float64]("curve")
	var done []string
	s := stage.Undoable{
		Stage: stage.Declared{Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			done = append(done, "run")
			return errors.Join(colour.Set(t, "red"), t.Checkpoint(ctx, 7))
		}), Read: refs(amount.Ref()), Write: refs(colour.Ref()), Secret: []string{"token"}},
		By: stage.Declared{Read: refs(colour.Ref(), curve.Ref()), Secret: []string{"password"}, Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			was, err := colour.Get(t)
			require.NoError(under, err)
			n, err := amount.Get(t)
			require.NoError(under, err)
			var place int
			found, err := t.Restore(&place)
			require.NoError(under, err)
			assert.True(under, found)
			_, err = t.Secret(ctx, "token")
			require.NoError(under, err)
			assert.ErrorIs(under, colour.Set(t, "blue"), stage.ErrUndeclared)
			assert.Equal(under, []any{"red", 3, 7}, []any{was, n, place})
			done = append(done, "undo")
			if _, err := t.Secret(ctx, "password"); err != nil {
				return err
			}
			if _, err := curve.Get(t); err != nil {
				return err
			}
			return t.Checkpoint(ctx, 8)
		})},
	}
	require.NoError(t, s.Validate())
	assert.True(t, stage.CanUndo(logged{s}))
	assert.Equal(t, refs(colour.Ref()), stage.Writes(s), "and keeps what the stage declares")
	assert.Equal(t, refs(amount.Ref(), curve.Ref()), stage.Reads(s), "with what its undo reads beyond that")
	assert.Equal(t, []string{"token", "password"}, stage.Secrets(s))
	host := stagetest.NewHost(s, stagetest.Given(amount, 3), stagetest.Given(curve, 0.5),
		stagetest.Secret("token", canary), stagetest.Secret("password", canary))
	require.NoError(t, s.Run(t.Context(), host.Task()))
	require.NoError(t, s.Undo(t.Context(), host.UndoTask()))
	assert.Equal(t, []string{"run", "undo"}, done)
	assert.Equal(t, json.RawMessage("8"), host.Saved())
}

func TestValidateOfAnUndoableStage(t *testing.T) {
	err := stage.Undoable{}.Validate()
	assert.ErrorContains(t, err, "Undoable.Stage: there is none")
	assert.ErrorContains(t, err, "Undoable.By: there is none")
	undo := stage.Func(func(context.Context, *stage.Task) error { return nil })
	err = stage.Undoable{Stage: never, By: able{}}.Validate()
	assert.ErrorContains(t, err, "Undoable.By: seen")
	assert.ErrorContains(t, err, "Undoable.By: it sets key amount (int), and an undo sets none")
	assert.ErrorContains(t, err, "Undoable.By: it listens for withdraw, and an undo gets no signals")
	assert.ErrorContains(t, stage.Undoable{Stage: logged{able{}}, By: undo}.Validate(), "it can undo itself already")
	assert.ErrorContains(t, stage.Undoable{Stage: stage.Func(nil), By: undo}.Validate(), "the function is nil")
	assert.NoError(t, stage.Undoable{Stage: never, By: undo}.Validate())
}

func TestATaskTellsItsFenceAndItsItem(t *testing.T) {
	host := stagetest.NewHost(never)
	host.Fence, host.Item = 7, stage.Item{Name: "eu-west", Value: json.RawMessage(`{"replicas":3}`)}
	task := host.Task()
	assert.Equal(t, uint64(7), task.Fence())
	var region struct{ Replicas int }
	require.NoError(t, task.Item().Decode(&region))
	assert.Equal(t, 3, region.Replicas)
	assert.ErrorContains(t, task.Item().Decode(new(string)), "item eu-west: the value does not fit *string")
	assert.ErrorIs(t, stagetest.NewHost(never).Task().Item().Decode(&region), stage.ErrNoValue)
}

func TestWaiting(t *testing.T) {
	until := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	err := stage.Wait(until, "1 of 2 approvals")
	assert.Equal(t, stage.Waiting, stage.OutcomeOf(err))
	assert.EqualError(t, err, "waiting: 1 of 2 approvals")
	var waits *stage.Error
	require.ErrorAs(t, err, &waits)
	assert.Equal(t, until, waits.Until)
	assert.Contains(t, stage.Outcomes(), stage.Waiting)
}

// A stage that waits is run again when a signal comes, and when its time has come.
func TestAHostRunsAStageThatWaitsAgain(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	runs := 0
	s := stage.Declared{Listen: []stage.SignalKind{stage.Approve}, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
		runs++
		for n := 0; ; n++ {
			sig, err := t.Next(over)
			switch {
			case err != nil && n == 0 && time.Since(t.Started()) >= time.Hour:
				return errors.New("nobody came")
			case err != nil:
				return stage.Wait(t.Started().Add(time.Hour), "for grace")
			case sig.By == "grace":
				return nil
			}
		}
	})}
	synctest.Test(t, func(t *testing.T) {
		runs = 0
		host := stagetest.NewHost(s)
		host.Send(stage.Approve, "ada", "")
		done := make(chan error, 1)
		go func() { done <- host.Run(t.Context()) }()
		synctest.Wait()
		assert.Equal(t, 1, runs)
		host.Send(stage.Approve, "ada", "")
		synctest.Wait()
		assert.Equal(t, 2, runs)
		host.Send(stage.Approve, "grace", "")
		assert.NoError(t, <-done)
	})
	synctest.Test(t, func(t *testing.T) {
		host := stagetest.NewHost(s)
		began := time.Now()
		assert.EqualError(t, host.Run(t.Context()), "nobody came")
		assert.Equal(t, time.Hour, time.Since(began))
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		assert.ErrorIs(t, stagetest.NewHost(s).Run(ctx), context.DeadlineExceeded)
	})
}
