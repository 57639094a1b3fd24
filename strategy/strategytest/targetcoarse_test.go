package strategytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// cluster makes the target one that rolls by itself.
func clustered(h *TargetHarness, w *World) {
	h.Target = w.Cluster()
	h.Reopen = func() (rollout.Target, error) { return w.Cluster(), nil }
}

// roller is a cluster with another Roll.
type roller struct {
	*cluster
	roll func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error
}

func (r roller) Roll(ctx context.Context, s strategy.State, l strategy.Limits) error {
	return r.roll(ctx, r.cluster, s, l)
}

// rollingAs replaces Roll. No rollout is walked by it, so that the law rolls alone is to tell.
func rollingAs(roll func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error) func(*TargetHarness, *World) {
	return func(h *TargetHarness, w *World) {
		h.Target = roller{w.Cluster().(*cluster), roll}
		h.Reopen = func() (rollout.Target, error) { return roller{w.Cluster().(*cluster), roll}, nil }
		h.Strategies = []strategy.Strategy{strategy.BlueGreen{}}
	}
}

// Each breaks one of the promises of a Roller.
var rollMutants = map[string]func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error{
	"above its limits": func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error {
		return c.Roll(ctx, s, strategy.Limits{MinAvailable: l.MinAvailable})
	},
	"below its limits": func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error {
		return c.Roll(ctx, s, strategy.Limits{MaxTotal: l.MaxTotal})
	},
	"restarts": func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error {
		if o, err := c.Observe(ctx); err == nil && o.Missing(s) == "" {
			c.world.Kill(s.Pool(strategy.Stable), 1, "to be sure")
		}
		return c.Roll(ctx, s, l)
	},
	"minds no context": func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error {
		return c.Roll(context.WithoutCancel(ctx), s, l)
	},
	"knows one size": func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error {
		s.Stable.Replicas = 3
		return c.Roll(ctx, s, l)
	},
	"does not begin": func(ctx context.Context, c *cluster, _ strategy.State, _ strategy.Limits) error {
		return errors.Join(ctx.Err(), c.owned())
	},
	"leaves the old one": func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error {
		o, err := c.Observe(ctx)
		if n := o.Pool(s.Pool(strategy.Stable)).Available; err == nil && s.Stable.Revision == newRevision && n == s.Stable.Replicas-1 {
			return errors.Join(ctx.Err(), c.owned()) // it is as good as there
		}
		return c.Roll(ctx, s, l)
	},
}

func TestRollMutants(t *testing.T) {
	for name, roll := range rollMutants {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				broke(t, CheckTarget(t.Context(), func() (TargetHarness, error) {
					h, w := targetOf()
					rollingAs(roll)(&h, w)
					return h, nil
				}), "target", "rolls")
			})
		})
	}
	t.Run("minds no owner", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			broke(t, CheckTarget(t.Context(), func() (TargetHarness, error) {
				h, w := targetOf()
				clustered(&h, w)
				h.Target = roller{h.Target.(*cluster), func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error {
					heedless := w.Cluster().(*cluster)
					heedless.token = w.owner
					return heedless.Roll(ctx, s, l)
				}}
				return h, nil
			}), "target", "fenced")
		})
	})
	t.Run("does not go back half-way", func(t *testing.T) { // which a rollout sees too
		synctest.Test(t, func(t *testing.T) {
			err := CheckTarget(t.Context(), func() (TargetHarness, error) {
				h, w := targetOf()
				targetMutants["rolls"](&h, w)
				h.Strategies, h.Patience = nil, time.Minute
				return h, nil
			})
			var laws []string
			for _, v := range violations(err) {
				laws = append(laws, v.Law)
			}
			if !slices.Equal(laws, []string{"rolls", "aborts"}) || !strings.Contains(err.Error(), "Native, aborted half-way to step 1 of 1") {
				t.Error(err)
			}
		})
	})
}

// coarse is a router that cannot split: a switch.
type coarse struct{ rollout.Router }

func (coarse) Grain() strategy.Share { return strategy.All() }

func (c coarse) Route(ctx context.Context, t rollout.Table) error {
	for _, r := range t.Routes {
		if !r.Share.IsZero() && r.Share != strategy.All() || len(r.Match) > 0 || !r.Mirror.IsZero() {
			return rollout.Permanent(fmt.Errorf("%s: all or nothing", r.Share))
		}
	}
	return c.Router.Route(ctx, t)
}

func switching(h *TargetHarness, w *World) {
	open := func() rollout.Target {
		target, err := rollout.Compose(w.Fleet(), coarse{w.Router()}, rollout.ComposeOptions{DrainDelay: time.Second})
		if err != nil {
			panic(err)
		}
		return target
	}
	h.Target, h.Reopen = open(), func() (rollout.Target, error) { return open(), nil }
}

// single is a cluster that runs one group at a time. It does nothing else but roll, to whatever it is told.
type single struct{ *cluster }

func (s single) Fits(state strategy.State) error {
	if state.Replicas() != state.Stable.Replicas || state.Replicas() > 0 && state.Dark() {
		return errors.New("one group at a time, with all of the traffic")
	}
	return nil
}

func (s single) Apply(ctx context.Context, state strategy.State) error {
	if err := s.Fits(state); err != nil {
		return rollout.Permanent(err)
	}
	if state.Replicas() == 0 {
		return s.cluster.Apply(ctx, state)
	}
	n := state.Replicas()
	return s.Roll(ctx, state, strategy.Limits{MaxTotal: n + 1, MinAvailable: 1})
}

func alonely(h *TargetHarness, w *World) {
	h.Target = single{w.Cluster().(*cluster)}
	h.Reopen = func() (rollout.Target, error) { return single{w.Cluster().(*cluster)}, nil }
}

// What a target says that it cannot do is left out, and told; all else is proved.
func TestCoarseTargets(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*TargetHarness, *World)
		skipped []string // whole laws
		omitted []string // parts of others
		walks   []string
	}{
		"of all kinds": {func(*TargetHarness, *World) {}, []string{"fenced", "rolls"},
			[]string{"promotes: Native is left out: the target is no Roller"}, []string{"Rolling", "BlueGreen", "Canary", "Recreate"}},
		"a cluster": {clustered, nil, nil, []string{"Rolling", "BlueGreen", "Canary", "Recreate", "Native"}},
		"a switch": {switching, []string{"match", "mirror", "sticky", "fenced", "rolls"}, []string{
			"reaches: stable 1.0.0@010101010101 x3 90% + candidate 1.1.0@020202020202 x1 10% is left out: stable gets 90%, and the target splits traffic by 100% at least",
			"promotes: Rolling is left out: step 1", "promotes: BlueGreen is left out: step 3", "promotes: Canary is left out: step 1", "promotes: Native is left out",
		}, []string{"BlueGreen", "Recreate"}},
		"one at a time": {alonely, []string{"unnamed", "match", "mirror"}, []string{
			"reaches: stable 1.0.0@010101010101 x3 90% +", "reaches: stable 1.0.0@010101010101 x3 100% + candidate 1.1.0@020202020202 x1 0% is left out: one group at a time",
			"reaches: stable 1.0.0@010101010101 x3 0% + candidate", "reaches: stable 1.0.0@010101010101 x3 0% is left out",
			"answers: stable 1.0.0@010101010101 x3 0% + candidate",
			"promotes: Rolling", "promotes: BlueGreen", "promotes: BlueGreen", "promotes: Canary", "promotes: Recreate",
		}, []string{"Native"}},
	} {
		for _, quick := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, quick=%t", name, quick), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var told []string
					shared := &walks{}
					open := func() (targetSubject, error) {
						h, w := targetOf()
						h.Quick = quick
						c.change(&h, w)
						h.OnSkip = func(law, why string) { told = append(told, law+": "+why) }
						h.Close = func() {
							if v := w.Violations(); len(v) > 0 {
								t.Error(v)
							}
						}
						return h.subject(shared), nil
					}
					if err := targetKit.check(t.Context(), open); err != nil {
						t.Error(err)
					}
					want := slices.Concat(c.skipped, c.omitted)
					if len(told) != len(want) {
						t.Errorf("%d are told, not %d: %q", len(told), len(want), told)
					}
					for _, w := range want {
						if !slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, w) }) {
							t.Errorf("%q is not told: %q", w, told)
						}
					}
					var walked []string
					for _, w := range shared.promoted {
						walked = append(walked, w.name)
					}
					all := c.walks
					if quick { // what Canary proves of it is enough
						all = slices.DeleteFunc(slices.Clone(all), func(name string) bool { return name == "Rolling" })
					}
					if !slices.Equal(walked, all) {
						t.Errorf("%q were walked, not %q", walked, all)
					}
				})
			})
		}
	}
}

// What it says that it can, it must; and it must be able to do something.
func TestTargetThatSaysLittle(t *testing.T) {
	for want, change := range map[string]func(*TargetHarness, *World){
		"1.0.0@010101010101 cannot run alone: nothing can": func(h *TargetHarness, _ *World) {
			h.Target = fitting{h.Target, func(strategy.State) error { return errors.New("nothing can") }}
		},
		"the target can walk no strategy at all": func(h *TargetHarness, _ *World) {
			h.Target = fitting{h.Target, func(s strategy.State) error {
				if !s.Equal(alone(oldRevision, 3)) && !s.Equal(alone(newRevision, 3)) {
					return errors.New("nothing else can")
				}
				return nil
			}}
		},
		"Strategies[1] of the harness: step 1, stable": func(h *TargetHarness, w *World) {
			switching(h, w)
			h.Strategies = []strategy.Strategy{strategy.Recreate{}, strategy.Canary{}}
		},
		"Strategies[0] of the harness: the target is no Roller": func(h *TargetHarness, w *World) {
			h.Strategies = []strategy.Strategy{strategy.Native{}}
		},
		"Rolling.Partition: 5 held back of 3": func(h *TargetHarness, w *World) {
			h.Strategies = []strategy.Strategy{strategy.Rolling{Partition: 5}}
		},
		"50%: all or nothing": func(h *TargetHarness, w *World) { // and says nothing of it
			target, err := rollout.Compose(w.Fleet(), mute{coarse{w.Router()}}, rollout.ComposeOptions{})
			if err != nil {
				panic(err)
			}
			h.Target = target
		},
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := CheckTarget(t.Context(), func() (TargetHarness, error) {
					h, w := targetOf()
					change(&h, w)
					return h, nil
				})
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v lacks %q", err, want)
				}
			})
		})
	}
}

// mute is a router that tells nothing of what it can.
type mute struct{ rollout.Router }

// fitting is a target that says what it can.
type fitting struct {
	rollout.Target
	fits func(strategy.State) error
}

func (f fitting) Unwrap() any                 { return f.Target }
func (f fitting) Fits(s strategy.State) error { return f.fits(s) }

// A target on which an instance takes seconds to come and to go is proved in minutes.
func TestSlowTargets(t *testing.T) {
	for name, change := range map[string]func(*TargetHarness, *World){
		"of all kinds": clustered, "a switch": switching, "one at a time": alonely,
	} {
		t.Run(name, func(t *testing.T) {
			var took time.Duration
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := CheckTarget(t.Context(), func() (TargetHarness, error) {
					h, w := targetOf()
					change(&h, w)
					w.Start, w.Stop, w.Request = 3*time.Second, 3*time.Second, 50*time.Millisecond
					h.Quick, h.Poll, h.Patience, h.Replicas = true, 250*time.Millisecond, time.Minute, 2
					return h, nil
				})
				if took = time.Since(began); err != nil {
					t.Error(err)
				}
			})
			t.Log(took)
			if took > 4*time.Minute+30*time.Second {
				t.Errorf("it takes %s", took)
			}
		})
	}
}

// An autoscaler is bound by no limits, and a target that shows one is proved all the same.
func TestAutoscaledTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if err := CheckTarget(t.Context(), func() (TargetHarness, error) {
			h, w := targetOf()
			clustered(&h, w)
			h.Quick = true
			w.Autoscale(strategy.Pool{Revision: oldRevision}, 7)
			w.Autoscale(strategy.Pool{Revision: newRevision}, 2)
			return h, nil
		}); err != nil {
			t.Error(err)
		}
	})
}
