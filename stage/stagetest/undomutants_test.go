package stagetest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// breaks makes sure that a stage breaks one law and no other.
func breaks(t *testing.T, law string, new func() stage.Stage, c stagetest.Case) {
	t.Helper()
	err := stagetest.Check(new, c)
	require.Error(t, err)
	for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
		var v *stagetest.Violation
		require.ErrorAs(t, err, &v)
		assert.Equal(t, law, v.Law, "%v", v)
	}
}

// shelf is a world of two books, which a stage puts there one after the other, and can take away.
type shelf struct {
	first, second bool
	moves         int
	slow          time.Duration // between one book and the next
	release       chan struct{} // what hangs, hangs until then

	fails, twice, whole, deaf, leaks bool // what is wrong with the undo
}

func (w *shelf) put(ctx context.Context, t *stage.Task) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !w.first {
		w.first, w.moves = true, w.moves+1
	}
	if err := t.Checkpoint(ctx, "half"); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(w.slow):
	}
	if !w.second {
		w.second, w.moves = true, w.moves+1
	}
	return t.Checkpoint(ctx, "full")
}

func (w *shelf) take(ctx context.Context, t *stage.Task) error {
	var at string
	if _, err := t.Restore(&at); err != nil {
		return err
	}
	switch {
	case w.fails:
		return errors.New("it cannot be undone")
	case w.twice && at == "undone":
		return errors.New("there is nothing to be undone")
	case w.whole && at == "half":
		return errors.New("it was not done")
	case w.leaks:
		go func() { <-w.release }()
	}
	select {
	case <-ctx.Done():
		if w.deaf {
			<-w.release
		}
		return context.Cause(ctx)
	case <-time.After(w.slow):
	}
	w.first, w.second = false, false
	return t.Checkpoint(ctx, "undone")
}

func (w *shelf) left() error {
	if w.first || w.second {
		return fmt.Errorf("books are left: %t, %t", w.first, w.second)
	}
	return nil
}

func TestUndoMutants(t *testing.T) {
	for law, wrong := range map[string]func(w *shelf){
		"":           func(*shelf) {},
		"undo":       func(w *shelf) { w.fails = true },
		"undone":     func(w *shelf) { w.twice = true },
		"undocut":    func(w *shelf) { w.whole = true },
		"undocancel": func(w *shelf) { w.deaf = true },
		"goroutines": func(w *shelf) { w.leaks = true },
	} {
		bubble(t, "law "+law, func(t *testing.T) {
			release := make(chan struct{})
			defer close(release)
			var w atomic.Pointer[shelf] // what was given up may look at it still
			c := stagetest.Case{
				Name: "two books",
				Prepare: func(*stagetest.Host) {
					fresh := &shelf{slow: 30 * time.Millisecond, release: release}
					wrong(fresh)
					w.Store(fresh)
				},
				Effects: func() int { return w.Load().moves }, Undone: func() error { return w.Load().left() },
			}
			s := stage.Undoable{
				Stage: stage.Func(func(ctx context.Context, t *stage.Task) error { return w.Load().put(ctx, t) }),
				By:    stage.Func(func(ctx context.Context, t *stage.Task) error { return w.Load().take(ctx, t) }),
			}
			if law == "" {
				assert.NoError(t, stagetest.Check(func() stage.Stage { return s }, c))
				return
			}
			breaks(t, law, func() stage.Stage { return s }, c)
		})
	}
}

// bubble runs f in virtual time, so that no patience is ever at an end too early.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// A stage whose undo leaves something, and one that works again.
func TestUndoIsHeldAgainstTheWorld(t *testing.T) { synctest.Test(t, heldAgainstTheWorld) }

func heldAgainstTheWorld(t *testing.T) {
	effects := 0
	s := stage.Undoable{
		Stage: stage.Func(func(context.Context, *stage.Task) error { return nil }),
		By:    stage.Func(func(context.Context, *stage.Task) error { effects++; return nil }),
	}
	err := stagetest.Check(func() stage.Stage { return s }, stagetest.Case{Undone: func() error { return errors.New("a bucket is there") }})
	assert.ErrorContains(t, err, "law undo: it ended well, and left something: a bucket is there")
	breaks(t, "undone", func() stage.Stage { return s }, stagetest.Case{Effects: func() int { return effects }})
	s.By = stage.Func(func(ctx context.Context, _ *stage.Task) error {
		if ctx.Err() != nil {
			panic("cancelled")
		}
		return nil
	})
	breaks(t, "undocancel", func() stage.Stage { return s }, stagetest.Case{})
}

const canary = `hunter2-"canary"`

// keeper is a stage with a secret, which it puts where it says.
func keeper(tell func(ctx context.Context, t *stage.Task, token string) error) func() stage.Stage {
	return func() stage.Stage {
		return stage.Declared{Secret: []string{"token"}, Write: []stage.Ref{other.Ref()}, Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			token, err := t.Secret(ctx, "token")
			if err != nil {
				return err
			}
			if err := other.Set(t, "done"); err != nil {
				return err
			}
			return tell(ctx, t, token.Reveal())
		})}
	}
}

func TestSecretMutants(t *testing.T) { synctest.Test(t, secretMutants) }

func secretMutants(t *testing.T) {
	c := stagetest.Case{Inputs: []stagetest.Input{stagetest.Secret("token", canary)}}
	assert.NoError(t, stagetest.Check(keeper(func(ctx context.Context, t *stage.Task, _ string) error {
		return t.Detail(ctx, "login", "all is well")
	}), c))
	for where, tell := range map[string]func(ctx context.Context, t *stage.Task, token string) error{
		"the key other": func(_ context.Context, t *stage.Task, token string) error { return other.Set(t, "Bearer "+token) },
		"its checkpoint": func(ctx context.Context, t *stage.Task, token string) error {
			return t.Checkpoint(ctx, map[string]string{"token": token})
		},
		"its details": func(ctx context.Context, t *stage.Task, token string) error { return t.Detail(ctx, "login", token) },
		"its progress": func(ctx context.Context, t *stage.Task, token string) error {
			return t.Progress(ctx, stage.Progress{Text: "login with " + token})
		},
		"its log": func(_ context.Context, t *stage.Task, token string) error {
			t.Logger().Trace("login", "token", token)
			return nil
		},
	} {
		breaks(t, "secrets", keeper(tell), c)
		assert.ErrorContains(t, stagetest.Check(keeper(tell), c), where+" shows a secret")
	}
	c.Want = stage.Failed
	breaks(t, "secrets", keeper(func(_ context.Context, _ *stage.Task, token string) error {
		return errors.New("no login with " + token)
	}), c)
	c.Want = ""
	err := stagetest.Check(func() stage.Stage {
		return stage.Undoable{Stage: stage.Declared{Secret: []string{"token"}, Stage: stage.Func(func(context.Context, *stage.Task) error { return nil })},
			By: stage.Func(func(ctx context.Context, t *stage.Task) error {
				token, err := t.Secret(ctx, "token")
				return errors.Join(err, errors.New("no login with "+token.Reveal()))
			})}
	}, c)
	assert.ErrorContains(t, err, "law secrets: the error of its Undo shows a secret")
	assert.ErrorContains(t, err, "law missing: it succeeds", "a secret that is not there makes it fail")
}

func TestRecordMutants(t *testing.T) { synctest.Test(t, recordMutants) }

func recordMutants(t *testing.T) {
	breaks(t, "size", func() stage.Stage {
		return stage.Func(func(ctx context.Context, t *stage.Task) error {
			for range 300 {
				if err := t.Detail(ctx, "page", strings.Repeat("x", stage.MaxDetail-2)); err != nil {
					return err
				}
			}
			return nil
		})
	}, stagetest.Case{})

	// It draws lots, and keeps the outcome where it is not looked for.
	breaks(t, "pure", func() stage.Stage {
		return stage.Declared{Class: stage.Pure, Write: []stage.Ref{other.Ref()}, Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			lot := ""
			if _, err := t.Restore(&lot); err != nil {
				return err
			}
			if lot == "" {
				lot = rand.Text()
			}
			return errors.Join(other.Set(t, lot), t.Checkpoint(ctx, lot))
		})}
	}, stagetest.Case{})

	effects := 0
	breaks(t, "pure", func() stage.Stage {
		return stage.Declared{Class: stage.Pure, Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			done, err := t.Restore(new(bool))
			if !done {
				effects++
			}
			return errors.Join(err, t.Checkpoint(ctx, true))
		})}
	}, stagetest.Case{Effects: func() int { return effects }})
}

// patient is a stage that waits for two approvals, and counts them in a way.
func patient(count func(ctx context.Context, t *stage.Task, yes int) (int, error)) func() stage.Stage {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	return func() stage.Stage {
		return stage.Declared{Listen: []stage.SignalKind{stage.Approve}, Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			yes := 0
			for {
				if _, err := t.Next(over); err != nil {
					break
				}
				yes++
			}
			yes, err := count(ctx, t, yes)
			if err != nil || yes >= 2 {
				return err
			}
			return stage.Wait(time.Time{}, fmt.Sprintf("%d of 2", yes))
		})}
	}
}

func TestWaitMutants(t *testing.T) { synctest.Test(t, waitMutants) }

func waitMutants(t *testing.T) {
	c := stagetest.Case{Signals: []stage.Signal{{Kind: stage.Approve, By: "ada"}, {Kind: stage.Approve, By: "grace"}}}
	assert.NoError(t, stagetest.Check(patient(func(_ context.Context, _ *stage.Task, yes int) (int, error) { return yes, nil }), c))
	// It takes a checkpoint, by which signals are dealt with, and keeps no count in it.
	breaks(t, "signals", patient(func(ctx context.Context, t *stage.Task, yes int) (int, error) {
		if yes >= 2 {
			return yes, nil
		}
		return yes, t.Checkpoint(ctx, "")
	}), c)
	// It takes each further attempt for an approval.
	breaks(t, "signals", patient(func(_ context.Context, t *stage.Task, yes int) (int, error) { return yes + t.Attempt() - 1, nil }),
		stagetest.Case{Signals: c.Signals[:1], Waits: true})

	idle := stage.Func(func(context.Context, *stage.Task) error { return stage.Wait(time.Time{}, "for nothing") })
	breaks(t, "wakes", func() stage.Stage { return idle }, stagetest.Case{Waits: true})
	spinning := stage.Func(func(ctx context.Context, t *stage.Task) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return stage.Wait(t.Started(), "for what has come")
	})
	breaks(t, "wakes", func() stage.Stage { return spinning }, stagetest.Case{Waits: true})
	soon := stage.Func(func(ctx context.Context, t *stage.Task) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if due := t.Started().Add(30 * time.Millisecond); time.Now().Before(due) {
			return stage.Wait(due, "a moment")
		}
		return nil
	})
	assert.NoError(t, stagetest.Check(func() stage.Stage { return soon }), "what waits for a time is run again by then")
}

// declares is a stage that answers what a test says.
type declares struct {
	stage.Func
	secrets func() []string
	gates   func() []string
	effect  stage.Effect
}

func (d declares) Secrets() []string    { return d.secrets() }
func (d declares) Gates() []string      { return d.gates() }
func (d declares) Effect() stage.Effect { return d.effect }

type traited struct {
	stage.Func
	traits func() []stage.Trait
}

func (t traited) Traits() []stage.Trait { return t.traits() }

func TestTraitMutants(t *testing.T) {
	n := 0
	nothing := stage.Func(func(context.Context, *stage.Task) error { return nil })
	for want, traits := range map[string]func() []stage.Trait{
		`Traits: there is no trait "sings"`:         func() []stage.Trait { return []stage.Trait{"sings"} },
		"Traits names asks twice":                   func() []stage.Trait { return []stage.Trait{stage.Asks, stage.Asks} },
		"Traits does not answer the same each time": func() []stage.Trait { n++; return stage.AllTraits()[n%2:] },
	} {
		assert.ErrorContains(t, stagetest.Check(func() stage.Stage { return traited{nothing, traits} }), "law declared: "+want)
	}
}

func TestDeclaredMutants(t *testing.T) {
	n := 0
	changing := func() []string { n++; return []string{fmt.Sprint(n)} }
	none := func() []string { return nil }
	nothing := stage.Func(func(context.Context, *stage.Task) error { return nil })
	for want, s := range map[string]declares{
		"Secrets names token twice":                     {nothing, func() []string { return []string{"token", "token"} }, none, ""},
		"Secrets: a name is empty":                      {nothing, func() []string { return []string{""} }, none, ""},
		"Secrets does not answer the same each time":    {nothing, changing, none, ""},
		"Gates does not answer the same each time":      {nothing, none, changing, ""},
		`Effect: there is no class "sometimes harmful"`: {nothing, none, none, "sometimes harmful"},
	} {
		assert.ErrorContains(t, stagetest.Check(func() stage.Stage { return s }), "law declared: "+want)
	}
}
