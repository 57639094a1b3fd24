package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy/local"
)

// TestMain lets the test binary play the parts of hosts and shops.
func TestMain(m *testing.M) {
	if code, played := role(); played {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// alone gives the example a folder for temporary files, in which it must leave nothing, and from which it
// must leave nothing running.
func alone(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("it says itself that it needs Linux or macOS")
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // else each process, where races are looked for, ends a second late
	t.Cleanup(func() {
		left, err := os.ReadDir(dir)
		assert.NoError(t, err)
		assert.Empty(t, left)
		if runtime.GOOS != "linux" {
			return
		}
		processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
		assert.NoError(t, err)
		for _, process := range processes {
			text, _ := os.ReadFile(process) // it may be over by now
			assert.NotContains(t, string(text), dir)
		}
	})
}

func TestItTellsTheStory(t *testing.T) {
	alone(t)
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	text := out.String()
	at := 0
	for _, part := range []string{
		"0 of 1 approvals\". Killed.",
		"Host 2 takes shop-1 up, finds her answer",
		"looks at it: killed.",
		"Host 3 adopts the 4 shops by their pids, goes on inside the plan, and promotes 1.1.0.",
		"In batch 3 of 6: killed.",
		"Host 4 does not run that again.",
		"it may not run twice",
		"Linus looks: 3 of 6 batches are in cents.",
		"shop-1 succeeded.",
		"In the second of the regions: killed.",
		"Host 5 goes on with that",
		"shop-2 rolled-back.",
		"under 4 hosts",
		"build 1, approve 2, production 2, migrate 2, watch 1, region.eu 1, region.us 1, region.asia 1",
		"and did so once.",
		"succeeded, undone",
		"no price for cake",
		"journal.Verify finds nothing wrong",
	} {
		next := strings.Index(text[at:], part)
		require.GreaterOrEqual(t, next, 0, "%q is missing, or out of order, in\n%s", part, text)
		at += next
	}
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, shown, found := strings.Cut(string(readme), "This is a part of what it says:\n\n```\n")
	require.True(t, found)
	shown, _, _ = strings.Cut(shown, "```")
	assert.Contains(t, text, shown, "README.md shows what it no longer says")
	assert.LessOrEqual(t, strings.Count(text, "\n"), 70)
	assert.NotContains(t, text, "did not take it", "an answer was lost")
	for line := range strings.Lines(text) {
		assert.LessOrEqual(t, len(line), 120, line)
		assert.Equal(t, strings.TrimRight(line, " \n")+"\n", line)
	}
}

// early ends something once that was told.
type early struct {
	strings.Builder
	after string
	end   func() error
}

func (e *early) Write(text []byte) (int, error) {
	if strings.Contains(e.String(), e.after) {
		if err := e.end(); err != nil {
			return 0, err
		}
	}
	return e.Builder.Write(text)
}

// Whenever it is interrupted, or nobody reads on, it ends, with all that it has started.
func TestItEndsWhenItIsToldTo(t *testing.T) {
	for name, c := range map[string]struct {
		after string
		err   error
	}{
		"nobody reads at all":       {"", syscall.EPIPE},
		"nobody reads on, a host":   {"Host 1", syscall.EPIPE},
		"nobody reads on, no host":  {"No host lives", syscall.EPIPE},
		"interrupted in a rollout":  {"Host 2 takes", nil},
		"interrupted on a way back": {"but the watch", nil},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			out := &early{after: c.after, end: func() error {
				if c.err == nil {
					cancel(context.Canceled)
				}
				return c.err
			}}
			began := time.Now()
			err := run(ctx, out)
			require.ErrorContains(t, err, "interrupted")
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
			}
			t.Logf("after %s", time.Since(began))
		})
	}
}

// What a host leaves when it dies is taken over, and ended, by whoever opens its folder.
func TestAHostThatIsKilledLeavesShops(t *testing.T) {
	alone(t)
	dir, err := os.MkdirTemp("", "")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	w, err := openWorld()
	require.NoError(t, err)
	defer w.close()
	d, up, err := startHost(t.Context(), dir, w.addr)
	require.NoError(t, err)
	assert.Empty(t, up.Taken)
	assert.Empty(t, up.Adopted)
	require.NoError(t, d.kill())
	fleet, err := local.NewFleet(fleetOptions(filepath.Join(dir, "production"), nil))
	require.NoError(t, err)
	assert.Len(t, fleet.Processes(), replicas)
	require.NoError(t, fleet.Close(t.Context()))
	require.NoError(t, sweep(dir))
}

// The world refuses whoever comes with a fence that is lower than one which it has seen.
func TestTheWorldRefusesAStaleHost(t *testing.T) {
	w, err := openWorld()
	require.NoError(t, err)
	defer w.close()
	o := outside{addr: w.addr, client: new(http.Client)}
	defer o.client.CloseIdleConnections()
	show := func(fence uint64, version string) error {
		_, err := o.ask(t.Context(), stage.NewTask(stage.Setup{Token: "shop-1/region.eu", Fence: fence}, nil), "PUT /regions/eu", version)
		return err
	}
	require.NoError(t, show(2, "1.1.0"))
	assert.ErrorContains(t, show(1, "0.9.0"), "another host carries the release by now")
	asked, changed := w.counted("shop-1 PUT /regions/eu 1.1.0")
	assert.Equal(t, []int{1, 1}, []int{asked, changed})
	assert.Equal(t, []string{"1.0.0", "1.1.0"}, w.shown())
}
