package dora_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// broken are so many failed deployments, an hour apart, of which the first ones recovered in five minutes.
func broken(n, recovered int) []dora.Event {
	var events []dora.Event
	for i := range n {
		at := days(1).From.Add(time.Duration(i) * time.Hour)
		id := fmt.Sprint("d", i)
		in := dora.Incident{ID: "i" + id, Service: "shop", Opened: at.Add(time.Minute), CausedBy: []string{id}}
		if i < recovered {
			in.Resolved = at.Add(5 * time.Minute)
		}
		events = append(events, dora.Deployment{ID: id, Service: "shop", Time: at}, in)
	}
	return events
}

// A failure that has not ended is no quick recovery.
func TestOpenFailuresAreNoRecovery(t *testing.T) {
	for _, tt := range []struct {
		name         string
		n, recovered int
		rules        dora.Rules
		want         string
	}{
		{"one of ten", 10, 1, dora.Rules{}, "failed_deployment_recovery.p50min 5; failed_deployment_recovery.censored 9; failed_deployment_recovery.survival -; failed_deployment_recovery.survival_abovemin 40260; failed_deployment_recovery.typical -; failed_deployment_recovery.tier -; quick_check.failed_deployment_recovery -; services.0.failed_deployment_recovery.tier -; weeks.0.failed_deployment_recovery.tier -"},
		{"most of ten", 10, 9, dora.Rules{}, "failed_deployment_recovery.survivalmin 5; failed_deployment_recovery.survival_above -; failed_deployment_recovery.typicalmin 5; failed_deployment_recovery.tier elite"},
		{"all of ten", 10, 10, dora.Rules{}, "failed_deployment_recovery.survival -; failed_deployment_recovery.typicalmin 5; failed_deployment_recovery.tier elite; quick_check.failed_deployment_recovery 10"},
		{"the mean is not known either", 10, 1, dora.Rules{Typical: dora.TypicalMean}, "failed_deployment_recovery.meanmin 5; failed_deployment_recovery.typical -; failed_deployment_recovery.tier -"},
		{"until now", 10, 1, dora.Rules{Open: dora.OpenNow}, "failed_deployment_recovery.n 10; failed_deployment_recovery.survival_above -; failed_deployment_recovery.typicalmin 39990; failed_deployment_recovery.tier low"},
		{"dropped", 10, 1, dora.Rules{Open: dora.OpenDropped}, "failed_deployment_recovery.typicalmin 5; failed_deployment_recovery.censored 9; failed_deployment_recovery.tier elite"},
		{"as a tool does it", 10, 1, preset(t, "devlake-2023"), "failed_deployment_recovery.typicalmin 5; failed_deployment_recovery.tier elite"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report, err := history(t, broken(tt.n, tt.recovered)).Report(tt.rules, days(28))
			require.NoError(t, err)
			expect(t, report, tt.want)
		})
	}
}

func TestTiersAsTheyAreWritten(t *testing.T) {
	every := func(gap, whole int) []dora.Event {
		var events []dora.Event
		for day := gap - 1; day < whole; day += gap {
			events = append(events, dora.Deployment{ID: fmt.Sprint("d", day), Time: days(1).From.AddDate(0, 0, day)})
		}
		return events
	}
	for _, tt := range []struct {
		model string
		gap   int // days from one deployment to the next
		want  dora.Tier
	}{
		{"2021", 1, dora.High}, {"2021", 10, dora.High}, {"2021", 14, dora.High}, {"2021", 20, dora.High}, {"2021", 40, dora.Medium}, {"2021", 200, dora.Low},
		{"middleware", 5, dora.High}, {"middleware", 15, dora.High}, {"middleware", 30, dora.Medium}, {"middleware", 60, dora.Low},
	} {
		report, err := history(t, every(tt.gap, 600)).Report(dora.Rules{Tiers: tt.model}, days(600))
		require.NoError(t, err)
		assert.Equal(t, tt.want, report.DeploymentFrequency.Tier, "%s every %d days", tt.model, tt.gap)
	}
	for _, tt := range []struct {
		failed int
		want   dora.Tier
	}{{15, "0-15%"}, {16, "16-45%"}, {45, "16-45%"}, {46, "46-60%"}} {
		var events []dora.Event
		for i := range 100 {
			d := dora.Deployment{ID: fmt.Sprint("d", i), Time: at(t, "3T10:00")}
			events = append(events, d)
			if i < tt.failed {
				events = append(events, dora.Incident{ID: d.ID, Opened: d.Time, CausedBy: []string{d.ID}})
			}
		}
		report, err := history(t, events).Report(dora.Rules{Tiers: "fourkeys"}, days(1))
		require.NoError(t, err)
		assert.Equal(t, tt.want, report.ChangeFailureRate.Tier, tt.failed)
	}
}

// What no data is called 0 for is not scored.
func TestNothingIsNoScore(t *testing.T) {
	for _, p := range dora.Presets() {
		report, err := history(t, nil).Report(preset(t, p), days(30))
		require.NoError(t, err)
		assert.Nil(t, report.QuickCheck, p)
	}
}
