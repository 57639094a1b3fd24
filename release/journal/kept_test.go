package journal_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keep writes a folder of this version into testdata, for all later versions to read. What is there is never
// written anew: a change after which this test fails is one that loses the releases of users. A new format gets
// a folder of its own beside the old ones.
var keep = flag.String("keep", "", "write a folder of that name into testdata, where there is none")

const keptFormat = "testdata/format1"

// keptPipeline is the pipeline of the releases in there. Its build goes on from a checkpoint.
func keptPipeline(interrupt bool) release.Pipeline {
	build := func(ctx context.Context, t *stage.Task) error {
		var done int
		if _, err := t.Restore(&done); err != nil {
			return err
		}
		if done == 0 {
			if err := t.Checkpoint(ctx, 7); err != nil {
				return err
			}
			done = 7
		}
		if interrupt && strings.HasSuffix(t.Release().ID, "-3") {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		if done != 7 {
			return errors.New("the checkpoint is another one")
		}
		return stage.Version.Set(t, "1."+t.Release().ID[len("shop-"):]+".0")
	}
	publish := func(_ context.Context, t *stage.Task) error {
		version, err := stage.Version.Get(t)
		if err == nil && !strings.HasSuffix(t.Release().ID, strings.Split(version, ".")[1]) {
			return errors.New("published " + version)
		}
		return err
	}
	return release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: stage.Declared{Stage: stage.Func(build), Write: []stage.Ref{stage.Version.Ref()}}},
		{Name: "approve", Do: approval.Stage{Ask: "Release?", FourEyes: true}, Needs: []string{"build"}, Environment: "production"},
		{Name: "publish", Do: stage.Declared{Stage: stage.Func(publish), Read: []stage.Ref{stage.Version.Ref()}, Class: stage.AtMostOnce},
			Needs: []string{"approve"}, Timeout: time.Hour, OnFailure: release.Freeze},
	}}
}

// TestReadsWhatWasWrittenBefore: a folder that an earlier version has left is read to the last byte, and its
// releases come to their end. One is over and archived, one waits for an approval, one is within a stage.
func TestReadsWhatWasWrittenBefore(t *testing.T) {
	if *keep != "" {
		writeKept(t, filepath.Join("testdata", *keep))
	}
	dir := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.CopyFS(dir, os.DirFS(keptFormat)))
	require.NoError(t, journal.Verify(t.Context(), dir))
	j, err := journal.Open(dir, journal.Options{})
	require.NoError(t, err)
	defer j.Close()

	var ids []string
	for id, err := range j.Releases(t.Context()) {
		require.NoError(t, err)
		ids = append(ids, id)
	}
	assert.Equal(t, []string{"shop-1", "shop-2", "shop-3"}, ids)
	for _, id := range ids {
		for e, err := range j.Events(t.Context(), id, 0) {
			require.NoError(t, err)
			text, err := e.MarshalJSON()
			require.NoError(t, err)
			assert.True(t, holdsLine(t, dir, string(text)), "%s: event %d is written as it was: %s", id, e.Seq, text)
		}
	}

	runner := release.NewRunner(release.Config{Store: j})
	defer runner.Close()
	taken, err := runner.TakeUp(t.Context(), keptPipeline(false))
	require.NoError(t, err)
	assert.Equal(t, []string{"shop-2", "shop-3"}, taken)
	for _, id := range taken {
		require.NoError(t, runner.Signal(t.Context(), id, stage.Signal{Kind: stage.Approve, Stage: "approve", By: "grace"}))
		state, err := runner.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, stage.Succeeded, state.Outcome)
	}
	state, err := runner.State(t.Context(), "shop-1")
	require.NoError(t, err)
	assert.Equal(t, stage.Succeeded, state.Outcome)
	require.NoError(t, j.Verify(t.Context()))
}

// holdsLine reports whether a file of the folder has the line.
func holdsLine(t *testing.T, dir, line string) bool {
	files, err := filepath.Glob(filepath.Join(dir, "*.*"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(text), "\n"+line+"\n") {
			return true
		}
	}
	return false
}

// writeKept writes such a folder.
func writeKept(t *testing.T, dir string) {
	require.NoDirExists(t, dir, "what was kept is not written anew")
	j, err := journal.Open(dir, journal.Options{SegmentSize: 4 << 10})
	require.NoError(t, err)
	runner := release.NewRunner(release.Config{Store: j})
	for _, id := range []string{"shop-1", "shop-2", "shop-3"} {
		require.NoError(t, runner.Begin(t.Context(), keptPipeline(true), release.Request{ID: id, Service: "shop", Commit: "c0ffee", RequestedBy: "ada"}))
		for e, err := range runner.Watch(t.Context(), id, 0) {
			require.NoError(t, err)
			_, saved := e.Body.(ledger.Saved)
			ended, _ := e.Body.(ledger.Ended)
			if id == "shop-3" && saved || ended.Outcome == stage.Waiting {
				break
			}
		}
		if id == "shop-1" {
			require.NoError(t, runner.Signal(t.Context(), id, stage.Signal{Kind: stage.Approve, Stage: "approve", By: "grace", Why: "it is good"}))
			_, err := runner.Wait(t.Context(), id)
			require.NoError(t, err)
		}
	}
	require.NoError(t, runner.Close())
	require.NoError(t, j.Close())
}
