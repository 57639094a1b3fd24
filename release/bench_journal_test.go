package release_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// step are the bytes of what one step of a chain records: an end, and the begin of the next stage.
func step(b *testing.B) []byte {
	var all []byte
	for _, e := range []ledger.Event{
		{Seq: 101, Time: time.Now().UTC(), Stage: "s100", Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}},
		{Seq: 102, Time: time.Now().UTC(), Stage: "s101", Attempt: 1, Body: ledger.Began{}},
	} {
		raw, err := json.Marshal(e)
		require.NoError(b, err)
		all = append(all, raw...)
	}
	return all
}

// BenchmarkDurableChain is a chain of 200 stages in the journal, against one write and fsync for each
// step. The goal is a ratio of at most 1.5.
func BenchmarkDurableChain(b *testing.B) {
	const steps = 200
	j, err := journal.Open(b.TempDir(), journal.Options{})
	require.NoError(b, err)
	defer j.Close()
	r := release.NewRunner(release.Config{Store: j})
	p, record := chain(steps), step(b)
	bare, err := os.Create(filepath.Join(b.TempDir(), "bare"))
	require.NoError(b, err)
	defer bare.Close()
	var floor, took time.Duration
	n := 0
	for b.Loop() {
		n++
		began := time.Now()
		for range steps {
			_, err := bare.Write(record)
			require.NoError(b, err)
			require.NoError(b, bare.Sync())
		}
		floor += time.Since(began)
		began = time.Now()
		_, err := r.Run(b.Context(), p, request(fmt.Sprintf("r%d", n)))
		require.NoError(b, err)
		took += time.Since(began)
	}
	b.ReportMetric(float64(took)/float64(floor), "ratio")
	b.ReportMetric(float64(n*steps)/took.Seconds(), "steps/s")
	b.ReportMetric(float64(n*steps)/floor.Seconds(), "floor-steps/s")
}

// group is a bare file with group commit: what comes while a write is under way is in the next one.
type group struct {
	file    *os.File
	mu      sync.Mutex
	busy    bool
	pending []byte
	waiting []chan error
}

func (g *group) append(record []byte) error {
	g.mu.Lock()
	g.pending = append(g.pending, record...)
	done := make(chan error, 1)
	g.waiting = append(g.waiting, done)
	if g.busy {
		g.mu.Unlock()
		return <-done
	}
	g.busy = true
	for len(g.waiting) > 0 {
		data, waiting := g.pending, g.waiting
		g.pending, g.waiting = nil, nil
		g.mu.Unlock()
		_, err := g.file.Write(data)
		if err == nil {
			err = g.file.Sync()
		}
		for _, w := range waiting {
			w <- err
		}
		g.mu.Lock()
	}
	g.busy = false
	g.mu.Unlock()
	return <-done
}

// sealing makes what whoever keeps steps must write for each so that tampering shows: events as JSON, a hash over
// them and over what was before, and a checksum.
type sealing struct {
	hash [sha256.Size]byte
	buf  []byte
}

func (s *sealing) step(b *testing.B, n int) []byte {
	s.buf = append(s.buf[:0], s.hash[:]...)
	s.buf = fmt.Appendf(s.buf, "%d %d open %q\n", n, 2, "r100-100")
	for _, e := range []ledger.Event{
		{Seq: uint64(2*n + 1), Time: time.Now().UTC(), Stage: "s100", Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}},
		{Seq: uint64(2*n + 2), Time: time.Now().UTC(), Stage: "s101", Attempt: 1, Body: ledger.Began{}},
	} {
		var err error
		if s.buf, err = e.AppendJSON(s.buf); err != nil {
			b.Error(err)
		}
		s.buf = append(s.buf, '\n')
	}
	s.hash = sha256.Sum256(s.buf)
	s.buf = hex.AppendEncode(s.buf, s.hash[:])
	s.buf = fmt.Appendf(s.buf, " %08x\n", crc32.Checksum(s.buf[sha256.Size:], crc32.MakeTable(crc32.Castagnoli)))
	return s.buf[sha256.Size:]
}

// BenchmarkDurableFan is 200 releases of 20 stages at once in the journal, against a bare appender with
// group commit. The goal is a ratio of the rates of at least 0.8. A second floor is the same appender with steps that
// are sealed.
func BenchmarkDurableFan(b *testing.B) {
	const releases, steps = 200, 20
	j, err := journal.Open(b.TempDir(), journal.Options{})
	require.NoError(b, err)
	defer j.Close()
	r := release.NewRunner(release.Config{Store: j})
	p, record := chain(steps), step(b)
	file, err := os.Create(filepath.Join(b.TempDir(), "bare"))
	require.NoError(b, err)
	defer file.Close()
	bare := &group{file: file}
	var floor, sealed, took time.Duration
	n := 0
	for b.Loop() {
		n++
		floor += atOnce(releases, func(int) {
			for range steps {
				if err := bare.append(record); err != nil {
					b.Error(err)
				}
			}
		})
		sealed += atOnce(releases, func(int) {
			var s sealing
			for i := range steps {
				if err := bare.append(s.step(b, i)); err != nil {
					b.Error(err)
				}
			}
		})
		took += atOnce(releases, func(i int) {
			if _, err := r.Run(context.Background(), p, request(fmt.Sprintf("r%d-%d", n, i))); err != nil {
				b.Error(err)
			}
		})
	}
	b.ReportMetric(float64(floor)/float64(took), "ratio")
	b.ReportMetric(float64(sealed)/float64(took), "sealed-ratio")
	b.ReportMetric(float64(n*releases*steps)/sealed.Seconds(), "sealed-floor-steps/s")
	b.ReportMetric(float64(n*releases*steps)/took.Seconds(), "steps/s")
	b.ReportMetric(float64(n*releases*steps)/floor.Seconds(), "floor-steps/s")
}

func atOnce(n int, do func(i int)) time.Duration {
	began := time.Now()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
	return time.Since(began)
}
