package journal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/stretchr/testify/require"
)

// FuzzReader gives a journal a segment and a pack with arbitrary bytes: it opens and verifies them
// or says what is wrong, and what it has opened it can write on and open again.
func FuzzReader(f *testing.F) {
	d := newSimulated()
	j, err := journal.OpenOn(d, small)
	require.NoError(f, err)
	tell(j, story())
	require.NoError(f, j.Close())
	names, err := d.List()
	require.NoError(f, err)
	for _, name := range names {
		f.Add(d.names[name].data, []byte(nil), false)
		f.Add(d.names[name].data, d.names["0000000001.pack"].data, true)
	}
	plain := newSimulated()
	j, err = journal.OpenOn(plain, journal.Options{})
	require.NoError(f, err)
	tell(j, story()[:4])
	require.NoError(f, j.Close())
	text := plain.names["0000000001.segment"].data
	f.Add(text, []byte(nil), true)
	f.Add(text[:len(text)-30], []byte(nil), true)
	f.Add([]byte("davit-journal 1 segment 1 1 0 00000000\n\x1e1 1 99999999999 00000000\n"), []byte("davit-journal 1 pack 1 00000000\n"), true)
	f.Add([]byte("davit-journal 1 00000000\n"), []byte("davit-journal 1 00000000\n"), true)
	f.Fuzz(func(t *testing.T, segment, pack []byte, mend bool) {
		d := newSimulated()
		for name, data := range map[string][]byte{"0000000001.segment": segment, "0000000001.pack": pack} {
			if data != nil {
				if mend { // so that more than checksums is tried
					data = journal.Reseal(bytes.Clone(data))
				}
				c := &content{data: data, lasting: data}
				d.names[name], d.lasting[name] = c, c
			}
		}
		sound := journal.VerifyOn(ctx, d.killed())
		j, err := journal.OpenOn(d, journal.Options{})
		if err != nil {
			var damage *journal.CorruptError
			if !errors.As(err, &damage) && !errors.Is(err, journal.ErrVersion) {
				t.Fatalf("a file is damaged, and the error is %v", err)
			}
			require.Error(t, sound, "it cannot be opened, and nothing is said to be wrong with it: %v", err)
			return
		}
		failed := false
		for id, err := range j.Releases(ctx) {
			failed = failed || err != nil
			if err != nil {
				break
			}
			for _, err := range j.Events(ctx, id, 0) {
				failed = failed || err != nil
			}
		}
		if failed {
			require.Error(t, sound, "it cannot be read, and nothing is said to be wrong with it")
		}
		_ = j.Append(ctx, "another one", 0, events(1, 2)...)
		require.NoError(t, j.Close())
		again, err := journal.OpenOn(d, journal.Options{})
		require.NoError(t, err)
		require.NoError(t, again.Close())
	})
}
