package stagetest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// model is a stage that keeps all laws, and whose parts a mutant replaces.
type model struct {
	run      func(ctx context.Context, t *stage.Task) error
	reads    []stage.Ref
	writes   []stage.Ref
	validate error
}

func (m model) Run(ctx context.Context, t *stage.Task) error { return m.run(ctx, t) }
func (m model) Reads() []stage.Ref                           { return m.reads }
func (m model) Writes() []stage.Ref                          { return m.writes }
func (m model) Validate() error                              { return m.validate }

var other = stage.NewKey[string]("other")

func sound() model {
	return model{reads: []stage.Ref{stage.Version.Ref()}, writes: []stage.Ref{stage.Notes.Ref()}, run: work}
}

func work(ctx context.Context, t *stage.Task) error {
	v, err := stage.Version.Get(t)
	if err != nil {
		return err
	}
	for i := range 3 {
		if err := t.Progress(ctx, stage.Progress{Done: float64(i), Total: 3}); err != nil {
			return err
		}
	}
	if err := t.Evidence(ctx, gate.Verdict{Gate: "g", Outcome: gate.Pass, Reason: "all is well"}); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return stage.Notes.Set(t, "notes of "+v)
}

// then does the model's work, and something else after it.
func then(more func(ctx context.Context, t *stage.Task) error) func() stage.Stage {
	return func() stage.Stage {
		m := sound()
		m.run = func(ctx context.Context, t *stage.Task) error {
			if err := work(ctx, t); err != nil {
				return err
			}
			return more(ctx, t)
		}
		return m
	}
}

func TestASoundStageKeepsAllLaws(t *testing.T) {
	stagetest.Run(t, func() stage.Stage { return sound() }, stagetest.Case{
		Name: "a version", Inputs: []stagetest.Input{stagetest.Given(stage.Version, "1.0.0")},
	})
}

func TestEachMutantBreaksExactlyItsLaw(t *testing.T) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	mutants := []struct {
		law   string
		new   func() stage.Stage
		waits bool
	}{
		{law: "declared", new: func() stage.Stage {
			m := sound()
			m.reads = append(m.reads, stage.Version.Ref())
			return m
		}},
		{law: "valid", new: func() stage.Stage {
			m := sound()
			m.validate = errors.New("Model.Field: it is wrong")
			return m
		}},
		{law: "outcome", new: then(func(context.Context, *stage.Task) error { return errors.New("broken") })},
		{law: "undeclared", new: then(func(_ context.Context, t *stage.Task) error {
			_, _ = other.Get(t) // and goes on as if there were none
			return nil
		})},
		{law: "writes", new: func() stage.Stage {
			m := sound()
			m.writes = append(m.writes, other.Ref())
			return m
		}},
		{law: "missing", new: func() stage.Stage {
			m := sound()
			m.run = func(ctx context.Context, t *stage.Task) error {
				if _, err := stage.Version.Get(t); err != nil {
					panic(err)
				}
				return work(ctx, t)
			}
			return m
		}},
		{law: "cancel", waits: true, new: then(func(context.Context, *stage.Task) error {
			<-release
			return nil
		})},
		{law: "again", new: then(func(_ context.Context, t *stage.Task) error {
			return stage.Notes.Set(t, time.Now().String())
		})},
		{law: "goroutines", new: then(func(context.Context, *stage.Task) error {
			go func() { <-release }()
			return nil
		})},
		{law: "progress", new: then(func(ctx context.Context, t *stage.Task) error {
			return t.Progress(ctx, stage.Progress{Done: 1, Total: 3})
		})},
		{law: "evidence", new: then(func(ctx context.Context, t *stage.Task) error {
			return t.Evidence(ctx, gate.Verdict{Gate: "g", Outcome: gate.Fail})
		})},
	}
	for _, m := range mutants {
		t.Run(m.law, func(t *testing.T) {
			patience := 10 * time.Second
			if m.waits {
				patience = 100 * time.Millisecond
			}
			err := stagetest.Check(m.new, stagetest.Case{
				Name: "a version", Inputs: []stagetest.Input{stagetest.Given(stage.Version, "1.0.0")},
				Waits: m.waits, Patience: patience,
			})
			require.Error(t, err)
			for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
				var v *stagetest.Violation
				require.ErrorAs(t, err, &v)
				assert.Equal(t, m.law, v.Law, "%v", v)
			}
		})
	}
}

func TestMutantsOfCancelAndAgain(t *testing.T) {
	effects := 0
	for name, c := range map[string]struct {
		law string
		stagetest.Case
		run stage.Func
	}{
		"panics when it is cancelled": {"cancel", stagetest.Case{Waits: true}, func(ctx context.Context, _ *stage.Task) error {
			<-ctx.Done()
			panic("cancelled")
		}},
		"panics when it is cancelled at once": {"cancel", stagetest.Case{}, func(ctx context.Context, _ *stage.Task) error {
			if ctx.Err() != nil {
				panic("cancelled")
			}
			return nil
		}},
		"succeeds by being cancelled": {"cancel", stagetest.Case{Waits: true}, func(ctx context.Context, _ *stage.Task) error {
			<-ctx.Done()
			return nil
		}},
		"does its work twice": {"again", stagetest.Case{Effects: func() int { return effects }}, func(context.Context, *stage.Task) error {
			effects++
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			err := stagetest.Check(func() stage.Stage { return c.run }, c.Case)
			require.Error(t, err)
			for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
				var v *stagetest.Violation
				require.ErrorAs(t, err, &v)
				assert.Equal(t, c.law, v.Law, "%v", v)
			}
		})
	}
}

func TestPanicsAndHangsAreReported(t *testing.T) {
	err := stagetest.Check(func() stage.Stage {
		return stage.Func(func(context.Context, *stage.Task) error { panic("kaput") })
	})
	assert.ErrorContains(t, err, "law outcome: it panics: kaput")
	err = stagetest.Check(func() stage.Stage {
		return stage.Func(func(ctx context.Context, _ *stage.Task) error { <-ctx.Done(); return ctx.Err() })
	}, stagetest.Case{Patience: 50 * time.Millisecond})
	assert.ErrorContains(t, err, "law outcome: it has not ended within 50ms")
}

func TestAnAbilityBehindAWrapperIsFound(t *testing.T) {
	err := stagetest.Check(func() stage.Stage {
		m := sound()
		m.validate = errors.New("seen through the wrapper")
		return stage.Declared{Stage: m}
	}, stagetest.Case{Inputs: []stagetest.Input{stagetest.Given(stage.Version, "1.0.0")}})
	assert.ErrorContains(t, err, "law valid: seen through the wrapper")
}
