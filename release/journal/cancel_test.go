package journal_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slow is a journal whose first sync of a segment waits, with an append that waits for it.
func slow(t *testing.T) (j *journal.Journal, h held, first <-chan error) {
	d := newSimulated()
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err)
	h = holdSync(d)
	return j, h, later(func() error { return j.Append(ctx, "first", 0, events(1, 1)...) }, h.reached)
}

// later runs something, and returns once that is closed.
func later(f func() error, until <-chan struct{}) <-chan error {
	out := make(chan error, 1)
	go func() { out <- f() }()
	if until != nil {
		<-until
	}
	return out
}

func TestAContextThatEndsInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, h, first := slow(t)
		short, cancel := context.WithCancel(ctx)
		gone := later(func() error { return j.Append(short, "a", 0, events(1, 2)...) }, nil)
		stays := later(func() error { return j.Append(ctx, "b", 0, events(1, 2)...) }, nil)
		synctest.Wait()
		cancel()
		err := <-gone
		require.ErrorIs(t, err, context.Canceled, "it does not wait for the disk")
		require.NotErrorIs(t, err, journal.ErrInDoubt)
		close(h.free)
		require.NoError(t, <-first)
		require.NoError(t, <-stays)
		require.Empty(t, read(t, j, "a", 0))
		write(t, j, "a", events(1, 2)...)
		require.NoError(t, j.Close())
	})
}

// The one that would write next leaves at the same time: another one does.
func TestAContextThatEndsAtTheHeadOfTheQueue(t *testing.T) {
	left := 0
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			d := newSimulated()
			j, err := journal.OpenOn(d, journal.Options{})
			require.NoError(t, err)
			short, cancel := context.WithCancel(ctx)
			h := held{make(chan struct{}), make(chan struct{})}
			d.fault = func(op, name string, bytes int) (int, error) {
				if op == "sync" && name == "0000000001.segment" {
					d.fault = nil
					close(h.reached)
					<-h.free
					// The one behind sees the end of its context, but before it can say so, it is to lead.
					j.Hold(func() {
						cancel()
						for range 100 {
							runtime.Gosched()
						}
					})
				}
				return bytes, nil
			}
			first := later(func() error { return j.Append(ctx, "first", 0, events(1, 1)...) }, h.reached)
			gone := later(func() error { return j.Append(short, "a", 0, events(1, 2)...) }, nil)
			synctest.Wait()
			stays := later(func() error { return j.Append(ctx, "b", 0, events(1, 2)...) }, nil)
			synctest.Wait()
			close(h.free)
			require.NoError(t, <-first)
			require.NoError(t, <-stays)
			if err := <-gone; err != nil {
				left++
				require.ErrorIs(t, err, context.Canceled)
				require.Empty(t, read(t, j, "a", 0))
			} else {
				require.Len(t, read(t, j, "a", 0), 2)
			}
			require.NoError(t, j.Close())
		})
	}
	t.Logf("it left %d times of 100", left)
}

// holdNext lets the second commit wait: that of those who were in the queue.
func holdNext(t *testing.T) (j *journal.Journal, h held, outcome func(context.Context) <-chan error) {
	d := newSimulated()
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err)
	first := holdSync(d)
	one := later(func() error { return j.Append(ctx, "first", 0, events(1, 1)...) }, first.reached)
	lead := later(func() error { return j.Append(ctx, "lead", 0, events(1, 1)...) }, nil)
	synctest.Wait()
	h = held{make(chan struct{}), make(chan struct{})}
	return j, h, func(short context.Context) <-chan error {
		out := later(func() error { return j.Append(short, "a", 0, events(1, 2)...) }, nil)
		synctest.Wait()
		syncs := 0
		d.fault = func(op, name string, bytes int) (int, error) {
			if op == "sync" {
				if syncs++; syncs == 1 {
					return bytes, nil // that of the first
				}
				select {
				case <-h.reached:
				default:
					close(h.reached)
				}
				<-h.free
			}
			return bytes, nil
		}
		close(first.free)
		assert.NoError(t, <-one)
		<-h.reached
		t.Cleanup(func() { assert.NoError(t, <-lead) })
		return out
	}
}

func TestAContextThatEndsInAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, h, start := holdNext(t)
		short, cancel := context.WithCancel(ctx)
		outcome := start(short)
		cancel()
		synctest.Wait()
		close(h.free)
		require.NoError(t, <-outcome, "it is known in time, and so it is said")
		require.Len(t, read(t, j, "a", 0), 2)
		require.NoError(t, j.Close())
	})
}

func TestAContextThatEndsInAWriteThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, h, start := holdNext(t)
		short, cancel := context.WithCancel(ctx)
		outcome := start(short)
		cancel()
		began := time.Now()
		err := <-outcome
		require.ErrorIs(t, err, journal.ErrInDoubt)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, time.Second, time.Since(began))
		require.Empty(t, read(t, j, "a", 0))
		// The next one finds out.
		again := later(func() error { return j.Append(ctx, "a", 0, events(1, 2)...) }, nil)
		synctest.Wait()
		close(h.free)
		require.ErrorIs(t, <-again, release.ErrConflict)
		require.Len(t, read(t, j, "a", 0), 2)
		write(t, j, "a", events(3, 3)...)
		require.NoError(t, j.Close())
	})
}

// Of two appends to one release, the second is told what became of the first, not what might have.
func TestAppendsToOneReleaseWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newSimulated()
		j, err := journal.OpenOn(d, journal.Options{})
		require.NoError(t, err)
		broken := errors.New("broken")
		h := holdSync(d)
		first := later(func() error { return j.Append(ctx, "first", 0, events(1, 1)...) }, h.reached)
		one := later(func() error { return j.Append(ctx, "a", 0, events(1, 1)...) }, nil)
		synctest.Wait()
		two := later(func() error { return j.Append(ctx, "a", 0, events(1, 1)...) }, nil)
		synctest.Wait()
		fails := true
		d.fault = func(op, _ string, bytes int) (int, error) {
			if op == "write" && fails {
				fails = false
				return 1, broken
			}
			return bytes, nil
		}
		close(h.free)
		require.NoError(t, <-first)
		require.ErrorIs(t, <-one, broken)
		require.NoError(t, <-two, "the first was not written, and so there is no conflict")
		require.NoError(t, j.Close())
	})
}

func TestCloseWaitsForTheWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, h, first := slow(t)
		second := later(func() error { return j.Append(ctx, "a", 0, events(1, 2)...) }, nil)
		synctest.Wait()
		closed := []<-chan error{later(j.Close, nil), later(j.Close, nil)}
		synctest.Wait()
		require.ErrorIs(t, j.Append(ctx, "b", 0, events(1, 1)...), journal.ErrClosed)
		for _, c := range closed {
			require.Empty(t, c, "it has not returned")
		}
		close(h.free)
		for _, c := range []<-chan error{first, second, closed[0], closed[1]} {
			require.NoError(t, <-c)
		}
	})
}
