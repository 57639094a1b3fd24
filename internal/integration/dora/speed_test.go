package dora_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/deliveries"
	"github.com/davit-sdk/davit/metrics/dora"
)

// TestAnswers: PostgreSQL and the package say the same.
func TestAnswers(t *testing.T) {
	s := story(50_000)
	db := started(t)
	load(t, db, s)
	report, err := told(t, s).Report(dora.Rules{}, query(s))
	require.NoError(t, err)
	for _, q := range questions {
		for _, leads := range []string{leads, onceLeads} {
			theirs, _ := answer(t, db, q, leads)
			same(t, q.name, theirs, q.ours(report))
		}
	}
}

// floor is how many times as fast as PostgreSQL the package must be, of stories of that many events or more.
const floor, floorFrom = 50, 1_000_000

// BenchmarkPostgreSQL asks both sides the same in turn, and takes the best time of each, of five for a query and of fifteen for a report, which is
// short (of two and six where no floor is asked for): all questions together against one full report, which has much more than they ask for. The package has one core; PostgreSQL has one, too, or all ("workers"), and is told that no
// change is deployed twice ("once") or has to find out. DORA_EVENTS=1000000 asks for more events, and for the floor.
func BenchmarkPostgreSQL(b *testing.B) {
	n := 100_000
	if asked, err := strconv.Atoi(os.Getenv("DORA_EVENTS")); err == nil {
		n = asked
	}
	s := story(n)
	db := started(b)
	began := time.Now()
	load(b, db, s)
	b.Logf("%d events were loaded in %.1f s", n, time.Since(began).Seconds())
	h := told(b, s)
	for _, way := range []struct {
		name, leads string
		workers     int
		floor       float64
	}{
		{"one-core", leads, 0, floor}, {"workers", leads, runtime.NumCPU(), floor},
		{"once/one-core", onceLeads, 0, 0}, {"once/workers", onceLeads, runtime.NumCPU(), 0},
	} {
		b.Run(fmt.Sprintf("%dk/%s", n/1000, way.name), func(b *testing.B) {
			_, err := db.Exec(context.Background(), fmt.Sprintf("SET max_parallel_workers_per_gather = %d", way.workers))
			require.NoError(b, err)
			var ratio float64
			for b.Loop() {
				ratio = race(b, s, h, db, way.leads)
			}
			b.ReportMetric(0, "ns/op")
			if n >= floorFrom && ratio < way.floor {
				b.Fatalf("%.1f times as fast as PostgreSQL; %.0f is the least", ratio, way.floor)
			}
		})
	}
}

// race times both sides, reports the times, and answers how many times as fast the package is.
func race(b *testing.B, s *deliveries.Story, h *dora.History, db *pgx.Conn, leads string) float64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	best := map[string]time.Duration{}
	keep := func(name string, d time.Duration) {
		if was, ok := best[name]; !ok || d < was {
			best[name] = d
		}
	}
	rounds := 5
	if n := len(s.Deployments) * 10; n < floorFrom {
		rounds = 2
	}
	for range rounds {
		var report *dora.Report
		for range 3 {
			var err error
			began := time.Now()
			report, err = h.Report(dora.Rules{}, query(s))
			keep("report", time.Since(began))
			require.NoError(b, err)
		}
		for _, q := range questions {
			theirs, took := answer(b, db, q, leads)
			keep(q.name, took)
			same(b, q.name, theirs, q.ours(report))
		}
	}
	var sum time.Duration
	for _, q := range questions {
		sum += best[q.name]
		b.ReportMetric(float64(best[q.name])/1e6, q.name+"-ms")
	}
	ratio := float64(sum) / float64(best["report"])
	b.ReportMetric(float64(sum)/1e6, "sum-ms")
	b.ReportMetric(float64(best["report"])/1e6, "report-ms")
	b.ReportMetric(ratio, "times")
	return ratio
}
