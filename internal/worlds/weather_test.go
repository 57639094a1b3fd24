package worlds

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A wave has the variance and the memory that it says, from the first value on, and its factor a mean of 1.
func TestWave(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n, lag = 20_000, 6
	var first, sum, squares, products, factors float64
	for range n {
		v := wave{memory: 30 * time.Second, spread: 0.8}
		x := v.next(r)
		first += x * x
		y := x
		for range lag {
			y = v.next(r)
		}
		sum, squares, products, factors = sum+y, squares+y*y, products+x*y, factors+v.factor(y)
	}
	variance := 0.64
	assert.InDelta(t, 0, sum/n, 5*0.8/math.Sqrt(n))
	assert.InDelta(t, variance, first/n, 5*variance*math.Sqrt(2.0/n))
	assert.InDelta(t, variance, squares/n, 5*variance*math.Sqrt(2.0/n))
	assert.InDelta(t, variance*math.Exp(-1), products/n, 0.03, "30 s later")
	assert.InDelta(t, 1, factors/n, 0.05)
	still := wave{memory: time.Minute}
	assert.Zero(t, still.next(r))
	assert.InDelta(t, 1, still.factor(0), 0)
}

// counted draws one side again and again in the same cell.
func counted(w World, of side, at time.Duration, share float64, times int) (requests, errors, squares float64) {
	s := newSource()
	s.begin(w, [2]uint64{1, 1}, [2]uint64{2, 2})
	s.now = historyCells + int(at/Cell)
	for range times {
		s.serve(of, s.sky.rate[s.now]*Cell.Seconds()*share)
		n, k := float64(s.sides[of].requests[s.now]), float64(s.sides[of].errors[s.now])
		requests, errors, squares = requests+n, errors+k, squares+k*k
	}
	return requests / float64(times), errors / float64(times), squares / float64(times)
}

// Requests and failures have the moments of what they are said to be.
func TestCountsAreThoseOfTheirWorld(t *testing.T) {
	const times = 4000
	for _, c := range []struct {
		name             string
		w                World
		of               side
		at               time.Duration
		requests, errors float64
		clumps           float64 // the variance of the failures in proportion to their mean
	}{
		{"plain", World{Rate: 100, ErrorRate: 0.01}, candidate, 0, 250, 2.5, 1},
		{"the half of the baseline", World{Rate: 100, ErrorRate: 0.01, Harm: Harm{ErrorRate: 0.5}}, firstHalf, 0, 250, 2.5, 1},
		{"harm", World{Rate: 100, ErrorRate: 0.01, Harm: Harm{ErrorRate: 0.03}}, candidate, 0, 250, 7.5, 1},
		{"harm that has not begun", World{Rate: 100, ErrorRate: 0.01, Harm: Harm{ErrorRate: 0.03, After: time.Minute}}, candidate, 0, 250, 2.5, 1},
		{"harm that has begun", World{Rate: 100, ErrorRate: 0.01, Harm: Harm{ErrorRate: 0.03, After: time.Minute}}, candidate, time.Minute, 250, 7.5, 1},
		{"outage", World{Rate: 100, ErrorRate: 0.01, Harm: Harm{ErrorRate: 1}}, candidate, 0, 250, 250, 1},
		{"leak", World{Rate: 100, ErrorRate: 0.01, Harm: Harm{ErrorLeak: 0.02}}, candidate, 30*time.Minute - Cell/2, 250, 5, 1},
		{"incident", World{Rate: 100, ErrorRate: 0.01, Incident: Incident{Span{time.Minute, time.Minute}, 0.04}}, secondHalf, time.Minute, 250, 10, 1},
		{"after the incident", World{Rate: 100, ErrorRate: 0.01, Incident: Incident{Span{time.Minute, time.Minute}, 0.04}}, secondHalf, 2 * time.Minute, 250, 2.5, 1},
		{"blip", World{Rate: 100, ErrorRate: 0.01, Blip: Span{time.Minute, Cell}}, candidate, time.Minute, 250, 250, 1},
		// A clump is 1 and a geometric number with mean 3 and variance 12: (4*4 + 12)/4.
		{"retries", World{Rate: 100, ErrorRate: 0.04, Retries: 3}, candidate, 0, 250 + 250*0.01*3, 250 * 0.01 * 4, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests, errors, squares := counted(c.w, c.of, c.at, 0.5, times)
			assert.InDelta(t, c.requests, requests, 5*math.Sqrt((c.requests+3*c.errors)/times)+0.01*c.requests)
			assert.InDelta(t, c.errors, errors, 5*math.Sqrt(c.clumps*c.errors/times)+0.001*c.errors)
			assert.InEpsilon(t, c.clumps*c.errors, squares-errors*errors, 0.2)
		})
	}
}

// Weather is common to both arms where it is said to be, and each arm's own where not.
func TestWeather(t *testing.T) {
	var sky weather
	brew := func(w World) { sky.brew(w, rand.New(rand.NewPCG(3, 4))) }
	now := historyCells + 12

	brew(World{Rate: 100, ErrorRate: 0.01, Bursts: 0.8, Diurnal: 0.5})
	a, b := sky.behaves(World{}, candidate, now), sky.behaves(World{}, secondHalf, now)
	assert.Equal(t, a, b, "bursts and the day are everybody's")
	assert.NotEqual(t, sky.fails[now], sky.fails[now+1])
	assert.InEpsilon(t, sky.rate[now]/100, sky.fails[now]/0.01, 1e-9, "errors swing with the requests")

	w := World{Rate: 100, ErrorRate: 0.01, ErrorNoise: 0.3, LatencyNoise: 0.02}
	brew(w)
	a, b = sky.behaves(w, candidate, now), sky.behaves(w, firstHalf, now)
	assert.NotEqual(t, a.fails, b.fails)
	assert.NotEqual(t, a.slow, b.slow)
	assert.Equal(t, 100.0, sky.rate[now])

	for _, fresh := range []bool{false, true} {
		w = World{Rate: 100, ErrorRate: 0.01, Fresh: fresh, Cold: Cold{Slower: 1, For: time.Minute, Step: true}}
		brew(w)
		assert.InDelta(t, math.Log(2), sky.behaves(w, candidate, historyCells).slow, 1e-9)
		assert.InDelta(t, map[bool]float64{true: math.Log(2)}[fresh], sky.behaves(w, firstHalf, historyCells).slow, 1e-9)
		assert.Zero(t, sky.behaves(w, candidate, now).slow)
		assert.Zero(t, sky.behaves(w, firstHalf, historyCells-1).slow, "before the release nobody is cold")
	}
	assert.InDelta(t, math.Exp(-1), Cold{Slower: 1, For: time.Minute}.slower(time.Minute), 1e-9)

	w = World{Rate: 100, ErrorRate: 0.01, Resets: time.Minute}
	brew(w)
	lost := 0
	for _, l := range sky.own[candidate].lost {
		if l {
			lost++
		}
	}
	assert.InDelta(t, float64(allCells)/12, lost, 5*math.Sqrt(float64(allCells)/12))

	// What suffers: failures beyond the usual, slow requests all, of a tail its part.
	for _, c := range []struct {
		h    Harm
		want float64
	}{
		{Harm{}, 0}, {Harm{ErrorRate: 0.03}, 0.02}, {Harm{ErrorRate: 1}, 0.99}, {Harm{Slower: 0.1}, 1}, {Harm{Tail: 0.02, TailTimes: 8}, 0.02},
		{Harm{LatencyLeak: 0.01}, 1}, {Harm{Slower: 0.1, After: time.Hour}, 0},
	} {
		w = World{Rate: 100, ErrorRate: 0.01, Harm: c.h}
		brew(w)
		require.InDelta(t, c.want, sky.behaves(w, candidate, now).harmed, 1e-9, "%+v", c.h)
		require.Zero(t, sky.behaves(w, firstHalf, now).harmed)
	}
}
