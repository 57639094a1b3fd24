package integration_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// target is what releases work upon: a folder with a file for each release, in which every touch is a
// line. It refuses whoever comes with a lower fence than it has seen.
type target string

var errFenced = errors.New("a newer host has been here")

func (d target) path(name string) string { return filepath.Join(string(d), name) }

// touch does something to the target, once it is alone with it.
func (d target) touch(release, what, host string, fence uint64) error {
	f, err := os.OpenFile(d.path(release+".log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	text, err := os.ReadFile(f.Name())
	if err != nil {
		return err
	}
	done := "done"
	for line := range strings.Lines(string(text)) {
		if seen, err := strconv.ParseUint(strings.Fields(line)[1], 10, 64); err != nil || seen > fence {
			err, done = errors.Join(err, errFenced), "refused"
		}
	}
	if _, err := fmt.Fprintf(f, "%s %d %s %s\n", done, fence, what, host); err != nil {
		return err
	}
	if done == "refused" {
		return errFenced
	}
	return nil
}

// lines are all touches of a release, in order: done or refused, the fence, what, and the host.
func (d target) lines(t *testing.T, release string) []string {
	t.Helper()
	text, err := os.ReadFile(d.path(release + ".log"))
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// tell leaves a word for processes, which look for it with told.
func (d target) tell(t *testing.T, word string) {
	t.Helper()
	require.NoError(t, os.WriteFile(d.path(word), nil, 0o600))
}

func (d target) told(words ...string) bool {
	for _, word := range words {
		if _, err := os.Stat(d.path(word)); err == nil {
			return true
		}
	}
	return false
}
