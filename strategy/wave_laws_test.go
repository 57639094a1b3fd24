package strategy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

// waves draws settings for some regions, and what those run.
func (r random) waves() (strategy.Waves, map[string]strategy.State) {
	const old = 4
	from := map[string]strategy.State{}
	w := strategy.Waves{Strategy: r.strategy(old), ByRegion: map[string]strategy.Strategy{}, Hold: r.hold(), AtOnce: r.IntN(3)}
	if r.IntN(3) == 0 {
		w.TakeBack = strategy.EveryWave
	}
	var names []string
	for i := range 1 + r.IntN(8) {
		name := fmt.Sprintf("region-%d", i)
		names = append(names, name)
		from[name] = r.beginning(1 + r.IntN(2*old))
		if r.IntN(5) == 0 {
			from[name] = running(v2, old)
		}
		if r.IntN(4) == 0 {
			w.ByRegion[name] = r.strategy(old)
		}
	}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	w.Waves = strategy.InWaves(names, strategy.Count(1), r.positive(4))
	for i := range w.Waves {
		if r.chance() {
			w.Waves[i].Strategy = r.strategy(old)
		}
		if r.chance() {
			w.Waves[i].Hold = r.hold()
		}
		w.Waves[i].AtOnce = r.IntN(4)
	}
	return w, from
}

// TestEveryWavePlanKeepsItsLaws draws regions and settings, holds each plan against what is put together
// here from the plans of the strategies, and proves it.
func TestEveryWavePlanKeepsItsLaws(t *testing.T) {
	planned := 0
	for seed := range uint64(120 / raced) {
		if checkWaves(t, seed) {
			planned++
		}
	}
	require.Greater(t, planned, 30/raced)
}

func FuzzEveryWavePlanKeepsItsLaws(f *testing.F) {
	for seed := range uint64(10) {
		f.Add(seed)
	}
	f.Add(uint64(517)) // what the waves have for all is wrong, and each region has its own
	f.Fuzz(func(t *testing.T, seed uint64) { checkWaves(t, seed) })
}

// spoilt reports whether a strategy is wrong by itself, be it one that no region goes by.
func spoilt(w strategy.Waves) bool {
	all := []strategy.Strategy{w.Strategy}
	for _, wave := range w.Waves {
		all = append(all, wave.Strategy)
	}
	for _, s := range all {
		if s, ok := s.(interface{ Validate() error }); ok && s.Validate() != nil {
			return true
		}
	}
	return false
}

// checkWaves reports whether the settings that are drawn gave a plan.
func checkWaves(t *testing.T, seed uint64) bool {
	r := draw(seed, 77)
	w, from := r.waves()
	about := fmt.Sprintf("seed %d: %#v", seed, w)
	p, err := w.Plan(from, v2)
	want, broken := put(w, from)
	if broken != "" {
		require.ErrorContains(t, err, broken, about)
		return false
	}
	if spoilt(w) {
		require.ErrorContains(t, err, "nothing could move", about)
		return false
	}
	if len(want.Waves) == 0 {
		require.ErrorIs(t, err, strategy.ErrNothingToDo, about)
		return false
	}
	require.NoError(t, err, about)
	require.Equal(t, want, p, about)
	require.NoError(t, p.Validate(), about)
	require.NoError(t, p.Verify(), about)
	again, err := w.Plan(from, v2)
	require.NoError(t, err)
	require.Equal(t, p.Hash(), again.Hash(), about)
	for _, g := range p.Regions() {
		checkPlan(t, g.Plan, r, about+", "+g.Region)
	}
	text, err := json.Marshal(p)
	require.NoError(t, err, about)
	read, err := strategy.ParseWavePlan(text)
	require.NoError(t, err, about)
	require.Equal(t, p, read, about)
	require.Equal(t, p.Hash(), read.Hash(), about)
	table := p.Table()
	for i, g := range p.Regions() {
		require.Contains(t, table, g.Region, about)
		require.Contains(t, table, fmt.Sprintf("\nwave %d, ", i+1), about)
	}
	checkWaveEstimate(t, p, about)
	return true
}

// put is a second way to make the plan: what each strategy plans, and a hold behind it. It names a region
// where one cannot be planned.
func put(w strategy.Waves, from map[string]strategy.State) (p strategy.WavePlan, broken string) {
	p = strategy.WavePlan{To: v2, TakeBack: strategy.BadWave}
	if w.TakeBack != "" {
		p.TakeBack = w.TakeBack
	}
	for _, wave := range w.Waves {
		hold, atOnce := w.Hold, w.AtOnce
		if wave.Hold.Bake != 0 || len(wave.Hold.Gates) > 0 || wave.Hold.Pause != nil {
			hold = wave.Hold
		}
		if wave.AtOnce > 0 {
			atOnce = wave.AtOnce
		}
		planned := strategy.PlannedWave{Name: wave.Name, Pause: hold.Pause}
		for _, name := range wave.Regions {
			s := w.Strategy
			if wave.Strategy != nil {
				s = wave.Strategy
			}
			if own := w.ByRegion[name]; own != nil {
				s = own
			}
			plan, err := s.Plan(from[name], v2)
			switch {
			case errors.Is(err, strategy.ErrNothingToDo):
				p.Same = append(p.Same, name)
			case err != nil && broken == "":
				broken = name
			case err == nil:
				planned.Regions = append(planned.Regions, strategy.RegionPlan{Region: name, Plan: plan})
			}
		}
		n := len(planned.Regions)
		if n == 0 {
			continue
		}
		if planned.AtOnce = n; atOnce > 0 && atOnce < n {
			planned.AtOnce = atOnce
		}
		for i := range planned.Regions {
			if n == 1 && hold.Bake == 0 && len(hold.Gates) == 0 && hold.Pause == nil {
				continue
			}
			steps := planned.Regions[i].Plan.Steps
			reason := "hold, at the end of wave %d"
			if n > 1 {
				reason = "hold, together with the others of wave %d"
			}
			planned.Regions[i].Plan.Steps = append(slices.Clone(steps), strategy.Step{
				Reason: fmt.Sprintf(reason, len(p.Waves)+1), State: steps[len(steps)-1].State,
				Deadline: steps[len(steps)-1].Deadline, Bake: hold.Bake, Gates: append(slices.Clone(hold.Gates), "wave"),
			})
		}
		p.Waves = append(p.Waves, planned)
	}
	slices.Sort(p.Same)
	return p, broken
}

// checkWaveEstimate plays the waves second by second, with the times that each region's own plan takes.
func checkWaveEstimate(t *testing.T, p strategy.WavePlan, about string) {
	t.Helper()
	o := strategy.EstimateOptions{Startup: 20 * time.Second, Drain: 10 * time.Second}
	e := p.Estimate(o)
	at := 0 * time.Second
	var begins []time.Duration
	for _, wave := range p.Waves {
		type mover struct{ left, hold time.Duration }
		var moving []*mover
		next, hold := 0, time.Duration(0)
		for {
			moving = slices.DeleteFunc(moving, func(m *mover) bool { return m.left == 0 })
			for len(moving) < wave.AtOnce && next < len(wave.Regions) {
				plan := wave.Regions[next].Plan
				m := &mover{}
				if n := len(plan.Steps); slices.Contains(plan.Steps[n-1].Gates, "wave") {
					hold = max(hold, plan.Steps[n-1].Bake)
					plan.Steps = plan.Steps[:n-1]
				}
				m.left = plan.Estimate(o).Duration
				moving, begins = append(moving, m), append(begins, at)
				next++
				moving = slices.DeleteFunc(moving, func(m *mover) bool { return m.left == 0 })
			}
			if len(moving) == 0 && next == len(wave.Regions) {
				break
			}
			at += time.Second
			for _, m := range moving {
				m.left -= time.Second
			}
		}
		at += hold
	}
	require.Equal(t, at, e.Duration, about)
	for i, g := range e.Regions {
		require.Equal(t, begins[i], g.Begins, about)
		require.LessOrEqual(t, g.Begins+g.Duration, e.Duration, about)
		require.LessOrEqual(t, g.Exposure, g.Duration, about)
	}
}

// TestWaveTables compares a whole plan, as people see it, with what was read and approved once.
func TestWaveTables(t *testing.T) {
	p := someWaves(t)
	checkGolden(t, "waves.txt", p.Table()+fmt.Sprintf("\nestimate: %+v\n", p.Estimate(strategy.EstimateOptions{Startup: time.Minute, Drain: 10 * time.Second})))
	text, err := json.MarshalIndent(p, "", "  ")
	require.NoError(t, err)
	checkGolden(t, "waves.json", string(text)+"\n")
}

// someWaves is a plan with all that a plan of waves can have.
func someWaves(t testing.TB) strategy.WavePlan {
	t.Helper()
	names := []string{"eu-1", "us-1", "us-2", "ap-1", "sa-1"}
	from := map[string]strategy.State{}
	for i, name := range names {
		from[name] = running(v1, 4+i/3*2)
	}
	from["sa-1"] = running(v2, 4)
	w := strategy.Waves{
		Strategy: strategy.Rolling{Surge: strategy.PercentOf(50)},
		ByRegion: map[string]strategy.Strategy{"eu-1": strategy.Canary{Steps: []strategy.CanaryStep{{
			Share: strategy.Percent(10), Bake: 5 * time.Minute, Gates: []string{"errors"},
			Match: []strategy.Match{{Header: "X-Canary", Value: "on"}},
		}}}},
		Waves: strategy.InWaves(names, strategy.Count(1), strategy.PercentOf(40)),
		Hold:  strategy.Hold{Bake: 10 * time.Minute, Gates: []string{"latency", "errors"}},
	}
	w.Waves[0].Name = "canary\nregion"
	w.Waves[0].Hold = strategy.Hold{Bake: time.Hour, Gates: []string{"errors"},
		Pause: &strategy.Pause{Reason: "may the others have it?", Deadline: 24 * time.Hour}}
	p, err := w.Plan(from, v2)
	require.NoError(t, err)
	require.Equal(t, []string{"errors", "latency"}, p.Gates())
	require.Equal(t, []strategy.Match{{Header: "X-Canary", Value: "on"}}, p.Needs().Match)
	require.NotContains(t, strings.SplitN(p.Table(), "\nwave 1,", 2)[0], "canary\nregion", "a name is no row")
	return p
}
