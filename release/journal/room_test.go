package journal_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/stretchr/testify/require"
)

// roomy is a journal with one release in it, and room ahead.
func roomy(t *testing.T) (*simulated, *journal.Journal) {
	d := newSimulated()
	j, err := journal.OpenRoomy(d, journal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	write(t, j, "a", events(1, 2)...)
	return d, j
}

// A file does not grow with what is written into its room, and has none any more when it is closed.
func TestRoomIsWrittenInto(t *testing.T) {
	d, j := roomy(t)
	room, size := j.Room(), len(d.names[firstSegment].data)
	require.Positive(t, room)
	require.Len(t, d.names[firstSegment].lasting, size, "zeros are synced, too")
	write(t, j, "b", events(1, 1)...)
	require.Less(t, j.Room(), room)
	require.Len(t, d.names[firstSegment].data, size)
	require.NoError(t, j.Verify(ctx))
	require.NoError(t, j.Close())
	require.NotContains(t, string(d.names[firstSegment].data), "\x00")
}

// Whoever opens what a dead process left is not told of the zeros, and nothing is set aside.
func TestRoomOfTheDead(t *testing.T) {
	d, j := roomy(t)
	left := d.killed()
	require.Positive(t, j.Room())
	require.NoError(t, journal.VerifyOn(ctx, left))
	again, err := journal.OpenOn(left, journal.Options{})
	require.NoError(t, err)
	require.Len(t, read(t, again, "a", 0), 2)
	require.Len(t, left.names, 1)
	require.NotContains(t, string(left.names[firstSegment].data), "\x00")
	require.NoError(t, again.Close())
}

// Where there is no space for room, what is written is written all the same; where the disk does
// not say what it has, nothing is.
func TestNoSpaceForRoom(t *testing.T) {
	for _, op := range []string{"write", "sync"} {
		d := newSimulated()
		j, err := journal.OpenRoomy(d, journal.Options{})
		require.NoError(t, err)
		failed := 0
		d.fault = func(at, name string, bytes int) (int, error) {
			if at == op && strings.HasSuffix(name, ".segment") && failed == 0 {
				failed++
				return bytes / 2, syscall.ENOSPC
			}
			return bytes, nil
		}
		err = j.Append(ctx, "a", 0, events(1, 1)...)
		require.Equal(t, 1, failed)
		if op == "sync" {
			require.ErrorIs(t, err, journal.ErrFailed)
			require.NotErrorIs(t, err, journal.ErrInDoubt)
			continue
		}
		require.NoError(t, err)
		require.Zero(t, j.Room())
		require.NotContains(t, string(d.names[firstSegment].data), "\x00")
		write(t, j, "a", events(2, 2)...)
		require.Zero(t, j.Room(), "it is not tried again and again")
		require.NoError(t, j.Close())
	}
}

// A write that fails takes the room with it, and the next one makes it anew.
func TestRoomAfterAWriteThatFails(t *testing.T) {
	d, j := roomy(t)
	d.fault = func(op, _ string, bytes int) (int, error) {
		if op == "write" {
			d.fault = nil
			return bytes / 2, syscall.EIO
		}
		return bytes, nil
	}
	require.ErrorIs(t, j.Append(ctx, "b", 0, events(1, 1)...), syscall.EIO)
	require.Zero(t, j.Room())
	require.NotContains(t, string(d.names[firstSegment].data), "\x00")
	write(t, j, "b", events(1, 1)...)
	require.Positive(t, j.Room())
	require.NoError(t, j.Verify(ctx))
}
