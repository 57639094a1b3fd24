package release_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rash is an error that cannot even be asked.
type rash struct{ why *string }

func (r *rash) Error() string { return *r.why }

func TestAnErrorThatPanicsIsAFailure(t *testing.T) {
	for name, err := range map[string]error{
		"no stage.Error":        (*stage.Error)(nil),
		"no stage.Error within": fmt.Errorf("x: %w", (*stage.Error)(nil)),
		"one that panics":       (*rash)(nil),
		"one within":            &stage.Error{Outcome: stage.Rejected, Err: (*rash)(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			p := release.Pipeline{Name: "shop", Stages: []release.Stage{
				{Name: "a", Do: reversible{
					run:  func(context.Context, *stage.Task) error { return nil },
					undo: func(context.Context, *stage.Task) error { return err },
				}},
				{Name: "b", Needs: []string{"a"}, OnFailure: release.Undo, Do: do(func(context.Context, *stage.Task) error { return err })},
			}}
			state, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
			assert.Equal(t, stage.Stranded, outcome(t, err))
			assert.Equal(t, stage.Failed, state.Stage("b").Outcome)
		})
	}
}

// A goroutine that a stage has left behind is told that the stage has ended, whatever it asks for.
func TestWhoIsLeftBehindIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 1)
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{{
			Name: "a", Retry: release.Retry{Attempts: 2, Backoff: time.Hour},
			Do: listener{stage.Func(func(_ context.Context, task *stage.Task) error {
				if task.Attempt() > 1 {
					return nil
				}
				go func() {
					_, err := task.Next(context.Background())
					told <- err
				}()
				return errors.New("flaky")
			}), []stage.SignalKind{stage.Approve}},
		}}}
		_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
		require.NoError(t, err)
		assert.ErrorIs(t, <-told, stage.ErrEnded)
	})
}

func TestASignalThatCannotBeWrittenDownIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fly(t, release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: sleeper(time.Minute)}}})
		for _, sig := range []stage.Signal{
			{ID: "a\xff"}, {By: "ada\xff"}, {Why: "\xff"},
			{ID: strings.Repeat("x", 257)}, {By: strings.Repeat("x", 257)}, {Why: strings.Repeat("x", 8<<10+1)},
		} {
			if sig.Kind = stage.Pause; sig.By == "" {
				sig.By = "ada"
			}
			assert.ErrorIs(t, f.runner.Signal(t.Context(), "r1", sig), ledger.ErrSignal)
		}
		_, err := f.land()
		require.NoError(t, err)
	})
	_, err := release.NewRunner(release.Config{}).Run(t.Context(), steps(nothing), release.Request{ID: "r1", Service: "s\xff", RequestedBy: "ada", Reason: strings.Repeat("x", 9<<10)})
	assert.ErrorContains(t, err, "Request.Service: it is not UTF-8")
	assert.ErrorContains(t, err, "Request.Reason: it has 9216 bytes")
}

func TestResumeAsksForTheSamePipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := half(t, steps(sleeper(time.Hour)))
		bank := steps(do(func(context.Context, *stage.Task) error { panic("the bank's stage runs for the shop") }))
		bank.Name = "bank"
		_, err := release.NewRunner(release.Config{Store: store}).Resume(t.Context(), bank, "r1")
		assert.ErrorIs(t, err, release.ErrUnknown)
	})
}

func TestTheLastWordIsHeardBehindATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{{
			Name: "a", AttemptTimeout: time.Minute, Retry: release.Retry{Attempts: 3},
			Do: do(func(ctx context.Context, _ *stage.Task) error {
				tries++
				<-ctx.Done()
				return &stage.Error{Outcome: stage.Failed, Final: true, Reason: "half done"}
			}),
		}}}
		_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
		assert.ErrorContains(t, err, "half done")
		assert.Equal(t, 1, tries)
	})
}

// What clears up is tried again above all when something has failed.
func TestWhatRunsAlwaysIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "work", Do: do(failing)},
			{Name: "clean", Needs: []string{"work"}, Always: true, Retry: release.Retry{Attempts: 3}, Do: do(func(context.Context, *stage.Task) error {
				if tries++; tries == 1 {
					return errors.New("not yet")
				}
				return nil
			})},
		}}
		state, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
		assert.Equal(t, stage.Failed, outcome(t, err))
		assert.Equal(t, stage.Succeeded, state.Stage("clean").Outcome)
	})
}

func TestWhatAFailureHasWrittenIsNotHandedOn(t *testing.T) {
	half := stage.Declared{Write: []stage.Ref{word.Ref()}, Stage: do(func(_ context.Context, t *stage.Task) error {
		return errors.Join(word.Set(t, "half"), errors.New("it broke"))
	})}
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "a", Do: half},
		{Name: "tell", Needs: []string{"a"}, Always: true, Do: stage.Declared{Read: []stage.Ref{word.Ref()}, Stage: do(func(_ context.Context, t *stage.Task) error {
			if v, err := word.Get(t); !errors.Is(err, stage.ErrNoValue) {
				return fmt.Errorf("it reads %q", v)
			}
			return nil
		})}},
	}}
	state, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
	assert.Equal(t, stage.Failed, outcome(t, err))
	assert.Equal(t, stage.Succeeded, state.Stage("tell").Outcome, state.Stage("tell").Reason)
}

// Nothing that a caller does with a state reaches the release.
func TestAStateIsTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steps(listener{stage.Func(func(ctx context.Context, task *stage.Task) error {
			_, err := task.Next(ctx)
			return err
		}), []stage.SignalKind{stage.Approve}})
		f := fly(t, p)
		state, err := f.runner.State(t.Context(), "r1")
		require.NoError(t, err)
		state.Pipeline.Stages[1].Listens[0], state.Pipeline.Stages[0].Name = stage.Promote, "zzz"
		require.NoError(t, f.say(stage.Approve, "b", "grace"))
		state, err = f.land()
		require.NoError(t, err)
		state.Pipeline.Stages[2].Needs[0] = "zzz"
		_, err = f.runner.State(t.Context(), "r1")
		assert.NoError(t, err)
	})
}

// keeper is given a secret, and writes it down in its own way.
type keeper struct {
	tell func(ctx context.Context, t *stage.Task, secret string) error
}

func (keeper) Secrets() []string { return []string{"token"} }
func (k keeper) Run(ctx context.Context, t *stage.Task) error {
	s, err := t.Secret(ctx, "token")
	if err != nil {
		return err
	}
	return k.tell(ctx, t, s.Reveal())
}

func TestASecretIsFoundInItsDisguises(t *testing.T) {
	secret := "p@ss/w" + strings.Repeat("0rd+é ", 350)
	for name, tell := range map[string]func(ctx context.Context, t *stage.Task, secret string) error{
		"cut in its middle": func(_ context.Context, _ *stage.Task, s string) error {
			return errors.New(strings.Repeat("x", 3000) + s + strings.Repeat("y", 4500))
		},
		"in a panic": func(_ context.Context, _ *stage.Task, s string) error {
			panic(strings.Repeat("x", 3000) + s + strings.Repeat("y", 4500))
		},
		"in an URL": func(_ context.Context, _ *stage.Task, s string) error {
			return errors.New("dial " + (&url.URL{Scheme: "db", User: url.UserPassword("u", s), Host: "h"}).String())
		},
		"in a query": func(_ context.Context, _ *stage.Task, s string) error { return errors.New("?q=" + url.QueryEscape(s)) },
		"quoted":     func(_ context.Context, _ *stage.Task, s string) error { return fmt.Errorf("got %q", s) },
		"in base64": func(_ context.Context, _ *stage.Task, s string) error {
			return errors.New(base64.StdEncoding.EncodeToString([]byte("user:" + s + "!")))
		},
		"in base64 2": func(_ context.Context, _ *stage.Task, s string) error {
			return errors.New(base64.URLEncoding.EncodeToString([]byte("use:" + s)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			host := release.NewRunner(release.Config{Secrets: func(context.Context, string) (stage.Secret, error) { return stage.NewSecret(secret), nil }})
			_, err := host.Run(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: keeper{tell}}}}, request("r1"))
			require.Error(t, err)
			assert.Contains(t, err.Error(), "***")
			for _, part := range []string{"0rd", "w0r", url.QueryEscape("é"), base64.StdEncoding.EncodeToString([]byte("0rd+é 0rd"))[4:12]} {
				assert.NotContains(t, err.Error(), part)
			}
		})
	}
	for name, v := range map[string]any{"bytes": []byte(secret), "escapes": []byte(`"` + strings.ReplaceAll(secret, "p", `\u0070`) + `"`)} {
		host := release.NewRunner(release.Config{Secrets: func(context.Context, string) (stage.Secret, error) { return stage.NewSecret(secret), nil }})
		_, err := host.Run(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: keeper{func(ctx context.Context, t *stage.Task, _ string) error {
			if raw, ok := v.([]byte); ok && name == "escapes" {
				return t.Checkpoint(ctx, rawJSON(raw))
			}
			return t.Checkpoint(ctx, v)
		}}}}}, request("r1"))
		assert.ErrorContains(t, err, stage.ErrSecret.Error(), name)
	}
}

type rawJSON []byte

func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// An at-most-once stage that has run for some of its items does not run again for those by the way.
func TestAForkChargesNobodyTwice(t *testing.T) {
	j, err := journal.Open(t.TempDir(), journal.Options{})
	require.NoError(t, err)
	defer j.Close()
	charged := new(deeds)
	p := sharded(map[string]shard{"eu": {1}, "us": {2}}, func(_ context.Context, task *stage.Task, _ shard) error {
		if task.Item().Name == "us" {
			return &stage.Error{Outcome: stage.Failed, Final: true}
		}
		charged.add("charge " + task.Item().Name)
		return nil
	})
	p.Stages[1].Retry = release.Retry{}
	p.Stages[1].Do = once{p.Stages[1].Do}
	host := release.NewRunner(release.Config{Store: j})
	_, err = host.Run(t.Context(), p, request("r1"))
	assert.Equal(t, stage.Failed, outcome(t, err))
	again := request("r2")
	again.ForkOf = &release.Origin{Release: "r1", Stage: "sum"}
	_, err = host.Run(t.Context(), p, again)
	assert.ErrorContains(t, err, "stage deploy.eu may run only once, and did in release r1: fork at deploy")
	assert.Equal(t, []string{"charge eu"}, charged.list)
}

// One secret may be a part of another: neither shows, nor what is left of the longer one.
func TestSecretsWithinSecrets(t *testing.T) {
	host := release.NewRunner(release.Config{Secrets: func(_ context.Context, name string) (stage.Secret, error) {
		return stage.NewSecret(map[string]string{"short": "abcd", "long": "abcdefgh"}[name]), nil
	}})
	_, err := host.Run(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: pair{}}}}, request("r1"))
	assert.EqualError(t, err, "failed: stage a: *** and ***")
}

type pair struct{}

func (pair) Secrets() []string { return []string{"short", "long"} }
func (pair) Run(ctx context.Context, t *stage.Task) error {
	short, err := t.Secret(ctx, "short")
	if err != nil {
		return err
	}
	long, err := t.Secret(ctx, "long")
	if err != nil {
		return err
	}
	return errors.New(short.Reveal() + " and " + long.Reveal())
}

func TestTheFirstRefusalIsTold(t *testing.T) {
	_, err := release.NewRunner(release.Config{}).Run(t.Context(), steps(do(func(_ context.Context, t *stage.Task) error {
		_, _ = stage.Version.Get(t)
		_ = stage.Notes.Set(t, "x")
		return nil
	})), request("r1"))
	assert.ErrorContains(t, err, "reads key version")
	assert.NotContains(t, err.Error(), "notes")
}

// An abort that comes when a stage is being skipped counts more: nothing goes on behind it.
func TestAnAbortBehindASkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fly(t, steps(do(func(ctx context.Context, _ *stage.Task) error {
			<-ctx.Done()
			time.Sleep(time.Minute) // it clears up
			return context.Cause(ctx)
		})))
		require.NoError(t, f.say(stage.SkipStage, "b", "ada"))
		require.NoError(t, f.say(stage.Abort, "b", "grace"))
		state, err := f.land()
		assert.Equal(t, stage.Aborted, outcome(t, err))
		assert.Equal(t, "grace", state.Stage("b").By)
		assert.Equal(t, stage.Skipped, state.Stage("c").Outcome)
	})
}

func TestAConfigIsChecked(t *testing.T) {
	ctx := t.Context()
	c := release.Config{StoreTimeout: -time.Second, Lease: -1}
	require.ErrorContains(t, c.Validate(), "Config.StoreTimeout: it is -1s; zero is 30s")
	require.ErrorContains(t, c.Validate(), "Config.Lease: it is -1ns; zero is 15s")
	require.NoError(t, release.Config{}.Validate())
	store := new(release.MemoryStore)
	c.Store = store
	r := release.NewRunner(c)
	_, run := r.Run(ctx, chain(2), request("a"))
	_, preview := r.Preview(ctx, chain(2), request("a"))
	_, takeUp := r.TakeUp(ctx, chain(2))
	_, resume := r.Resume(ctx, chain(2), "a")
	for _, err := range []error{run, r.Begin(ctx, chain(2), request("a")), preview, takeUp, resume} {
		require.ErrorContains(t, err, "Config.StoreTimeout")
		require.ErrorContains(t, err, "Config.Lease")
	}
	require.NoError(t, r.Close())
	for id := range store.Releases(ctx) {
		t.Errorf("%s was begun", id)
	}
}
