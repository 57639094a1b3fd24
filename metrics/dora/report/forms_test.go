package report_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/report"
)

func object(t *testing.T, tell telling) map[string]any {
	t.Helper()
	var o map[string]any
	require.NoError(t, json.Unmarshal([]byte(written(t, form{"json", report.JSON}, tell.report, tell.options)), &o))
	return o
}

// What there is no data for is absent; nothing is null.
func TestJSONWithoutData(t *testing.T) {
	o := object(t, tellings(t)["nothing"])
	assert.Equal(t, []string{"anomalies", "availability", "confidence", "deployment_frequency", "events", "from", "rules", "tiers", "time_zone", "to", "unattributed", "weeks"}, slices.Sorted(maps.Keys(o)))
	assert.Equal(t, []any{}, o["anomalies"])
	for name, tell := range tellings(t) {
		assert.Empty(t, regexp.MustCompile(`:\s*null`).FindString(written(t, form{"json", report.JSON}, tell.report, tell.options)), name)
	}
}

// Of recoveries, none that is open is said, too: in the whole, each service and each week.
func TestJSONCensored(t *testing.T) {
	tell := tellings(t)["story"]
	o := object(t, tell)
	assert.Equal(t, 1.0, o["failed_deployment_recovery"].(map[string]any)["censored"])
	censored := map[string]float64{}
	for _, s := range o["services"].([]any) {
		s := s.(map[string]any)
		censored[s["name"].(string)] = s["failed_deployment_recovery"].(map[string]any)["censored"].(float64)
	}
	assert.Equal(t, map[string]float64{"bank": 0, "shop": 1}, censored)
	n := 0
	for _, w := range o["weeks"].([]any) {
		if r, ok := w.(map[string]any)["failed_deployment_recovery"]; ok {
			n++
			assert.Contains(t, r, "censored")
		}
	}
	assert.Equal(t, 8, n)
	assert.Contains(t, o["comparison"], "events")
}

// All else is what the report itself has as JSON.
func TestJSONIsTheReport(t *testing.T) {
	tell := tellings(t)["story"]
	tell.options.Comparison = nil
	want := map[string]any{}
	text, err := json.Marshal(tell.report)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &want))
	got := object(t, tell)
	assert.Equal(t, "UTC", got["time_zone"])
	delete(got, "time_zone")
	var scrub func(v any)
	scrub = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			delete(v, "censored")
			for _, inner := range v {
				scrub(inner)
			}
		case []any:
			for _, inner := range v {
				scrub(inner)
			}
		}
	}
	scrub(got)
	scrub(want)
	assert.Equal(t, want, got)
}

func TestTimeZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	q := weeks(2)
	q.Location = berlin
	tell := telling{report: reported(t, story(), dora.Rules{}, q)}
	assert.Equal(t, "Europe/Berlin", object(t, tell)["time_zone"])
	has(t, written(t, form{"txt", report.Text}, tell.report, report.Options{}), "From 2025-03-03 01:00 to before 2025-03-17 01:00, Europe/Berlin: 14 days.")
}

var sample = regexp.MustCompile(`^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\\\|\\"|\\n)*",?)*\})? (-?[0-9.e+-]+)$`)

// The text format: each family has its head once and together with its samples, no sample is there twice, and only numbers are values.
func TestPrometheusFormat(t *testing.T) {
	for name, tell := range tellings(t) {
		heads, seen, family := map[string]int{}, map[string]bool{}, ""
		for l := range strings.Lines(written(t, form{"prom", report.Prometheus}, tell.report, tell.options)) {
			l = strings.TrimSuffix(l, "\n")
			if head, ok := strings.CutPrefix(l, "# HELP "); ok {
				family, _, _ = strings.Cut(head, " ")
				heads[family]++
				continue
			}
			if kind, ok := strings.CutPrefix(l, "# TYPE "); ok {
				assert.Equal(t, family+" gauge", kind)
				continue
			}
			m := sample.FindStringSubmatch(l)
			require.NotNil(t, m, "%s: %s", name, l)
			assert.Equal(t, family, m[1])
			assert.True(t, strings.HasPrefix(family, "davit_dora_"), family)
			assert.False(t, seen[m[1]+m[2]], "%s: %s twice", name, m[1]+m[2])
			seen[m[1]+m[2]] = true
		}
		for head, n := range heads {
			assert.Equal(t, 1, n, head)
		}
	}
}

// What there is no data for has no sample.
func TestPrometheusWithoutData(t *testing.T) {
	text := written(t, form{"prom", report.Prometheus}, tellings(t)["nothing"].report, report.Options{})
	for _, not := range []string{"lead_time_", "_ratio{scope=\"all\",statistic", "recovery", "restore", "tier_info", "quick_check", "velocity", "survey"} {
		hasNot(t, text, "davit_dora_"+not)
	}
	hasNot(t, text, "statistic=")
	has(t, text, "davit_dora_deployments{scope=\"all\"} 0\n")
}

func TestPrometheusValues(t *testing.T) {
	r := tellings(t)["story"].report
	text := written(t, form{"prom", report.Prometheus}, r, report.Options{})
	for _, want := range []string{
		fmt.Sprintf("davit_dora_lead_time_seconds{scope=\"all\",statistic=\"p50\"} %v\n", r.LeadTime.P50),
		fmt.Sprintf("davit_dora_change_failure_ratio{scope=\"all\",statistic=\"high\"} %v\n", r.ChangeFailureRate.High),
		"davit_dora_change_failure_hits{scope=\"all\"} 8\n", "davit_dora_change_failure_cases{scope=\"all\"} 93\n",
		"davit_dora_failed_deployment_recovery_open{scope=\"service\",service=\"shop\"} 1\n",
		"davit_dora_tier_info{scope=\"all\",metric=\"lead_time\",tier=\"elite\"} 1\n",
		"davit_dora_anomalies{code=\"unknown-change\"} 1\n", "davit_dora_unattributed_incidents{scope=\"service\",service=\"bank\"} 1\n",
	} {
		has(t, text, want)
	}
}

// A row of a table of Markdown has as many cells as its head, whatever is in them.
func TestMarkdownTables(t *testing.T) {
	for name, tell := range tellings(t) {
		want := 0
		for l := range strings.Lines(written(t, form{"md", report.Markdown}, tell.report, tell.options)) {
			if !strings.HasPrefix(l, "|") {
				want = 0
				continue
			}
			cells := strings.Count(l, "|")
			if want == 0 {
				want = cells
			}
			assert.Equal(t, want, cells, "%s: %s", name, l)
			assert.NotContains(t, l, "\\")
			assert.NotContains(t, l, "@")
		}
	}
}

// A name stands as it is written where it means nothing to Markdown, and else by the numbers of its signs.
func TestMarkdownNames(t *testing.T) {
	for name, want := range map[string]string{
		"shop-api_v2.1": "`shop-api_v2.1`", "#1": "`#1`", "a|b": "<code>a&#124;b</code>", " a": "<code> a</code>", "a`b": "<code>a&#96;b</code>", "a@b.c": "<code>a&#64;b&#46;c</code>",
		"a\nb": "<code>a&#92;u000ab</code>", "": "(no name)",
	} {
		r := reported(t, []dora.Event{dora.Deployment{ID: "d", Service: name, Time: at(0, time.Hour)}}, dora.Rules{}, weeks(1))
		has(t, written(t, form{"md", report.Markdown}, r, report.Options{}), "\n| "+want+" | 1 |")
	}
}
