package dora_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

const basic = `
	c1 3T07:00
	c2 3T07:00
	c3 3T07:00
	c4 3T07:00
	d1 3T09:00 {c1}
	d2 3T11:00 {c2}
	d3 3T13:00 {c3}
	d4 3T15:00 {c4}
	i1 3T11:20-3T12:05 d2 changes=c2
`

const rolledBack = `
	d1 3T10:00 version=v1
	d2 4T10:00 version=v2
	d3 5T10:00 version=v3
	d4 5T10:30 version=v1 kind=rollback fixes=d3
`

const harmful = `
	c1 3T08:00
	c2 3T11:00
	d1 3T09:00 {c1}
	d2 3T12:00 {c2}
	i1 3T12:10-3T12:30 d2
	i2 3T12:15-3T13:00 d2
	i3 3T12:20-3T14:40 d2
`

const open = `
	c1 3T08:00
	c2 4T08:00
	c3 5T08:00
	d1 3T10:00 {c1}
	d2 4T10:00 {c2}
	d3 5T10:00 {c3}
	i1 3T10:15-3T11:15 d1
	i2 5T10:05-open d3
`

const skewed = `
	c1 3T09:59:30
	c2 3T10:05
	c3 3T08:00
	d1 3T10:00 {c1 c2 c3}
`

const squashed = `
	c1 3T09:00 originals=a/3T07:00,b/3T08:00 merged=3T09:00
	d1 3T10:00 {c1} started=3T09:50
`

// TestWorkedExamples: each wanted line is a path into the JSON of the report and the value there, durations in minutes
// where a path ends in "min".
func TestWorkedExamples(t *testing.T) {
	even := `
	c1 3T11:00
	c2 3T10:00
	c3 3T09:00
	c4 3T02:00
	d1 3T12:00 {c1 c2 c3 c4}
	`
	for _, tt := range []struct {
		name, preset, story string
		days                int
		want                string
	}{
		{"basic", "dora-2024", basic, 1, `deployment_frequency.n 4; deployment_frequency.per_day 4; lead_time.p50min 300; lead_time.p75min 390; lead_time.p90min 444; lead_time.meanmin 300;
			change_failure_rate.k 1; change_failure_rate.n 4; failed_deployment_recovery.p50min 65; mttr.p50min 45; mttr.meanmin 45; rework_rate.k 0; rework_rate.n 4; deployment_frequency.tier elite; unattributed 0`},
		{"basic", "fourkeys", basic, 1, `lead_time.p50min 300; change_failure_rate.rate 0.25; failed_deployment_recovery.p50min 60; deployment_frequency.tier Weekly`},
		{"basic", "devlake-2023", basic, 1, `lead_time.p50min 360; lead_time.n 3; change_failure_rate.rate 0.25; failed_deployment_recovery.p50min 65`},
		{"basic", "devlake-2021", basic, 1, `lead_time.p50min 360; failed_deployment_recovery.p50min 45`},
		{"basic", "middleware", basic, 1, `change_failure_rate.rate 0.25; failed_deployment_recovery.typicalmin 45; lead_time.typicalmin 300`},
		{"basic", "gitlab", basic, 1, `change_failure_rate.rate 0.25; change_failure_rate.deployments -; change_failure_rate.incidents -; unattributed -; change_failure_rate.rate 0.25; failed_deployment_recovery.p50min 45; lead_time -`},
		{"not merged", "gitlab", basic, 1, `lead_time -; lead_time_unmerged 4; services.0.lead_time_unmerged 4`},
		{"basic", "octopus", basic, 1, `change_failure_rate.deployments 0; change_failure_rate.incidents -; unattributed -; change_failure_rate.k 0; change_failure_rate.k 0; change_failure_rate.n 4; failed_deployment_recovery -`},
		{"basic", "datadog", basic, 1, `change_failure_rate.deployments 0; change_failure_rate.incidents -; unattributed -; change_failure_rate.k 0; change_failure_rate.k 0; lead_time.n 3; lead_time.p50min 360`},
		{"even median", "dora-2024", even, 1, `lead_time.p50min 150; lead_time.meanmin 240; lead_time.p75min 285; lead_time.p90min 474`},
		{"even median", "fourkeys", even, 1, `lead_time.p50min 150`},
		{"even median", "middleware", even, 1, `lead_time.typicalmin 240`},
		{"even median after a first", "devlake-2023", even + "d0 3T00:10", 1, `lead_time.p50min 120; lead_time.n 4`},
		{"one bad deployment", "dora-2024", harmful, 1, `change_failure_rate.rate 0.5; change_failure_rate.deployments 1; change_failure_rate.incidents 3; failed_deployment_recovery.p50min 160; failed_deployment_recovery.n 1;
			mttr.meanmin 68.333333; mttr.p50min 45`},
		{"one bad deployment", "fourkeys", harmful, 1, `change_failure_rate.rate 1.5; change_failure_rate.low -`},
		{"one bad deployment", "devlake-2023", harmful, 1, `change_failure_rate.rate 0.5; failed_deployment_recovery.p50min 60; failed_deployment_recovery.n 3`},
		{"one bad deployment", "middleware", harmful, 1, `change_failure_rate.rate 0.5`},
		{"one bad deployment", "gitlab", harmful, 1, `change_failure_rate.rate 1.5`},
		{"rollback", "dora-2024", rolledBack, 3, `deployment_frequency.n 4; change_failure_rate.k 1; change_failure_rate.n 4; rework_rate.rate 0.25; failed_deployment_recovery.p50min 30; lead_time -; mttr -`},
		{"rollback", "datadog", rolledBack, 3, `change_failure_rate.rate 0.25; failed_deployment_recovery.p50min 1470`},
		{"rollback", "fourkeys", rolledBack, 3, `change_failure_rate.rate 0`},
		{"rollback", "devlake-2023", rolledBack, 3, `change_failure_rate.rate 0; change_failure_rate.n 4`},
		{"rollback", "middleware", rolledBack, 3, `change_failure_rate.rate 0`},
		{"open incident", "dora-2024", open, 3, `change_failure_rate.k 2; change_failure_rate.n 3; failed_deployment_recovery.p50min 75; failed_deployment_recovery.n 1; failed_deployment_recovery.censored 1;
			failed_deployment_recovery.survivalmin 75; mttr.n 1; mttr.p50min 60; lead_time.p50min 120`},
		{"incident before any deployment", "dora-2024", "d1 3T12:00\ni0 3T09:00-3T10:00", 1, `change_failure_rate.k 0; change_failure_rate.n 1; unattributed 1; mttr.p50min 60; failed_deployment_recovery -`},
		{"incident before any deployment", "devlake-2023", "d1 3T12:00\ni0 3T09:00-3T10:00", 1, `change_failure_rate.k 0; failed_deployment_recovery -`},
		{"incident before any deployment", "middleware", "d1 3T12:00\ni0 3T09:00-3T10:00", 1, `change_failure_rate.k 0; failed_deployment_recovery.n 0`},
		{"empty", "dora-2024", "", 30, `deployment_frequency.n 0; deployment_frequency.per_day 0; deployment_frequency.tier -; lead_time -; change_failure_rate -; failed_deployment_recovery -; rework_rate -; mttr -;
			attempt_failure_rate -; availability.ratio 1; quick_check -; unattributed 0`},
		{"empty", "fourkeys", "", 30, `lead_time.tier One day; lead_time.p50 0; change_failure_rate.rate 0; change_failure_rate.tier 0-15%`},
		{"empty", "middleware", "", 30, `change_failure_rate.rate 0; lead_time.mean 0`},
		{"empty", "devlake-2023", "", 30, `deployment_frequency.tier -; lead_time -; change_failure_rate -`},
		{"ended with the window", "devlake-2023", "d1 3T10:00\ni1 3T12:00-4T00:00", 1, `failed_deployment_recovery -`},
		{"ended within the window", "devlake-2023", "d1 3T10:00\ni1 3T12:00-3T23:59", 1, `failed_deployment_recovery.p50min 839`},
		{"same change twice", "dora-2024", "c1 3T08:00\nd1 3T10:00 {c1}\nd2 3T14:00 {c1}", 1, `deployment_frequency.n 2; lead_time.p50min 120; lead_time.n 1`},
		{"same change twice", "fourkeys", "c1 3T08:00\nd1 3T10:00 {c1}\nd2 3T14:00 {c1}", 1, `lead_time.p50min 240; lead_time.n 2`},
		{"skew and a tiny lead", "dora-2024", skewed, 1, `lead_time.p50min 60.25; lead_time.n 2; lead_time_dropped 1; anomalies.0.code commit-after-deploy; anomalies.0.id c2; anomalies.0.other d1`},
		{"skew and a tiny lead", "fourkeys", skewed, 1, `lead_time.p50min 120; lead_time.n 1; lead_time_rounded 1; lead_time_dropped 1`},
		{"overlapping outages", "dora-2024", "o 3T10:00-3T10:30\no 3T10:20-3T11:00\no 3T23:50-4T00:20\nd1 3T01:00\nd2 3T02:00\nd3 3T10:10\nd4 3T12:00\nd5 3T13:00", 1,
			`availability.down_minutes 70; availability.ratio 0.951389; downtime_per_release.mean_minutes 14; downtime_per_release.max_minutes 60; downtime_per_release.n 5`},
		{"squash", "dora-2024", squashed, 1, `lead_time.n 2; lead_time.p50min 150; cycle_time.p50min 180; cycle_time.stages.0.meanmin 60; cycle_time.stages.1.meanmin 60; cycle_time.stages.2.meanmin 50; cycle_time.stages.3.meanmin 10`},
		{"a commit that is behind a change and told of itself", "dora-2024", "c1 3T09:00 originals=c2/3T08:00,c3/3T07:00\nc2 3T08:00\nd1 3T10:00 {c1 c2}", 1, `lead_time.n 2; lead_time.p50min 150`},
		{"told of itself and behind a change", "dora-2024", "c1 3T09:00 originals=c2/3T08:00,c3/3T07:00\nc2 3T08:00\nd1 3T10:00 {c2 c1}", 1, `lead_time.n 2; lead_time.p50min 150`},
		{"a commit behind itself", "dora-2024", "c1 3T09:00 originals=c1/3T08:00,c3/3T07:00\nd1 3T10:00 {c1}", 1, `lead_time.n 2; lead_time.p50min 150`},
		{"a commit behind two changes", "dora-2024", "c1 3T09:00 originals=a/3T08:00\nc2 3T09:00 originals=a/3T08:00,b/3T07:00\nd1 3T10:00 {c1}\nd2 3T11:00 {c2}", 1, `lead_time.n 2; lead_time.p50min 180`},
		{"squash", "fourkeys", squashed, 1, `lead_time.n 1; lead_time.p50min 60`},
		{"squash", "middleware", squashed, 1, `lead_time.n 1; lead_time.p50min 180`},
		{"squash", "gitlab", squashed, 1, `lead_time.n 1; lead_time.p50min 60`},
		{"an incident that ended before it began", "dora-2024", "d1 3T10:00\ni1 3T12:00-3T10:00 d1", 1, `change_failure_rate.k 1; failed_deployment_recovery.p50min 120; mttr -; anomalies.0.code negative-span`},
		{"an incident that ended before it began", "devlake-2023", "d1 3T10:00\ni1 3T12:00-3T11:00 d1", 1, `change_failure_rate.k 1; failed_deployment_recovery -; mttr -; anomalies.0.code negative-span`},
		{"an incident that ended before it began", "fourkeys", "d1 3T10:00\ni1 3T12:00-3T11:00 d1", 1, `failed_deployment_recovery.n 0; mttr -; anomalies.0.code negative-span`},
		{"failed attempts", "dora-2024", "d1 3T10:00\nd2 3T11:00 status=failure\nd3 3T12:00", 1, `deployment_frequency.n 2; change_failure_rate.k 0; change_failure_rate.n 2; attempt_failure_rate.k 1; attempt_failure_rate.n 3`},
		{"failed attempts", "octopus", "d1 3T10:00\nd2 3T11:00 status=failure\nd3 3T12:00", 1, `deployment_frequency.n 2; change_failure_rate.k 1; change_failure_rate.n 3; failed_deployment_recovery.typicalmin 60`},
		{"failed attempts", "middleware", "d1 3T10:00\nd2 3T11:00 status=failure\nd3 3T12:00", 1, `change_failure_rate.k 0; change_failure_rate.n 3`},
		{"failed after users saw it", "dora-2024", "d1 3T10:00\nd2 3T11:00 status=failure\ni1 3T11:00-3T11:30 d2", 1, `deployment_frequency.n 1; change_failure_rate.k 1; change_failure_rate.n 2; attempt_failure_rate.k 0; failed_deployment_recovery.p50min 30`},
		{"groups", "dora-2024", "c1 3T08:00\nd1 3T10:00 {c1} group=g\nd2 3T11:00 {c1} group=g\nd3 3T12:00 group=g status=failure", 1, `deployment_frequency.n 1; lead_time.n 1; lead_time.p50min 180; attempt_failure_rate.n 1; attempt_failure_rate.k 0`},
		{"groups", "fourkeys", "c1 3T08:00\nd1 3T10:00 {c1} group=g\nd2 3T11:00 {c1} group=g", 1, `deployment_frequency.n 2; lead_time.n 2`},
		{"elsewhere", "dora-2024", "d1 3T10:00 environment=staging\nd2 3T11:00 environment=eu-prod\nd3 3T12:00 environment=pre-prod", 1, `deployment_frequency.n 1; elsewhere 2`},
	} {
		t.Run(tt.name+"/"+tt.preset, func(t *testing.T) {
			report, err := history(t, story(t, tt.story)).Report(preset(t, tt.preset), days(tt.days))
			require.NoError(t, err)
			expect(t, report, tt.want)
		})
	}
}

// expect checks paths into the JSON of a report; "-" is absent.
func expect(t *testing.T, report *dora.Report, want string) {
	t.Helper()
	text, err := json.Marshal(report)
	require.NoError(t, err)
	var tree any
	require.NoError(t, json.Unmarshal(text, &tree))
	for line := range strings.SplitSeq(want, ";") {
		path, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		path, minutes := strings.CutSuffix(path, "min")
		found := tree
		for step := range strings.SplitSeq(path, ".") {
			switch node := found.(type) {
			case map[string]any:
				found = node[step]
			case []any:
				var i int
				_, err := fmt.Sscan(step, &i)
				require.NoError(t, err)
				found = nil
				if i < len(node) {
					found = node[i]
				}
			default:
				found = nil
			}
		}
		switch found := found.(type) {
		case nil:
			assert.Equal(t, value, "-", path)
		case string:
			assert.Equal(t, value, found, path)
		case float64:
			if minutes {
				found /= 60
			}
			assert.Equal(t, value, fmt.Sprint(round(found)), path)
		default:
			assert.Equal(t, value, fmt.Sprint(found), path)
		}
	}
}

func round(v float64) float64 {
	var r float64
	fmt.Sscanf(fmt.Sprintf("%.6f", v), "%g", &r)
	return r
}

func TestRollbackKnobs(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rules dora.Rules
		want  string
	}{
		{"not a deployment", dora.Rules{Rollbacks: dora.RollbacksNotFrequency}, "deployment_frequency.n 3; change_failure_rate.rate 0.25; rework_rate.rate 0.25"},
		{"not divided by", dora.Rules{Rollbacks: dora.RollbacksNotRate}, "deployment_frequency.n 4; change_failure_rate.k 1; change_failure_rate.n 3"},
		{"apart", dora.Rules{Rollbacks: dora.RollbacksApart}, "deployment_frequency.n 3; change_failure_rate.n 3"},
		{"first after the target", dora.Rules{Blame: dora.BlameFirst}, "failed_deployment_recovery.p50min 1470; change_failure_rate.k 1"},
		{"all since the target", dora.Rules{Blame: dora.BlameAll}, "failed_deployment_recovery.n 2; failed_deployment_recovery.meanmin 750; change_failure_rate.k 2"},
		{"preceding", dora.Rules{Blame: dora.BlamePreceding}, "failed_deployment_recovery.p50min 30; change_failure_rate.k 1"},
		{"none", dora.Rules{Blame: dora.BlameNone}, "change_failure_rate.k 0; failed_deployment_recovery -"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report, err := history(t, story(t, rolledBack)).Report(tt.rules, days(3))
			require.NoError(t, err)
			expect(t, report, tt.want)
		})
	}
}

// A deployment long after the one before it brings what piled up meanwhile, and has no lead times.
func TestBaselineGap(t *testing.T) {
	const piled = `
	c1 3T07:00
	c2 4T07:00
	c3 6T07:00
	d1 3T09:00 {c1}
	d2 4T09:00 {c2}
	d3 6T09:00 {c3}
	`
	for gap, want := range map[time.Duration]string{0: "lead_time.n 3", 24 * time.Hour: "lead_time.n 2; lead_time_dropped -", 23 * time.Hour: "lead_time.n 1"} {
		report, err := history(t, story(t, piled)).Report(dora.Rules{BaselineGap: dora.Duration(gap)}, days(6))
		require.NoError(t, err)
		expect(t, report, want)
	}
}
