package dora

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora/internal/keys"
)

var plainLines = []string{
	`{"type":"change","id":"c1","time":"2025-03-03T07:00:00Z","merged":"2025-03-03T08:00:00.5+01:00","repo":"shop"}`,
	` { "id" : "d1", "time":"2025-03-03T07:00:00Z" , "type":"deployment","changes":["c1", "c2" ],"fixes":["d0"],"kind":"rollback","status":"failure","started":"2025-03-03T06:00:00Z","group":"g","version":"1","service":"s","environment":"e"}` + "\r\n",
	`{"type":"incident","id":"i1","service":"shop","opened":"2025-03-03T07:00:00Z","resolved":"2025-03-03T07:00:00Z","caused_by":["d1"],"changes":["c1"]}`,
}

// Events as programs write them are read without package encoding/json.
func TestPlainly(t *testing.T) {
	for _, line := range plainLines {
		got, ok := plainly([]byte(line))
		require.True(t, ok, line)
		want, err := decoded([]byte(line))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, e := range []Event{Change{ID: "c", Time: time.Unix(5, 0)}, Deployment{ID: "d", Time: time.Unix(5, 0)}, Incident{ID: "i", Opened: time.Unix(5, 0)}} {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		_, ok := plainly(text)
		assert.True(t, ok, "%s", text)
	}
}

// What is read plainly is the same as by package encoding/json.
func FuzzPlainly(f *testing.F) {
	for _, line := range plainLines {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"type":"change","id":"c1","id":"c2","time":"2025-03-03T07:00:00Z"}`))
	f.Add([]byte(`{"type":"change","id":"c\u0031","time":"2025-03-03T07:00:00Z","originals":[]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		got, ok := plainly(line)
		if !ok {
			return
		}
		want, err := decoded(line)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.True(t, utf8.Valid(line))
		_, twice := keys.Twice(line, true)
		require.False(t, twice)
	})
}
