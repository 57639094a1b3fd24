package prometheus_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/prometheus"
)

// fate is what really happened to a group: processes that start, answer requests, and end, and scrapes that
// succeed or not. It is told to a world sample by sample; what it counts is known from the requests themselves.
type fate struct {
	requests []request
	samples  map[string][]worldSample // by series
	scrapes  []time.Time              // that succeeded, of any instance
}

type request struct {
	failed  bool
	seconds float64
	// dated is when a scrape first saw it; zero: none ever did.
	dated time.Time
}

var bounds = []float64{0.01, 0.1, 1}

// newFate makes up two minutes of up to four instances, each of which may be restarted at any time.
func newFate(rnd *rand.Rand) *fate {
	f := &fate{samples: map[string][]worldSample{}}
	outage := [2]float64{rnd.Float64() * 120, 0}
	outage[1] = outage[0] + float64(rnd.IntN(2))*rnd.Float64()*15
	for i := range 1 + rnd.IntN(4) {
		instance := fmt.Sprintf("10.0.0.%d:80", i)
		start, offset := -20+rnd.Float64()*80, rnd.Float64()
		for n := 0; n < 3 && start < 120; n++ {
			stop := start + 5 + rnd.ExpFloat64()*60
			f.process(rnd, instance, start, stop, offset, outage)
			start = stop + rnd.Float64()*float64(rnd.IntN(3))
		}
	}
	return f
}

// process plays one process of an instance.
func (f *fate) process(rnd *rand.Rand, instance string, start, stop, offset float64, outage [2]float64) {
	type event struct {
		at float64
		request
	}
	var events []event
	for t := start; ; {
		if t += rnd.ExpFloat64() / (1 + 20*rnd.Float64()); t >= stop {
			break
		}
		events = append(events, event{t, request{failed: rnd.IntN(30) == 0, seconds: rnd.ExpFloat64() * 0.2}})
	}
	label := func(name, further string) string {
		return fmt.Sprintf(`%s{version="1.1.0",instance=%q%s}`, name, instance, further)
	}
	codes := map[string]float64{}
	if rnd.IntN(2) == 0 {
		codes["200"], codes["500"] = 0, 0 // the program makes its counters at once
	}
	buckets, seen := make([]float64, len(bounds)+1), 0
	put := func(series string, at time.Time, v float64) {
		f.samples[series] = append(f.samples[series], worldSample{at: at, value: v})
	}
	for second := int(start) - 1; second < 130; second++ {
		sec := float64(int((float64(second)+offset+0.01*rnd.Float64())*1000)) / 1000
		failed := rnd.IntN(25) == 0 || sec >= outage[0] && sec < outage[1]
		if sec < start || sec >= stop || failed {
			continue
		}
		for ; seen < len(events) && events[seen].at <= sec; seen++ {
			e := &events[seen]
			e.dated = at(sec)
			code := "200"
			if e.failed {
				code = "500"
			}
			codes[code]++
			for k, le := range append(slices.Clone(bounds), 1e300) {
				if e.seconds <= le {
					buckets[k]++
				}
			}
		}
		for _, code := range []string{"200", "500"} {
			if n, there := codes[code]; there {
				put(label("req", `,code="`+code+`"`), at(sec), n)
			}
		}
		for k, n := range buckets {
			le := "+Inf"
			if k < len(bounds) {
				le = text(bounds[k])
			}
			put(label("latency_bucket", `,le="`+le+`"`), at(sec), n)
		}
		put(label("start", ""), at(sec), float64(at(start).UnixMilli())/1000)
		put(label("up", ""), at(sec), 1)
		f.scrapes = append(f.scrapes, at(sec))
	}
	for _, e := range events {
		f.requests = append(f.requests, e.request)
	}
}

// tell tells the world all samples.
func (f *fate) tell(w *world) {
	for series, samples := range f.samples {
		for _, s := range samples {
			w.put(series, s)
		}
	}
}

// truth is what was requested, as dated in a stretch.
func (f *fate) truth(from, to time.Time) (requests, failed uint64, latency metrics.Histogram) {
	latency = metrics.NewHistogram(bounds)
	for _, r := range f.requests {
		if r.dated.IsZero() || r.dated.Before(from) || !r.dated.Before(to) {
			continue
		}
		requests++
		if r.failed {
			failed++
		}
		latency.Observe(r.seconds)
	}
	return requests, failed, latency
}

func (f *fate) options(w *world) prometheus.Options {
	f.tell(w)
	o := w.options()
	o.Latency, o.Started = `latency_bucket{version="{version}"}`, `start{version="{version}"}`
	return o
}

// Whatever happens to instances and scrapes: with Started and within Bridge, each request that was ever scraped is
// counted once, in the stretch that holds the scrape.
func TestCountsAreTheTruth(t *testing.T) {
	answered := 0
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		f := newFate(rnd)
		w := newWorld(at(1000))
		s := newSource(t, f.options(w))
		for range 12 {
			from := -30 + rnd.Float64()*140
			to := from + 0.001 + rnd.Float64()*rnd.Float64()*150
			got, err := read(t, s, from, to)
			if errors.Is(err, metrics.ErrNoData) || errors.Is(err, metrics.ErrUnknownGroup) {
				n, _, _ := f.truth(at(from), at(to))
				require.Zero(t, n, "seed %d, from %v to %v: %v", seed, from, to, err)
				continue
			}
			require.NoError(t, err, "seed %d, from %v to %v", seed, from, to)
			answered++
			requests, failed, latency := f.truth(got.From, got.To)
			require.Equal(t, []uint64{requests, failed}, []uint64{got.Requests, got.Errors}, "seed %d, from %v to %v", seed, from, to)
			if requests > 0 {
				require.Equal(t, latency, got.Latency, "seed %d, from %v to %v", seed, from, to)
			}
			require.False(t, got.From.Before(at(from)) || got.To.After(at(to)), "it covers no more than was asked for")
			// What is left out is what nobody has scraped.
			before, _, _ := f.truth(at(from), got.From)
			behind, _, _ := f.truth(got.To, at(to))
			require.Zero(t, before+behind, "seed %d, from %v to %v", seed, from, to)
		}
	}
	require.Greater(t, answered, 60)
}

// Without Started there is what the samples alone tell, by the plainest of programs that looks at all of them.
func TestCountsAreThoseOfASimpleProgram(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		f := newFate(rnd)
		w := newWorld(at(1000))
		o := f.options(w)
		o.Started = ""
		if rnd.IntN(2) == 0 {
			o.Up = `up{version="{version}"}`
		}
		s := newSource(t, o)
		first := map[string]time.Time{} // of each instance
		for series, samples := range f.samples {
			instance := labels(series)["instance"]
			if name := labels(series)["__name__"]; name == "start" || name == "up" && o.Up == "" {
				continue
			}
			if at, ok := first[instance]; !ok || samples[0].at.Before(at) {
				first[instance] = samples[0].at
			}
		}
		for range 12 {
			from := -30 + rnd.Float64()*140
			to := from + 0.001 + rnd.Float64()*150
			got, err := read(t, s, from, to)
			if err != nil {
				require.True(t, errors.Is(err, metrics.ErrNoData) || errors.Is(err, metrics.ErrUnknownGroup), "%v", err)
				continue
			}
			var want [2]float64
			for series, samples := range f.samples {
				if !strings.HasPrefix(series, "req{") {
					continue
				}
				l := labels(series)
				for i, p := range samples {
					n := p.value
					switch {
					case i == 0 && !first[l["instance"]].Before(p.at):
						n = 0
					case i > 0 && samples[i-1].value <= p.value:
						n -= samples[i-1].value
					}
					if !p.at.Before(got.From) && p.at.Before(got.To) {
						want[0] += n
						if l["code"] == "500" {
							want[1] += n
						}
					}
				}
			}
			require.Equal(t, want, [2]float64{float64(got.Requests), float64(got.Errors)}, "seed %d, from %v to %v", seed, from, to)
		}
	}
}

// Windows that follow each other add up, wherever they are cut; what one covers ends before the next begins.
func TestWindowsAddUp(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		f := newFate(rnd)
		w := newWorld(at(1000))
		o := f.options(w)
		if rnd.IntN(2) == 0 {
			o.Started = ""
		}
		s := newSource(t, o)
		cuts := make([]float64, 2+rnd.IntN(8))
		for i := range cuts {
			cuts[i] = -10 + rnd.Float64()*130
		}
		sort.Float64s(cuts)
		whole, err := read(t, s, cuts[0], cuts[len(cuts)-1])
		if err != nil {
			continue
		}
		var sum metrics.Window
		for i := range cuts[1:] {
			part, err := read(t, s, cuts[i], cuts[i+1])
			if errors.Is(err, metrics.ErrNoData) {
				continue
			}
			require.NoError(t, err)
			require.False(t, part.From.Before(sum.To))
			sum.To, sum.Requests, sum.Errors = part.To, sum.Requests+part.Requests, sum.Errors+part.Errors
			sum.Latency, err = sum.Latency.Plus(part.Latency)
			require.NoError(t, err)
		}
		require.Equal(t, []any{whole.Requests, whole.Errors, whole.Latency.Count()}, []any{sum.Requests, sum.Errors, sum.Latency.Count()}, "seed %d", seed)
	}
}

// A judge reads on where the answer before ended: nothing is lost on the way, and nothing counts twice, though
// the newest samples are never there.
func TestReadingOnCountsAllOnce(t *testing.T) {
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		f := newFate(rnd)
		w := newWorld(at(0))
		o := f.options(newWorld(at(0)))
		o.Server.Transport, o.Lag = w, 20*time.Millisecond
		s := newSource(t, o)
		told := map[string]int{}
		end, begin, total := at(-5), time.Time{}, uint64(0)
		for sec := 0.0; sec < 150; sec += rnd.Float64() * 3 {
			for series, samples := range f.samples {
				for ; told[series] < len(samples) && !samples[told[series]].at.After(at(sec)); told[series]++ {
					w.put(series, samples[told[series]])
				}
			}
			w.mu.Lock()
			w.now = at(sec)
			w.mu.Unlock()
			// Of a group that was away for long, the answer to a stretch that reaches up to now is that there is no
			// data; later on there is.
			got, err := s.Read(t.Context(), metrics.Query{Group: "1.1.0", From: end, To: at(sec - 4*rnd.Float64()*float64(rnd.IntN(2)))})
			if err != nil {
				continue
			}
			if begin.IsZero() {
				begin = got.From
			}
			require.False(t, got.From.Before(end))
			total, end = total+got.Requests, got.To
		}
		if begin.IsZero() {
			continue
		}
		want, _, _ := f.truth(begin, end)
		require.Equal(t, want, total, "seed %d", seed)
	}
}
