//go:build !davit_ps

package local

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const statLine = "4711 (a) (name\n) S 1 4700 4700 0 -1 4194304 1 0 0 0 1 2 3 4 20 0 7 0 123456 1000 10 18446744073709551615 0"

func TestParseStat(t *testing.T) {
	s, err := parseStat([]byte(statLine))
	require.NoError(t, err)
	assert.Equal(t, procStat{group: 4700, start: "123456"}, s)

	s, err = parseStat([]byte(strings.Replace(statLine, ") S", ") Z", 1)))
	require.NoError(t, err)
	assert.False(t, s.ended, "other threads go on")

	s, err = parseStat([]byte(strings.NewReplacer(") S", ") Z", " 20 0 7 ", " 20 0 1 ").Replace(statLine)))
	require.NoError(t, err)
	assert.True(t, s.ended)

	for _, bad := range []string{"", "4711", "4711 (x", "4711 (x) S 1 4700", strings.Replace(statLine, " 1 4700", " 1 x", 1)} {
		_, err := parseStat([]byte(bad))
		assert.Error(t, err, bad)
	}
}

func TestCheckTellsProcessesApart(t *testing.T) {
	start, err := startTime(os.Getpid())
	require.NoError(t, err)
	me := processID{PID: os.Getpid(), Start: start}
	assert.True(t, me.alive())
	me.Start += "0"
	assert.False(t, me.alive())
	me.PID = 1 << 30
	alive, err := me.check()
	assert.False(t, alive)
	assert.NoError(t, err, "a process that is not there is no error")
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(statLine))
	f.Add([]byte(") ) )"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := parseStat(data); err == nil && s.start == "" {
			t.Fatalf("%q has no start", data)
		}
	})
}
