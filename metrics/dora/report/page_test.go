package report_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/report"
)

// A page asks for nothing from elsewhere, runs nothing, and links to nothing.
func TestSelfContained(t *testing.T) {
	for name, tell := range tellings(t) {
		page := written(t, form{"html", report.HTML}, tell.report, tell.options)
		for _, not := range []string{"<script", "<img", "<link", "<iframe", "<a ", "src=", "href=", "url(", "@import", "@font-face", "javascript:b\"", " onerror=\"", "ZgotmplZ"} {
			hasNot(t, strings.ReplaceAll(page, "src=x onerror=alert(2)&gt;", ""), not, name)
		}
		assert.Equal(t, 1, strings.Count(page, "</style>"), name)
		assert.Equal(t, 1, strings.Count(page, "</title>\n<style>"), name)
		hasNot(t, page, "\u202e")
		hasNot(t, page, "\x1b")
	}
}

// Each chart can be read by who does not see it: it has a title, a description and its numbers in a table.
func TestAccessible(t *testing.T) {
	tell := tellings(t)["story"]
	page := written(t, form{"html", report.HTML}, tell.report, tell.options)
	ids := regexp.MustCompile(`role="img" aria-labelledby="([a-z-]+)-title ([a-z-]+)-desc"`).FindAllStringSubmatch(page, -1)
	var names []string
	for _, id := range ids {
		names = append(names, id[1])
		assert.Equal(t, id[1], id[2])
		assert.Equal(t, 1, strings.Count(page, `<title id="`+id[1]+`-title">`))
		assert.Equal(t, 1, strings.Count(page, `<desc id="`+id[1]+`-desc">`))
	}
	assert.Equal(t, []string{"deployments", "lead-time", "failures", "recovery", "rework", "distribution", "stages"}, names)
	assert.Equal(t, len(ids), strings.Count(page, "<details><summary>Numbers</summary>"))
	has(t, page, `<html lang="en">`)
}

// figureOf is the part of a page with that chart.
func figureOf(t *testing.T, page, id string) string {
	t.Helper()
	for _, f := range regexp.MustCompile(`(?s)<figure>.*?</figure>`).FindAllString(page, -1) {
		if strings.Contains(f, `id="`+id+`-title"`) {
			return f
		}
	}
	require.Fail(t, "there is no chart "+id)
	return ""
}

// A week has a point and its interval behind it; a hollow point and no interval where there are too few; nothing without data;
// and a mark of its own where something has not ended.
func TestTrend(t *testing.T) {
	known := func(v float64) dora.Figure { return dora.Known(v) }
	week := func(i int, d *dora.Durations) dora.Week {
		return dora.Week{From: begin.AddDate(0, 0, 7*i), To: begin.AddDate(0, 0, 7*i+7), Complete: true, LeadTime: d}
	}
	r := &dora.Report{From: begin, To: begin.AddDate(0, 0, 28), Confidence: 0.9, Weeks: []dora.Week{
		week(0, &dora.Durations{N: 8, P50: known(3600), Typical: known(3600), Mean: known(4000), Low: known(1800), High: known(7200)}),
		week(1, nil),
		week(2, &dora.Durations{N: 1, P50: known(60), Typical: known(60), Mean: known(60)}),
		week(3, &dora.Durations{N: 0, Censored: 2}),
	}}
	c := figureOf(t, written(t, form{"html", report.HTML}, r, report.Options{}), "lead-time")
	marks := regexp.MustCompile(`(?s)<g><title>(.*?)</title>(.*?)</g>`).FindAllStringSubmatch(c, -1)
	require.Len(t, marks, 4)
	says := []string{"Week of 2025-03-03: 1h (30m .. 2h), n 8", "Week of 2025-03-10: no data", "Week of 2025-03-17: 1m (too few), n 1", "Week of 2025-03-24: not known yet, 2 open"}
	classes := []string{"band n dot", "", "n hollow", "n open"}
	for i, m := range marks {
		assert.Equal(t, says[i], m[1])
		var has []string
		for _, c := range regexp.MustCompile(`class="([a-z]+)"`).FindAllStringSubmatch(m[2], -1) {
			has = append(has, c[1])
		}
		assert.Equal(t, classes[i], strings.Join(has, " "))
	}
	has(t, c, "its interval, 90 %")
	hasNot(t, c, "<polyline")
	hasNot(t, c, "<path", "no line is drawn where nothing was measured")
}

// The bars of the distribution are all lead times, each once.
func TestDistribution(t *testing.T) {
	var times []float64
	for i := range 500 {
		times = append(times, float64(i*i))
	}
	for _, n := range []int{1, 40, 399, 500} {
		r := of(dora.Durations{N: n, P50: dora.Known(100), P75: dora.Known(200), P90: dora.Known(400), Mean: dora.Known(300), Typical: dora.Known(100)})
		c := figureOf(t, written(t, form{"html", report.HTML}, r, report.Options{LeadTimes: times[:n]}), "distribution")
		sum := 0
		for _, m := range regexp.MustCompile(`<g><title>[^<]* to [^<]*: (\d+)</title>`).FindAllStringSubmatch(c, -1) {
			var k int
			_, err := fmt.Sscan(m[1], &k)
			require.NoError(t, err)
			sum += k
		}
		assert.Equal(t, n, sum)
		assert.Equal(t, n <= 80, strings.Contains(c, "each lead time"))
	}
	r := of(dora.Durations{N: 6, P50: dora.Known(60), Typical: dora.Known(60)})
	c := figureOf(t, written(t, form{"html", report.HTML}, r, report.Options{LeadTimes: []float64{480, 60, 0.5, 120, 119, 239}}), "distribution")
	for _, bin := range []string{"1m to 2m: 2", "2m to 4m: 2", "4m to 8m: 0", "8m to 16m: 1"} {
		has(t, c, "<title>"+bin+"</title>")
	}
	r = of(dora.Durations{N: 9, P50: dora.Known(100), Typical: dora.Known(100)})
	has(t, figureOf(t, written(t, form{"html", report.HTML}, r, report.Options{}), "distribution"), "single lead times are not known here")
}

// The bars of the stages stand end to end.
func TestStages(t *testing.T) {
	c := figureOf(t, written(t, form{"html", report.HTML}, reported(t, story(), dora.Rules{}, weeks(14)), report.Options{}), "stages")
	_, c, _ = strings.Cut(c, `class="chart"`)
	bars := regexp.MustCompile(`<rect class="stage(\d)" x="([0-9.]+)" y="([0-9.]+)" width="([0-9.]+)"`).FindAllStringSubmatch(c, -1)
	require.Len(t, bars, 4*3, "all services, and two of them")
	end := map[string]float64{}
	for _, b := range bars {
		var x, w float64
		_, err := fmt.Sscan(b[2], &x)
		require.NoError(t, err)
		_, err = fmt.Sscan(b[4], &w)
		require.NoError(t, err)
		if b[1] != "0" {
			assert.InDelta(t, end[b[3]], x, 0.11)
		}
		end[b[3]] = x + w
	}
}

// Windows of any length have an axis that can be read.
func TestAxisOfTime(t *testing.T) {
	for _, days := range []int{1, 7, 20, 93, 200, 400, 1100, 4000} {
		q := dora.Query{From: begin, To: begin.AddDate(0, 0, days)}
		r := reported(t, []dora.Event{dora.Deployment{ID: "d", Service: "s", Time: begin.Add(time.Hour)}}, dora.Rules{}, q)
		c := figureOf(t, written(t, form{"html", report.HTML}, r, report.Options{}), "deployments")
		n := len(regexp.MustCompile(`text-anchor="middle">[0-9-]+</text>`).FindAllString(c, -1))
		assert.True(t, 1 <= n && n <= 16, "%d days: %d labels", days, n)
	}
}

// A lead time that is longer than the longest span of an axis has a place on it.
func TestLeadTimesOfCenturies(t *testing.T) {
	at := time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC)
	var h dora.History
	for i := range 12 {
		id := strconv.Itoa(i)
		require.NoError(t, h.AddAll(dora.Change{ID: "c" + id, Time: at.AddDate(-150, 0, 0)},
			dora.Deployment{ID: "d" + id, Service: "shop", Environment: "production", Time: at.Add(time.Duration(i) * time.Hour), Changes: []string{"c" + id}}))
	}
	r, err := h.Report(dora.Rules{}, dora.Query{})
	require.NoError(t, err)
	var page bytes.Buffer
	require.NoError(t, report.HTML(&page, r, report.Options{}))
	assert.NotContains(t, page.String(), "NaN")
}
