package gate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metricsgate "github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/gate"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counting passes from its n-th look on, by its memory alone.
func counting(n int) metricsgate.Gate {
	return metricsgate.Func(func(_ context.Context, s metricsgate.Subject) (metricsgate.Verdict, error) {
		var looks int
		if s.Memory != nil {
			if err := json.Unmarshal(s.Memory, &looks); err != nil {
				return metricsgate.Verdict{}, err
			}
		}
		looks++
		v := metricsgate.Verdict{Outcome: metricsgate.Continue, Reason: fmt.Sprintf("look %d of %d", looks, n), Memory: json.RawMessage(fmt.Sprint(looks))}
		if looks >= n {
			v.Outcome = metricsgate.Pass
		}
		return v, nil
	})
}

func TestTheGateRemembersOverAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gate.Stage{Gate: counting(100), Patience: time.Hour} // at 10 s each
		host := stagetest.NewHost(s)
		first, cancel := context.WithTimeout(t.Context(), 12*time.Minute+5*time.Second)
		defer cancel()
		require.Error(t, s.Run(first, host.Task()))
		var at struct{ Memory int }
		require.NoError(t, json.Unmarshal(host.Saved(), &at))
		assert.Equal(t, 73, at.Memory, "recorded each minute")
		began := time.Now()
		require.NoError(t, s.Run(t.Context(), host.Task()))
		assert.Equal(t, 26*10*time.Second, time.Since(began))
	})
}

func TestAMemoryThatIsNone(t *testing.T) {
	for name, memory := range map[string]string{"no JSON": `{`, "too large": `"` + strings.Repeat("x", metricsgate.MaxMemory) + `"`} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gate.Stage{Gate: metricsgate.Func(func(context.Context, metricsgate.Subject) (metricsgate.Verdict, error) {
					return metricsgate.Verdict{Outcome: metricsgate.Pass, Memory: json.RawMessage(memory)}, nil
				})}
				host := stagetest.NewHost(s)
				err := s.Run(t.Context(), host.Task())
				assert.Equal(t, stage.Failed, stage.OutcomeOf(err))
				assert.ErrorContains(t, err, "no verdict: ")
				assert.Nil(t, host.Saved())
			})
		})
	}
}

// The clock stands still where the gate asks for it: neither the bake nor the patience gets shorter.
func TestAGateStopsTheClock(t *testing.T) {
	silent := func(from, to time.Duration) metricsgate.Gate {
		return metricsgate.Func(func(_ context.Context, s metricsgate.Subject) (metricsgate.Verdict, error) {
			if age := s.Now.Sub(s.Since); age >= from && age < to {
				return metricsgate.Verdict{Outcome: metricsgate.Continue, NoData: true, Extend: true, Reason: "no data"}, nil
			}
			return metricsgate.Verdict{Outcome: metricsgate.Pass, Reason: "all is well"}, nil
		})
	}
	for _, c := range []struct {
		name         string
		from, to     time.Duration
		bake, lasted time.Duration
		want         stage.Outcome
	}{
		{"in the bake", 5 * time.Minute, 25 * time.Minute, 10 * time.Minute, 30 * time.Minute, stage.Succeeded},
		{"after it", 0, 20 * time.Minute, 0, 20 * time.Minute, stage.Succeeded},
		{"never", 0, 0, 10 * time.Minute, 10 * time.Minute, stage.Succeeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gate.Stage{Gate: silent(c.from, c.to), Bake: c.bake}
				began := time.Now()
				err := s.Run(t.Context(), stagetest.NewHost(s).Task())
				assert.Equal(t, c.want, stage.OutcomeOf(err), "%v", err)
				assert.InDelta(t, c.lasted, time.Since(began), float64(10*time.Second))
			})
		})
	}
	t.Run("at the last moment", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			late := metricsgate.Func(func(ctx context.Context, s metricsgate.Subject) (metricsgate.Verdict, error) {
				if s.Now.Sub(s.Since) < 5*time.Minute {
					return metricsgate.Verdict{Outcome: metricsgate.Continue, Reason: "too little"}, nil
				}
				return silent(0, 20*time.Minute).Check(ctx, s)
			})
			began := time.Now()
			require.NoError(t, gate.Stage{Gate: late}.Run(t.Context(), stagetest.NewHost(gate.Stage{Gate: late}).Task()))
			assert.Equal(t, 20*time.Minute, time.Since(began))
		})
	})
	t.Run("while no host is up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := gate.Stage{Gate: silent(5*time.Minute, 25*time.Minute), Bake: 10 * time.Minute}
			host := stagetest.NewHost(s)
			began := time.Now()
			first, cancel := context.WithTimeout(t.Context(), 5*time.Minute+5*time.Second)
			defer cancel()
			require.Error(t, s.Run(first, host.Task()))
			time.Sleep(40 * time.Minute)
			require.NoError(t, s.Run(t.Context(), host.Task()))
			assert.InDelta(t, 50*time.Minute, time.Since(began), float64(10*time.Second), "5 minutes were baked, and 5 are missing")

			inner := silent(5*time.Minute, 24*time.Minute+30*time.Second)
			doubts := metricsgate.Func(func(ctx context.Context, at metricsgate.Subject) (metricsgate.Verdict, error) {
				v, err := inner.Check(ctx, at)
				if age := at.Now.Sub(at.Since); v.Outcome == metricsgate.Pass && age < 27*time.Minute {
					v.Outcome = metricsgate.Continue
				}
				return v, err
			})
			s = gate.Stage{Gate: doubts, Bake: s.Bake}
			host = stagetest.NewHost(s)
			began = time.Now()
			first, cancel = context.WithTimeout(t.Context(), 24*time.Minute+35*time.Second)
			defer cancel()
			require.Error(t, s.Run(first, host.Task()))
			time.Sleep(40 * time.Minute)
			require.NoError(t, s.Run(t.Context(), host.Task()))
			assert.InDelta(t, 65*time.Minute-25*time.Second, time.Since(began), float64(10*time.Second), "the clock had gone on before")
		})
	})
	t.Run("over a restart", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := gate.Stage{Gate: silent(5*time.Minute, 25*time.Minute), Bake: 10 * time.Minute}
			host := stagetest.NewHost(s)
			began := time.Now()
			first, cancel := context.WithTimeout(t.Context(), 26*time.Minute)
			defer cancel()
			require.Error(t, s.Run(first, host.Task()))
			require.NoError(t, s.Run(t.Context(), host.Task()))
			assert.InDelta(t, 30*time.Minute, time.Since(began), float64(10*time.Second))
		})
	})
}

func TestValidateSeesNestedGates(t *testing.T) {
	err := gate.Stage{Gate: metricsgate.All{metricsgate.ErrorRate{Max: 2}, metricsgate.Not{}}}.Validate()
	for _, want := range []string{"Gate.Gate: All[0]: ErrorRate.Source", "Gate.Gate: All[0]: ErrorRate.Max", "Gate.Gate: All[1]: Not.Gate: there is no gate"} {
		assert.ErrorContains(t, err, want)
	}
}

// A checkpoint of nonsense makes no bake shorter.
func TestACheckpointShortensNoBake(t *testing.T) {
	for _, at := range []map[string]any{{"extended_ns": -time.Hour}, {"stopped": time.Date(2900, 1, 1, 0, 0, 0, 0, time.UTC)}} {
		synctest.Test(t, func(t *testing.T) {
			s := gate.Stage{Gate: always(metricsgate.Pass), Bake: 10 * time.Minute}
			host := stagetest.NewHost(s)
			require.NoError(t, host.Task().Checkpoint(t.Context(), at))
			began := time.Now()
			require.NoError(t, s.Run(t.Context(), host.Task()))
			assert.Equal(t, 10*time.Minute, time.Since(began))
		})
	}
}
