package crash_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

var (
	shards = stage.NewKey[[]string]("shards")
	sizes  = stage.NewKey[int]("sizes")
	total  = stage.NewKey[map[string]int]("sizes")
	before = strategy.Revision{Version: "1.0.0", Digest: "sha256:1111"}
	after  = strategy.Revision{Version: "1.1.0", Digest: "sha256:2222"}
)

func begun(name string) func(*ledger.State) bool {
	return func(s *ledger.State) bool { return s.Stage(name).Attempt > 0 }
}

func running(name string) func(*ledger.State) bool {
	return func(s *ledger.State) bool { return s.Stage(name).Running() }
}

func parked(name string) func(*ledger.State) bool {
	return func(s *ledger.State) bool { return s.Stage(name).Parked != "" }
}

func says(id string, kind stage.SignalKind, of string, when func(*ledger.State) bool) person {
	return person{when: when, signal: stage.Signal{ID: id, Kind: kind, Stage: of, By: id, Why: "because"}}
}

// asked is a person who does so only once a rollout asks.
func (p person) asked() person {
	p.after = rollout.Asked
	return p
}

func fails(reason string) func(context.Context, *stage.Task) error {
	return func(context.Context, *stage.Task) error { return errors.New(reason) }
}

func forever(ctx context.Context, _ *stage.Task) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// step is a stage of effects, behind the ones that it needs.
func step(name string, do stage.Stage, needs ...string) release.Stage {
	return release.Stage{Name: name, Do: do, Needs: needs}
}

func (m *machine) does(names ...string) stage.Stage { return effects{m, names, nil} }

func (m *machine) undoes(then func(context.Context, *stage.Task) error, names ...string) stage.Stage {
	return reversible{effects{m, names, then}}
}

// stories are what releases do, by name.
func stories() map[string]story {
	return map[string]story{
		"chain":                             chain(),
		"parallel":                          parallel(),
		"each":                              each(),
		"retry":                             retried(0),
		"retries in vain":                   retried(3),
		"undo":                              undone(),
		"undo of many":                      undoneOfMany(),
		"abort":                             aborted(),
		"abort in a retry":                  abortedInRetry(),
		"approval":                          approved(),
		"rejection":                         rejected(),
		"pause":                             paused(),
		"freeze, retry":                     frozen(stage.Retry),
		"freeze, skip":                      frozen(stage.SkipStage),
		"freeze, abort":                     frozen(stage.Abort),
		"wait":                              waiting(),
		"timeout":                           outOfTime(),
		"irreversible":                      irreversible(),
		"rollout":                           deployed(gate.Pass, false),
		"rollout that does harm":            deployed(gate.Fail, false),
		"rollout that is rejected":          steered(stage.Reject),
		"rollout that is promoted":          steered(stage.Promote),
		"rollout that is aborted":           steered(stage.Abort),
		"rollout that is skipped":           steered(stage.SkipStage),
		"rollout that is out of time":       lateRollout(),
		"rollout, forgotten":                forgetful(gate.Pass, false),
		"rollout that does harm, forgotten": forgetful(gate.Fail, false),
		"rollout that is undone, forgotten": forgetful(gate.Pass, true),
		"rollout that is undone":            deployed(gate.Pass, true),
		"undo that fails":                   undoFails(),
		"waves":                             waved("", "", false),
		"waves, the first bad":              waved("eu", "", false),
		"waves, the last bad":               waved("ap", "", false),
		"waves, the last bad, all back":     waved("ap", strategy.EveryWave, false),
		"waves that are undone":             waved("", "", true),
		"waves that are aborted":            abortedWaves(),
	}
}

func chain() story {
	return story{pipeline: func(m *machine) release.Pipeline {
		write := stage.Declared{Write: []stage.Ref{stage.Version.Ref()}, Stage: effects{m, []string{"tag", "push"}, func(_ context.Context, t *stage.Task) error {
			return stage.Version.Set(t, "1.2.3")
		}}}
		read := stage.Declared{Read: []stage.Ref{stage.Version.Ref()}, Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			v, err := stage.Version.Get(t)
			if err != nil {
				return err
			}
			return effects{m, []string{"publish " + v}, nil}.Run(ctx, t)
		})}
		return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", write), step("b", m.does("x"), "a"), step("c", read, "b")}}
	}}
}

func parallel() story {
	return story{loose: true, pipeline: func(m *machine) release.Pipeline {
		slow := func(d time.Duration) func(context.Context, *stage.Task) error {
			return func(ctx context.Context, _ *stage.Task) error {
				select {
				case <-time.After(d):
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
		}
		return release.Pipeline{Name: "p", Parallel: 2, Stages: []release.Stage{
			step("a", effects{m, []string{"x", "y"}, slow(time.Second)}), step("b", effects{m, []string{"x"}, slow(2 * time.Second)}), step("c", m.does("x")),
			step("join", m.does("x"), "a", "b", "c"),
		}}
	}}
}

func each() story {
	return story{loose: true, pipeline: func(m *machine) release.Pipeline {
		list := stage.Declared{Write: []stage.Ref{shards.Ref()}, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
			return shards.Set(t, []string{"eu", "us", "ap"})
		})}
		one := stage.Declared{Write: []stage.Ref{sizes.Ref()}, Stage: effects{m, []string{"x"}, func(_ context.Context, t *stage.Task) error {
			return sizes.Set(t, len(t.Item().Name))
		}}}
		sum := stage.Declared{Read: []stage.Ref{total.Ref()}, Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			all, err := total.Get(t)
			if err != nil {
				return err
			}
			return effects{m, []string{fmt.Sprint(all)}, nil}.Run(ctx, t)
		})}
		shard := step("shard", one, "list")
		shard.Each = &release.Each{Key: shards.Ref(), Parallel: 2}
		return release.Pipeline{Name: "p", Stages: []release.Stage{step("list", list), shard, step("sum", sum, "shard")}}
	}}
}

// retried fails twice, or always.
func retried(always int) story {
	return story{pipeline: func(m *machine) release.Pipeline {
		flaky := stage.Func(func(ctx context.Context, t *stage.Task) error {
			if err := m.do(t.Fence(), t.Token()+"/try"); err != nil {
				return err
			}
			if always > 0 || time.Since(t.Started()) < 5*time.Second {
				return errors.New("not yet")
			}
			return nil
		})
		s := step("flaky", flaky, "a")
		s.Retry = release.Retry{Attempts: 6, Backoff: 4 * time.Second}
		if always > 0 {
			s.Retry.Attempts = always
		}
		return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", m.does("x")), s, step("b", m.does("x"), "flaky")}}
	}}
}

func undone() story {
	return story{pipeline: func(m *machine) release.Pipeline {
		bad := step("d", m.undoes(fails("broken"), "x", "y"), "c")
		bad.OnFailure = release.Undo
		tell := step("tell", m.does("x"), "d")
		tell.Always = true
		return release.Pipeline{Name: "p", Stages: []release.Stage{
			step("a", m.undoes(nil, "x")), step("b", m.undoes(nil, "x", "y"), "a"), step("c", m.does("x"), "b"), bad, step("e", m.does("x"), "d"), tell,
		}}
	}}
}

func undoneOfMany() story {
	return story{loose: true, pipeline: func(m *machine) release.Pipeline {
		bad := step("join", m.undoes(fails("broken"), "x"), "b", "c")
		bad.OnFailure = release.Undo
		return release.Pipeline{Name: "p", Stages: []release.Stage{
			step("a", m.undoes(nil, "x")), step("b", m.undoes(nil, "x"), "a"), step("c", m.undoes(nil, "x"), "a"), bad,
		}}
	}}
}

func aborted() story {
	return story{
		pipeline: func(m *machine) release.Pipeline {
			tell := step("tell", m.does("x"), "b")
			tell.Always = true
			return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", m.undoes(nil, "x")), step("b", m.undoes(forever, "x", "y"), "a"), step("c", m.does("x"), "b"), tell}}
		},
		people: []person{says("bob", stage.Abort, "", func(s *ledger.State) bool { return string(s.Stage("b").Checkpoint) == "2" })},
	}
}

// abortedInRetry is aborted while a stage waits for its next attempt.
func abortedInRetry() story {
	return story{
		pipeline: func(m *machine) release.Pipeline {
			flaky := step("b", m.undoes(fails("never"), "x"), "a")
			flaky.Retry = release.Retry{Attempts: 9, Backoff: time.Hour}
			return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", m.undoes(nil, "x")), flaky}}
		},
		people: []person{says("bob", stage.Abort, "", func(s *ledger.State) bool { return !s.Stage("b").RetryAt.IsZero() })},
	}
}

func approved() story {
	return story{
		pipeline: func(m *machine) release.Pipeline {
			ask := step("ask", approval.Stage{Quorum: 2, FourEyes: true, Deadline: time.Hour}, "a")
			return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", m.does("x")), ask, step("b", m.does("x"), "ask")}}
		},
		people: []person{
			says("ada", stage.Approve, "ask", begun("a")), says("bob", stage.Approve, "ask", begun("ask")), says("cyd", stage.Approve, "ask", begun("ask")),
		},
	}
}

func rejected() story {
	s := approved()
	s.people[1].signal.Kind = stage.Reject
	s.people = s.people[:2]
	return s
}

// paused holds the release while a stage runs, and later lets it go on.
func paused() story {
	return story{
		pipeline: func(m *machine) release.Pipeline {
			nap := effects{m, []string{"x"}, func(ctx context.Context, t *stage.Task) error {
				select {
				case <-time.After(5 * time.Second):
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}}
			return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", nap), step("b", m.does("x"), "a")}}
		},
		people: []person{
			says("bob", stage.Pause, "", running("a")),
			says("cyd", stage.Resume, "", func(s *ledger.State) bool { return time.Since(s.Paused.At) > 20*time.Second }),
		},
	}
}

// frozen fails until a person has mended the world, and says what becomes of it.
func frozen(answer stage.SignalKind) story {
	of := "b"
	if answer == stage.Abort {
		of = ""
	}
	bob := says("bob", answer, of, parked("b"))
	bob.deed = func(w *world) { w.set("mended") }
	return story{
		pipeline: func(m *machine) release.Pipeline {
			s := step("b", m.undoes(func(context.Context, *stage.Task) error {
				if !m.world.is("mended") {
					return errors.New("broken")
				}
				return nil
			}, "x"), "a")
			s.OnFailure = release.Freeze
			return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", m.undoes(nil, "x")), s, step("c", m.does("x"), "b")}}
		},
		people: []person{bob},
	}
}

func waiting() story {
	return story{
		pipeline: func(m *machine) release.Pipeline {
			wait := effects{m, []string{"x"}, func(_ context.Context, t *stage.Task) error {
				if until := t.Started().Add(time.Minute); time.Now().Before(until) {
					return stage.Wait(until, "it is early")
				}
				return nil
			}}
			return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", m.does("x")), step("wait", wait, "a"), step("b", m.does("x"), "wait")}}
		},
	}
}

func outOfTime() story {
	return story{pipeline: func(m *machine) release.Pipeline {
		s := step("b", m.undoes(forever, "x"), "a")
		s.Timeout, s.OnFailure = 20*time.Second, release.Undo
		return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", m.undoes(nil, "x")), s}}
	}}
}

// irreversible cannot be undone any more, so a person decides.
func irreversible() story {
	return story{
		pipeline: func(m *machine) release.Pipeline {
			drop := step("drop", m.does("x"), "a")
			drop.Irreversible = true
			bad := step("b", m.undoes(fails("broken"), "x"), "drop")
			bad.OnFailure = release.Undo
			return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", m.undoes(nil, "x")), drop, bad}}
		},
		people: []person{says("bob", stage.Abort, "", parked("b"))},
	}
}

// stuck is a stage that cannot be undone.
type stuck struct{ effects }

func (stuck) Undo(context.Context, *stage.Task) error { return errors.New("it is jammed") }

func undoFails() story {
	return story{loose: true, pipeline: func(m *machine) release.Pipeline {
		bad := step("d", m.undoes(fails("broken"), "x"), "c")
		bad.OnFailure = release.Undo
		jam := step("c", stuck{effects{m, []string{"x"}, nil}}, "a")
		jam.Retry = release.Retry{Attempts: 2, Backoff: time.Second}
		return release.Pipeline{Name: "p", Stages: []release.Stage{step("a", m.undoes(nil, "x")), step("b", m.undoes(nil, "x"), "a"), jam, bad}}
	}}
}

// deployed rolls out over a simulated service, asks a person on the way, and goes back where the gate
// says so, or where what comes behind fails.
func deployed(answer gate.Outcome, behind bool) story {
	return story{
		begin: func(w *world) {
			w.sim = &strategytest.World{}
			w.sim.Put(running2(before))
		},
		pipeline: func(m *machine) release.Pipeline {
			build := stage.Declared{Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()}, Stage: effects{m, []string{"build"}, func(_ context.Context, t *stage.Task) error {
				return errors.Join(stage.Version.Set(t, after.Version), stage.Built.Set(t, stage.Artifact{Digest: after.Digest, Location: "/shop"}))
			}}}
			rolls := deploy.Stage{
				Target: m.target(),
				Strategy: strategy.Canary{Steps: []strategy.CanaryStep{
					{Share: strategy.Percent(50), Bake: 2 * time.Second, Gates: []string{"errors"}, Pause: &strategy.Pause{Reason: "is it well?", Deadline: time.Hour}},
				}},
				Options: rollout.Options{Poll: time.Second, GateInterval: time.Second, Gates: map[string]gate.Gate{"errors": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
					return gate.Verdict{Outcome: answer, Reason: "as the test wants"}, nil
				})}},
			}
			last := step("after", m.does("x"), "deploy")
			if behind {
				last = step("after", m.undoes(fails("broken"), "x"), "deploy")
				last.OnFailure = release.Undo
			}
			return release.Pipeline{Name: "p", Stages: []release.Stage{step("build", build), step("deploy", rolls, "build"), last}}
		},
		people: []person{says("bob", stage.Approve, "deploy", func(s *ledger.State) bool { return s.Stage("deploy").Running() }).asked()},
	}
}

// steered is a rollout to which a person says something else at its pause, and then nothing.
func steered(kind stage.SignalKind) story {
	s := deployed(gate.Pass, false)
	s.people[0].signal.Kind = kind
	return s
}

// lateRollout has nobody who answers, and no time to wait for long.
func lateRollout() story {
	s := deployed(gate.Pass, false)
	s.people = nil
	made := s.pipeline
	s.pipeline = func(m *machine) release.Pipeline {
		p := made(m)
		p.Stages[1].Timeout = 30 * time.Second
		return p
	}
	return s
}

// forgetful is a rollout whose router dies with its host.
func forgetful(answer gate.Outcome, behind bool) story {
	s := deployed(answer, behind)
	s.forgets = true
	return s
}

func running2(r strategy.Revision) strategy.State {
	return strategy.State{Stable: strategy.Group{Revision: r, Replicas: 2, Share: strategy.All()}}
}
