//go:build unix

package dora_test

import (
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/davit-sdk/davit/internal/deliveries"
	"github.com/davit-sdk/davit/metrics/dora"
)

// told is a history of events.
func told(events []dora.Event) *dora.History {
	h := &dora.History{}
	if err := h.AddAll(events...); err != nil {
		panic(err)
	}
	return h
}

// processor is the processor time that this process has used: on a busy machine, the clock on the wall says nothing.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure reports the processor time of each run, in milliseconds.
func measure(b *testing.B, run func()) {
	runtime.GC()
	before := processor()
	n := 0
	for b.Loop() {
		run()
		n++
	}
	b.ReportMetric(float64(processor()-before)/float64(n)/1e6, "cpu-ms/op")
	b.ReportMetric(0, "ns/op")
}

// sizes are how many events are looked at; DORA_EVENTS=10000000 asks for more.
func sizes() []int {
	if n, err := strconv.Atoi(os.Getenv("DORA_EVENTS")); err == nil {
		return []int{n}
	}
	return []int{100_000, 1_000_000}
}

func name(n int) string { return strconv.Itoa(n/1000) + "k" }

func BenchmarkReport(b *testing.B) {
	for _, n := range sizes() {
		s := deliveries.New(n, 200, 42)
		h, q := told(s.Events()), s.Query()
		b.Run(name(n), func(b *testing.B) {
			measure(b, func() {
				if _, err := h.Report(dora.Rules{}, q); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func BenchmarkIngestAndReport(b *testing.B) {
	for _, n := range sizes() {
		s := deliveries.New(n, 200, 42)
		for _, order := range []struct {
			name   string
			events []dora.Event
		}{{"in-order", s.Events()}, {"shuffled", s.Shuffled(1)}} {
			b.Run(name(n)+"/"+order.name, func(b *testing.B) {
				measure(b, func() {
					if _, err := told(order.events).Report(dora.Rules{}, s.Query()); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
}

// BenchmarkMemory reports what a history and a report of it keep alive, without the events that were handed in.
func BenchmarkMemory(b *testing.B) {
	for _, n := range sizes() {
		s := deliveries.New(n, 200, 42)
		events := s.Events()
		b.Run(name(n), func(b *testing.B) {
			for b.Loop() {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				h := told(events)
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "history-MB")
				allocated := after.TotalAlloc
				report, err := h.Report(dora.Rules{}, s.Query())
				if err != nil {
					b.Fatal(err)
				}
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.TotalAlloc-allocated)/1e6, "report-allocates-MB")
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "live-MB")
				runtime.KeepAlive(h)
				runtime.KeepAlive(report)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkYardstick sorts a million numbers, so that figures of a busy machine can be compared with those of another.
func BenchmarkYardstick(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	numbers := make([]int64, 1_000_000)
	for i := range numbers {
		numbers[i] = r.Int64()
	}
	measure(b, func() { slices.Sort(slices.Clone(numbers)) })
}

// BenchmarkAppend adds the last twentieth of a history event by event, and asks for the figures of all services together after
// each one. The processor time per event is reported in microseconds.
func BenchmarkAppend(b *testing.B) {
	for _, n := range sizes() {
		s := deliveries.New(n, 200, 42)
		events := s.Events()
		b.Run(name(n), func(b *testing.B) {
			var spent time.Duration
			asked := 0
			for b.Loop() {
				h, rest := told(events[:len(events)/20*19]), events[len(events)/20*19:]
				m, err := h.Meter(dora.Rules{}, s.Query())
				if err != nil {
					b.Fatal(err)
				}
				m.Metrics()
				runtime.GC()
				before := processor()
				for _, e := range rest {
					if err := m.Add(e); err != nil {
						b.Fatal(err)
					}
					m.Metrics()
				}
				spent += processor() - before
				asked += len(rest)
			}
			b.ReportMetric(float64(spent)/float64(asked)/1e3, "cpu-us/event")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkReportAfterAppend adds one deployment of the last week, and asks for the whole report, with all services and weeks.
func BenchmarkReportAfterAppend(b *testing.B) {
	for _, n := range sizes() {
		s := deliveries.New(n, 200, 42)
		events := s.Events()
		h, rest := told(events[:len(events)/20*19]), events[len(events)/20*19:]
		m, err := h.Meter(dora.Rules{}, s.Query())
		if err != nil {
			b.Fatal(err)
		}
		next := 0
		b.Run(name(n), func(b *testing.B) {
			measure(b, func() {
				for deployed := false; !deployed && next < len(rest); next++ {
					if err := m.Add(rest[next]); err != nil {
						b.Fatal(err)
					}
					_, deployed = rest[next].(*dora.Deployment)
				}
				m.Report()
			})
		})
	}
}
