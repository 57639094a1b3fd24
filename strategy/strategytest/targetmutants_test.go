package strategytest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// targetOf is the harness of a simulated target, and its world.
func targetOf() (TargetHarness, *World) {
	w := &World{Request: 300 * time.Millisecond}
	return TargetHarness{
		Target: w.Target(), Revisions: [2]strategy.Revision{oldRevision, newRevision},
		Reopen: func() (rollout.Target, error) { return w.Target(), nil },
		Request: func(ctx context.Context) (strategy.Revision, error) {
			in, err := w.Ask(ctx, nil)
			return in.Pool.Revision, err
		},
		Instances: func(ctx context.Context) ([]string, error) {
			list, err := w.Fleet().Instances(ctx)
			return ids(list), err
		},
		Poll: 100 * time.Millisecond,
	}, w
}

// fence makes the target one that knows its owner.
func fence(h *TargetHarness, w *World) {
	h.Target = w.Fenced()
	h.Reopen = func() (rollout.Target, error) { return w.Fenced(), nil }
}

// targetMutant is a target with methods replaced. A nil one is the target's own.
type targetMutant struct {
	rollout.Target
	apply   func(context.Context, strategy.State) error
	observe func(*rollout.Observation)
}

func (m targetMutant) Unwrap() any { return m.Target }

func (m targetMutant) Apply(ctx context.Context, s strategy.State) error {
	if m.apply == nil {
		return m.Target.Apply(ctx, s)
	}
	return m.apply(ctx, s)
}

func (m targetMutant) Observe(ctx context.Context) (rollout.Observation, error) {
	o, err := m.Target.Observe(ctx)
	if m.observe != nil {
		m.observe(&o)
	}
	return o, err
}

// applying replaces Apply.
func applying(apply func(ctx context.Context, target rollout.Target, w *World, s strategy.State) error) func(*TargetHarness, *World) {
	return func(h *TargetHarness, w *World) {
		target := h.Target
		h.Target = targetMutant{Target: target, apply: func(ctx context.Context, s strategy.State) error {
			return apply(ctx, target, w, s)
		}}
	}
}

// showing changes what is observed.
func showing(change func(o *rollout.Observation)) func(*TargetHarness, *World) {
	return func(h *TargetHarness, _ *World) { h.Target = targetMutant{Target: h.Target, observe: change} }
}

var targetMutants = map[string]func(h *TargetHarness, w *World){
	// It takes the end of all traffic in mid-release for a mistake.
	"reaches": applying(func(ctx context.Context, target rollout.Target, _ *World, s strategy.State) error {
		o, err := target.Observe(ctx)
		if err != nil || s.Dark() && len(o.Pools) > 1 {
			return err
		}
		return target.Apply(ctx, s)
	}),
	// While instances start it shows what it hopes for.
	"credible": showing(func(o *rollout.Observation) {
		for i, p := range o.Pools {
			if p.Ready < p.Running {
				o.Pools[i].Available = p.Running
			}
		}
	}),
	// It starts an instance whenever it has been told the same thing often.
	"idempotent": func(h *TargetHarness, w *World) {
		var last strategy.State
		times := 0
		applying(func(ctx context.Context, target rollout.Target, w *World, s strategy.State) error {
			o, err := target.Observe(ctx)
			if err != nil {
				return err
			}
			if !last.Equal(s) || o.Missing(s) != "" {
				times = 0
			}
			last = s
			if times++; times > 3 {
				return w.Fleet().Scale(ctx, s.Pool(strategy.Stable), s.Stable.Replicas+1)
			}
			return target.Apply(ctx, s)
		})(h, w)
	},
	// It leaves baselines running.
	"unnamed": applying(func(ctx context.Context, target rollout.Target, w *World, s strategy.State) error {
		o, err := target.Observe(ctx)
		if err != nil {
			return err
		}
		for _, p := range o.Pools {
			if p.Pool.Baseline && s.Baseline.IsZero() {
				s.Baseline = strategy.Group{Revision: p.Pool.Revision, Replicas: p.Running}
			}
		}
		return target.Apply(ctx, s)
	}),
	"cancelled": applying(func(ctx context.Context, target rollout.Target, _ *World, s strategy.State) error {
		return target.Apply(context.WithoutCancel(ctx), s)
	}),
	"match": showing(func(o *rollout.Observation) {
		for i := range o.Traffic {
			o.Traffic[i].Match = nil
		}
	}),
	"mirror": showing(func(o *rollout.Observation) {
		for i := range o.Traffic {
			o.Traffic[i].Mirror = strategy.Share{}
		}
	}),
	"sticky": showing(func(o *rollout.Observation) { o.Sticky = false }),
	// A cache in front answers what the old revision answered once.
	"answers": func(h *TargetHarness, _ *World) {
		ask := h.Request
		h.Request = func(ctx context.Context) (strategy.Revision, error) {
			_, err := ask(ctx)
			return oldRevision, err
		}
	},
	"observes": func(h *TargetHarness, _ *World) {
		h.Reopen = func() (rollout.Target, error) { return (&World{}).Target(), nil }
	},
	// It knows no instances but its own.
	"resumes": func(h *TargetHarness, w *World) {
		h.Reopen = func() (rollout.Target, error) {
			return targetMutant{Target: w.Target(), apply: func(context.Context, strategy.State) error {
				return errors.New("these instances belong to another process")
			}}, nil
		}
	},
	// It takes note of the owner, and heeds none.
	"fenced": func(h *TargetHarness, w *World) {
		heedless := w.Target()
		fence(h, w)
		h.Target = targetMutant{Target: h.Target, apply: heedless.Apply}
	},
	// It does not turn round, and is offended by whoever asks for it.
	"rolls": func(h *TargetHarness, w *World) {
		offended := false
		rollingAs(func(ctx context.Context, c *cluster, s strategy.State, l strategy.Limits) error {
			o, err := c.Observe(ctx)
			back := err == nil && s.Stable.Revision == oldRevision
			if offended = back && (offended || len(o.Pools) > 1); offended {
				return errors.Join(errors.New("a rollout is under way"), c.owned())
			}
			return c.Roll(ctx, s, l)
		})(h, w)
	},
	// It cannot split evenly.
	"promotes": applying(func(ctx context.Context, target rollout.Target, _ *World, s strategy.State) error {
		if s.Candidate.Share == strategy.Percent(50) {
			return errors.New("weights must differ")
		}
		return target.Apply(ctx, s)
	}),
	// It does not go back from a preview.
	"aborts": func(h *TargetHarness, w *World) {
		preview := false
		applying(func(ctx context.Context, target rollout.Target, _ *World, s strategy.State) error {
			if preview && s.Candidate.IsZero() && s.Stable.Revision == oldRevision {
				preview = false
				return rollout.Permanent(errors.New("no way back"))
			}
			preview = s.Candidate.Replicas == 1 && s.Candidate.Share.IsZero() && s.Candidate.Mirror.IsZero()
			return target.Apply(ctx, s)
		})(h, w)
	},
	// It starts one more, to be sure.
	"limits": applying(func(ctx context.Context, target rollout.Target, w *World, s strategy.State) error {
		o, err := target.Observe(ctx)
		if err != nil {
			return err
		}
		for role, g := range s.Groups() {
			if p := o.Pool(s.Pool(role)); p.Running == 0 && p.Stopping == 0 && g.Replicas > 0 {
				if err := w.Fleet().Scale(ctx, p.Pool, g.Replicas+1); err != nil {
					return err
				}
			}
		}
		return target.Apply(ctx, s)
	}),
	// It does not wait for what is in flight.
	"lossless": func(h *TargetHarness, w *World) {
		target, err := rollout.Compose(w.Fleet(), bare{w.Router()}, rollout.ComposeOptions{DrainDelay: 1})
		if err != nil {
			panic(err)
		}
		h.Target = target
	},
}

func TestTargetMutants(t *testing.T) {
	for _, l := range targetKit.laws {
		t.Run(l.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				broke(t, CheckTarget(t.Context(), func() (TargetHarness, error) {
					h, w := targetOf()
					mutate := targetMutants[l.name]
					if mutate == nil {
						t.Fatal("the law has no mutant")
					}
					mutate(&h, w)
					return h, nil
				}), "target", l.name)
			})
		})
	}
}

func TestTargetLaws(t *testing.T) {
	beside := func(t *testing.T, body func(t *testing.T)) {
		t.Parallel()
		body(t)
	}
	RunTarget(t, func(t *testing.T) TargetHarness {
		h, w := targetOf()
		fence(&h, w)
		h.Close = func() {
			if v := w.Violations(); len(v) > 0 {
				t.Error(v)
			}
		}
		return h
	}, synctest.Test, beside)
}
