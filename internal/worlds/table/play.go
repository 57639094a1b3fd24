package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/davit-sdk/davit/internal/worlds"
	"github.com/davit-sdk/davit/metrics/gate"
)

// kinds are the three lists of worlds.
type kind int

const (
	harmless kind = iota
	harmful
	odd
	kinds
)

// cell is one world under one policy.
type cell struct {
	world, policy string
}

// table is what became of all releases.
type table struct {
	worlds   [kinds][]worlds.World
	policies []worlds.Policy
	tallies  map[cell]*worlds.Tally
	head     header
}

// play plays all cells, one after another, the seeds of each on all processors.
func (t *table) play(first uint64, seeds, others int, tell func(line string)) (*table, error) {
	for k, all := range t.worlds {
		n := seeds
		if kind(k) != harmless {
			n = others
		}
		for _, w := range all {
			for _, p := range t.policies {
				began := time.Now()
				tally, results, err := playCell(w, p, first, n)
				if err != nil {
					return nil, err
				}
				t.tallies[cell{w.Name, p.Name()}] = tally
				tell(line(w, p, tally, time.Since(began)/time.Duration(n)) + wrong(w, first, results))
			}
		}
	}
	return t, nil
}

// playCell plays the releases of one cell. The tally does not depend on which processor was the first.
func playCell(w worlds.World, p worlds.Policy, first uint64, n int) (*worlds.Tally, []worlds.Result, error) {
	results, errs := make([]worlds.Result, n), make([]error, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			player := worlds.NewPlayer()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				results[i], errs[i] = player.Play(w, p, first+uint64(i))
			}
		})
	}
	group.Wait()
	var tally worlds.Tally
	for i, r := range results {
		if errs[i] != nil {
			return nil, nil, errs[i]
		}
		tally.Add(r)
	}
	return &tally, results, nil
}

// wrong names the first seeds of which the outcome was wrong, for whoever wants to play them again.
func wrong(w worlds.World, first uint64, results []worlds.Result) string {
	mistake := gate.Fail
	if !w.Harm.None() || w.Silent {
		mistake = gate.Pass
	}
	text, left := "", 5
	for i, r := range results {
		if r.Outcome == mistake && left > 0 {
			text, left = fmt.Sprintf("%s %d", text, first+uint64(i)), left-1
		}
	}
	if text == "" {
		return ""
	}
	return fmt.Sprintf("  (%s of seeds%s)", mistake, text)
}

func line(w worlds.World, p worlds.Policy, t *worlds.Tally, each time.Duration) string {
	harmed, deviation := t.Harmed()
	n := float64(t.Runs())
	return fmt.Sprintf("%-42s %-18s back %.4f (after %6s)  promoted %.4f (after %6s, %6s)  undecided %.4f  harmed %8.1f +- %-6.1f %s each", w.Name, p.Name(),
		t.Back(), t.TimeBack(0.5), float64(t.Promoted)/n, t.TimePromoted(0.5), t.TimePromoted(0.9), float64(t.Undecided)/n, harmed, deviation, each.Round(10*time.Microsecond))
}
