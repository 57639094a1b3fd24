package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What README.md shows below the program is what it says, but for the time.
func TestSaysWhatTheReadmeShows(t *testing.T) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	out := os.Stdout
	os.Stdout = write
	synctest.Test(t, func(*testing.T) { main() }) // so that everything takes no time
	os.Stdout = out
	require.NoError(t, write.Close())
	said, err := io.ReadAll(read)
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	shown := 0
	for line := range strings.Lines(string(said)) {
		if !strings.Contains(line, "requested by") {
			assert.Contains(t, string(readme), line)
			shown++
		}
	}
	assert.Greater(t, shown, 10)
}
