package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// shown runs a release that is taken back on a simulated target, and returns what a screen shows of it.
func shown(t *testing.T, live bool) string {
	t.Helper()
	world := &strategytest.World{Start: time.Millisecond, Stop: time.Millisecond, Request: time.Millisecond}
	world.Put(strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0"}, Replicas: 2, Share: strategy.All()}})
	build := stage.Declared{
		Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
			if err := stage.Version.Set(t, "1.1.0"); err != nil {
				return err
			}
			return stage.Built.Set(t, stage.Artifact{Digest: "sha256:abc"})
		}),
		Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()},
	}
	production := deploy.Stage{
		Target:   world.Target(),
		Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Gates: []string{"errors"}}}},
		Options: rollout.Options{Poll: time.Millisecond, Gates: map[string]gate.Gate{
			"errors": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
				return gate.Verdict{Outcome: gate.Fail, Reason: "9 of 100 requests failed"}, nil
			}),
		}},
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "screen"))
	require.NoError(t, err)
	defer file.Close()
	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	s := newScreen(file, false, func(err error) { t.Error(err) })
	assert.False(t, s.live, "a file is no terminal")
	s.live, s.size = live, func() (rows, columns int) { return 40, 60 }
	done := make(chan error, 1)
	go func() {
		done <- s.show(runner.Watch(t.Context(), "r", 0), func() local.Snapshot { return local.Snapshot{} })
	}()
	_, err = runner.Run(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: build}, {Name: "production", Do: production, Needs: []string{"build"}},
	}}, release.Request{ID: "r", Service: "shop", RequestedBy: "ada"})
	assert.Equal(t, stage.RolledBack, stage.OutcomeOf(err))
	require.NoError(t, <-done)
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return string(text)
}

func TestPlainLines(t *testing.T) {
	text := shown(t, false)
	at := 0
	for _, line := range []string{
		"build      begins", "production step 1 of 2: step started: 50% of the traffic to 1.1.0",
		"production gate errors: fail: 9 of 100 requests failed", "production way back", "production rolled-back", "release    rolled-back",
	} {
		next := strings.Index(text[at:], line)
		require.GreaterOrEqual(t, next, 0, "%q is missing, or out of order, in\n%s", line, text)
		at += next
	}
	assert.NotContains(t, text, "\x1b")
}

func TestLivePicture(t *testing.T) {
	text := shown(t, true)
	last := text[strings.LastIndex(text, "\x1b[2K  ✓ build"):]
	assert.Contains(t, last, "↩ production")
	assert.Contains(t, last, "gate errors   fail: 9 of 100 requests failed")
	for line := range strings.Lines(text) {
		visible := strings.NewReplacer("\x1b[2K", "", "\x1b[J", "").Replace(strings.TrimSuffix(line, "\n"))
		if i := strings.Index(visible, "A"); strings.HasPrefix(visible, "\x1b[") && i > 0 {
			visible = visible[i+1:]
		}
		assert.Less(t, len([]rune(visible)), 60, "a line that wraps spoils the next picture: %q", visible)
	}
}

func TestBar(t *testing.T) {
	assert.Equal(t, "[███░░░░░░░] step 2 of 3", bar(rollout.Event{Step: 1, Steps: 3}, 0, 10))
	assert.Equal(t, "[█████░░░░░] step 2 of 3", bar(rollout.Event{Step: 1, Steps: 3}, 0.5, 10))
	assert.Equal(t, "[██████████] step 3 of 3", bar(rollout.Event{Step: 2, Steps: 3}, 1, 10))
	assert.Equal(t, "[██░░░░░░░░] step 1 of 1, on the way back", bar(rollout.Event{Back: true, Steps: 1}, 0.25, 10))
	assert.Equal(t, "[██████████] step 4 of 3", bar(rollout.Event{Step: 3, Steps: 3}, 0.25, 10), "never more than all")
}

func TestWithinAStep(t *testing.T) {
	v := newView()
	at := time.Unix(1_800_000_000, 0)
	told := func(r rollout.Event) {
		raw, err := json.Marshal(r)
		require.NoError(t, err)
		v.note(ledger.Event{Stage: "production"}, ledger.Noted{Name: deploy.DetailEvent, Data: raw}, func(string, ...any) []string { return nil })
	}
	v.note(ledger.Event{Stage: "plan"}, ledger.Noted{Name: detailBakes, Data: []byte(`{"production":[2000000000,0]}`)}, nil)
	told(rollout.Event{Kind: rollout.StepStarted, At: at, Steps: 2})
	assert.Equal(t, 0.25, v.within("production", at), "something shows at once")
	told(rollout.Event{Kind: rollout.StepReached, At: at, Steps: 2})
	assert.Equal(t, 0.5, v.within("production", at))
	assert.Equal(t, 0.75, v.within("production", at.Add(time.Second)))
	assert.Equal(t, 1.0, v.within("production", at.Add(time.Hour)))
	assert.Equal(t, 0.5, v.within("production", at.Add(-time.Hour)))
	told(rollout.Event{Kind: rollout.StepDone, At: at, Steps: 2})
	assert.Equal(t, 1.0, v.within("production", at))
	told(rollout.Event{Kind: rollout.StepStarted, At: at, Step: 1, Steps: 2})
	assert.Equal(t, 0.25, v.within("production", at.Add(time.Hour)))
	told(rollout.Event{Kind: rollout.StepReached, At: at, Step: 1, Steps: 2})
	assert.Equal(t, 1.0, v.within("production", at), "there is no bake")
	require.NoError(t, v.err)
}

// A picture fits into the terminal as it is at the moment of drawing.
func TestPictureFits(t *testing.T) {
	rows, columns := 10, 50
	var out bytes.Buffer
	s := &screen{out: &out, live: true, size: func() (int, int) { return rows, columns }}
	lines := slices.Repeat([]string{strings.Repeat("x", 100)}, 30)
	drawn := s.draw(lines, 0)
	assert.Equal(t, 9, drawn)
	assert.Equal(t, 9, strings.Count(out.String(), "\n"))
	assert.Contains(t, out.String(), "\x1b[2K"+strings.Repeat("x", 48)+"…\n")
	rows, columns = 0, 0
	out.Reset()
	assert.Equal(t, 23, s.draw(lines, drawn), "24 rows where the terminal does not tell")
	assert.Contains(t, out.String(), "\x1b[9A")
	assert.Contains(t, out.String(), "\x1b[2K"+strings.Repeat("x", 78)+"…\n")
	rows = 6
	out.Reset()
	s.draw(lines, 23)
	assert.Contains(t, out.String(), "\x1b[5A", "what has scrolled away stays away")
	assert.Equal(t, strings.Repeat("x", 78)+"…", s.fit(lines[0]))
	s.live = false
	assert.Equal(t, lines[0], s.fit(lines[0]))
}

// A reader that leaves ends the run, instead of the process.
func TestScreenWithoutAReader(t *testing.T) {
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer writer.Close()
	ctx, stop := context.WithCancelCause(t.Context())
	s := newScreen(writer, true, stop)
	s.say("somebody reads this")
	require.NoError(t, ctx.Err())
	require.NoError(t, reader.Close())
	s.say("and nobody this")
	require.ErrorIs(t, context.Cause(ctx), syscall.EPIPE)
	assert.ErrorContains(t, context.Cause(ctx), "nobody sees the screen")
}
