//go:build unix

package changelog_test

import (
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func BenchmarkParseTypical(b *testing.B) {
	for _, tc := range typical {
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				changelog.Parse(tc.text)
			}
		})
	}
}

// all are the readings that look for the most.
var all = changelog.Reading{Merges: changelog.Count, Autosquash: changelog.Count, EmptyScope: changelog.Count}

// BenchmarkParseLong is about messages of 1 MB, whatever they hold: the processor time for one, and how many times that of 100 kB
// it is. A count of one run (-benchtime 1x) is enough: each takes the best of five.
func BenchmarkParseLong(b *testing.B) {
	best := func(b *testing.B, text string, runs int) float64 {
		least := math.Inf(1)
		for range 5 {
			before := processorTime(b)
			for range runs {
				changelog.ParseWith(text, all)
			}
			least = min(least, (processorTime(b)-before).Seconds()*1000/float64(runs))
		}
		return least
	}
	for _, h := range hostile {
		for _, s := range shapes {
			b.Run(strings.ReplaceAll(h.name, " ", "-")+"/"+s.name, func(b *testing.B) {
				for b.Loop() {
					short := best(b, s.before+strings.Repeat(h.unit, 100_000/len(h.unit)), 50)
					long := best(b, s.before+strings.Repeat(h.unit, 1_000_000/len(h.unit)), 5)
					b.ReportMetric(long, "cpu-ms/MB")
					b.ReportMetric(long/short, "x-of-100kB")
					b.ReportMetric(0, "ns/op")
				}
			})
		}
	}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
