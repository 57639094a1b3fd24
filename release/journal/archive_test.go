package journal_test

import (
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/stretchr/testify/require"
)

// holdTidying lets the n-th operation of archiving wait, as on a slow disk. Not those for which all wait:
// that a file is opened, and that a segment gets the name of another.
func holdTidying(d *simulated, n int) held {
	h := held{make(chan struct{}), make(chan struct{})}
	var mu sync.Mutex
	seen := 0
	d.fault = func(op, name string, bytes int) (int, error) {
		forAll := op == "open" || op == "rename" && strings.HasSuffix(name, ".segment.temp")
		if !forAll && strings.Contains(string(debug.Stack()), ").tidy(") {
			mu.Lock()
			seen++
			reached := seen == n
			mu.Unlock()
			if reached {
				close(h.reached)
				<-h.free
			}
		}
		return bytes, nil
	}
	return h
}

// more is a story that goes on with releases that are over, and that are being archived, too.
func more() []step {
	return append(story(), step{"a", 4, 5, false}, step{"c", 2, 2, true}, step{"g", 1, 2, true}, step{"a", 6, 6, true}, step{"h", 1, 1, true})
}

// At each operation of archiving, the disk hangs, while writing and reading go on; then all stops. What was
// acknowledged is there after that, and after the archive was made, too.
func TestWritingGoesOnWhileReleasesAreArchived(t *testing.T) {
	t.Parallel()
	operations := 0
	for n, more := 1, more(); ; n++ {
		d := newSimulated()
		h := holdTidying(d, n)
		j, err := journal.OpenOn(d, small)
		require.NoError(t, err)
		hangs := false
		told := tellWith(j, more, func() {
			if hangs {
				return
			}
			tidied := later(func() error { j.Tidied(); return nil }, nil)
			select {
			case <-h.reached:
				hangs, operations = true, n
			case <-tidied:
			}
		})
		require.Equal(t, told.attempted, told.acknowledged)
		_, err = told.compare(j, more)
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(uint64(n), 5))
		for kind, left := range map[string]*simulated{"killed": d.killed(), "unpowered": d.unpowered(mixed, rng)} {
			require.NoError(t, journal.VerifyOn(ctx, left), "%s at operation %d", kind, n)
			require.NoError(t, told.check(left, more), "%s at operation %d", kind, n)
		}
		close(h.free)
		j.Tidied()
		require.NoError(t, j.Verify(ctx))
		_, err = told.compare(j, more)
		require.NoError(t, err)
		require.NoError(t, j.Close())
		require.NoError(t, told.check(d, more))
		if !hangs {
			require.Greater(t, operations, 15)
			return
		}
	}
}

func TestCloseWaitsForTheArchive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newSimulated()
		reached, free := make(chan struct{}), make(chan struct{})
		d.fault = func(op, name string, bytes int) (int, error) {
			if op == "sync" && name == "0000000001.pack.temp" {
				close(reached)
				<-free
			}
			return bytes, nil
		}
		j, err := journal.OpenOn(d, small)
		require.NoError(t, err)
		tellWith(j, story(), func() {})
		<-reached
		closed := later(j.Close, nil)
		synctest.Wait()
		select {
		case <-closed:
			t.Fatal("it closed the folder that was being written to")
		default:
		}
		close(free)
		require.NoError(t, <-closed)
		require.Contains(t, d.names, "0000000001.pack")
	})
}
