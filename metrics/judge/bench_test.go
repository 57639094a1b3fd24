package judge_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/judge"
)

// BenchmarkObserve is the cost of one request in a sample of some thousands, with errors, three
// thresholds of a latency of 590 buckets and ten parts.
func BenchmarkObserve(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	w := quiet()
	c := judge.Balanced()
	c.MaxTime = 1 << 50
	j, err := judge.New(c)
	if err != nil {
		b.Fatal(err)
	}
	s := judge.Sample{Share: 0.1, Candidate: w.window(rnd, true, 0, 0.5)}
	for range 10 {
		s.Parts = append(s.Parts, w.window(rnd, false, 0, 0.45))
	}
	s.Baseline = s.Parts[0]
	for _, p := range s.Parts[1:] {
		s.Baseline.Requests += p.Requests
		s.Baseline.Errors += p.Errors
		s.Baseline.Latency, _ = s.Baseline.Latency.Plus(p.Latency)
	}
	requests := float64(s.Candidate.Requests + s.Baseline.Requests)
	at := noon
	b.ReportAllocs()
	for b.Loop() {
		s.From, s.To = at, at.Add(5*time.Second)
		if _, err := j.Observe(s); err != nil {
			b.Fatal(err)
		}
		at = s.To
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/requests, "ns/request")
	state, _ := j.MarshalJSON()
	b.ReportMetric(float64(len(state)), "state-bytes")
}

// BenchmarkObserveValue is the cost of one raw latency.
func BenchmarkObserveValue(b *testing.B) {
	h := metrics.NewHistogram(metrics.LogBounds(0.0005, 60, 1.02))
	rnd := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, 4096)
	for i := range values {
		values[i] = rnd.ExpFloat64()
	}
	for b.Loop() {
		h.Observe(values...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(values)), "ns/value")
}

// BenchmarkRestore is what a resumed gate pays.
func BenchmarkRestore(b *testing.B) {
	w := quiet()
	j, _ := judge.New(judge.Config{})
	rnd := rand.New(rand.NewPCG(1, 1))
	_, err := j.Observe(judge.Sample{From: noon, To: noon.Add(5 * time.Second), Candidate: w.window(rnd, true, 0, 0.5), Baseline: w.window(rnd, false, 0, 0.5)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		text, _ := j.MarshalJSON()
		if j, err = judge.Restore(judge.Config{}, text); err != nil {
			b.Fatal(err)
		}
	}
}
