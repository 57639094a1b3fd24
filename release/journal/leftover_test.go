package journal_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// torn is what a power failure left of a journal with one release of two events: the last commit is
// there in its length, and not in its bytes.
func torn(t *testing.T) (d *simulated, whole int) {
	t.Helper()
	d = newSimulated()
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err)
	write(t, j, "a", events(1, 2)...)
	whole = len(d.names[firstSegment].data)
	write(t, j, "a", events(3, 4)...)
	left := d.killed()
	c := left.names[firstSegment]
	copy(c.data[len(c.data)-60:], make([]byte, 50))
	return left, whole
}

const firstSegment = "0000000001.segment"

func TestACommitOfFullLengthWithBadBytesIsCutOff(t *testing.T) {
	d, whole := torn(t)
	require.NoError(t, journal.VerifyOn(ctx, d))
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err)
	require.Len(t, d.names[firstSegment].data, whole)
	require.Len(t, read(t, j, "a", 0), 2)
	write(t, j, "a", events(3, 4)...)
	require.NoError(t, j.Close())
}

// On a full disk, a journal is opened nevertheless, says that nothing was kept, and leaves no half of it.
func TestATornTailOnAFullDisk(t *testing.T) {
	for _, op := range []string{"create", "write", "sync"} {
		d, whole := torn(t)
		d.fault = func(at, name string, bytes int) (int, error) {
			if at == op && strings.HasSuffix(name, ".torn") {
				return bytes / 2, syscall.ENOSPC
			}
			return bytes, nil
		}
		var log bytes.Buffer
		j, err := journal.OpenOn(d, journal.Options{Logger: hclog.New(&hclog.LoggerOptions{Output: &log})})
		require.NoError(t, err)
		require.Len(t, d.names[firstSegment].data, whole)
		require.Contains(t, log.String(), "could not be kept aside")
		names, err := d.List()
		require.NoError(t, err)
		require.Equal(t, []string{firstSegment}, names)
		write(t, j, "a", events(3, 4)...)
		require.NoError(t, j.Close())
	}
}

// A stranger's files are not touched, and nothing by the name of a leftover keeps a journal from opening.
func TestOnlyOwnLeftoversAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"notes.temp", "1.segment.temp", "0000000001.list.temp", "0000000009.pack.temp"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "0000000007.pack.temp", "full"), 0o700))
	for range 2 {
		j := open(t, dir, journal.Options{})
		require.NoError(t, j.Close())
	}
	j := open(t, dir, journal.Options{})
	write(t, j, "a", events(1, 2)...)
	for _, name := range []string{"notes.temp", "1.segment.temp", "0000000001.list.temp"} {
		assert.FileExists(t, filepath.Join(dir, name))
	}
	assert.NoFileExists(t, filepath.Join(dir, "0000000009.pack.temp"))
}

// The power fails after a write that failed: it does not bring back what was cut off.
func TestWhatIsCutOffAgainStaysAway(t *testing.T) {
	d, j := faulty(t, "write", syscall.ENOSPC, 1)
	require.ErrorIs(t, j.Append(ctx, "b", 0, events(1, 50)...), syscall.ENOSPC)
	require.Empty(t, d.names[firstSegment].dirty, "nothing waits for a sync")
}

func TestTheNewestPackIsMissing(t *testing.T) {
	d := newSimulated()
	j, err := journal.OpenOn(d, small)
	require.NoError(t, err)
	tell(j, story())
	require.NoError(t, j.Close())
	newest := ""
	for name := range d.names {
		if strings.HasSuffix(name, ".pack") {
			newest = max(newest, name)
		}
	}
	require.NotEmpty(t, newest)
	delete(d.names, newest)
	_, err = journal.OpenOn(d, small)
	for _, err := range []error{err, journal.VerifyOn(ctx, d)} {
		var damage *journal.CorruptError
		require.ErrorAs(t, err, &damage)
		require.Equal(t, newest, damage.File)
		require.ErrorContains(t, err, "missing")
	}
}

// A journal that is opened and closed, and not written to, does not grow.
func TestOneMarkOfAClosedJournal(t *testing.T) {
	d := newSimulated()
	size := 0
	for round := range 4 {
		j, err := journal.OpenOn(d, journal.Options{})
		require.NoError(t, err)
		if round == 0 {
			write(t, j, "a", events(1, 2)...)
		}
		require.NoError(t, j.Close())
		if round == 0 {
			size = len(d.names[firstSegment].data)
		}
		require.Len(t, d.names[firstSegment].data, size)
	}
	require.Len(t, d.unpowered(forgotten, rand.New(rand.NewPCG(1, 1))).names[firstSegment].data, size)
}

// A file is replaced after a reader has looked where its record is, and before it has opened the file.
func TestAFileIsReplacedBeforeItIsOpened(t *testing.T) {
	d, j := faulty(t, "", nil, 0)
	d.mu.Lock()
	sound := d.names[firstSegment]
	d.names[firstSegment] = &content{data: bytes.Repeat([]byte("x"), len(sound.data))}
	d.mu.Unlock()
	opened := 0
	d.fault = func(op, name string, bytes int) (int, error) {
		if op == "open" {
			opened++
			j.Replaced(opened == 1)
			if opened == 2 {
				d.mu.Lock()
				d.names[firstSegment] = sound
				d.mu.Unlock()
			}
		}
		return bytes, nil
	}
	require.Len(t, read(t, j, "a", 0), 2)
	require.Equal(t, 2, opened)
}

func TestCloseWaitsForVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newSimulated()
		j, err := journal.OpenOn(d, journal.Options{})
		require.NoError(t, err)
		write(t, j, "a", events(1, 2)...)
		reached, free := make(chan struct{}), make(chan struct{})
		d.fault = func(op, _ string, bytes int) (int, error) {
			if op == "list" {
				close(reached)
				<-free
			}
			return bytes, nil
		}
		verified := later(func() error { return j.Verify(ctx) }, reached)
		closed := later(j.Close, nil)
		synctest.Wait()
		select {
		case <-closed:
			t.Fatal("it closed the folder that was being read")
		default:
		}
		close(free)
		require.ErrorIs(t, <-verified, journal.ErrClosed)
		require.NoError(t, <-closed)
	})
}
