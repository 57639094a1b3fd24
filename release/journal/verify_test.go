package journal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// meanwhile is a folder in which something happens when a file is opened for the n-th time.
type meanwhile struct {
	journal.Disk
	opened int
	happen func(opened int)
}

func (d *meanwhile) Open(name string, write, create bool) (journal.File, error) {
	d.opened++
	d.happen(d.opened)
	return d.Disk.Open(name, write, create)
}

// A host starts, works and archives, or works and ends, while its folder is verified, at each point. It is
// not kept waiting, and what it does is never taken for damage.
func TestAHostStartsDuringVerify(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // who finds the folder locked is patient
		const releases = 8
		o := journal.Options{SegmentSize: 1 << 10}
		for _, ends := range []bool{false, true} {
			for at := 1; ; at++ {
				dir := t.TempDir()
				j := open(t, dir, o)
				for n := range releases {
					write(t, j, fmt.Sprint(n), events(1, 4)...)
				}
				require.NoError(t, j.Close())
				var host *journal.Journal
				d := &meanwhile{Disk: journal.Folder(dir), happen: func(opened int) {
					if opened != at {
						return
					}
					host = open(t, dir, o)
					for n := range releases {
						write(t, host, fmt.Sprint(n), finish(5))
					}
					for n := range releases {
						write(t, host, fmt.Sprint("other", n), append(events(1, 4), finish(5))...)
					}
					if ends {
						require.NoError(t, host.Close())
					}
				}}
				err := journal.VerifyOn(ctx, d)
				if !errors.Is(err, journal.ErrLocked) || ends {
					require.NoError(t, err, "at %d", at)
				}
				if host == nil {
					require.Greater(t, at, 5)
					break
				}
				require.NoError(t, host.Close())
			}
		}
	})
}

// While a host has the folder for good, Verify says so, also where it began before.
func TestVerifyIsNotForAFolderInUse(t *testing.T) {
	d := newSimulated()
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err)
	write(t, j, "a", events(1, 2)...)
	require.NoError(t, j.Close())
	c := d.names["0000000001.segment"]
	c.data[len(c.data)/2] ^= 1
	asked := 0
	d.free = func() error {
		if asked++; asked > 1 {
			return journal.ErrLocked
		}
		return nil
	}
	err = journal.VerifyOn(ctx, d)
	require.ErrorIs(t, err, journal.ErrLocked)
	var damage *journal.CorruptError
	require.False(t, errors.As(err, &damage), "it may be what is being written")
	d.free = nil
	require.ErrorAs(t, journal.VerifyOn(ctx, d), &damage)
}

func TestVerifyWhereThereIsNoJournal(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	require.ErrorIs(t, journal.Verify(ctx, missing), fs.ErrNotExist)
	assert.NoDirExists(t, missing)
	err := journal.Verify(ctx, dir)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "there is no journal here")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "shopping.list"), []byte("milk\n"), 0o600))
	require.ErrorIs(t, journal.Verify(ctx, dir), fs.ErrNotExist)
	j := open(t, dir, journal.Options{})
	require.NoError(t, j.Verify(ctx), "one that is new has nothing wrong")
}
