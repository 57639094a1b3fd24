package stage_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	colour = stage.NewKey[string]("colour")
	amount = stage.NewKey[int]("amount")
	never  = stage.Func(func(context.Context, *stage.Task) error { panic("never run") })
)

// keyed declares keys for a stage that is not run.
func keyed(read, write []stage.Ref) stage.Stage {
	return stage.Declared{Stage: never, Read: read, Write: write}
}

func refs(r ...stage.Ref) []stage.Ref { return r }

func TestKeysAreHandedOnByNameAndType(t *testing.T) {
	host := stagetest.NewHost(keyed(refs(colour.Ref()), refs(amount.Ref())), stagetest.Given(colour, "red"))
	task := host.Task()
	same := stage.NewKey[string]("colour")
	got, err := same.Get(task)
	require.NoError(t, err)
	assert.Equal(t, "red", got)
	require.NoError(t, amount.Set(task, 1))
	require.NoError(t, amount.Set(task, 2))
	n, err := stagetest.Value(host, amount)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
}

func TestWhatIsNotDeclaredIsRefused(t *testing.T) {
	task := stagetest.NewHost(keyed(refs(colour.Ref()), refs(amount.Ref())), stagetest.Given(amount, 1)).Task()
	_, err := amount.Get(task)
	assert.ErrorIs(t, err, stage.ErrUndeclared)
	assert.EqualError(t, err, "stage subject reads key amount (int): not declared: its method Reads must name it")
	assert.ErrorIs(t, colour.Set(task, "red"), stage.ErrUndeclared)
	_, err = stage.NewKey[int]("colour").Get(task)
	assert.ErrorIs(t, err, stage.ErrUndeclared, "another type is another key")
	_, err = colour.Get(task)
	assert.ErrorIs(t, err, stage.ErrNoValue)
	_, err = task.Next(t.Context())
	assert.ErrorIs(t, err, stage.ErrUndeclared)
}

func TestWhatIsTooLargeOrNoJSONIsRefused(t *testing.T) {
	curve := stage.NewKey[float64]("curve")
	task := stagetest.NewHost(keyed(nil, refs(colour.Ref(), curve.Ref()))).Task()
	assert.NoError(t, colour.Set(task, strings.Repeat("x", stage.MaxValue-2)))
	assert.ErrorIs(t, colour.Set(task, strings.Repeat("x", stage.MaxValue-1)), stage.ErrTooLarge)
	assert.ErrorContains(t, curve.Set(task, math.NaN()), "key curve: the value cannot be written as JSON")
	assert.ErrorIs(t, task.Checkpoint(t.Context(), make([]byte, stage.MaxCheckpoint)), stage.ErrTooLarge)
	assert.ErrorIs(t, task.Detail(t.Context(), "big", strings.Repeat("x", stage.MaxDetail)), stage.ErrTooLarge)
	assert.ErrorContains(t, task.Detail(t.Context(), "Not A Name", 1), `detail "Not A Name"`)
	for _, p := range []stage.Progress{{Done: -1}, {Done: math.NaN()}, {Total: math.Inf(1)}, {Done: 2, Total: 1}, {Text: strings.Repeat("x", 2000)}} {
		assert.Error(t, task.Progress(t.Context(), p), "%+v", p)
	}
	assert.ErrorContains(t, task.Evidence(t.Context(), gate.Verdict{Gate: "g"}), `"" is no outcome`)
	assert.Error(t, task.Evidence(t.Context(), gate.Verdict{Outcome: gate.Pass, Evidence: []gate.Evidence{{Value: math.NaN()}}}))
}

func TestNames(t *testing.T) {
	for _, name := range []string{"a", "a-b", "a.b", "a1", strings.Repeat("a", 63)} {
		assert.True(t, stage.ValidName(name), name)
	}
	for _, name := range []string{"", "1a", "-a", "a-", "A", "a b", "a/b", "ä", "a\n", strings.Repeat("a", 64)} {
		assert.False(t, stage.ValidName(name), name)
	}
}

// A name is what the rule says, written as a pattern.
func TestValidNamesFollowTheRule(t *testing.T) {
	rule := regexp.MustCompile(`^[a-z]([a-z0-9.-]{0,61}[a-z0-9])?$`)
	r := rand.New(rand.NewPCG(1, 2))
	const letters = "azm059.-.-_AZ{`/:\x00\xff\n"
	for range 20_000 {
		name := make([]byte, r.IntN(6)+r.IntN(2)*r.IntN(61))
		for i := range name {
			name[i] = letters[r.IntN(1+r.IntN(len(letters)))]
		}
		if len(name) > 0 && r.IntN(4) > 0 {
			name[0] = 'b'
		}
		assert.Equal(t, rule.Match(name), stage.ValidName(string(name)), "%q", name)
	}
}

func TestATaskEndsWithItsStage(t *testing.T) {
	task := stagetest.NewHost(keyed(nil, refs(colour.Ref()))).Task()
	task.End()
	ctx := t.Context()
	for _, err := range []error{
		colour.Set(task, "red"), task.Checkpoint(ctx, 1), task.Detail(ctx, "a", 1), task.Progress(ctx, stage.Progress{}),
		task.Evidence(ctx, gate.Verdict{Outcome: gate.Pass}),
	} {
		assert.ErrorIs(t, err, stage.ErrEnded)
	}
}

func TestACheckpointIsRestored(t *testing.T) {
	type place struct{ Step int }
	host := stagetest.NewHost(never)
	first := host.Task()
	var p place
	found, err := first.Restore(&p)
	require.NoError(t, err)
	assert.False(t, found)
	require.NoError(t, first.Checkpoint(t.Context(), place{3}))
	second := host.Task()
	found, err = second.Restore(&p)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, 3, p.Step)
	assert.Equal(t, first.Token(), second.Token())
	assert.Equal(t, 2, second.Attempt())
	var text string
	_, err = second.Restore(&text)
	assert.ErrorContains(t, err, "does not fit *string")
}

// ears is a stage that listens.
type ears struct{ stage.Func }

func (ears) Listens() []stage.SignalKind { return []stage.SignalKind{stage.Approve} }

// TestSignalsComeAgainUnlessACheckpointKnowsOfThem restarts a stage at different moments.
func TestSignalsComeAgainUnlessACheckpointKnowsOfThem(t *testing.T) {
	for _, test := range []struct {
		name       string
		taken      int // signals that are taken before the checkpoint
		checkpoint bool
		dealt      bool // the next one is asked for before the checkpoint
		want       string
	}{
		{"no checkpoint", 2, false, false, "a"},
		{"the last one may not be dealt with", 2, true, false, "b"},
		{"asking for the next says so", 2, true, true, "c"},
		{"none was taken", 0, true, false, "a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := stagetest.NewHost(ears{})
				host.Send(stage.Approve, "a", "")
				host.Send(stage.Approve, "b", "")
				first := host.Task()
				for range test.taken {
					_, err := first.Next(t.Context())
					require.NoError(t, err)
				}
				if test.dealt {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					_, err := first.Next(ctx)
					require.ErrorIs(t, err, context.DeadlineExceeded)
				}
				if test.checkpoint {
					require.NoError(t, first.Checkpoint(t.Context(), 1))
				}
				host.Send(stage.Approve, "c", "")
				sig, err := host.Task().Next(t.Context())
				require.NoError(t, err)
				assert.Equal(t, test.want, sig.By)
			})
		})
	}
}

// logged wraps a stage, as a host may do to time it.
type logged struct{ inner stage.Stage }

func (l logged) Run(ctx context.Context, t *stage.Task) error { return l.inner.Run(ctx, t) }
func (l logged) Unwrap() stage.Stage                          { return l.inner }

func TestWrappingLosesNoAbility(t *testing.T) {
	s := logged{logged{stage.Declared{Stage: logged{ears{}}, Read: refs(colour.Ref()), Write: refs(amount.Ref())}}}
	assert.Equal(t, refs(colour.Ref()), stage.Reads(s))
	assert.Equal(t, refs(amount.Ref()), stage.Writes(s))
	assert.Equal(t, []stage.SignalKind{stage.Approve}, stage.Listens(s))
	both := stage.Declared{Stage: logged{keyed(refs(colour.Ref()), nil)}, Read: refs(amount.Ref())}
	assert.Equal(t, refs(amount.Ref(), colour.Ref()), stage.Reads(both), "keys are added")
	_, ok := stage.As[stage.Listener](logged{never})
	assert.False(t, ok)
	_, ok = stage.As[stage.Listener](nil)
	assert.False(t, ok)
	assert.ErrorContains(t, stage.Declared{}.Validate(), "Declared.Stage")
	assert.ErrorContains(t, stage.Declared{Stage: stage.Func(nil)}.Validate(), "the function is nil")
}

func TestErrors(t *testing.T) {
	disk := errors.New("disk full")
	err := fmt.Errorf("deploy: %w", &stage.Error{Outcome: stage.RolledBack, Reason: "too many errors", Err: disk})
	assert.Equal(t, stage.RolledBack, stage.OutcomeOf(err))
	assert.EqualError(t, err, "deploy: rolled-back: too many errors: disk full")
	assert.ErrorIs(t, err, disk)
	assert.Equal(t, stage.Succeeded, stage.OutcomeOf(nil))
	assert.Equal(t, stage.Failed, stage.OutcomeOf(disk))
	assert.Equal(t, stage.Failed, stage.OutcomeOf(&stage.Error{Outcome: stage.Succeeded}), "an error is no success")
	assert.Equal(t, stage.Failed, stage.OutcomeOf(&stage.Error{}))
	assert.Equal(t, stage.Skipped, stage.OutcomeOf(stage.Skip("nothing to do")))
	assert.EqualError(t, &stage.Error{Outcome: stage.Rejected, By: "ada", Reason: "not on a Friday"}, "rejected by ada: not on a Friday")
}

func TestSignalsAsJSON(t *testing.T) {
	text, err := json.Marshal(stage.Signal{ID: "1", Kind: stage.Abort, By: "ada"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"1","kind":"abort","by":"ada"}`, string(text))
	assert.False(t, stage.SignalKind("dance").Known())
	assert.False(t, stage.SignalKind("dance").Heard())
	var heard []stage.SignalKind
	for _, kind := range stage.SignalKinds() {
		if kind.Heard() {
			heard = append(heard, kind)
		}
	}
	assert.Equal(t, []stage.SignalKind{stage.Approve, stage.Reject, stage.Withdraw, stage.Pause, stage.Resume, stage.Promote}, heard)
}
