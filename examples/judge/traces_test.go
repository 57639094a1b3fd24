package main

import (
	"bytes"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/draw"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/trace"
)

var update = flag.Bool("update", false, "write the recordings and what is said of them anew")

// world is a service under release, as it is recorded: requests that come at a rate, fail with a
// probability, and take a time that is log-normal about.
type world struct {
	seed     uint64
	every    int     // seconds between two lines
	lines    int     // of each group
	rate     float64 // requests a second of the baseline, over its two parts
	share    float64 // the candidate's, in proportion to the baseline's
	failing  func(candidate bool, second int) float64
	slowness func(candidate bool, second int) float64 // 1: as usual
}

// bounds are those of the latency, in seconds.
var bounds = []float64{0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1}

// record makes the lines of the world.
func (w world) record() []trace.Line {
	rnd := rand.New(rand.NewPCG(w.seed, 0))
	var all []trace.Line
	for i := range w.lines {
		for _, group := range []string{"candidate", "baseline/1", "baseline/2"} {
			candidate := group == "candidate"
			mean := w.rate / 2 * float64(w.every)
			if candidate {
				mean = w.rate * w.share * float64(w.every)
			}
			n := draw.Poisson(rnd, mean)
			second := i * w.every
			l := trace.Line{T: time.Duration(second+w.every) * time.Second, Group: group, Requests: n}
			l.Errors = draw.Binomial(rnd, n, w.failing(candidate, second))
			l.Latency = metrics.Histogram{Bounds: bounds, Counts: draw.Multinomial(rnd, n, below(w.slowness(candidate, second)))}
			all = append(all, l)
		}
	}
	return all
}

// below is the part of requests at or below each bound, and 1: log-normal about 40 ms, times the slowness.
func below(slowness float64) []float64 {
	all := make([]float64, 0, len(bounds)+1)
	for _, b := range bounds {
		z := math.Log(b/(0.04*slowness)) / 0.7
		all = append(all, (1+math.Erf(z/math.Sqrt2))/2)
	}
	return append(all, 1)
}

func usual(bool, int) float64 { return 1 }

var worlds = map[string]world{
	"harmless": {seed: 1, every: 10, lines: 30, rate: 400, share: 0.25, slowness: usual, failing: func(bool, int) float64 { return 0.003 }},
	"harmful": {seed: 2, every: 5, lines: 24, rate: 400, share: 0.05, slowness: usual, failing: func(candidate bool, _ int) float64 {
		if candidate {
			return 0.02
		}
		return 0.003
	}},
	"incident": {seed: 3, every: 10, lines: 36, rate: 400, share: 0.25, slowness: usual, failing: func(_ bool, second int) float64 {
		if second >= 60 && second < 150 {
			return 0.06
		}
		return 0.003
	}},
}

// The recordings are what their worlds give.
func TestRecordings(t *testing.T) {
	require.Len(t, worlds, len(recordings))
	for _, r := range recordings {
		var text bytes.Buffer
		require.NoError(t, trace.Write(&text, slices.Values(worlds[r.name].record())))
		path := filepath.Join("traces", r.name+".jsonl")
		if *update {
			require.NoError(t, os.WriteFile(path, text.Bytes(), 0o666))
		}
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(kept), text.String(), "go test ./examples/judge -update writes them anew")
	}
}
