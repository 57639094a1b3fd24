package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/report"
)

// line is the one of a text that begins so, its columns parted by |.
func line(t testing.TB, text, begin string) string {
	t.Helper()
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, begin) {
			return regexp.MustCompile(` {2,}`).ReplaceAllString(strings.TrimSpace(l), "|")
		}
	}
	require.Fail(t, "there is no line "+begin)
	return ""
}

// has and hasNot do not show the whole text, which is long.
func has(t testing.TB, text, part string, about ...any) {
	t.Helper()
	assert.True(t, strings.Contains(text, part), "%q is not in it: %v", part, about)
}

func hasNot(t testing.TB, text, part string, about ...any) {
	t.Helper()
	assert.False(t, strings.Contains(text, part), "%q is in it: %v", part, about)
}

// of is a report of nothing but a lead time.
func of(d dora.Durations) *dora.Report {
	r := &dora.Report{From: begin, To: begin.AddDate(0, 0, 1), Confidence: 0.95}
	r.LeadTime = &d
	return r
}

func TestDurations(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0s", 0.25: "0.25s", 0.004: "0.004s", 9.99: "9.99s", 10.4: "10s", 59.4: "59s", 59.6: "1m", 61: "1m 1s", 3569.4: "59m 29s", 3570: "1h", 3600: "1h", 3930: "1h 6m",
		86399: "1d", 84599: "23h 30m", 86400: "1d", 90000: "1d 1h", 8.6e6: "99d 13h", 8.64e6: "100d", 1e9: "11574d",
	} {
		got := written(t, form{"txt", report.Text}, of(dora.Durations{N: 1, P50: dora.Known(seconds), Typical: dora.Known(seconds), Mean: dora.Known(seconds)}), report.Options{})
		assert.Equal(t, want, strings.Split(line(t, got, "Lead time for changes"), "|")[1], "%v", seconds)
	}
}

func TestShares(t *testing.T) {
	for _, tc := range []struct {
		rate, low, high float64
		want            string
	}{{0.123, 0.066, 0.218, "12.3 %|6.6 % .. 21.8 %"}, {0, 0, 0.00019, "0.0 %|0.0 % .. 0.019 %"}, {1, 0.2, 1, "100.0 %|20.0 % .. 100.0 %"}, {1.5, 1, 2, "150.0 %|100.0 % .. 200.0 %"}} {
		r := of(dora.Durations{})
		r.ReworkRate = &dora.Rate{K: 3, N: 7, Rate: dora.Known(tc.rate), Low: dora.Known(tc.low), High: dora.Known(tc.high)}
		assert.Equal(t, "Deployment rework rate|"+tc.want+"|3 of 7|-", line(t, written(t, form{"txt", report.Text}, r, report.Options{}), "Deployment rework rate"))
	}
}

// What is below 100 % never looks as if it were 100 %.
func TestAvailability(t *testing.T) {
	for ratio, want := range map[float64]string{1: "100.00 %", 0.5: "50.00 %", 0.99999: "99.999 %", 0.9999999: "99.99999 %", 1 - 1e-12: "almost 100 %"} {
		r := of(dora.Durations{})
		r.Availability = &dora.Availability{Ratio: ratio, DownMinutes: 1}
		assert.Equal(t, "Availability|"+want+"|-|-|1m down", line(t, written(t, form{"txt", report.Text}, r, report.Options{}), "Availability"))
	}
}

// Each of the five says its number, interval, what is open, and its tier; the year and the source of the tiers are told.
func TestEachFigureSaysHowSureItIs(t *testing.T) {
	r := reported(t, story(), dora.Rules{}, weeks(14))
	text := written(t, form{"txt", report.Text}, r, report.Options{})
	assert.Equal(t, "Failed deployment recovery time|1h 36m|-|7, 1 open|high|median with the open ones (Kaplan-Meier); of those that have ended p50 1h 36m (1h 3m .. 2h 20m); p75 1h 53m, p90 2h 7m, mean 1h 38m",
		line(t, text, "Failed deployment recovery time"))
	assert.Regexp(t, `^Change failure rate\|8\.6 %\|4\.4 % \.\. 16\.1 %\|8 of 93\|high\|8 deployments failed, 9 incidents`, line(t, text, "Change failure rate"))
	for _, f := range forms()[:4] {
		got := written(t, f, r, report.Options{})
		for _, part := range []string{"2024", "Accelerate State of DevOps 2024", "commit-after-deploy", "unknown-change", "nobody told of"} {
			if f.ending == "json" && part == "nobody told of" {
				continue
			}
			has(t, got, part, f.ending)
		}
	}
}

// Where a list is cut short, it says so.
func TestCutLists(t *testing.T) {
	var events []dora.Event
	for i := range 5 {
		d := dora.Deployment{ID: string(rune('a' + i)), Service: "shop", Time: at(i, 0), Changes: []string{"gone"}}
		events = append(events, d)
	}
	r := reported(t, events, dora.Rules{}, weeks(3))
	c, err := history(t, events).Compare(dora.Rules{}, dora.Rules{Name: "b", Flags: dora.FlagsApart, Production: []string{"x"}}, weeks(3))
	require.NoError(t, err)
	c.Events = append(c.Events, make([]dora.EventDifference, 3)...)
	for i := range c.Events {
		c.Events[i] = dora.EventDifference{Metric: dora.LeadTime, A: &dora.Entry{Role: dora.Sample, Change: "x"}}
	}
	for _, f := range []form{{"txt", report.Text}, {"md", report.Markdown}, {"html", report.HTML}} {
		text := written(t, f, r, report.Options{Listed: 2, Weeks: 1, Comparison: &c})
		has(t, text, "a, b, and 3 more", f.ending)
		has(t, text, "Lead time: 2 of 3 differences are shown.", f.ending)
		if f.ending != "html" {
			has(t, text, "The last 1 of 3.", f.ending)
		}
		all := written(t, f, r, report.Options{Listed: -1, Weeks: -1, Comparison: &c})
		has(t, all, "a, b, c, d, e", f.ending)
		hasNot(t, all, "are shown")
		hasNot(t, all, "The last")
	}
}

// Two figures that are not the same do not look the same.
func TestComparedApart(t *testing.T) {
	c := dora.Comparison{A: "one", B: "two", Metrics: []dora.Difference{{Metric: dora.LeadTime, A: dora.Known(7201), B: dora.Known(7202), NA: 3, NB: 3}, {Metric: dora.MTTR, A: dora.Known(60), NA: 1}}}
	text := written(t, form{"txt", report.Text}, of(dora.Durations{}), report.Options{Comparison: &c})
	assert.Equal(t, "Lead time|7201|3|7202|3", line(t, text, "Lead time  "))
	assert.Equal(t, "Time to restore|1m|1|no data|0", line(t, text, "Time to restore  "))
	has(t, text, "They agree about each event")
}

type failing struct{ n int }

var errFull = errors.New("the disk is full")

func (f failing) Write(p []byte) (int, error) {
	if f.n < 0 {
		return 0, errFull
	}
	return f.n, nil
}

func TestErrors(t *testing.T) {
	r := reported(t, story(), dora.Rules{}, weeks(2))
	for _, f := range forms() {
		assert.ErrorIs(t, f.write(failing{-1}, r, report.Options{}), errFull, f.ending)
		assert.ErrorIs(t, f.write(failing{3}, r, report.Options{}), io.ErrShortWrite, f.ending)
		assert.ErrorContains(t, f.write(io.Discard, nil, report.Options{}), "no report", f.ending)
		var out strings.Builder
		assert.ErrorContains(t, f.write(&out, r, report.Options{Weeks: -2}), "Weeks: -2", f.ending)
		assert.Empty(t, out.String())
	}
}

func TestValidate(t *testing.T) {
	require.NoError(t, report.Options{}.Validate())
	err := report.Options{LeadTimes: []float64{1, math.NaN(), -1}, Weeks: -2, Listed: -3}.Validate()
	var all *multierror.Error
	require.ErrorAs(t, err, &all)
	require.Len(t, all.Errors, 3)
	for i, field := range []string{"LeadTimes[1]: NaN", "Weeks: -2", "Listed: -3"} {
		assert.ErrorContains(t, all.Errors[i], field)
	}
	assert.ErrorContains(t, report.Options{LeadTimes: []float64{math.Inf(1)}}.Validate(), "LeadTimes[0]")
}

// anything is a history that nobody would make up.
func anything(r *rand.Rand) []dora.Event {
	var all []dora.Event
	when := func() time.Time { return begin.Add(time.Duration(r.Int64N(int64(70 * 24 * time.Hour)))) }
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	for i := range r.IntN(60) {
		id := string(rune('A' + i))
		switch r.IntN(6) {
		case 0, 1:
			all = append(all, dora.Deployment{ID: id, Service: pick("", "a", "b", nasty), Time: when(), Started: when(), Kind: dora.Kind(pick("change", "hotfix", "rollback", "flag")),
				Status: dora.Status(pick("success", "success", "failure")), Changes: []string{pick("A", "B", "C"), pick("D", "E", "F")}, Fixes: []string{pick("A", "B", "C")}})
		case 2:
			all = append(all, dora.Change{ID: id, Time: when(), Merged: when()})
		case 3:
			all = append(all, dora.Incident{ID: id, Service: pick("", "a", "c"), Opened: when(), Resolved: when(), CausedBy: []string{pick("A", "B", "C")}})
		case 4:
			all = append(all, dora.Outage{Service: pick("", "a"), From: when(), To: when()})
		default:
			all = append(all, dora.Work{ID: id, Started: when(), Done: when(), Points: float64(r.IntN(5)), Iteration: pick("x", "y")})
		}
	}
	return all
}

// Whatever happened, and by whatever rules: no number is none, pictures are sound, and text stays on its line.
func TestAnything(t *testing.T) {
	broken := regexp.MustCompile(`\bNaN\b|\bInf\b|%!|<nil>|\bnull\b`)
	svg := regexp.MustCompile(`(?s)<svg.*?</svg>`)
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		h := history(t, anything(r))
		name := dora.Presets()[seed%uint64(len(dora.Presets()))]
		q := dora.Query{From: begin, To: begin.AddDate(0, 0, 1+r.IntN(200)), Brief: seed%5 == 0}
		figures, err := h.Report(preset(t, name), q)
		require.NoError(t, err)
		times, err := h.LeadTimes(preset(t, name), q)
		require.NoError(t, err)
		c, err := h.Compare(preset(t, name), preset(t, "octopus"), q)
		require.NoError(t, err)
		times = slices.DeleteFunc(times, func(v float64) bool { return v < 0 })
		for _, f := range forms() {
			text := written(t, f, figures, report.Options{LeadTimes: times, Comparison: &c})
			assert.Empty(t, broken.FindString(text), "%s %d", f.ending, seed)
			for _, picture := range svg.FindAllString(text, -1) {
				require.NoError(t, wellFormed(picture), picture)
			}
			if f.ending == "txt" {
				assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }), "%d", seed)
			}
		}
	}
}

func wellFormed(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
