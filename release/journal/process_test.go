package journal_test

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const folderOfWriter = "DAVIT_JOURNAL_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(folderOfWriter); dir != "" {
		writeUntilKilled(dir)
	}
	// These tests wait most of the time: for the disk.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	// The tests leave much garbage and keep little.
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}

// writeUntilKilled is a process that appends to the releases of a folder, goes on with those that
// it finds, and says what was acknowledged.
func writeUntilKilled(dir string) {
	fail := func(err error) {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	j, err := journal.Open(dir, journal.Options{SegmentSize: 32 << 10})
	if err != nil {
		fail(err)
	}
	fmt.Println("open")
	var mu sync.Mutex
	for w := range 8 {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("r%d-%d", w, n)
				last := uint64(0)
				for e, err := range j.Events(ctx, id, 0) {
					if err != nil {
						fail(err)
					}
					last = e.Seq
				}
				for ; last < 9; last += 3 {
					list := events(last+1, last+3)
					if last == 6 {
						list[2] = finish(9)
					}
					if err := j.Append(ctx, id, last, list...); err != nil {
						fail(err)
					}
					mu.Lock()
					fmt.Println(id, last+3)
					mu.Unlock()
				}
			}
		}()
	}
	select {}
}

func writer(t *testing.T, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), folderOfWriter+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	require.Equal(t, "open", lines.Text())
	return cmd, lines
}

// A process that writes is killed, again and again: each time the folder is free at once, and what was
// acknowledged is there.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(2026, 11))
	acknowledged := map[string]uint64{}
	for round := range 12 / raced {
		cmd, lines := writer(t, dir)
		if round == 0 {
			_, err := journal.Open(dir, journal.Options{})
			assert.ErrorIs(t, err, journal.ErrLocked)
		}
		enough := 20 + rng.IntN(400)
		for n := 0; lines.Scan(); n++ {
			var id string
			var last uint64
			_, err := fmt.Sscanf(lines.Text(), "%s %d", &id, &last)
			require.NoError(t, err, lines.Text())
			acknowledged[id] = last
			if n == enough {
				time.AfterFunc(time.Duration(rng.IntN(2000))*time.Microsecond, func() { assert.NoError(t, cmd.Process.Kill()) })
			}
		}
		require.Error(t, cmd.Wait(), "it was killed")
		require.NoError(t, journal.Verify(t.Context(), dir))
		j, err := journal.Open(dir, journal.Options{})
		require.NoError(t, err)
		for id, last := range acknowledged {
			have := read(t, j, id, 0)
			require.GreaterOrEqual(t, uint64(len(have)), last, id)
			require.Zero(t, len(have)%3, "half an append is there")
		}
		require.NoError(t, j.Close())
	}
	t.Logf("%d releases", len(acknowledged))
}
