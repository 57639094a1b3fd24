package strategytest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

var (
	oldPool = strategy.Pool{Revision: oldRevision}
	newPool = strategy.Pool{Revision: newRevision}
	stuck   = strategy.Pool{Revision: strategy.Revision{Version: "stuck"}}
)

// fleetOf is the harness of a simulated fleet, and its world.
func fleetOf() (FleetHarness, *World) {
	w := &World{Behave: func(p strategy.Pool, _ int) Behaviour { return Behaviour{NeverReady: p == stuck} }}
	return FleetHarness{
		Fleet: w.Fleet(), Pools: []strategy.Pool{oldPool, newPool}, Stuck: stuck,
		Kill:   func(id string) error { return w.KillInstance(id, "killed") },
		Reopen: func() (rollout.Fleet, error) { return w.Fleet(), nil },
	}, w
}

// fleetMutant is a fleet with one or both methods replaced. A nil one is the fleet's own.
type fleetMutant struct {
	rollout.Fleet
	instances func(context.Context) ([]rollout.Instance, error)
	scale     func(context.Context, strategy.Pool, int, []string) error
}

func (m fleetMutant) Instances(ctx context.Context) ([]rollout.Instance, error) {
	if m.instances == nil {
		return m.Fleet.Instances(ctx)
	}
	return m.instances(ctx)
}

func (m fleetMutant) Scale(ctx context.Context, p strategy.Pool, n int, leaving ...string) error {
	if m.scale == nil {
		return m.Fleet.Scale(ctx, p, n, leaving...)
	}
	return m.scale(ctx, p, n, leaving)
}

// listing changes what the fleet lists.
func listing(change func(list []rollout.Instance) []rollout.Instance) func(rollout.Fleet) rollout.Fleet {
	return func(f rollout.Fleet) rollout.Fleet {
		return fleetMutant{Fleet: f, instances: func(ctx context.Context) ([]rollout.Instance, error) {
			list, err := f.Instances(ctx)
			return change(list), err
		}}
	}
}

// scaling replaces Scale. It is given the number of running instances too.
func scaling(scale func(ctx context.Context, f rollout.Fleet, p strategy.Pool, running []string, n int, leaving []string) error) func(rollout.Fleet) rollout.Fleet {
	return func(f rollout.Fleet) rollout.Fleet {
		return fleetMutant{Fleet: f, scale: func(ctx context.Context, p strategy.Pool, n int, leaving []string) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			running, err := fleetSubject{FleetHarness{Fleet: f}}.running(ctx, p)
			if err != nil {
				return err
			}
			return scale(ctx, f, p, ids(running), n, leaving)
		}}
	}
}

// each applies a change to every instance of a list.
func each(change func(in *rollout.Instance)) func([]rollout.Instance) []rollout.Instance {
	return func(list []rollout.Instance) []rollout.Instance {
		for i := range list {
			change(&list[i])
		}
		return list
	}
}

var fleetMutants = map[string]func(rollout.Fleet) rollout.Fleet{
	"ready": listing(each(func(in *rollout.Instance) { in.Addr = "127.0.0.1:80" })),
	"idempotent": scaling(func(ctx context.Context, f rollout.Fleet, p strategy.Pool, running []string, n int, leaving []string) error {
		if len(running) == n && n > 0 && leaving == nil { // a restart
			if err := f.Scale(ctx, p, n-1); err != nil {
				return err
			}
		}
		return f.Scale(ctx, p, n, leaving...)
	}),
	"keeps": scaling(func(ctx context.Context, f rollout.Fleet, p strategy.Pool, running []string, n int, leaving []string) error {
		if len(running) == 1 && n == 3 { // all new
			if err := f.Scale(ctx, p, 0); err != nil {
				return err
			}
		}
		return f.Scale(ctx, p, n, leaving...)
	}),
	"leaving": scaling(func(ctx context.Context, f rollout.Fleet, p strategy.Pool, running []string, n int, leaving []string) error {
		if len(leaving) > 1 { // it minds the last name only
			leaving = leaving[1:]
		}
		return f.Scale(ctx, p, n, leaving...)
	}),
	"pools": scaling(func(ctx context.Context, f rollout.Fleet, p strategy.Pool, running []string, n int, leaving []string) error {
		if p == newPool && n == 1 {
			if err := f.Scale(ctx, oldPool, 1); err != nil {
				return err
			}
		}
		return f.Scale(ctx, p, n, leaving...)
	}),
	// IDs are slots: after four the first one is used again.
	"ids": func(f rollout.Fleet) rollout.Fleet {
		real := map[string]string{}
		return fleetMutant{Fleet: f,
			instances: func(ctx context.Context) ([]rollout.Instance, error) {
				list, err := f.Instances(ctx)
				return each(func(in *rollout.Instance) {
					i := strings.LastIndex(in.ID, "-")
					n, _ := strconv.Atoi(in.ID[i+1:])
					slot := fmt.Sprint(in.ID[:i+1], n%4)
					real[slot], in.ID = in.ID, slot
				})(list), err
			},
			scale: func(ctx context.Context, p strategy.Pool, n int, leaving []string) error {
				leaving = slices.Clone(leaving)
				for i := range leaving {
					leaving[i] = real[leaving[i]]
				}
				return f.Scale(ctx, p, n, leaving...)
			},
		}
	},
	"order": func(f rollout.Fleet) rollout.Fleet {
		looks := 0
		return listing(func(list []rollout.Instance) []rollout.Instance {
			if looks++; len(list) == 6 && looks%2 == 0 {
				slices.Reverse(list)
			}
			return list
		})(f)
	},
	"since": listing(each(func(in *rollout.Instance) {
		if in.Phase == rollout.Ready {
			in.ReadySince = time.Now()
		}
	})),
	"refuses": scaling(func(ctx context.Context, f rollout.Fleet, p strategy.Pool, _ []string, n int, leaving []string) error {
		return f.Scale(ctx, p, max(n, 0), leaving...)
	}),
	"cancelled": func(f rollout.Fleet) rollout.Fleet {
		return fleetMutant{Fleet: f, scale: func(ctx context.Context, p strategy.Pool, n int, leaving []string) error {
			return f.Scale(context.WithoutCancel(ctx), p, n, leaving...)
		}}
	},
	"waitless": scaling(func(ctx context.Context, f rollout.Fleet, p strategy.Pool, _ []string, n int, leaving []string) error {
		if err := f.Scale(ctx, p, n, leaving...); err != nil {
			return err
		}
		for ctx.Err() == nil {
			list, err := fleetSubject{FleetHarness{Fleet: f}}.in(ctx, p, rollout.Starting)
			if err == nil && len(list) == 0 {
				return nil
			}
			time.Sleep(time.Millisecond)
		}
		return ctx.Err()
	}),
	"failed": listing(each(func(in *rollout.Instance) { in.Reason = "" })),
	// What failed counts as running.
	"replaced": func(f rollout.Fleet) rollout.Fleet {
		return fleetMutant{Fleet: f, scale: func(ctx context.Context, p strategy.Pool, n int, leaving []string) error {
			dead, err := fleetSubject{FleetHarness{Fleet: f}}.in(ctx, p, rollout.Failed)
			if err != nil {
				return err
			}
			return f.Scale(ctx, p, n-len(dead), leaving...)
		}}
	},
}

func TestFleetMutants(t *testing.T) {
	for _, l := range fleetKit.laws {
		t.Run(l.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				broke(t, CheckFleet(t.Context(), func() (FleetHarness, error) {
					h, _ := fleetOf()
					switch mutate := fleetMutants[l.name]; {
					case l.name == "zero":
						h.Answers = func(context.Context, string) error { return nil } // it never ends
					case l.name == "reopened":
						h.Reopen = func() (rollout.Fleet, error) { return (&World{}).Fleet(), nil }
					case mutate == nil:
						t.Fatal("the law has no mutant")
					default:
						h.Fleet = mutate(h.Fleet)
						h.Reopen = func() (rollout.Fleet, error) { return h.Fleet, nil }
					}
					return h, nil
				}), "fleet", l.name)
			})
		})
	}
}

func TestFleetLaws(t *testing.T) {
	RunFleet(t, func(t *testing.T) FleetHarness {
		h, w := fleetOf()
		h.Close = func() {
			if v := w.Violations(); len(v) > 0 {
				t.Error(v)
			}
		}
		return h
	}, synctest.Test)
}

func TestFleetHarness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var skipped []string
		closed := 0
		err := CheckFleet(t.Context(), func() (FleetHarness, error) {
			w := &World{}
			return FleetHarness{
				Fleet: w.Fleet(), Pools: []strategy.Pool{oldPool, newPool},
				OnSkip: func(law, why string) { skipped = append(skipped, law+": "+why) },
				Close:  func() { closed++ },
			}, nil
		})
		if err != nil {
			t.Error(err)
		}
		if len(skipped) != 4 || !strings.HasPrefix(skipped[1], "failed: the harness has no Kill") {
			t.Errorf("skipped: %q", skipped)
		}
		if closed != len(fleetKit.laws) {
			t.Errorf("closed %d times", closed)
		}
		err = CheckFleet(t.Context(), func() (FleetHarness, error) { return FleetHarness{Pools: []strategy.Pool{oldPool}}, nil })
		if err == nil || !strings.Contains(err.Error(), "Fleet is nil") {
			t.Error(err)
		}
	})
}

func TestPanicBreaksTheLaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broke(t, CheckFleet(t.Context(), func() (FleetHarness, error) {
			h, _ := fleetOf()
			h.Fleet = scaling(func(ctx context.Context, f rollout.Fleet, p strategy.Pool, _ []string, n int, leaving []string) error {
				if n < 0 {
					panic("makeslice: len out of range")
				}
				return f.Scale(ctx, p, n, leaving...)
			})(h.Fleet)
			return h, nil
		}), "fleet", "refuses")
	})
}
