package journal_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// On one processor, nobody else runs while a commit is written: who leads must let the others come first, or
// it goes on alone, and each of them after it.
func TestAppendersShareCommitsOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const appenders, appends = 20, 10
	d := newSimulated()
	syncs := 0
	d.fault = func(op, _ string, bytes int) (int, error) {
		if op == "sync" {
			syncs++
		}
		return bytes, nil
	}
	j, err := journal.OpenOn(d, journal.Options{})
	require.NoError(t, err)
	defer j.Close()
	var all sync.WaitGroup
	for i := range appenders {
		all.Go(func() {
			for k := range appends {
				assert.NoError(t, j.Append(ctx, fmt.Sprint("r", i), uint64(k), events(uint64(k)+1, uint64(k)+1)...))
			}
		})
	}
	all.Wait()
	assert.Less(t, syncs, appenders*appends/2)
}
