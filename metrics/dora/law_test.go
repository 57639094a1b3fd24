package dora_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// scramble makes a small history in which everything happens that may happen.
func scramble(r *rand.Rand) []dora.Event {
	start := time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)
	when := func() time.Time {
		t := start.Add(time.Duration(r.IntN(28*24*4)) * 15 * time.Minute)
		if r.IntN(3) == 0 {
			t = t.Add(time.Duration(r.IntN(900)) * time.Second)
		}
		return t
	}
	some := func(kind string, n, most int) []string {
		var ids []string
		for range r.IntN(most + 1) {
			ids = append(ids, fmt.Sprint(kind, r.IntN(n)))
		}
		return ids
	}
	services := []string{"cart", "pay", "shop"}
	maybe := func(n int, s string) string {
		if r.IntN(n) == 0 {
			return s
		}
		return ""
	}
	var events []dora.Event
	changes, deployments := 5+r.IntN(40), 3+r.IntN(20)
	for i := range changes {
		c := dora.Change{ID: fmt.Sprint("c", i), Time: when()}
		if r.IntN(2) == 0 {
			c.Merged = c.Time.Add(time.Duration(r.IntN(5000)-500) * time.Second)
		}
		for k := range max(0, r.IntN(6)-3) * ((i + 1) % 2) { // what is behind a change has nothing behind itself
			id := fmt.Sprintf("o%d-%d", i, k)
			switch r.IntN(6) { // it may be behind another one, too, or be told of itself
			case 0:
				id = fmt.Sprintf("o%d-%d", r.IntN(changes), k)
			case 1:
				id = fmt.Sprint("c", 2*r.IntN(changes/2)+1)
			}
			c.Originals = append(c.Originals, dora.Commit{ID: id, Time: c.Time.Add(-time.Duration(r.IntN(90000)) * time.Second)})
		}
		events = append(events, c)
	}
	for i := range deployments {
		d := dora.Deployment{
			ID: fmt.Sprint("d", i), Service: services[r.IntN(3)], Environment: "production", Time: when(), Changes: some("c", changes+2, 4),
			Version: maybe(2, fmt.Sprint("v", r.IntN(4))), Group: maybe(4, fmt.Sprint("g", r.IntN(3))),
		}
		d.Started = d.Time.Add(-5 * time.Minute)
		if r.IntN(8) == 0 {
			d.Environment = "staging"
		}
		if r.IntN(4) == 0 {
			d.Status = dora.Failure
		}
		if r.IntN(8) == 0 {
			d.Changes = append(d.Changes, fmt.Sprintf("o%d-0", r.IntN(changes)))
		}
		d.Kind = []dora.Kind{"", "", "", dora.KindChange, dora.KindHotfix, dora.KindRollback, dora.KindFixForward, dora.KindFlag}[r.IntN(8)]
		if d.Kind.Remedies() {
			d.Fixes = some("d", deployments+1, 2)
		}
		events = append(events, d)
	}
	for i := range r.IntN(15) {
		in := dora.Incident{ID: fmt.Sprint("i", i), Service: services[r.IntN(3)], Opened: when(), CausedBy: some("d", deployments+1, 2), Changes: some("c", changes+1, 1)}
		if r.IntN(5) > 0 {
			in.Resolved = in.Opened.Add(time.Duration(r.IntN(40000)-1000) * time.Second)
		}
		events = append(events, in)
	}
	return events
}

func window(r *rand.Rand) (from, to time.Time) {
	from = time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(14*24)) * time.Hour)
	return from, from.Add(time.Duration(1+r.IntN(20*24)) * time.Hour)
}

// quantile is that of sorted values.
func quantile(values []float64, q float64, lower bool) float64 {
	h := float64(len(values)-1) * q
	low := math.Floor(h + 1e-9)
	v := values[int(low)]
	if h-low > 1e-9 && !lower {
		v += (h - low) * (values[int(low)+1] - v)
	}
	return v
}

func same(t *testing.T, want []float64, got *dora.Durations, r dora.Rules, what string) {
	t.Helper()
	if len(want) == 0 {
		if got != nil && (r.Empty != dora.EmptyZero || got.N != 0) {
			require.Zero(t, got.N, what)
			require.NotZero(t, got.Censored, what)
		}
		return
	}
	require.NotNil(t, got, what)
	require.Equal(t, len(want), got.N, what)
	sum := 0.0
	for _, v := range want {
		sum += v
	}
	require.InDelta(t, sum/float64(len(want)), got.Mean.Or(-1), 1e-5, what)
	for _, q := range []struct {
		q   float64
		got dora.Figure
	}{{0.5, got.P50}, {0.75, got.P75}, {0.9, got.P90}} {
		require.InDelta(t, quantile(want, q.q, r.Quantile == dora.QuantileLower), q.got.Or(-1), 1e-5, "%s p%v", what, q.q)
	}
}

func agree(t *testing.T, want answers, m *dora.Metrics, r dora.Rules, what string) {
	t.Helper()
	require.Equal(t, want.n, m.DeploymentFrequency.N, what)
	same(t, want.leads, m.LeadTime, r, what+" lead time")
	same(t, want.recoveries, m.FailedDeploymentRecovery, r, what+" recovery")
	same(t, want.mttr, m.MTTR, dora.Rules{Quantile: r.Quantile}, what+" mttr")
	if len(want.open) > 0 {
		require.NotNil(t, m.FailedDeploymentRecovery, what)
		require.Equal(t, len(want.open), m.FailedDeploymentRecovery.Censored, what)
	}
	if want.divided == 0 {
		require.True(t, m.ChangeFailureRate == nil || r.Empty == dora.EmptyZero, what)
	} else {
		require.Equal(t, []int{want.k, want.divided, want.failures}, []int{m.ChangeFailureRate.K, m.ChangeFailureRate.N, int(m.ChangeFailureRate.Deployments.Or(float64(want.failures)))}, what)
	}
	rates := func(k, n int, got *dora.Rate) {
		t.Helper()
		if n == 0 {
			require.True(t, got == nil || r.Empty == dora.EmptyZero, what)
		} else {
			require.Equal(t, []int{k, n}, []int{got.K, got.N}, what)
		}
	}
	rates(want.reworked, want.rework, m.ReworkRate)
	rates(want.attemptsFailed, want.attempts, m.AttemptFailureRate)
	if r.Attribution == dora.AttributionNone {
		require.True(t, m.Unattributed.IsZero(), what)
	} else {
		require.Equal(t, dora.Known(float64(want.unattributed)), m.Unattributed, what)
	}
}

// TestOracle: for any events, any preset answers what the plain way does, for each service, each week and all together.
func TestOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for round := range 400 / raced {
		events := scramble(r)
		from, to := window(r)
		h := history(t, events)
		for _, p := range dora.Presets() {
			rules := preset(t, p)
			report, err := h.Report(rules, dora.Query{From: from, To: to})
			require.NoError(t, err)
			o := newOracle(events, rules, from, to)
			what := fmt.Sprintf("round %d, %s", round, p)
			agree(t, o.answer(""), &report.Metrics, rules, what)
			for i := range report.Services {
				s := &report.Services[i]
				agree(t, o.answer(s.Name), &s.Metrics, rules, what+", "+s.Name)
			}
			if p != "dora-2024" {
				continue
			}
			for _, w := range report.Weeks {
				weekly := newOracle(events, rules, w.From, w.To).answer("")
				require.Equal(t, weekly.n, w.N)
				same(t, weekly.leads, w.LeadTime, rules, what+" week")
				same(t, weekly.recoveries, w.Recovery, rules, what+" week")
			}
		}
	}
}

// TestOrder: the order of events makes no difference, not to a byte.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	for range 100 {
		events := scramble(r)
		for range r.IntN(4) { // some are told again, and some otherwise
			e := events[r.IntN(len(events))]
			if d, ok := e.(dora.Deployment); ok && r.IntN(2) == 0 {
				d.Time = d.Time.Add(time.Duration(r.IntN(3)-1) * time.Hour)
				d.Version = fmt.Sprint("v", r.IntN(3))
				e = d
			}
			if in, ok := e.(dora.Incident); ok && r.IntN(2) == 0 {
				in.Resolved = time.Time{}
				e = in
			}
			events = append(events, e)
		}
		for _, p := range dora.Presets() {
			rules := preset(t, p)
			want, err := history(t, events).Report(rules, dora.Query{})
			require.NoError(t, err)
			mixed := slices.Clone(events)
			r.Shuffle(len(mixed), func(i, k int) { mixed[i], mixed[k] = mixed[k], mixed[i] })
			got, err := history(t, mixed).Report(rules, dora.Query{})
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
}

// moved is the event some time later.
func moved(e dora.Event, by time.Duration) dora.Event {
	later := func(t time.Time) time.Time {
		if t.IsZero() {
			return t
		}
		return t.Add(by)
	}
	switch e := e.(type) {
	case dora.Deployment:
		e.Time, e.Started = later(e.Time), later(e.Started)
		return e
	case dora.Change:
		e.Time, e.Merged = later(e.Time), later(e.Merged)
		e.Originals = slices.Clone(e.Originals)
		for i := range e.Originals {
			e.Originals[i].Time = later(e.Originals[i].Time)
		}
		return e
	case dora.Incident:
		e.Opened, e.Resolved = later(e.Opened), later(e.Resolved)
		return e
	}
	return e
}

// TestShift: a week later, everything is the same.
func TestShift(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 8))
	const week = 7 * 24 * time.Hour
	for range 100 {
		events := scramble(r)
		from, to := window(r)
		var later []dora.Event
		for _, e := range events {
			later = append(later, moved(e, week))
		}
		for _, p := range dora.Presets() {
			rules := preset(t, p)
			a, err := history(t, events).Report(rules, dora.Query{From: from, To: to})
			require.NoError(t, err)
			b, err := history(t, later).Report(rules, dora.Query{From: from.Add(week), To: to.Add(week)})
			require.NoError(t, err)
			if p == "devlake-2021" || p == "fourkeys" || p == "devlake-2023" {
				a.DeploymentFrequency.Tier, b.DeploymentFrequency.Tier = "", "" // months are not of one length
				for i := range a.Services {
					a.Services[i].DeploymentFrequency.Tier, b.Services[i].DeploymentFrequency.Tier = "", ""
				}
			}
			require.Equal(t, a.Metrics, b.Metrics)
			require.Equal(t, a.Services[0].Metrics, b.Services[0].Metrics)
		}
	}
}

// TestUnion: what is counted in two windows that meet is what is counted in both together, and their samples are its samples.
func TestUnion(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 8))
	for range 200 / raced {
		h := history(t, scramble(r))
		from, to := window(r)
		mid := from.Add(time.Duration(r.Int64N(int64(to.Sub(from)))) + 1)
		if !mid.Before(to) {
			continue
		}
		for _, p := range dora.Presets() {
			rules := preset(t, p)
			ask := func(from, to time.Time) (*dora.Report, []float64) {
				q := dora.Query{From: from, To: to}
				report, err := h.Report(rules, q)
				require.NoError(t, err)
				leads, err := h.LeadTimes(rules, q)
				require.NoError(t, err)
				return report, leads
			}
			whole, all := ask(from, to)
			a, first := ask(from, mid)
			b, second := ask(mid, to)
			require.Equal(t, whole.DeploymentFrequency.N, a.DeploymentFrequency.N+b.DeploymentFrequency.N)
			require.Equal(t, whole.Unattributed.Or(0), a.Unattributed.Or(0)+b.Unattributed.Or(0))
			both := append(first, second...)
			slices.Sort(both)
			require.Equal(t, len(all), len(both))
			for i := range all {
				require.Equal(t, all[i], both[i])
			}
			counts := func(r *dora.Rate) [2]int {
				if r == nil {
					return [2]int{}
				}
				return [2]int{r.K, r.N}
			}
			x, y, z := counts(whole.ReworkRate), counts(a.ReworkRate), counts(b.ReworkRate)
			require.Equal(t, x, [2]int{y[0] + z[0], y[1] + z[1]})
		}
	}
}

// TestOneMoreSuccess: a deployment that harms nobody never raises the failure rate, and a rate never leaves its interval.
func TestOneMoreSuccess(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 8))
	for range 200 / raced {
		events := scramble(r)
		from, to := window(r)
		q := dora.Query{From: from, To: to}
		before, err := history(t, events).Report(dora.Rules{}, q)
		require.NoError(t, err)
		events = append(events, dora.Deployment{ID: "new", Service: "shop", Environment: "production", Time: from.Add(time.Minute)})
		after, err := history(t, events).Report(dora.Rules{}, q)
		require.NoError(t, err)
		require.NotNil(t, after.ChangeFailureRate)
		if before.ChangeFailureRate != nil {
			assert.LessOrEqual(t, after.ChangeFailureRate.Rate.Rate.Or(-1), before.ChangeFailureRate.Rate.Rate.Or(-1))
			c := before.ChangeFailureRate
			assert.LessOrEqual(t, c.Low.Or(9), c.Rate.Rate.Or(-1))
			assert.GreaterOrEqual(t, c.High.Or(-9), c.Rate.Rate.Or(9))
		}
	}
}

// TestEvidenceAddsUp: the events behind each figure are as many as it says, and have its samples.
func TestEvidenceAddsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 8))
	for range 60 {
		h := history(t, scramble(r))
		from, to := window(r)
		q := dora.Query{From: from, To: to}
		for _, p := range dora.Presets() {
			rules := preset(t, p)
			report, err := h.Report(rules, q)
			require.NoError(t, err)
			count := func(m dora.Metric) map[dora.Role]int {
				e, err := h.Evidence(rules, q, dora.About{Metric: m})
				require.NoError(t, err)
				n := map[dora.Role]int{}
				for _, x := range e.Entries {
					n[x.Role]++
				}
				return n
			}
			n := func(d *dora.Durations) int {
				if d == nil {
					return 0
				}
				return d.N
			}
			assert.Equal(t, report.DeploymentFrequency.N, count(dora.DeploymentFrequency)[dora.Counted])
			assert.Equal(t, n(report.LeadTime), count(dora.LeadTime)[dora.Sample])
			assert.Equal(t, n(report.FailedDeploymentRecovery), count(dora.FailedDeploymentRecovery)[dora.Sample])
			assert.Equal(t, n(report.MTTR), count(dora.MTTR)[dora.Sample])
			assert.Equal(t, int(report.Unattributed.Or(0)), count(dora.Unattributed)[dora.Hit])
			if c := report.ChangeFailureRate; c != nil {
				got := count(dora.ChangeFailureRate)
				assert.Equal(t, []int{int(c.Deployments.Or(0)), c.N}, []int{got[dora.Hit], got[dora.Hit] + got[dora.Counted]})
			}
		}
	}
}

// TestStagesAddUp: the stages of the cycle time add up to the whole.
func TestStagesAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 8))
	seen := 0
	for range 200 / raced {
		report, err := history(t, scramble(r)).Report(dora.Rules{}, dora.Query{})
		require.NoError(t, err)
		c := report.CycleTime
		if c == nil {
			continue
		}
		seen++
		n := 0
		for _, x := range report.Services {
			if x.CycleTime != nil {
				n += x.CycleTime.N
			}
		}
		assert.Equal(t, c.N, n, "all services have their own")
		sum := 0.0
		for _, s := range c.Stages {
			sum += s.Mean
			assert.GreaterOrEqual(t, s.P50, 0.0)
		}
		assert.InDelta(t, c.Mean.Or(-1), sum, 1e-6)
	}
	assert.Greater(t, seen, 50/raced)
}
