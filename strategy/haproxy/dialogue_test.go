package haproxy_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The simulator says what HAProxy says: the same script is held against a real one.
func TestDialogue(t *testing.T) {
	w := newWorld(t)
	dialogue(t, w.mapFile, func() (net.Conn, error) { return w.dialAdmin(t.Context(), "", "") })
}

// dialogue holds what is behind a socket against testdata/dialogue.txt.
func dialogue(t *testing.T, mapFile string, dial func() (net.Conn, error)) {
	script, err := os.ReadFile(filepath.Join("testdata", "dialogue.txt"))
	require.NoError(t, err)
	var answer []string
	command := ""
	for line := range strings.Lines(strings.ReplaceAll(string(script), "MAP", mapFile)) {
		line = strings.TrimSuffix(line, "\n")
		next, asks := strings.CutPrefix(line, "> ")
		switch {
		case asks:
			command, answer = next, say(t, dial, next)
			continue
		case command == "":
			continue
		case line == "(empty)":
			assert.Empty(t, answer, "> %s", command)
			continue
		}
		fits := regexp.MustCompile("^(?:" + line + ")$")
		for len(answer) > 0 && !fits.MatchString(answer[0]) {
			answer = answer[1:]
		}
		if assert.NotEmpty(t, answer, "> %s: no line fits %s", command, line) {
			answer = answer[1:]
		}
	}
}

// say sends a command; what follows << is its payload, with | between the lines.
func say(t *testing.T, dial func() (net.Conn, error), command string) []string {
	conn, err := dial()
	require.NoError(t, err)
	defer conn.Close()
	text := command + "\n"
	if first, payload, ok := strings.Cut(command, "<<"); ok {
		text = first + "<<\n" + strings.ReplaceAll(payload, "|", "\n") + "\n\n"
	}
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	all, err := io.ReadAll(conn)
	require.NoError(t, err)
	answer, ended := strings.CutSuffix(string(all), "\n")
	require.True(t, ended, "> %s: an answer ends with an empty line", command)
	if answer == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(answer, "\n"), "\n")
}
