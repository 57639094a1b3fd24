package crash_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// torn is a journal whose last write a crash cuts short.
type torn struct {
	t    *testing.T
	root string
	keep int // bytes of the last write

	open *journal.Journal
	size int // of the last write
	lost bool
}

// crash makes a journal of all that is in the store, cuts its last write short, and opens what is left of it, as the
// next host does.
func (c *torn) crash(store release.Store) release.Store {
	var events []ledger.Event
	for e, err := range store.Events(context.Background(), id, 0) {
		require.NoError(c.t, err)
		events = append(events, e)
	}
	last := store.(*batches).last // all other events were acknowledged
	whole, left := filepath.Join(c.root, "whole"), filepath.Join(c.root, "left")
	j, err := journal.Open(whole, journal.Options{})
	require.NoError(c.t, err)
	known := len(events) - last
	if known > 0 {
		require.NoError(c.t, j.Append(context.Background(), id, 0, events[:known]...))
	}
	before := size(c.t, whole)
	if known == 0 {
		before = int64(len(journalHeader)) // it is there whole or not at all, as the file gets its name when it is synced
	}
	require.NoError(c.t, j.Append(context.Background(), id, uint64(known), events[known:]...))
	c.size = int(size(c.t, whole) - before)
	require.NoError(c.t, os.CopyFS(left, os.DirFS(whole)))
	require.NoError(c.t, j.Close())
	require.NoError(c.t, os.Truncate(segment(left), before+int64(c.keep)))

	c.open, err = journal.Open(left, journal.Options{})
	require.NoError(c.t, err)
	var kept []ledger.Event
	for e, err := range c.open.Events(context.Background(), id, 0) {
		require.NoError(c.t, err)
		kept = append(kept, e)
	}
	switch len(kept) {
	case len(events):
		assert.GreaterOrEqual(c.t, c.keep, c.size-1, "half a write is there")
	case known:
		c.lost = true
	default:
		assert.Fail(c.t, "half a write is there", "%d events of %d, %d acknowledged", len(kept), len(events), known)
	}
	for i, e := range kept {
		want, err := json.Marshal(events[i])
		require.NoError(c.t, err)
		got, err := json.Marshal(e)
		require.NoError(c.t, err)
		require.Equal(c.t, string(want), string(got))
	}
	return c.open
}

const journalHeader = "davit-journal 1 segment 1 1 0 00000000\n"

func segment(dir string) string { return filepath.Join(dir, "0000000001.segment") }

func size(t *testing.T, dir string) int64 {
	info, err := os.Stat(segment(dir))
	if err != nil {
		require.ErrorIs(t, err, fs.ErrNotExist)
		return 0
	}
	return info.Size()
}

// quick is a folder for as long as the test runs, in memory where the system has that: no power goes in these
// tests, so nothing depends on what a sync does, and they make thousands.
func quick(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "davit-crash-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// batches is a store that knows how many events came last.
type batches struct {
	release.MemoryStore
	last int
}

func (b *batches) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	err := b.MemoryStore.Append(ctx, id, expected, events...)
	if err == nil {
		b.last = len(events)
	}
	return err
}

// A host dies in the middle of each of its writes to a journal, at each byte of it. What was acknowledged is
// there, of the write there is all or nothing, and the end is as without.
func TestAJournalIsCutAtEachByte(t *testing.T) {
	for name, apart := range map[string]int{"chain": bytesApart, "undo": 7 * bytesApart} {
		s := stories()[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := in(t, s)
			root := quick(t)
			points, lost := 0, 0
			for _, touch := range whole.writes[0] {
				for keep, size := 0, 0; ; keep = min(keep+apart, size) {
					var out told
					c := &torn{root: filepath.Join(root, "x"), keep: keep}
					synctest.Test(t, func(t *testing.T) {
						c.t = t
						out = s.tellOn(t, new(batches), c.crash, cut{touch, true})
						require.NoError(t, c.open.Verify(context.Background()))
						require.NoError(t, c.open.Close())
					})
					size = c.size // the same each time
					require.NoError(t, out.likeness(s, whole), "write %d, cut at byte %d of %d", slices.Index(whole.writes[0], touch), keep, size)
					require.NoError(t, os.RemoveAll(c.root))
					if points++; c.lost {
						lost++
					}
					if keep == size {
						break
					}
				}
			}
			assert.Positive(t, lost)
			assert.Less(t, lost, points)
			t.Logf("%d crashes, after %d of which the last write was gone", points, lost)
		})
	}
}
