package main

import (
	"fmt"
	"runtime"
	"strings"
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
	took     time.Duration
	head     header
}

// sizes are how many releases are played in a cell.
type sizes struct {
	first uint64
	// seeds are those of the balanced judge in harmless worlds, peers those of other tools' rules there,
	// presets those of the judge's other presets there, and harmful those of all in the other worlds.
	seeds, peers, presets, harmful int
}

// of is how many releases are played in a cell.
func (s sizes) of(k kind, policy string) int {
	switch {
	case k != harmless:
		return s.harmful
	case policy == balanced:
		return s.seeds
	case strings.HasPrefix(policy, "judge"):
		return s.presets
	}
	return s.peers
}

// play plays all cells, one after another, the seeds of each on all processors.
func (t *table) play(s sizes, k *kept, tell func(line string)) error {
	for list, all := range t.worlds {
		for _, w := range all {
			for _, p := range t.policies {
				c := played{w.Name, p.Name(), s.first, s.of(kind(list), p.Name())}
				done, ok := k.cells[c]
				if !ok {
					var err error
					if done, err = playCell(w, p, c); err != nil {
						return err
					}
					if err := k.add(done); err != nil {
						return err
					}
				}
				tally := &worlds.Tally{}
				for _, r := range done.Results {
					tally.Add(r)
				}
				t.took += done.Took
				t.tallies[cell{w.Name, p.Name()}] = tally
				tell(line(w, p, tally, done.Took/time.Duration(c.Seeds)) + wrong(w, s.first, done.Results))
			}
		}
	}
	return nil
}

// playCell plays the releases of one cell. The results are in the order of the seeds.
func playCell(w worlds.World, p worlds.Policy, c played) (cellResults, error) {
	began, results, errs := time.Now(), make([]worlds.Result, c.Seeds), make([]error, c.Seeds)
	var next atomic.Int64
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			player := worlds.NewPlayer()
			for i := next.Add(1) - 1; i < int64(c.Seeds); i = next.Add(1) - 1 {
				results[i], errs[i] = player.Play(w, p, c.First+uint64(i))
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return cellResults{}, err
		}
	}
	return cellResults{c, time.Since(began), results}, nil
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
