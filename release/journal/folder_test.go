package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fill lets a journal end its first file, so that the next append begins another one.
func fill(t *testing.T, j *journal.Journal, dir string) {
	t.Helper()
	for n := 0; len(matches(t, dir, "0000000002.segment")) == 0; n++ {
		write(t, j, fmt.Sprint("fill", n), events(1, 4)...)
	}
	for n := 0; n < 100; n++ {
		text, err := os.ReadFile(newest(t, dir))
		require.NoError(t, err)
		if len(text) > 0 && text[len(text)-1] == '\n' && filled(text) {
			return
		}
		write(t, j, fmt.Sprint("more", n), events(1, 4)...)
	}
	t.Fatal("no file was ended")
}

func matches(t *testing.T, dir, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	return names
}

func newest(t *testing.T, dir string) string {
	names := matches(t, dir, "*.segment")
	require.NotEmpty(t, names)
	return names[len(names)-1]
}

// filled says whether a segment has its end.
func filled(text []byte) bool {
	last := len(text) - 2
	for last > 0 && text[last] != '\n' {
		last--
	}
	return len(text) > last+5 && string(text[last+1:last+5]) == "\x1eend"
}

// The folder of a journal is moved, removed or replaced, or its file is. The journal acknowledges nothing
// from then on, does nothing to what stands in its place, and still shows what it has: with a file to write
// on, and where the next append begins a new one.
func TestTheFolderGoesAway(t *testing.T) {
	tests := map[string]struct {
		away func(t *testing.T, dir string)
		next bool // another journal opens a folder of the same name
		left bool // what was acknowledged is still on the disk
	}{
		"moved":     {func(t *testing.T, dir string) { require.NoError(t, os.Rename(dir, dir+".old")) }, false, true},
		"replaced":  {func(t *testing.T, dir string) { require.NoError(t, os.Rename(dir, dir+".old")) }, true, true},
		"removed":   {func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(dir)) }, false, false},
		"made anew": {func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(dir)) }, true, false},
		"a copy with the same files": {func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(dir, dir+".old"))
			require.NoError(t, os.Mkdir(dir, 0o700))
			for _, name := range matches(t, dir+".old", "*") {
				require.NoError(t, os.Link(name, filepath.Join(dir, filepath.Base(name))))
			}
		}, false, true},
	}
	for name, test := range tests {
		for _, ended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, a file is full: %v", name, ended), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "journal")
				o := journal.Options{SegmentSize: 2 << 10}
				j := open(t, dir, o)
				write(t, j, "a", events(1, 2)...)
				if ended {
					fill(t, j, dir)
				}
				test.away(t, dir)
				var other *journal.Journal
				if test.next {
					other = open(t, dir, o)
					write(t, other, "b", events(1, 2)...)
				}
				before := contents(t, dir)
				for range 3 {
					err := j.Append(ctx, "a", 2, events(3, 4)...)
					require.ErrorIs(t, err, journal.ErrFailed)
					require.NotErrorIs(t, err, journal.ErrInDoubt)
					require.ErrorContains(t, err, "moved, removed or replaced")
				}
				if test.left {
					require.Len(t, read(t, j, "a", 0), 2, "reading goes on")
				}
				require.NoError(t, j.Close())
				require.Equal(t, before, contents(t, dir), "what stands in its place is not touched")
				if other != nil {
					write(t, other, "b", events(3, 4)...)
					require.NoError(t, other.Verify(ctx))
					require.NoError(t, other.Close())
					require.NoError(t, journal.Verify(ctx, dir))
				}
				if test.left {
					again := open(t, dir+".old", o)
					require.Len(t, read(t, again, "a", 0), 2)
					require.NoError(t, again.Close())
					require.NoError(t, journal.Verify(ctx, dir+".old"))
				}
			})
		}
	}
}

// contents is what stands in a folder, by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range matches(t, dir, "*") {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		out[filepath.Base(name)] = string(text)
	}
	return out
}

// Nothing that can be removed from the folder lets a second journal in.
func TestNoFileIsTheLock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // who finds the folder locked is patient
		dir := filepath.Join(t.TempDir(), "journal")
		j := open(t, dir, journal.Options{})
		write(t, j, "a", events(1, 2)...)
		for _, name := range matches(t, dir, "*") {
			require.NoError(t, os.Remove(name))
		}
		_, err := journal.Open(dir, journal.Options{})
		require.ErrorIs(t, err, journal.ErrLocked)
		require.ErrorIs(t, j.Append(ctx, "a", 2, events(3, 4)...), journal.ErrFailed, "its file is gone")
		require.NoError(t, os.Rename(dir, dir+".old"))
		_, err = journal.Open(dir+".old", journal.Options{})
		require.ErrorIs(t, err, journal.ErrLocked, "the lock goes with the folder")
	})
}

// The folder goes away between the write and the end of its sync: it is not acknowledged.
func TestTheFolderGoesAwayDuringAWrite(t *testing.T) {
	d := newSimulated()
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err)
	write(t, j, "a", events(1, 2)...)
	d.fault = func(op, _ string, bytes int) (int, error) {
		if op == "sync" {
			d.moved = true
		}
		return bytes, nil
	}
	err = j.Append(ctx, "a", 2, events(3, 4)...)
	require.ErrorIs(t, err, journal.ErrFailed)
	require.ErrorIs(t, err, journal.ErrInDoubt)
	d.moved = false
	err = j.Append(ctx, "a", 2, events(3, 4)...)
	require.ErrorIs(t, err, journal.ErrFailed, "also when it is back")
	require.NotErrorIs(t, err, journal.ErrInDoubt)
	require.Len(t, read(t, j, "a", 0), 2)
	require.NoError(t, j.Close())
}

// A process that changes its directory still finds the folder that it opened by a relative path.
func TestARelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	j := open(t, "journal", journal.Options{SegmentSize: 1 << 10})
	t.Chdir(t.TempDir())
	for n := range 10 {
		write(t, j, fmt.Sprint(n), append(events(1, 6), finish(7))...)
	}
	require.Empty(t, matches(t, ".", "*"))
}

func TestAFolderThatIsNone(t *testing.T) {
	dir := t.TempDir()
	nowhere, file := filepath.Join(dir, "nowhere"), filepath.Join(dir, "file")
	require.NoError(t, os.Symlink(filepath.Join(dir, "missing"), nowhere))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for path, want := range map[string]string{
		nowhere:                       "a symbolic link that leads nowhere",
		filepath.Join(nowhere, "sub"): "a symbolic link that leads nowhere",
		file:                          "is not a folder",
		filepath.Join(file, "sub"):    "not a",
	} {
		_, err := journal.Open(path, journal.Options{})
		assert.ErrorContains(t, err, want, path)
		assert.Error(t, journal.Verify(ctx, path))
	}
	assert.NoFileExists(t, filepath.Join(dir, "missing"))
}

// The folder and those above it that were not there last, too.
func TestWhereAFolderIsMadeItsNameLasts(t *testing.T) {
	dir := t.TempDir()
	var synced []string
	sync := func(path string) error { synced = append(synced, path); return nil }
	require.NoError(t, journal.MakeFolder(filepath.Join(dir, "a", "b", "c"), sync))
	require.ElementsMatch(t, []string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "a", "b")}, synced)
	synced = nil
	require.NoError(t, journal.MakeFolder(filepath.Join(dir, "a", "b", "c"), sync))
	require.Empty(t, synced)
	require.ErrorIs(t, journal.MakeFolder(filepath.Join(dir, "d"), func(string) error { return errDisk }), errDisk)
}

// Where nothing was changed in the folder for a while, its file is not looked at each time. It is, as soon as something
// was, also where the folder's time was set back, as by whoever restores a backup.
func TestTheFileGoesAwayAfterAWhile(t *testing.T) {
	for name, away := range map[string]func(t *testing.T, file string){
		"removed": func(t *testing.T, file string) { require.NoError(t, os.Remove(file)) },
		"replaced": func(t *testing.T, file string) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file+".copy", text, 0o600))
			require.NoError(t, os.Rename(file+".copy", file))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "journal")
			j := open(t, dir, journal.Options{})
			write(t, j, "a", events(1, 2)...)
			time.Sleep(2 * journal.Tick)
			write(t, j, "a", events(3, 3)...)
			write(t, j, "a", events(4, 4)...)
			info, err := os.Stat(dir)
			require.NoError(t, err)
			away(t, newest(t, dir))
			require.NoError(t, os.Chtimes(dir, info.ModTime(), info.ModTime()))
			require.ErrorIs(t, j.Append(ctx, "a", 4, events(5, 5)...), journal.ErrFailed)
		})
	}
}
