package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/releasetest"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func epoch() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// events are small events with the numbers from first to last.
func events(first, last uint64) []ledger.Event {
	var out []ledger.Event
	for n := first; n <= last; n++ {
		e := ledger.Event{Seq: n, Time: epoch().Add(time.Duration(n) * time.Second), Stage: "build", Attempt: 1, Body: ledger.Began{}}
		if n%2 == 0 {
			e.Body = ledger.Ended{Outcome: stage.Succeeded, Reason: fmt.Sprint("end of ", n)}
		}
		out = append(out, e)
	}
	return out
}

// finish is the last event of a release.
func finish(n uint64) ledger.Event {
	return ledger.Event{Seq: n, Time: epoch(), Body: ledger.Finished{Outcome: stage.Succeeded}}
}

func open(t testing.TB, dir string, o journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, j.Close()) })
	return j
}

func write(t testing.TB, s release.Store, id string, list ...ledger.Event) {
	t.Helper()
	require.NoError(t, s.Append(context.Background(), id, list[0].Seq-1, list...))
}

// read is a release as lines of JSON.
func read(t testing.TB, s release.Store, id string, from uint64) []string {
	t.Helper()
	var lines []string
	for e, err := range s.Events(context.Background(), id, from) {
		require.NoError(t, err)
		lines = append(lines, text(t, e))
	}
	return lines
}

func text(t testing.TB, list ...ledger.Event) string {
	t.Helper()
	var lines []string
	for _, e := range list {
		line, err := json.Marshal(e)
		require.NoError(t, err)
		lines = append(lines, string(line))
	}
	return strings.Join(lines, "\n")
}

func lines(t testing.TB, list []ledger.Event) []string {
	t.Helper()
	var out []string
	for _, e := range list {
		out = append(out, text(t, e))
	}
	return out
}

func ids(t testing.TB, seq func(func(string, error) bool)) []string {
	t.Helper()
	var out []string
	for id, err := range seq {
		require.NoError(t, err)
		out = append(out, id)
	}
	return out
}

func TestKit(t *testing.T) {
	for name, o := range map[string]journal.Options{"as it comes": {}, "tiny files": {SegmentSize: 1 << 10, OpenFiles: 1}} {
		t.Run(name, func(t *testing.T) {
			dir := ""
			releasetest.Suite{
				New: func() release.Store {
					dir = t.TempDir()
					return open(t, dir, o)
				},
				Reopen: func(s release.Store) release.Store {
					require.NoError(t, s.(*journal.Journal).Close())
					return open(t, dir, o)
				},
			}.Run(t)
		})
	}
}

func TestWhatIsWrittenIsThereWhenOpenedAnew(t *testing.T) {
	dir := t.TempDir()
	want := map[string][]ledger.Event{}
	var order []string
	for round := range uint64(5) {
		j := open(t, dir, journal.Options{SegmentSize: 2 << 10})
		for n := range 10 {
			id := fmt.Sprintf("r%d", n)
			if round == 0 {
				order = append(order, id)
			}
			list := events(round*3+1, round*3+3)
			write(t, j, id, list...)
			want[id] = append(want[id], list...)
		}
		for id, list := range want {
			require.Equal(t, lines(t, list), read(t, j, id, 0))
			require.Equal(t, lines(t, list[1:]), read(t, j, id, 2))
		}
		require.Equal(t, order, ids(t, j.Releases(t.Context())))
		require.Equal(t, order, ids(t, j.Open(t.Context())))
		require.NoError(t, j.Verify(t.Context()))
		require.NoError(t, j.Close())
		require.NoError(t, journal.Verify(t.Context(), dir))
	}
}

func TestArchive(t *testing.T) {
	dir := t.TempDir()
	o := journal.Options{SegmentSize: 4 << 10, OpenFiles: 2}
	j := open(t, dir, o)
	var order, waiting []string
	want := map[string][]string{}
	for n := range 200 {
		id := fmt.Sprintf("release-%03d", n)
		order = append(order, id)
		list := events(1, 6)
		write(t, j, id, list[:2]...)
		write(t, j, id, list[2:]...)
		if n%20 == 7 {
			waiting = append(waiting, id)
		} else {
			list = append(list, finish(7))
			write(t, j, id, list[6])
		}
		want[id] = lines(t, list)
		if n%50 == 0 {
			require.NoError(t, j.Verify(t.Context()))
		}
	}
	check := func(j *journal.Journal) {
		t.Helper()
		require.Equal(t, order, ids(t, j.Releases(t.Context())))
		require.Equal(t, waiting, ids(t, j.Open(t.Context())))
		for id, list := range want {
			require.Equal(t, list, read(t, j, id, 0), id)
			require.Equal(t, list[3:], read(t, j, id, 4), id)
			require.Empty(t, read(t, j, id, 100), id)
		}
		require.NoError(t, j.Verify(t.Context()))
	}
	check(j)
	packs, err := filepath.Glob(filepath.Join(dir, "*.pack"))
	require.NoError(t, err)
	assert.NotEmpty(t, packs)
	segments, err := filepath.Glob(filepath.Join(dir, "*.segment"))
	require.NoError(t, err)
	var live int64
	for _, name := range segments {
		info, err := os.Stat(name)
		require.NoError(t, err)
		live += info.Size()
	}
	assert.Less(t, live, int64(6*o.SegmentSize), "what is archived is no longer in the segments: %v", segments)
	require.NoError(t, j.Close())
	j = open(t, dir, o)
	check(j)

	// A release that is over and archived is as good as any other.
	err = j.Append(t.Context(), order[0], 0, events(1, 1)...)
	require.ErrorIs(t, err, release.ErrConflict)
	more := events(8, 8)
	write(t, j, order[0], more...)
	want[order[0]] = append(want[order[0]], lines(t, more)...)
	waiting = append([]string{order[0]}, waiting...)
	check(j)
	require.NoError(t, j.Close())
	j = open(t, dir, o)
	check(j)
	write(t, j, order[0], finish(9))
	want[order[0]] = append(want[order[0]], text(t, finish(9)))
	waiting = waiting[1:]
	for n := range 100 {
		id := fmt.Sprintf("more-%d", n)
		write(t, j, id, append(events(1, 6), finish(7))...)
		order = append(order, id)
	}
	check(j)
	require.NoError(t, j.Close())
	check(open(t, dir, o))
}

func TestFewFilesAreOpen(t *testing.T) {
	const most = 3
	j := open(t, t.TempDir(), journal.Options{SegmentSize: 1 << 10, OpenFiles: most})
	for n := range 100 {
		write(t, j, fmt.Sprint(n), events(1, 4)...)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range 100 {
				for _, err := range j.Events(ctx, fmt.Sprint(n), 0) {
					assert.NoError(t, err)
				}
				assert.LessOrEqual(t, j.Files(), most)
			}
		})
	}
	wg.Wait()
}

// Releases are read while others are written, archived and dropped beneath them.
func TestReadingWhileFilesAreReplaced(t *testing.T) {
	j, err := journal.OpenOn(newSimulated(), journal.Options{SegmentSize: 2 << 10, OpenFiles: 2})
	require.NoError(t, err)
	defer j.Close()
	write(t, j, "waits", events(1, 2)...)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for _, id := range []string{"waits", "r3", "r50"} {
					n := 0
					for _, err := range j.Events(ctx, id, 0) {
						assert.NoError(t, err)
						n++
					}
					assert.True(t, n == 0 || n >= 2)
				}
			}
		})
	}
	for n := range 150 {
		id := fmt.Sprint("r", n)
		write(t, j, id, events(1, 2)...)
		write(t, j, id, events(3, 6)...)
		write(t, j, id, finish(7))
		if n%10 == 0 {
			last := uint64(n/10*2) + 2
			write(t, j, "waits", events(last+1, last+2)...)
		}
	}
	close(stop)
	wg.Wait()
	require.NoError(t, j.Verify(ctx))
}

func TestManyAtOnce(t *testing.T) {
	j := open(t, t.TempDir(), journal.Options{SegmentSize: 64 << 10})
	var wg sync.WaitGroup
	for n := range 1000 {
		wg.Go(func() {
			id := fmt.Sprintf("r%d", n)
			for round := range uint64(3) {
				assert.NoError(t, j.Append(context.Background(), id, round*2, events(round*2+1, round*2+2)...))
			}
			assert.NoError(t, j.Append(context.Background(), id, 6, finish(7)))
			for e, err := range j.Events(context.Background(), id, 0) {
				assert.NoError(t, err)
				_ = e
			}
		})
	}
	wg.Wait()
	assert.Len(t, ids(t, j.Releases(t.Context())), 1000)
	require.NoError(t, j.Verify(t.Context()))
}

func TestOneJournalOnAFolder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // who finds the folder locked is patient
		dir := t.TempDir()
		j := open(t, dir, journal.Options{})
		_, err := journal.Open(dir, journal.Options{})
		require.ErrorIs(t, err, journal.ErrLocked)
		require.ErrorIs(t, journal.Verify(t.Context(), dir), journal.ErrLocked)
		require.NoError(t, j.Close())
		require.NoError(t, j.Close())
		open(t, dir, journal.Options{})
	})
}

func TestClosed(t *testing.T) {
	j := open(t, t.TempDir(), journal.Options{})
	write(t, j, "a", events(1, 2)...)
	all := j.Events(t.Context(), "a", 0)
	require.NoError(t, j.Close())
	assert.ErrorIs(t, j.Append(t.Context(), "a", 2, events(3, 3)...), journal.ErrClosed)
	for _, err := range all {
		assert.ErrorIs(t, err, journal.ErrClosed)
	}
	for _, seq := range []func(func(string, error) bool){j.Releases(t.Context()), j.Open(t.Context())} {
		for _, err := range seq {
			assert.ErrorIs(t, err, journal.ErrClosed)
		}
	}
	assert.ErrorIs(t, j.Verify(t.Context()), journal.ErrClosed)
	_, err := j.Head(t.Context(), "a")
	assert.ErrorIs(t, err, journal.ErrClosed)
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	_, err := journal.Open(t.TempDir(), journal.Options{SegmentSize: -1, OpenFiles: -1})
	require.ErrorContains(t, err, "SegmentSize")
	require.ErrorContains(t, err, "OpenFiles")
	require.False(t, errors.Is(err, journal.ErrLocked))
}

// ctx is for tests in which nothing is cancelled.
var ctx = context.Background()
