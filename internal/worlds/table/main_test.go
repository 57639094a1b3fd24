package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/worlds"
	"github.com/davit-sdk/davit/metrics/gate"
)

// The tally of a cell does not depend on the number of processors, and the lines name it.
func TestPlay(t *testing.T) {
	of, err := selected("^errors .1 to 1 %$|^100 requests", "Flagger, d")
	require.NoError(t, err)
	require.Len(t, of.policies, 2)
	var lines []string
	file := filepath.Join(t.TempDir(), "kept")
	keep, err := openKept(file)
	require.NoError(t, err)
	s := sizes{first: 5, seeds: 9, peers: 6, presets: 9, harmful: 4}
	require.NoError(t, of.play(s, keep, func(line string) { lines = append(lines, line) }))
	require.Len(t, lines, 4)
	assert.Contains(t, lines[0], "100 requests/s")
	player := worlds.NewPlayer()
	var want worlds.Tally
	for seed := range uint64(4) {
		r, err := player.Play(of.worlds[harmful][0], of.policies[0], 5+seed)
		require.NoError(t, err)
		want.Add(r)
	}
	assert.Equal(t, &want, of.tallies[cell{"errors .1 to 1 %", of.policies[0].Name()}])
	assert.Equal(t, 6, of.tallies[cell{"100 requests/s", of.policies[0].Name()}].Runs())
	// What is kept is not played again, and is the same.
	again, err := selected("^errors .1 to 1 %$|^100 requests", "Flagger, d")
	require.NoError(t, err)
	keep, err = openKept(file)
	require.NoError(t, err)
	require.Len(t, keep.cells, 4)
	before := lines
	lines = nil
	require.NoError(t, again.play(s, keep, func(line string) { lines = append(lines, line) }))
	assert.Equal(t, before, lines)
	assert.Equal(t, of.tallies, again.tallies)
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o644))
	_, err = openKept(file)
	require.Error(t, err)

	assert.Equal(t, "  (fail of seeds 7 9)", wrong(worlds.World{}, 7, []worlds.Result{{Outcome: gate.Fail}, {Outcome: gate.Pass}, {Outcome: gate.Fail}}))
	assert.Equal(t, "  (pass of seeds 8)", wrong(of.worlds[harmful][0], 7, []worlds.Result{{Outcome: gate.Fail}, {Outcome: gate.Pass}, {Outcome: gate.Fail}}))
	for _, wrong := range [][2]string{{"(", ""}, {"", "("}} {
		_, err := selected(wrong[0], wrong[1])
		require.Error(t, err)
	}
}

// results are tables of tallies that are made up: so many rolled back, promoted and undecided of each.
func results(t *testing.T, of map[cell][3]int, harmed float64) *table {
	t.Helper()
	all, err := selected("", "")
	require.NoError(t, err)
	for _, list := range all.worlds {
		for _, w := range list {
			for _, p := range all.policies {
				tally := &worlds.Tally{}
				n, ok := of[cell{w.Name, p.Name()}]
				if !ok {
					n = [3]int{0, 100, 0}
					if !w.Harm.None() {
						n = [3]int{100, 0, 0}
					}
					if w.Silent {
						n = [3]int{0, 0, 100}
					}
				}
				for i, outcome := range []gate.Outcome{gate.Fail, gate.Pass, gate.Continue} {
					for range n[i] {
						r := worlds.Result{Outcome: outcome, At: 4 * time.Minute, Harmed: harmed}
						if p.Name() != balanced {
							r.Harmed *= 6
						}
						tally.Add(r)
					}
				}
				all.tallies[cell{w.Name, p.Name()}] = tally
			}
		}
	}
	all.head = header{sizes: sizes{seeds: 100, peers: 50, presets: 25, harmful: 10}, date: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), machine: "a machine"}
	return all
}

func TestMarkdown(t *testing.T) {
	text := results(t, nil, 70).markdown()
	assert.Contains(t, text, "go run ./internal/worlds/table -seeds 100 -peers 50 -presets 25 -harmful 10 -first 0 -md")
	assert.Contains(t, text, "2026-03-01")
	assert.Equal(t, 5, strings.Count(text, "| yes |"), "all targets are met")
	assert.NotContains(t, text, "| no |")
	assert.NotContains(t, text, "**0")
	for _, list := range []([]worlds.World){worlds.Harmless(), worlds.Harmful(), worlds.Odd()} {
		for _, w := range list {
			assert.Contains(t, text, "\n| "+w.Name+" | ")
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| world") {
			assert.Equal(t, len(worlds.Policies())+2, strings.Count(line, "|"))
		}
	}

	text = results(t, map[cell][3]int{
		{"bursts", balanced}:                       {9, 91, 0},
		{"latency +20 %", balanced}:                {94, 6, 0},
		{"no data from the candidate", balanced}:   {0, 1, 99},
		{"100 requests/s", balanced}:               {0, 0, 100},
		{"10 requests/s", "Kayenta"}:               {50, 50, 0},
		{"errors .1 to 1 %, 1000 requests/s", "x"}: {},
	}, 70).markdown()
	assert.Contains(t, text, "| no | bursts: .090 |")
	assert.Contains(t, text, "| no | latency +20 %: .940 |")
	assert.Contains(t, text, "| no | no data from the candidate: 1 of 100 |")
	assert.Contains(t, text, "| no | 0.0 minutes |")
	assert.Contains(t, text, "**.090**")
	assert.Contains(t, text, "**.500**")
}

// A peer that takes harmless releases back in the same traffic, or misses the harm, is no measure.
func TestCostlyComparesWithPeersThatHoldTheSameRate(t *testing.T) {
	costly := func(of map[cell][3]int) string {
		r := results(t, of, 70)
		const world = "errors .1 to 1 %"
		quick := &worlds.Tally{}
		n := of[cell{world, "Flagger, docs"}]
		for range n[0] {
			quick.Add(worlds.Result{Outcome: gate.Fail, Harmed: 71})
		}
		for range n[1] {
			quick.Add(worlds.Result{Outcome: gate.Pass, Harmed: 71})
		}
		r.tallies[cell{world, "Flagger, docs"}] = quick
		return strings.Join(r.costly(), "; ")
	}
	world, twin := "errors .1 to 1 %", "100 requests/s"
	assert.Equal(t, world+": 70 against 71 of Flagger, docs", costly(map[cell][3]int{{world, "Flagger, docs"}: {60, 40, 0}}))
	assert.Empty(t, costly(map[cell][3]int{{world, "Flagger, docs"}: {40, 60, 0}}), "it misses the harm")
	assert.Empty(t, costly(map[cell][3]int{{world, "Flagger, docs"}: {60, 40, 0}, {twin, "Flagger, docs"}: {20, 80, 0}}), "it takes harmless ones back")
}

func TestSizes(t *testing.T) {
	s := sizes{seeds: 1, peers: 2, presets: 3, harmful: 4}
	for _, c := range []struct {
		k      kind
		policy string
		want   int
	}{{harmless, balanced, 1}, {harmless, "Kayenta", 2}, {harmless, "judge, strict", 3}, {harmful, balanced, 4}, {odd, "Kayenta", 4}} {
		assert.Equal(t, c.want, s.of(c.k, c.policy))
	}
	names := map[string]bool{}
	for _, p := range worlds.Policies() {
		names[p.Name()] = true
	}
	assert.True(t, names[balanced])
}

func TestNumbers(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 7.34: "7.3", 451.2: "451", 12_345: "12.3k", 375_123: "375k"} {
		assert.Equal(t, want, count(n))
	}
	for p, want := range map[float64]string{0: "0", 1: "1", 0.0123: ".012", 0.0002: "0.0002", 0.5: ".500"} {
		assert.Equal(t, want, part(p))
	}
}
