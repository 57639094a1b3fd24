package judge_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// store answers from a world, second by second, always with the same numbers.
type store struct {
	world   world
	width   time.Duration // resolution; 1 s by default
	from    time.Time     // nothing before
	until   time.Time     // nothing from then on
	err     error
	reads   *int
	queries *[]metrics.Query
}

func (s store) resolution() time.Duration {
	if s.width == 0 {
		return time.Second
	}
	return s.width
}

func (s store) Read(_ context.Context, q metrics.Query) (metrics.Window, error) {
	if s.reads != nil {
		*s.reads++
	}
	if s.queries != nil {
		*s.queries = append(*s.queries, q)
	}
	if s.err != nil {
		return metrics.Window{}, s.err
	}
	if q.Group == "nobody" {
		return metrics.Window{}, metrics.ErrUnknownGroup
	}
	if q.Group == "2.0.0" && q.To.Before(noon) {
		return metrics.Window{}, metrics.ErrNoData
	}
	first, last := q.From.Truncate(s.resolution()), q.To.Add(s.resolution()-1).Truncate(s.resolution())
	out := metrics.Window{From: first, To: last}
	share, seed := 1-s.world.share, uint64(5)
	if q.Group == "2.0.0" {
		share, seed = s.world.share, 6
	}
	w := s.world
	w.look = s.resolution()
	for at := first; at.Before(last); at = at.Add(s.resolution()) {
		if at.Before(s.from) || !s.until.IsZero() && !at.Before(s.until) {
			continue
		}
		rnd := rand.New(rand.NewPCG(seed, uint64(at.Unix())))
		out = sum(out, w.window(rnd, q.Group == "2.0.0", at.Sub(noon).Seconds(), share))
		out.From, out.To = first, last
	}
	return out, nil
}

func (s store) Parts(ctx context.Context, q metrics.Query) ([]metrics.Window, error) {
	w, err := s.Read(ctx, q)
	return []metrics.Window{w}, err
}

func subject(after time.Duration, memory json.RawMessage) gate.Subject {
	return gate.Subject{Step: "step 1", Stable: "1.0.0", Candidate: "2.0.0", Since: noon, Now: noon.Add(after), Share: 0.5, Memory: memory}
}

// ask asks at each of these times, with the memory of the last answer.
func ask(t *testing.T, g judge.Gate, every, until time.Duration) gate.Verdict {
	t.Helper()
	var v gate.Verdict
	for at := every; at <= until; at += every {
		var err error
		v, err = g.Check(t.Context(), subject(at, v.Memory))
		require.NoError(t, err)
		require.LessOrEqual(t, len(v.Memory), gate.MaxMemory)
	}
	return v
}

// However often it is asked, and however old the memory is that it is given: the same judgement.
func TestGateMakesUpForWhatItMissed(t *testing.T) {
	w := quiet()
	w.errors = func(c bool, _ float64) float64 { return map[bool]float64{true: 0.004, false: 0.001}[c] }
	g := judge.Gate{Source: store{world: w}, History: time.Minute}
	often := ask(t, g, 3*time.Second, 60*time.Second)
	seldom := ask(t, g, 20*time.Second, 60*time.Second)
	once, err := g.Check(t.Context(), subject(time.Minute, nil))
	require.NoError(t, err)
	assert.Equal(t, often, seldom)
	assert.Equal(t, often, once)

	old, err := g.Check(t.Context(), subject(25*time.Second, nil))
	require.NoError(t, err)
	replayed, err := g.Check(t.Context(), subject(time.Minute, old.Memory))
	require.NoError(t, err)
	assert.Equal(t, often, replayed)
	again, err := g.Check(t.Context(), subject(time.Minute, replayed.Memory))
	require.NoError(t, err)
	assert.Equal(t, replayed, again, "asking twice at the same time changes nothing")
}

func TestGateOutcomes(t *testing.T) {
	good := judge.Gate{Source: store{world: quiet()}}
	v := ask(t, good, 30*time.Second, 10*time.Minute)
	assert.Equal(t, gate.Pass, v.Outcome, v.Reason)
	require.Len(t, v.Evidence, 4)
	assert.Equal(t, "errors of 2.0.0", v.Evidence[0].What)
	assert.Contains(t, v.Evidence[0].Against, "1.0.0")
	assert.Positive(t, v.Evidence[0].Samples)

	w := quiet()
	w.errors = func(c bool, _ float64) float64 { return map[bool]float64{true: 0.3, false: 0.001}[c] }
	v = ask(t, judge.Gate{Source: store{world: w}}, 10*time.Second, time.Minute)
	assert.Equal(t, gate.Fail, v.Outcome)
	assert.Contains(t, v.Reason, "against harmless")
	assert.Greater(t, v.Evidence[0].Odds, 100.)
	text, err := json.Marshal(v)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "tracks", "memory belongs to no report")
}

// A source with coarse stretches is read in these, and none counts twice.
func TestGateKeepsToTheSourcesStretches(t *testing.T) {
	w := quiet()
	fine, err := judge.Gate{Source: store{world: w}, History: -1}.Check(t.Context(), subject(time.Minute, nil))
	require.NoError(t, err)
	for _, width := range []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second} {
		g := judge.Gate{Source: store{world: w, width: width}, History: -1}
		v := ask(t, g, 7*time.Second, 63*time.Second)
		assert.InDelta(t, float64(fine.Evidence[0].Samples), float64(v.Evidence[0].Samples), 700, "resolution %s", width)
	}
	// The first stretch began before the candidate came: it is left out.
	s := subject(2*time.Minute, nil)
	s.Since = noon.Add(10 * time.Second)
	v, err := judge.Gate{Source: store{world: w, width: time.Minute}, History: -1}.Check(t.Context(), s)
	require.NoError(t, err)
	assert.InDelta(t, 60*100, float64(v.Evidence[0].Samples), 400, "one minute of two")
}

func TestGateDelay(t *testing.T) {
	var queries []metrics.Query
	g := judge.Gate{Source: store{world: quiet(), queries: &queries}, Delay: 20 * time.Second, History: -1}
	_, err := g.Check(t.Context(), subject(time.Minute, nil))
	require.NoError(t, err)
	for _, q := range queries {
		assert.False(t, q.To.After(noon.Add(40*time.Second)), "%v", q)
	}
	assert.NotEmpty(t, queries)
}

func TestGateFailsClosed(t *testing.T) {
	down := errors.New("connection refused")
	for name, c := range map[string]struct {
		source metrics.Source
		s      func(*gate.Subject)
		want   error
	}{
		"down":             {store{world: quiet(), err: down}, nil, down},
		"unknown group":    {store{world: quiet()}, func(s *gate.Subject) { s.Candidate = "nobody" }, metrics.ErrUnknownGroup},
		"unknown baseline": {store{world: quiet()}, func(s *gate.Subject) { s.Stable = "nobody" }, metrics.ErrUnknownGroup},
		"no candidate":     {store{world: quiet()}, func(s *gate.Subject) { s.Candidate = "" }, nil},
		"no source":        {nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := subject(time.Minute, nil)
			if c.s != nil {
				c.s(&s)
			}
			v, err := judge.Gate{Source: c.source, History: -1}.Check(t.Context(), s)
			require.Error(t, err)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			assert.Empty(t, v.Outcome)
		})
	}
}

// silent has never heard of anything.
type silent struct{}

func (silent) Read(context.Context, metrics.Query) (metrics.Window, error) {
	return metrics.Window{}, metrics.ErrNoData
}

func TestNoDataIsNoVerdict(t *testing.T) {
	g := judge.Gate{Source: silent{}}
	v := ask(t, g, time.Minute, 30*time.Minute)
	assert.Equal(t, gate.Continue, v.Outcome)
	assert.True(t, v.NoData)
	v = ask(t, g, 10*time.Minute, 70*time.Minute)
	assert.Equal(t, gate.Inconclusive, v.Outcome)
	assert.True(t, v.NoData)
}

// A pass of an earlier step is none for a step in which the candidate says nothing.
func TestEachStepNeedsNews(t *testing.T) {
	src := store{world: quiet(), until: noon.Add(10 * time.Minute)}
	g := judge.Gate{Source: src}
	v := ask(t, g, time.Minute, 10*time.Minute)
	require.Equal(t, gate.Pass, v.Outcome)
	s := subject(10*time.Minute+40*time.Second, v.Memory)
	s.Since = noon.Add(10 * time.Minute)
	v, err := g.Check(t.Context(), s)
	require.NoError(t, err)
	assert.NotEqual(t, gate.Pass, v.Outcome)
	assert.True(t, v.NoData)
}

func TestAllTheTraffic(t *testing.T) {
	alone := func(limit float64, seconds time.Duration) gate.Verdict {
		g := judge.Gate{Source: store{world: quiet()}, Config: judge.Config{Metrics: []judge.Metric{judge.Errors{Limit: limit}, judge.Latency{}}}}
		v := ask(t, g, time.Minute, seconds)
		s := subject(seconds+time.Minute, v.Memory)
		s.Stable, s.Since = "", noon.Add(seconds)
		v, err := g.Check(t.Context(), s)
		require.NoError(t, err)
		return v
	}
	v := alone(0, 10*time.Minute)
	assert.Equal(t, gate.Inconclusive, v.Outcome)
	assert.Contains(t, v.Reason, "nothing is left to compare")
	assert.Equal(t, gate.Inconclusive, alone(0.1, time.Minute).Outcome, "nothing was shown before")
}

func TestLastWord(t *testing.T) {
	for policy, want := range map[judge.AtEnd]gate.Outcome{"": gate.Continue, judge.Ask: gate.Inconclusive, judge.Extend: gate.Continue, judge.Reject: gate.Fail, judge.Accept: gate.Inconclusive} {
		g := judge.Gate{Source: store{world: quiet()}, Config: judge.Config{AtEnd: policy}}
		s := subject(time.Minute, nil)
		s.End = true
		v, err := g.Check(t.Context(), s)
		require.NoError(t, err)
		assert.Equal(t, want, v.Outcome, "%q: %s", policy, v.Reason)
	}
	w := quiet()
	w.rate = 2
	for policy, want := range map[judge.AtEnd]gate.Outcome{judge.Ask: gate.Inconclusive, judge.Accept: gate.Pass} {
		s := subject(10*time.Minute, nil)
		s.End = true
		v, err := judge.Gate{Source: store{world: w}, Config: judge.Config{AtEnd: policy}}.Check(t.Context(), s)
		require.NoError(t, err)
		assert.Equal(t, want, v.Outcome, "%q: %s", policy, v.Reason)
	}
}

// late is a source whose caller's patience ends in the middle.
type late struct {
	store
	cancel context.CancelFunc
	left   *int
}

func (l late) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	if *l.left--; *l.left == 0 {
		l.cancel()
	}
	if ctx.Err() != nil {
		return metrics.Window{}, ctx.Err()
	}
	return l.store.Read(ctx, q)
}

// What was read before time ran out is not read again.
func TestGateKeepsWhatItRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	left := 11
	g := judge.Gate{Source: late{store{world: quiet()}, cancel, &left}, History: -1}
	v, err := g.Check(ctx, subject(10*time.Minute, nil))
	require.NoError(t, err)
	assert.Equal(t, gate.Continue, v.Outcome)
	assert.Contains(t, v.Reason, "there is more")
	var m struct{ Read time.Time }
	require.NoError(t, json.Unmarshal(v.Memory, &m))
	assert.True(t, m.Read.After(noon) && m.Read.Before(noon.Add(time.Minute)), "%s", m.Read)
	left = 2
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	_, err = g.Check(ctx, subject(10*time.Minute, nil))
	require.ErrorIs(t, err, context.Canceled, "nothing was read at all")
}

// Days of missed looks are read in wider ones.
func TestGateReadsAtMostSoMuch(t *testing.T) {
	reads := 0
	g := judge.Gate{Source: store{world: world{look: time.Second, errors: quiet().errors, slowness: quiet().slowness}, width: time.Hour, reads: &reads}, History: -1}
	_, err := g.Check(t.Context(), subject(30*24*time.Hour, nil))
	require.NoError(t, err)
	assert.Less(t, reads, 1000)
}

// named knows its names; wrapped hides it.
type named struct{ store }

func (named) Names() []string { return []string{"heap", "restarts"} }

type wrapped struct{ metrics.Source }

func (w wrapped) Unwrap() metrics.Source { return w.Source }

func TestGateValidate(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{}, judge.Count{Of: "restart"}, judge.Gauge{Of: "heap"}, judge.Gauge{Of: "head"}}, Alpha: 3}
	err := judge.Gate{Source: wrapped{named{}}, Config: c, Delay: -1}.Validate()
	require.ErrorIs(t, err, metrics.ErrUnknownMetric)
	for _, want := range []string{`no "restart"`, `no "head"`, "Config.Alpha", "Gate.Delay"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), `no "heap"`)
	require.ErrorContains(t, judge.Gate{}.Validate(), "Gate.Source")
	_, err = judge.Gate{Source: wrapped{named{}}, Config: c}.Check(t.Context(), subject(time.Minute, nil))
	require.Error(t, err)
}

// A step with another one after it passes as soon as the evidence allows that one's share; before all
// the traffic the candidate must have been shown to be harmless.
func TestNextShare(t *testing.T) {
	g := judge.Gate{Source: store{world: quiet()}, History: time.Minute}
	at := func(after time.Duration, next float64) gate.Verdict {
		s := subject(after, nil)
		s.Next = next
		v, err := g.Check(t.Context(), s)
		require.NoError(t, err)
		return v
	}
	assert.Equal(t, gate.Continue, at(20*time.Second, 0.5).Outcome, "it may be cold")
	v := at(20*time.Second, 0.02)
	assert.Equal(t, gate.Pass, v.Outcome, v.Reason)
	assert.Contains(t, v.Reason, "forbid the next 2%")
	assert.Equal(t, gate.Continue, at(3*time.Minute, 1).Outcome, "not all of it without proof")
	assert.Equal(t, gate.Continue, at(3*time.Minute, 0).Outcome)
	assert.Equal(t, gate.Pass, at(3*time.Minute, 0.4).Outcome)

	w := quiet()
	w.errors = func(c bool, _ float64) float64 { return map[bool]float64{true: 0.9}[c] }
	g.Source = store{world: w}
	assert.NotEqual(t, gate.Pass, at(10*time.Second, 0.02).Outcome, "half of all fail")
}

// While harm is suspected, nobody gets a larger share, though it is not shown yet.
func TestNoNextShareUnderSuspicion(t *testing.T) {
	w := quiet()
	w.share = 0.05
	w.errors = func(c bool, at float64) float64 {
		if c && at >= 120 {
			return 0.004
		}
		return 0.001
	}
	g := judge.Gate{Source: store{world: w}, Config: judge.Config{Metrics: []judge.Metric{judge.Errors{}}}, History: time.Minute}
	suspected := 0
	var memory json.RawMessage
	for after := 5 * time.Second; after < 15*time.Minute; after += 5 * time.Second {
		s := subject(after, memory)
		s.Share, s.Next = 0.05, 0.06
		v, err := g.Check(t.Context(), s)
		require.NoError(t, err)
		memory = v.Memory
		if v.Outcome == gate.Fail {
			break
		}
		if v.Evidence[0].Odds >= 5 {
			suspected++
			require.NotEqual(t, gate.Pass, v.Outcome, "after %s: %s", after, v.Reason)
		}
	}
	assert.Positive(t, suspected)
}

// twisted has one second with more errors than requests.
type twisted struct {
	store
	at time.Time
}

func (d twisted) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	w, err := d.store.Read(ctx, q)
	if q.Group == "2.0.0" && !d.at.Before(w.From) && d.at.Before(w.To) {
		w.Errors = w.Requests + 1
	}
	return w, err
}

// What a source says that cannot be is an error for a while, and does not jam the gate for good.
func TestWhatCannotBeIsPassedOver(t *testing.T) {
	g := judge.Gate{Source: twisted{store{world: quiet()}, noon.Add(2 * time.Minute)}, History: time.Minute}
	var memory json.RawMessage
	failed, told := 0, false
	for after := 30 * time.Second; after <= 20*time.Minute; after += 30 * time.Second {
		v, err := g.Check(t.Context(), subject(after, memory))
		if err != nil {
			require.ErrorContains(t, err, "errors in")
			failed++
			continue
		}
		memory, told = v.Memory, told || strings.Contains(v.Reason, "passed over")
		if v.Outcome == gate.Pass {
			assert.True(t, told)
			assert.InDelta(t, 10, failed, 2, "five minutes of errors")
			return
		}
	}
	t.Fatal("it never passes")
}

// A memory that is not its own is told once, and is no pass; then the gate judges anew.
func TestForeignMemoryBeginsAnew(t *testing.T) {
	g := judge.Gate{Source: store{world: quiet()}, History: time.Minute}
	for _, memory := range []string{`{"judge":{}}`, `x`, `[]`} {
		v, err := g.Check(t.Context(), subject(20*time.Minute, json.RawMessage(memory)))
		require.NoError(t, err)
		assert.Equal(t, gate.Continue, v.Outcome)
		assert.Contains(t, v.Reason, "it begins anew, since what it remembers is not its own")
		v, err = g.Check(t.Context(), subject(20*time.Minute+10*time.Second, v.Memory))
		require.NoError(t, err)
		assert.Equal(t, gate.Pass, v.Outcome, v.Reason)
		assert.NotContains(t, v.Reason, "anew")
	}
}

// A fail that is none but the last word is not harm that anybody saw.
func TestARejectionAtTheEndIsLate(t *testing.T) {
	g := judge.Gate{Source: store{world: quiet()}, Config: judge.Config{AtEnd: judge.Reject}}
	s := subject(20*time.Second, nil)
	s.End = true
	v, err := g.Check(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, gate.Fail, v.Outcome)
	assert.True(t, v.Late)
}
