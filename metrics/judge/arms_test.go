package judge_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
	"github.com/davit-sdk/davit/metrics/trace"
)

// log is a file to which both arms write lines, each in its own time.
type log struct {
	candidate, baseline time.Duration // from line to line
	offset              time.Duration // of the candidate's
	failing             uint64        // of ten of the candidate's requests
	quiet               time.Duration // from then on, the candidate writes nothing
}

const inLine = 10 // requests

// source has what is written by then.
func (l log) source(t *testing.T, now time.Time) *trace.Source {
	t.Helper()
	var lines []trace.Line
	add := func(group string, every, offset time.Duration, failed uint64, until time.Duration) {
		for at := offset - 10*every; at <= until; at += every {
			if end := noon.Add(at); !end.After(now) {
				lines = append(lines, trace.Line{At: end, Group: group, Requests: inLine, Errors: failed})
			}
		}
	}
	add("1.0.0", l.baseline, 0, 0, time.Hour)
	until := time.Hour
	if l.quiet > 0 {
		until = l.quiet
	}
	add("2.0.0", l.candidate, l.offset, l.failing, until)
	source, err := trace.NewSource(noon, trace.Lines(lines...))
	require.NoError(t, err)
	return source
}

var outOfStep = []log{
	{candidate: 10 * time.Second, baseline: 10 * time.Second},
	{candidate: 10 * time.Second, baseline: 10 * time.Second, offset: time.Second},
	{candidate: 10 * time.Second, baseline: 10 * time.Second, offset: 3 * time.Second},
	{candidate: 10 * time.Second, baseline: 10 * time.Second, offset: 5 * time.Second},
	{candidate: 10 * time.Second, baseline: 10 * time.Second, offset: 9 * time.Second},
	{candidate: 2 * time.Second, baseline: 2 * time.Second, offset: time.Second},
	{candidate: time.Second, baseline: time.Second, offset: time.Second / 2},
	{candidate: 60 * time.Second, baseline: 60 * time.Second, offset: 30 * time.Second},
	{candidate: 60 * time.Second, baseline: 60 * time.Second},
	{candidate: 10 * time.Second, baseline: 60 * time.Second, offset: 7 * time.Second},
	{candidate: 60 * time.Second, baseline: 10 * time.Second, offset: 7 * time.Second},
	{candidate: 7 * time.Second, baseline: 11 * time.Second},
}

// Arms whose lines do not end together are compared all the same: an outage is found, no line counts
// twice, and none is lost. It makes no difference whether the lines are read as they come, or later.
func TestArmsOutOfStep(t *testing.T) {
	errorsOnly := judge.Config{Metrics: []judge.Metric{judge.Errors{}}, MinBake: time.Hour - 1, MaxTime: 2 * time.Hour, DoubtBake: time.Hour}
	for i, l := range outOfStep {
		if i%min(raced, 3) != 0 {
			continue
		}
		t.Run(fmt.Sprintf("%s %s %s", l.candidate, l.baseline, l.offset), func(t *testing.T) {
			longest := max(l.candidate, l.baseline)
			play := func(every, until time.Duration) gate.Verdict {
				var v gate.Verdict
				for at := every; at <= until && v.Outcome != gate.Fail; at += every {
					s := subject(at, v.Memory)
					s.Share = 0
					var err error
					v, err = judge.Gate{Source: l.source(t, noon.Add(at)), Config: errorsOnly, History: -1}.Check(t.Context(), s)
					require.NoError(t, err)
				}
				return v
			}
			live, later := play(7*time.Second, 700*time.Second), play(700*time.Second, 700*time.Second)
			assert.Equal(t, later.Evidence, live.Evidence)

			lines := 700 * time.Second / l.candidate
			least := lines - 4*longest/l.candidate - 4 // what is not read, or not judged yet
			assert.LessOrEqual(t, live.Evidence[0].Samples, uint64(inLine*lines), "none counts twice")
			assert.GreaterOrEqual(t, live.Evidence[0].Samples, uint64(inLine*least), "none is lost")

			l.failing = inLine
			v := play(7*time.Second, 700*time.Second)
			assert.Equal(t, gate.Fail, v.Outcome, v.Reason)
			assert.LessOrEqual(t, v.At.Sub(noon), 60*time.Second+8*longest, v.Reason)
		})
	}
}

// Who says nothing any more is missed in time, and MaxTime ends what leads nowhere.
func TestSilentArmOutOfStep(t *testing.T) {
	l := log{candidate: 10 * time.Second, baseline: 10 * time.Second, offset: 5 * time.Second, quiet: 5 * time.Minute}
	var v gate.Verdict
	silent := time.Duration(0)
	for at := 30 * time.Second; at <= 20*time.Minute; at += 30 * time.Second {
		var err error
		v, err = judge.Gate{Source: l.source(t, noon.Add(at)), Config: judge.Config{MaxTime: 15 * time.Minute}}.Check(t.Context(), subject(at, v.Memory))
		require.NoError(t, err)
		if v.NoData && at > 2*time.Minute && silent == 0 {
			silent = at
		}
	}
	assert.InDelta(t, 7*60, silent.Seconds(), 180)
	assert.Equal(t, gate.Inconclusive, v.Outcome, v.Reason)
}

// What one arm is ahead of the other is a small part of a look: in an incident of both, the one that is
// ahead would look worse.
func TestArmsEndNearEachOther(t *testing.T) {
	for i, l := range outOfStep {
		if i%min(raced, 4) != 0 {
			continue
		}
		var v gate.Verdict
		var before time.Time
		for at := time.Minute; at <= 4*time.Minute; at += 2 * time.Second {
			var err error
			v, err = judge.Gate{Source: l.source(t, noon.Add(at)), History: -1}.Check(t.Context(), subject(at, v.Memory))
			require.NoError(t, err)
			var m struct {
				Read time.Time
				Ends [2]time.Time
			}
			require.NoError(t, json.Unmarshal(v.Memory, &m))
			if look := m.Read.Sub(before); !before.IsZero() && look > 0 {
				ahead := m.Ends[0].Sub(m.Ends[1]).Abs()
				assert.LessOrEqual(t, ahead, look/4, "%s, %s, offset %s: at %s", l.candidate, l.baseline, l.offset, at)
			}
			before = m.Read
		}
	}
}
