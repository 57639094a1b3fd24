package ledger_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the scenarios in testdata with what really happens")

// TestScenarios plays the scripts in testdata. A line at the margin is what happens to the release, the
// indented lines below it are what comes of it. Run with -update to rewrite the indented lines, and read
// the difference.
//
//	pipeline NAME [parallel=N] [on-abort=stop]   opens a pipeline; its stages follow as
//	stage NAME [after A,B] [OPTION...]           see option
//	request [KEY=JSON...]                        the release is asked for
//	STAGE ends as OUTCOME [finally][: REASON]    a running stage ends, having dealt with its signals
//	STAGE waits [for D] [deaf][: REASON]         a running stage ends, and is to be run again; deaf: it has
//	                                             dealt with no signal
//	STAGE writes KEY JSON                        a running stage hands on a value, just before it ends
//	STAGE obeys                                  a running stage, or its undo, ends as it was told to
//	undo of STAGE ends as OUTCOME[: REASON]      an undo that runs ends
//	PERSON says KIND [to STAGE][: WHY]           a signal comes
//	host stops [until D]                         the host stops
//	host NAME takes over [D behind]              another host carries the release, whose clock may be behind
//	after D                                      time passes
//	review                                       shows what a person reads about the release so far
//	state                                        shows where the stages stand, and what was handed on
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			played := play(t, string(text))
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(played), 0o644))
				return
			}
			require.Equal(t, string(text), played, "run with -update, and read the difference")
		})
	}
}
