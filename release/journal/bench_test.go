package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// stepEvents are the two events of a step: the end of one stage and the begin of the next.
func stepEvents(seq uint64) []ledger.Event {
	at := epoch().Add(time.Duration(seq) * time.Millisecond)
	return []ledger.Event{
		{Seq: seq, Time: at, Stage: "step", Attempt: 1, Body: ledger.Began{}},
		{Seq: seq + 1, Time: at, Stage: "step", Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}},
	}
}

// stepSize is how many bytes the journal writes for such a step, commit and record included.
const stepSize = 320

// One appender, two small events at a time, each durable before the next; beside it, in turns, a
// bare write and sync of as many bytes. Goal: at most 1.2 times the floor.
func BenchmarkOneAppender(b *testing.B) {
	dir := b.TempDir()
	j := open(b, dir, journal.Options{})
	floor, err := os.Create(filepath.Join(dir, "floor"))
	require.NoError(b, err)
	defer floor.Close()
	bytes := make([]byte, stepSize)
	var ours, bare time.Duration
	b.ResetTimer()
	for n := range b.N {
		began := time.Now()
		if err := j.Append(ctx, "a", uint64(n)*2, stepEvents(uint64(n)*2+1)...); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(began)
		began = time.Now()
		if _, err := floor.Write(bytes); err != nil {
			b.Fatal(err)
		}
		if err := floor.Sync(); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(began)
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ns/append")
	b.ReportMetric(float64(bare.Nanoseconds())/float64(b.N), "floor-ns/append")
	b.ReportMetric(float64(ours)/float64(bare), "x-floor")
}

// bareGroup appends records as groups: one goroutine writes and syncs all that came. It tells how
// long it took. Each flush takes late longer than the disk does.
func bareGroup(b *testing.B, path string, writers, each int, late time.Duration) time.Duration {
	f, err := os.Create(path)
	require.NoError(b, err)
	defer f.Close()
	var mu sync.Mutex
	var buf, spare []byte
	batch := make(chan struct{})
	wake := make(chan struct{}, 1)
	record := make([]byte, stepSize)
	began := time.Now()
	var committing, wg sync.WaitGroup
	committing.Go(func() {
		for range wake {
			mu.Lock()
			text, done := buf, batch
			buf, spare, batch = spare[:0], buf, make(chan struct{})
			mu.Unlock()
			if len(text) == 0 {
				continue
			}
			if _, err := f.Write(text); err != nil {
				b.Error(err)
			}
			if err := f.Sync(); err != nil {
				b.Error(err)
			}
			time.Sleep(late)
			close(done)
		}
	})
	for range writers {
		wg.Go(func() {
			for range each {
				mu.Lock()
				buf = append(buf, record...)
				done := batch
				mu.Unlock()
				select {
				case wake <- struct{}{}:
				default:
				}
				<-done
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	close(wake)
	committing.Wait()
	return took
}

// 200 appenders at once, each with a release of its own; beside it, in turns, a bare appender that
// groups as many bytes. Goal: at least 0.9 times the floor's rate.
func BenchmarkManyAppenders(b *testing.B) {
	const writers, each = 200, 100
	var steps [each][]ledger.Event
	for i := range steps {
		steps[i] = stepEvents(uint64(i)*2 + 1)
	}
	var ours, bare time.Duration
	for range b.N {
		dir := b.TempDir()
		bare += bareGroup(b, filepath.Join(dir, "floor"), writers, each, 0)
		j := open(b, filepath.Join(dir, "journal"), journal.Options{})
		write(b, j, "the one that makes the file", events(1, 1)...)
		began := time.Now()
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				id := fmt.Sprintf("release-%d", w)
				for i, step := range steps {
					if err := j.Append(ctx, id, uint64(i)*2, step...); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		ours += time.Since(began)
		require.NoError(b, j.Close())
	}
	appends := float64(b.N * writers * each)
	b.ReportMetric(appends/ours.Seconds(), "appends/s")
	b.ReportMetric(appends/bare.Seconds(), "floor-appends/s")
	b.ReportMetric(bare.Seconds()/ours.Seconds(), "x-floor")
}

// waiting makes a folder of releases that are not over, with events in appends of two.
func waiting(b *testing.B, releases, count int) string {
	dir := b.TempDir()
	j, err := journal.Open(dir, journal.Options{})
	require.NoError(b, err)
	var wg sync.WaitGroup
	for w := range 100 {
		wg.Go(func() {
			for n := w; n < releases; n += 100 {
				id := fmt.Sprintf("release-%05d", n)
				for seq := uint64(1); seq < uint64(count); seq += 2 {
					if err := j.Append(ctx, id, seq-1, stepEvents(seq)...); err != nil {
						b.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	require.NoError(b, j.Close())
	return dir
}

// Opening a folder of 10,000 releases that wait, with 6 events each. Goal: well below 0.5 s.
func BenchmarkOpen(b *testing.B) {
	dir := waiting(b, 10_000, 6)
	for b.Loop() {
		j, err := journal.Open(dir, journal.Options{})
		require.NoError(b, err)
		require.NoError(b, j.Close())
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/open")
}

// Reading and decoding: all of 10,000 releases of 6 events, and one of 60,000. Goal: 500,000 events
// a second.
func BenchmarkReplay(b *testing.B) {
	for name, size := range map[string][2]int{"many releases": {10_000, 6}, "one release": {1, 6_000}} {
		b.Run(name, func(b *testing.B) {
			j := open(b, waiting(b, size[0], size[1]), journal.Options{})
			var list []string
			for id := range j.Releases(context.Background()) {
				list = append(list, id)
			}
			n := 0
			for b.Loop() {
				for _, id := range list {
					for _, err := range j.Events(ctx, id, 0) {
						if err != nil {
							b.Fatal(err)
						}
						n++
					}
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
