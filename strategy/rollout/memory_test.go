package rollout_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// counting passes from its n-th look on, by its memory alone.
func counting(n int, shares *[]float64) gate.Gate {
	return gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
		var looks int
		if s.Memory != nil {
			if err := json.Unmarshal(s.Memory, &looks); err != nil {
				return gate.Verdict{}, err
			}
		}
		looks++
		if shares != nil {
			*shares = append(*shares, s.Share)
		}
		v := gate.Verdict{Outcome: gate.Continue, Reason: fmt.Sprintf("look %d of %d", looks, n), Memory: json.RawMessage(fmt.Sprint(looks))}
		if looks >= n {
			v.Outcome = gate.Pass
		}
		return v, nil
	})
}

// oneStep bakes once, at half of the traffic.
func oneStep(bake time.Duration) strategy.Canary {
	return strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: bake, Gates: []string{"errors"}}}}
}

func TestAGateRemembersOverAResume(t *testing.T) {
	bubble(t, "killed in mid-bake", func(t *testing.T) {
		c := newScene(t, oneStep(30*time.Minute), 4)
		c.options.Gates["errors"] = counting(300, nil) // 25 min at 5 s each
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		result, _ := c.rollout().Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome)

		last := c.points[len(c.points)-1] // a host that is killed has no more than this
		var known, had int
		require.NoError(t, json.Unmarshal(last.Memory["errors"], &known))
		require.NoError(t, json.Unmarshal(result.Checkpoint.Memory["errors"], &had))
		assert.Greater(t, had, 200)
		assert.LessOrEqual(t, had-known, 13, "what is recorded is up to a minute old")

		raw, err := json.Marshal(last)
		require.NoError(t, err)
		var at rollout.Checkpoint
		require.NoError(t, json.Unmarshal(raw, &at))
		c.events = nil
		r, err := rollout.Resume(c.world.Target(), c.plan, at, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 4))
		first := c.judged()[0]
		assert.Equal(t, fmt.Sprintf("look %d of 300", known+1), first.Reason)
	})
}

// judged are the verdicts in order.
func (c *scene) judged() []gate.Verdict {
	var all []gate.Verdict
	for _, e := range c.events {
		if e.Kind == rollout.Judged {
			all = append(all, *e.Verdict)
		}
	}
	return all
}

func TestAGateRemembersOverAllSteps(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 4)
		var shares []float64
		c.options.Gates["errors"] = counting(1, &shares)
		_, err := c.run(stableAt(v2, 4))
		require.NoError(t, err)
		judged := c.judged()
		assert.Equal(t, fmt.Sprintf("look %d of 1", len(judged)), judged[len(judged)-1].Reason)
		assert.InDelta(t, 0.1, shares[0], 0, "the candidate's share is told")
		assert.InDelta(t, 0.5, shares[len(shares)-1], 0)
		assert.Nil(t, c.points[len(c.points)-1].Memory, "dropped at the end")
	})
}

// The position is not recorded at each look, and without memories no more often than before.
func TestMemoryIsRecordedNowAndThen(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		points := func(g gate.Gate) []rollout.Checkpoint {
			c := newScene(t, oneStep(30*time.Minute), 4)
			c.options.Gates["errors"] = g
			_, err := c.run(stableAt(v2, 4))
			require.NoError(t, err)
			return c.points
		}
		plain, remembering := len(points(passing)), points(counting(100, nil))
		// 30 min, the first look, and the one at which it begins to pass.
		assert.InDelta(t, plain+32, len(remembering), 2)
		held := map[string]bool{}
		for _, p := range remembering {
			held[string(p.Memory["errors"])] = true
		}
		assert.True(t, held["1"], "the first outcome")
		assert.True(t, held["100"], "the change of the outcome")
		assert.True(t, held["361"], "the last look of the step goes into the record of the next")
		fixed := gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Pass, Memory: json.RawMessage(`{"fixed":true}`)}, nil
		})
		assert.Len(t, points(fixed), plain+1, "what does not change is recorded once")
	})
}

func TestMemoryIsDroppedOnTheWayBack(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 4)
		looks := 0
		c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			v := gate.Verdict{Outcome: gate.Continue, Memory: json.RawMessage(`"harm is near"`)}
			if looks++; looks > 3 {
				v.Outcome = gate.Fail
			}
			return v, nil
		})
		result, err := c.run(stableAt(v1, 4))
		require.Error(t, err)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.Nil(t, result.Checkpoint.Memory)
		had := false
		for _, p := range c.points {
			had = had || p.Memory != nil
			if p.Back {
				assert.Nil(t, p.Memory)
			}
		}
		assert.True(t, had)
	})
}

// What is no memory is no verdict, and says so.
func TestWhatCannotBeRemembered(t *testing.T) {
	for name, c := range map[string]struct {
		memory string
		want   string
	}{
		"no JSON":           {`{"looks":`, "what the gate remembers is no JSON"},
		"two values":        {`1 2`, "what the gate remembers is no JSON"},
		"no UTF-8":          {"\"\xff\"", "is not UTF-8"},
		"too large":         {`"` + strings.Repeat("x", gate.MaxMemory) + `"`, "at most 131072 are allowed"},
		"too large as kept": {`"` + strings.Repeat("<", gate.MaxMemory/4) + `"`, "at most 131072 are allowed"},
	} {
		bubble(t, name, func(t *testing.T) {
			s := newScene(t, canary(), 3)
			s.options.Patience, s.options.Decision.Deadline = time.Minute, time.Minute
			s.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
				return gate.Verdict{Outcome: gate.Pass, Reason: "all is well", Memory: json.RawMessage(c.memory)}, nil
			})
			result, _ := s.run(stableAt(v1, 3))
			assert.Equal(t, rollout.RolledBack, result.Outcome, "it never passes")
			v := s.judged()[0]
			assert.Equal(t, gate.Continue, v.Outcome)
			assert.True(t, v.Down)
			assert.Contains(t, v.Reason, "no verdict: ")
			assert.Contains(t, v.Reason, c.want)
			for _, p := range s.points {
				assert.Empty(t, p.Memory)
			}
		})
	}
}

// All gates together have room in a record; the one that has none is named.
func TestMemoriesTogetherAreBounded(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		s := oneStep(time.Minute)
		s.Steps[0].Gates = nil
		gates := map[string]gate.Gate{}
		large := gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Pass, Memory: json.RawMessage(`"` + strings.Repeat("x", gate.MaxMemory-2) + `"`)}, nil
		})
		for i := range 8 {
			name := fmt.Sprintf("g%d", i)
			s.Steps[0].Gates = append(s.Steps[0].Gates, name)
			gates[name] = large
		}
		c := newScene(t, s, 4)
		c.options.Gates = gates
		c.options.Patience, c.options.Decision.Deadline = time.Minute, time.Minute
		result, _ := c.run(stableAt(v1, 4))
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		refused := 0
		for _, v := range c.judged()[:8] {
			if v.Outcome != gate.Pass {
				refused++
				assert.Contains(t, v.Reason, fmt.Sprintf("gate %q remembers 131072 bytes", v.Gate))
			}
		}
		assert.Equal(t, 3, refused)
		for _, p := range c.points {
			raw, err := json.Marshal(p)
			require.NoError(t, err)
			assert.Less(t, len(raw), 1<<20, "stage.MaxCheckpoint")
		}
	})
}

// A fail is one also where what the gate remembers has no room.
func TestAFailWithoutRoomIsOne(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		s := oneStep(time.Minute)
		s.Steps[0].Gates = nil
		gates := map[string]gate.Gate{}
		for i := range 6 {
			name, outcome := fmt.Sprintf("g%d", i), gate.Pass
			if i == 5 {
				outcome = gate.Fail
			}
			s.Steps[0].Gates = append(s.Steps[0].Gates, name)
			gates[name] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
				return gate.Verdict{Outcome: outcome, Reason: "as it is told", Memory: json.RawMessage(`"` + strings.Repeat("x", gate.MaxMemory-2) + `"`)}, nil
			})
		}
		c := newScene(t, s, 4)
		c.options.Gates = gates
		began := time.Now()
		result, err := c.run(stableAt(v1, 4))
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		var failed *rollout.GateError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, "g5", failed.Verdict.Gate)
		assert.Less(t, time.Since(began), time.Minute)
	})
}

// A record of nothing but memories that is lost does not stop a rollout; one before a move does.
func TestALostRecordOfMemories(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, oneStep(10*time.Minute), 4)
		c.options.Gates["errors"] = counting(1, nil)
		lost := 0
		c.options.Checkpoint = func(_ context.Context, p rollout.Checkpoint) error {
			if p.Memory != nil && p.Outcome == "" && p.Step == 0 {
				lost++
				return errors.New("the disk is full")
			}
			return nil
		}
		_, err := c.run(stableAt(v2, 4))
		require.NoError(t, err)
		assert.InDelta(t, 11, lost, 1)
		assert.Equal(t, lost, c.count(rollout.CheckpointLost))
	})
}

func TestALostRecordIsMadeUpFor(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, oneStep(10*time.Minute), 4)
		c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Pass, Memory: json.RawMessage(`"the same"`)}, nil
		})
		tried := 0
		c.options.Checkpoint = func(_ context.Context, p rollout.Checkpoint) error {
			if p.Memory != nil && p.Step == 0 {
				if tried++; tried == 1 {
					return errors.New("the disk is full")
				}
			}
			return nil
		}
		_, err := c.run(stableAt(v2, 4))
		require.NoError(t, err)
		assert.Equal(t, 2, tried)
	})
}

func TestResumeRefusesAMemoryThatIsNone(t *testing.T) {
	c := newScene(t, canary(), 3)
	at := rollout.Checkpoint{Plan: c.plan.Hash(), Memory: map[string]json.RawMessage{"errors": json.RawMessage(`{`)}}
	_, err := rollout.Resume(c.world.Target(), c.plan, at, c.options)
	require.ErrorContains(t, err, `Checkpoint.Memory["errors"]: it is no JSON`)
	at.Memory["errors"] = json.RawMessage(`"` + strings.Repeat("x", gate.MaxMemory) + `"`)
	_, err = rollout.Resume(c.world.Target(), c.plan, at, c.options)
	require.ErrorContains(t, err, `Checkpoint.Memory["errors"]: 131074 bytes`)
	_, err = rollout.Undo(c.world.Target(), c.plan, at, "it is late", c.options)
	require.NoError(t, err, "on the way back nobody asks")
}

// What gates ask not to count is no part of the bake, also over a restart, and does not run against the
// patience.
func TestAGateStopsTheClock(t *testing.T) {
	silent := func(from, to time.Duration) gate.Gate {
		return gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			if age := s.Now.Sub(s.Since); age >= from && age < to {
				return gate.Verdict{Outcome: gate.Continue, NoData: true, Extend: true, Memory: json.RawMessage(`1`)}, nil
			}
			return gate.Verdict{Outcome: gate.Pass}, nil
		})
	}
	held := func(c *scene) time.Duration {
		var reached, done time.Time
		for _, e := range c.events {
			switch {
			case e.Kind == rollout.StepReached && e.Step == 0 && reached.IsZero():
				reached = e.At
			case e.Kind == rollout.StepDone && e.Step == 0:
				done = e.At
			}
		}
		return done.Sub(reached)
	}
	bubble(t, "the bake", func(t *testing.T) {
		c := newScene(t, oneStep(10*time.Minute), 4)
		c.options.Gates["errors"] = silent(5*time.Minute, 35*time.Minute)
		_, err := c.run(stableAt(v2, 4))
		require.NoError(t, err)
		assert.InDelta(t, 40*time.Minute, held(c), float64(10*time.Second))
		assert.Zero(t, c.count(rollout.Asked))
	})
	bubble(t, "the patience", func(t *testing.T) {
		c := newScene(t, oneStep(10*time.Minute), 4)
		c.options.Gates["errors"] = silent(10*time.Minute, 50*time.Minute)
		_, err := c.run(stableAt(v2, 4))
		require.NoError(t, err)
		assert.Zero(t, c.count(rollout.Asked), "a patience of 10 min does not run out")
	})
	bubble(t, "while no host is up", func(t *testing.T) {
		for i, killed := range []struct{ after, held time.Duration }{
			{20 * time.Minute, 65 * time.Minute}, // and the last position is not lost
			{5*time.Minute + 20*time.Second, 50*time.Minute + 20*time.Second},
			{34*time.Minute + 30*time.Second, 74*time.Minute + 30*time.Second}, // the clock had gone on by then
		} {
			c := newScene(t, oneStep(10*time.Minute), 4)
			inner := silent(5*time.Minute, 34*time.Minute+10*time.Second)
			c.options.Gates["errors"] = gate.Func(func(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
				v, err := inner.Check(ctx, s)
				v.Memory = nil
				if age := s.Now.Sub(s.Since); v.Outcome == gate.Pass && age < 36*time.Minute {
					v.Outcome = gate.Continue
				}
				return v, err
			})
			ctx, cancel := context.WithTimeout(t.Context(), killed.after)
			result, _ := c.rollout().Run(ctx)
			cancel()
			require.Equal(t, rollout.Interrupted, result.Outcome)
			time.Sleep(40 * time.Minute)
			at := c.points[len(c.points)-1]
			if i == 0 {
				at = result.Checkpoint
			}
			r, err := rollout.Resume(c.world.Target(), c.plan, at, c.options)
			require.NoError(t, err)
			_, err = r.Run(t.Context())
			require.NoError(t, err)
			assert.InDelta(t, killed.held, held(c), float64(15*time.Second))
		}
	})
	bubble(t, "over a restart", func(t *testing.T) {
		c := newScene(t, oneStep(10*time.Minute), 4)
		c.options.Gates["errors"] = silent(5*time.Minute, 35*time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 36*time.Minute)
		defer cancel()
		result, _ := c.rollout().Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome)
		assert.InDelta(t, 30*time.Minute, result.Checkpoint.Degraded, float64(10*time.Second))
		r, err := rollout.Resume(c.world.Target(), c.plan, result.Checkpoint, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		assert.InDelta(t, 40*time.Minute, held(c), float64(10*time.Second))
	})
}
