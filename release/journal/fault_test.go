package journal_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failAt lets the n-th operation that changes something fail, once or from then on.
func failAt(d *simulated, n int, forever bool, cause error) *int {
	seen := new(int)
	d.fault = func(op, name string, bytes int) (int, error) {
		if op == "read" || op == "open" || op == "list" {
			return bytes, nil
		}
		*seen++
		if *seen == n || forever && *seen > n {
			return bytes / 2, fmt.Errorf("%s %s: %w", op, name, cause)
		}
		return bytes, nil
	}
	return seen
}

// Each operation on the disk fails once, or from then on: short writes, a full disk, a sync that
// does not come to an end. What was acknowledged is there: at once, after the process has died, and
// after the power has failed.
func TestEachOperationFails(t *testing.T) {
	t.Parallel()
	for name, open := range openings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testEachOperationFails(t, open)
		})
	}
}

func testEachOperationFails(t *testing.T, open func(journal.Disk, journal.Options) (*journal.Journal, error)) {
	d := newSimulated()
	total := failAt(d, -1, false, nil)
	j, err := open(d, small)
	require.NoError(t, err)
	tell(j, story())
	require.NoError(t, j.Close())
	require.Greater(t, *total, 40)
	for n := 1; n <= *total; n++ {
		for _, forever := range []bool{false, true} {
			for _, cause := range []error{syscall.ENOSPC, syscall.EIO} {
				name := fmt.Sprintf("operation %d, forever %v, %v", n, forever, cause)
				d := newSimulated()
				failAt(d, n, forever, cause)
				j, err := open(d, small)
				var told telling
				if err != nil {
					require.ErrorIs(t, err, cause, name)
				} else {
					told = tell(j, story())
					_, err := told.compare(j, story())
					require.NoError(t, err, "%s: reading goes on", name)
					_ = j.Close()
				}
				d.fault = nil
				rng := rand.New(rand.NewPCG(uint64(n), 3))
				for kind, left := range map[string]*simulated{"killed": d.killed(), "unpowered": d.unpowered(mixed, rng)} {
					require.NoError(t, told.check(left, story()), "%s, %s", name, kind)
				}
			}
		}
	}
}

// faulty opens a journal with one release in it, and lets an operation on the last segment fail.
func faulty(t *testing.T, op string, cause error, times int) (*simulated, *journal.Journal) {
	d := newSimulated()
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	write(t, j, "a", events(1, 2)...)
	d.fault = func(at, name string, bytes int) (int, error) {
		if at == op && strings.HasSuffix(name, ".segment") && times > 0 {
			times--
			return bytes / 2, cause
		}
		return bytes, nil
	}
	return d, j
}

func TestAFullDisk(t *testing.T) {
	d, j := faulty(t, "write", syscall.ENOSPC, 3)
	for range 3 {
		err := j.Append(ctx, "a", 2, events(3, 4)...)
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.NotErrorIs(t, err, journal.ErrFailed)
		require.NotErrorIs(t, err, journal.ErrInDoubt)
		require.Len(t, read(t, j, "a", 0), 2, "reading goes on")
		require.NoError(t, j.Verify(ctx))
	}
	write(t, j, "a", events(3, 4)...) // there is room again
	for _, left := range []*simulated{d.killed(), d.unpowered(forgotten, rand.New(rand.NewPCG(1, 1)))} {
		again, err := journal.OpenOn(left, journal.Options{})
		require.NoError(t, err)
		require.Len(t, read(t, again, "a", 0), 4)
		require.NoError(t, again.Close())
	}
}

// A process dies between making a file and making its name last. The next one finds the file and writes
// to it: then the name lasts, too.
func TestAFileThatIsFoundLasts(t *testing.T) {
	d := newSimulated()
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err)
	renamed := false
	d.fault = func(op, _ string, bytes int) (int, error) {
		renamed = renamed || op == "sync folder"
		if renamed {
			return 0, errCrash
		}
		return bytes, nil
	}
	require.ErrorIs(t, j.Append(ctx, "a", 0, events(1, 1)...), errCrash)
	left := d.killed()
	require.Contains(t, left.names, "0000000001.segment")
	require.Empty(t, left.lasting)
	again, err := journal.OpenOn(left, journal.Options{})
	require.NoError(t, err)
	write(t, again, "a", events(1, 1)...)
	left.names = left.lasting // the power fails
	last, err := journal.OpenOn(left.unpowered(forgotten, rand.New(rand.NewPCG(1, 1))), journal.Options{})
	require.NoError(t, err)
	require.Len(t, read(t, last, "a", 0), 1)
}

// What is left of a write that failed does not lie behind a shorter one that succeeds.
func TestNothingIsLeftOfAWriteThatFailed(t *testing.T) {
	d, j := faulty(t, "write", syscall.ENOSPC, 1)
	size := len(d.names["0000000001.segment"].data)
	require.ErrorIs(t, j.Append(ctx, "b", 0, events(1, 50)...), syscall.ENOSPC)
	require.Len(t, d.names["0000000001.segment"].data, size)
	require.Len(t, d.names["0000000001.segment"].lasting, size, "also when the power fails")
}

func TestAFullDiskThatCannotBeCleanedUp(t *testing.T) {
	d, j := faulty(t, "write", syscall.ENOSPC, 1)
	before := d.fault
	d.fault = func(op, name string, bytes int) (int, error) {
		if op == "truncate" {
			return 0, syscall.EIO
		}
		return before(op, name, bytes)
	}
	err := j.Append(ctx, "a", 2, events(3, 4)...)
	for _, want := range []error{syscall.ENOSPC, syscall.EIO, journal.ErrFailed, journal.ErrInDoubt} {
		require.ErrorIs(t, err, want)
	}
	require.ErrorIs(t, j.Append(ctx, "b", 0, events(1, 1)...), journal.ErrFailed)
}

func TestASyncThatFails(t *testing.T) {
	d, j := faulty(t, "sync", syscall.EIO, 1)
	err := j.Append(ctx, "a", 2, events(3, 4)...)
	for _, want := range []error{syscall.EIO, journal.ErrFailed, journal.ErrInDoubt} {
		require.ErrorIs(t, err, want)
	}
	err = j.Append(ctx, "a", 2, events(3, 4)...)
	require.ErrorIs(t, err, journal.ErrFailed)
	require.NotErrorIs(t, err, journal.ErrInDoubt, "this one was not even tried")
	require.ErrorIs(t, err, syscall.EIO, "it says why")
	require.ErrorIs(t, j.Append(ctx, "b", 0, events(1, 1)...), journal.ErrFailed)
	require.Len(t, read(t, j, "a", 0), 2, "reading goes on")
	require.NoError(t, j.Verify(ctx))
	require.NoError(t, j.Close())

	// The system shows the bytes that it has not written and never will. What builds on them must not
	// be lost with them.
	after := d.killed()
	again, err := journal.OpenOn(after, journal.Options{})
	require.NoError(t, err)
	require.Len(t, read(t, again, "a", 0), 4, "it may be there, and then it stays")
	write(t, again, "a", events(5, 5)...)
	last, err := journal.OpenOn(after.unpowered(forgotten, rand.New(rand.NewPCG(1, 1))), journal.Options{})
	require.NoError(t, err)
	require.Len(t, read(t, last, "a", 0), 5)
}

func TestAFolderThatCannotBeWrittenTo(t *testing.T) {
	d := newSimulated()
	d.fault = func(op, _ string, bytes int) (int, error) {
		if op == "create" {
			return 0, syscall.EROFS
		}
		return bytes, nil
	}
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err, "an empty journal has no file")
	require.ErrorIs(t, j.Append(ctx, "a", 0, events(1, 1)...), syscall.EROFS)
	require.Empty(t, read(t, j, "a", 0))
	d.fault = nil
	write(t, j, "a", events(1, 1)...)
	require.NoError(t, j.Close())

	d.fault = func(op, _ string, bytes int) (int, error) {
		if op != "read" && op != "list" && op != "open" {
			return 0, syscall.EROFS
		}
		return bytes, nil
	}
	require.NoError(t, journal.VerifyOn(ctx, d), "to verify needs no right to write")
	_, err = journal.OpenOn(d, journal.Options{})
	require.ErrorIs(t, err, syscall.EROFS)
}

func TestReadingFails(t *testing.T) {
	d, j := faulty(t, "read", syscall.EIO, 1)
	var last error
	for _, err := range j.Events(ctx, "a", 0) {
		last = err
	}
	require.ErrorIs(t, last, syscall.EIO)
	require.Len(t, read(t, j, "a", 0), 2)
	require.NoError(t, j.Close())
	d.fault = func(op, _ string, bytes int) (int, error) {
		if op == "read" {
			return 0, syscall.EIO
		}
		return bytes, nil
	}
	_, err := journal.OpenOn(d.killed(), journal.Options{})
	require.NoError(t, err)
	_, err = journal.OpenOn(d, journal.Options{})
	require.ErrorIs(t, err, syscall.EIO)
	var damage *journal.CorruptError
	require.False(t, errors.As(err, &damage), "a disk that cannot be read says nothing about what is on it")
	require.ErrorIs(t, journal.VerifyOn(ctx, d), syscall.EIO)
}

// Every bit that flips shows: it is reported, or what it hit was the last commit of a journal that
// was not closed.
func TestEachBitFlip(t *testing.T) {
	t.Parallel()
	whole := newSimulated()
	j, err := journal.OpenOn(whole, small)
	require.NoError(t, err)
	told := tell(j, story())
	require.NoError(t, j.Close())
	names, err := whole.List()
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(5, 5))
	for _, name := range names {
		for at := 0; at < len(whole.names[name].data); at += stride {
			d := whole.killed()
			d.names[name].data[at] ^= 1 << rng.IntN(8)
			var damage *journal.CorruptError
			err := journal.VerifyOn(ctx, d)
			if strings.HasSuffix(name, ".torn") {
				require.NoError(t, err)
				continue
			}
			// The mark of a closed journal at the very end may be taken for a write that never
			// ended: nothing is lost by that.
			if err == nil {
				j, err := journal.OpenOn(d, small)
				require.NoError(t, err)
				have, err := told.compare(j, story())
				require.NoError(t, err, "%s, byte %d", name, at)
				require.Equal(t, told.acknowledged, have)
				require.NoError(t, j.Close())
				continue
			}
			if !errors.Is(err, journal.ErrVersion) {
				require.ErrorAs(t, err, &damage, "%s, byte %d", name, at)
				require.Equal(t, name, damage.File)
			}
			// Who opens it or reads it meets with an error, or does not touch what is damaged.
			j, err := journal.OpenOn(d, small)
			if err != nil {
				continue
			}
			_, err = told.compare(j, story())
			if err != nil {
				require.ErrorAs(t, err, &damage, "%s, byte %d", name, at)
			}
			require.NoError(t, j.Close())
		}
	}
}

// What a crash left behind the last commit is kept aside.
func TestATornTailIsKeptAside(t *testing.T) {
	d := newSimulated()
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err)
	write(t, j, "a", events(1, 2)...)
	const name = "0000000001.segment"
	left := d.killed()
	whole := len(left.names[name].data)
	left.names[name].data = append(left.names[name].data, "\x1e2 1 30 "...)
	require.NoError(t, journal.VerifyOn(ctx, left), "a write that never ended is no damage")
	again, err := journal.OpenOn(left, journal.Options{})
	require.NoError(t, err)
	require.Len(t, left.names[name].data, whole)
	aside := left.names[fmt.Sprintf("0000000001.%d.torn", whole)]
	require.NotNil(t, aside)
	require.Equal(t, "\x1e2 1 30 ", string(aside.data))
	write(t, again, "a", events(3, 4)...)
	require.Len(t, read(t, again, "a", 0), 4)
}

func TestDamage(t *testing.T) {
	const first, last = "0000000001.segment", "0000000002.segment"
	build := func(t *testing.T) *simulated {
		d := newSimulated()
		j, err := journal.OpenOn(d, journal.Options{SegmentSize: 1500})
		require.NoError(t, err)
		for seq := uint64(1); seq < 19; seq += 2 {
			write(t, j, "a", events(seq, seq+1)...)
		}
		require.NoError(t, j.Close())
		names, _ := d.List()
		require.Equal(t, []string{first, last}, names)
		return d
	}
	cut := func(name string, n int) func(*simulated) {
		return func(d *simulated) { d.names[name].data = d.names[name].data[:n] }
	}
	replace := func(name, old, by string) func(*simulated) {
		return func(d *simulated) {
			text := string(d.names[name].data)
			if !strings.Contains(text, old) {
				panic(old + " is not in " + text)
			}
			d.names[name].data = []byte(strings.Replace(text, old, by, 1))
		}
	}
	tests := map[string]struct {
		damage func(*simulated)
		file   string
		reason string
	}{
		"a commit in the middle":         {replace(last, "end of 14", "end of 15"), last, "checksum"},
		"a commit before the mark":       {replace(last, "end of 18", "end of 19"), last, "checksum"},
		"an ended file is cut off":       {cut(first, 900), first, "cut short"},
		"an ended file has no end":       {func(d *simulated) { cut(first, strings.Index(string(d.names[first].data), "\x1eend"))(d) }, first, "the end is missing"},
		"something follows an end":       {func(d *simulated) { d.names[first].data = append(d.names[first].data, 'x') }, first, "something follows"},
		"the first line":                 {replace(first, "segment 1", "segment 7"), first, "first line"},
		"an empty file":                  {cut(last, 0), last, "first line"},
		"another file":                   {func(d *simulated) { d.names[last].data = []byte("hello\nworld\n") }, last, "no file of a journal"},
		"a file is gone":                 {func(d *simulated) { delete(d.names, first) }, first, "missing"},
		"one file under two names":       {func(d *simulated) { d.names[last] = d.names[first] }, last, "another file"},
		"a length that is beyond reason": {replace(last, "\x1e1 1 ", "\x1e1 1 9"), last, "damaged"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := build(t)
			test.damage(d)
			for _, err := range []error{journal.VerifyOn(ctx, d), func() error { _, err := journal.OpenOn(d, journal.Options{}); return err }()} {
				var damage *journal.CorruptError
				require.ErrorAs(t, err, &damage)
				assert.Equal(t, test.file, damage.File)
				assert.ErrorContains(t, err, test.reason)
			}
		})
	}
	t.Run("a version that is not known", func(t *testing.T) {
		d := build(t)
		replace(last, "davit-journal 1", "davit-journal 2")(d)
		_, err := journal.OpenOn(d, journal.Options{})
		require.ErrorIs(t, err, journal.ErrVersion)
		require.ErrorContains(t, err, last)
		require.ErrorIs(t, journal.VerifyOn(ctx, d), journal.ErrVersion)
	})
	t.Run("all is reported at once", func(t *testing.T) {
		d := build(t)
		replace(first, "end of 2", "end of 3")(d)
		replace(last, "end of 14", "end of 15")(d)
		err := journal.VerifyOn(ctx, d)
		assert.ErrorContains(t, err, first)
		assert.ErrorContains(t, err, last)
	})
}

// A forger who knows the checksums is found out by the hashes, or, where all hashes are made anew,
// by who kept one.
func TestTampering(t *testing.T) {
	honest := newSimulated()
	j, err := journal.OpenOn(honest, journal.Options{})
	require.NoError(t, err)
	write(t, j, "a", events(1, 2)...)
	middle, err := j.Head(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, uint64(2), middle.Seq)
	write(t, j, "a", events(3, 4)...)
	last, err := j.Head(ctx, "a")
	require.NoError(t, err)
	require.NoError(t, j.Holds(ctx, middle))
	require.NoError(t, j.Holds(ctx, last))
	require.NoError(t, j.Close())

	t.Run("one event is changed, with its checksums", func(t *testing.T) {
		d := honest.killed()
		c := d.names["0000000001.segment"]
		c.data = journal.Reseal([]byte(strings.Replace(string(c.data), "end of 2", "end of 9", 1)))
		_, err := journal.OpenOn(d, journal.Options{})
		require.ErrorContains(t, err, "hash")
		require.ErrorContains(t, journal.VerifyOn(ctx, d), "hash")
	})
	t.Run("another history", func(t *testing.T) {
		forged, err := journal.OpenOn(newSimulated(), journal.Options{})
		require.NoError(t, err)
		list := events(1, 2)
		list[0].Stage = "forged"
		write(t, forged, "a", list...)
		write(t, forged, "a", events(3, 4)...)
		require.NoError(t, forged.Verify(ctx))
		for _, h := range []journal.Head{middle, last} {
			var damage *journal.CorruptError
			require.ErrorAs(t, forged.Holds(ctx, h), &damage)
		}
	})
	t.Run("the end is cut off", func(t *testing.T) {
		short, err := journal.OpenOn(newSimulated(), journal.Options{})
		require.NoError(t, err)
		write(t, short, "a", events(1, 2)...)
		require.NoError(t, short.Holds(ctx, middle))
		require.Error(t, short.Holds(ctx, last))
		require.Error(t, short.Holds(ctx, journal.Head{Release: "b", Seq: 1, Hash: last.Hash}))
		require.NoError(t, short.Holds(ctx, journal.Head{Release: "b"}))
	})
}

func TestAConflictIsToldWithoutWriting(t *testing.T) {
	d, j := faulty(t, "write", syscall.EIO, 1000)
	require.ErrorIs(t, j.Append(ctx, "a", 1, events(2, 3)...), release.ErrConflict)
	require.ErrorIs(t, j.Append(ctx, "a", 3, events(4, 4)...), release.ErrConflict)
	require.NoError(t, j.Append(ctx, "a", 2))
	_ = d
}
