package dora_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

func TestOpinions(t *testing.T) {
	when := at(t, "3T10:00")
	events := []dora.Event{
		dora.Answer{Kind: dora.CSAT, Score: 5, Count: 10, Time: when}, dora.Answer{Kind: dora.CSAT, Score: 4, Count: 20, Time: when}, dora.Answer{Kind: dora.CSAT, Score: 3, Count: 10, Time: when},
		dora.Answer{Kind: dora.CSAT, Score: 2, Count: 5, Time: when}, dora.Answer{Kind: dora.CSAT, Score: 1, Count: 5, Time: when},
		dora.Answer{Kind: dora.NPS, Score: 9, Count: 5, Time: when}, dora.Answer{Kind: dora.NPS, Score: 7, Count: 3, Time: when}, dora.Answer{Kind: dora.NPS, Score: 6, Count: 2, Time: when},
		dora.Answer{Kind: dora.NPS, Score: 0, Count: 99, Time: when.AddDate(0, 0, 1)},
	}
	report, err := history(t, events).Report(dora.Rules{}, days(1))
	require.NoError(t, err)
	assert.Equal(t, &dora.Opinion{N: 50, Score: 60, Mean: 3.5}, report.CSAT)
	assert.Equal(t, 30.0, report.NPS.Score)
	assert.Equal(t, 10, report.NPS.N)
}

func TestVelocity(t *testing.T) {
	done := func(id, sprint, from, to string, points float64) dora.Event {
		return dora.Work{ID: id, Iteration: sprint, Started: at(t, from), Done: at(t, to), Points: points}
	}
	events := []dora.Event{
		done("w1", "s1", "3T10:00", "4T10:00", 3), done("w2", "s1", "3T10:00", "5T10:00", 5),
		done("w3", "s2", "10T10:00", "", 8), // nothing was done in it: that counts
		done("w4", "s3", "17T10:00", "18T10:00", 4),
		done("w5", "s4", "24T10:00", "25T10:00", 6),
		done("w6", "", "24T10:00", "24T12:00", 1),
		done("w7", "s9", "24T10:00", "24T08:00", 0),
	}
	report, err := history(t, events).Report(dora.Rules{}, days(28))
	require.NoError(t, err)
	v := report.Velocity
	require.NotNil(t, v)
	assert.Equal(t, "points", v.Unit)
	assert.Equal(t, 5, v.N)
	assert.Equal(t, dora.Iteration{Name: "s1", Done: 2, Items: 2, Points: 8}, v.Iterations[0])
	report, err = history(t, events[:6]).Report(dora.Rules{}, days(28))
	require.NoError(t, err)
	assert.InDelta(t, 10.0/3, report.Velocity.Mean, 1e-12, "of the last three: 0, 4, 6")
	assert.Equal(t, 4.0, report.Velocity.P50)
	assert.Equal(t, 5, report.WorkTime.N)
	assert.Equal(t, 86400.0, report.WorkTime.P50.Or(0))
	report, err = history(t, events).Report(dora.Rules{}, days(28))
	require.NoError(t, err)
	assert.Contains(t, report.Anomalies, dora.Anomaly{Code: dora.CodeNegativeSpan, ID: "w7"})
}

func TestWorkBeginsTheCycle(t *testing.T) {
	h := history(t, append(story(t, squashed), dora.Work{ID: "c1", Started: at(t, "3T06:00")}))
	report, err := h.Report(dora.Rules{}, days(1))
	require.NoError(t, err)
	assert.Equal(t, 4*3600.0, report.CycleTime.P50.Or(0))
	assert.Equal(t, dora.StageTime{Name: "coding", Mean: 7200, P50: 7200, P75: 7200, P90: 7200}, report.CycleTime.Stages[0])
}

func TestCostOfDowntime(t *testing.T) {
	assert.InDelta(t, 54.75e6, dora.CostOfDowntime(1460, 0.075, 1, 500e3), 1)
	assert.InDelta(t, 145.92e6, dora.CostOfDowntime(32, 0.38, 24, 500e3), 1)
	assert.InDelta(t, 19.74e6, dora.CostOfDowntime(7, 0.235, 24, 500e3), 1)
	assert.True(t, math.IsNaN(dora.CostOfDowntime(1, -1, 1, 1)))
	report, err := history(t, story(t, "o 3T10:00-3T11:30\nd1 3T09:00")).Report(dora.Rules{}, dora.Query{From: days(1).From, To: days(1).To, DowntimeCost: 1000, Objective: 999_000_000})
	require.NoError(t, err)
	assert.Equal(t, 1500.0, report.Availability.Cost.Or(0))
	assert.InDelta(t, 1.44, report.ErrorBudget.BudgetMinutes, 1e-9)
	assert.InDelta(t, 62.5, report.ErrorBudget.Burn, 1e-9)
}

func TestSeverities(t *testing.T) {
	h := history(t, story(t, "o 3T10:00-3T12:00 severity=minor\no 3T11:00-3T12:00 severity=major\no 3T20:00-3T21:00 severity=none"))
	report, err := h.Report(dora.Rules{Severities: map[string]float64{"minor": 0.5, "none": 0}}, days(1))
	require.NoError(t, err)
	assert.Equal(t, 90.0, report.Availability.DownMinutes)
}

func TestOutagesOfServices(t *testing.T) {
	h := history(t, story(t, "o 3T10:00-3T11:00 service=a\no 3T10:30-3T12:00 service=b\no 3T20:00-3T21:00 service=\nd1 3T09:00 service=a"))
	report, err := h.Report(dora.Rules{}, days(1))
	require.NoError(t, err)
	assert.Equal(t, 180.0, report.Availability.DownMinutes, "all are down while one of them is")
	require.Len(t, report.Services, 2)
	assert.Equal(t, 120.0, report.Services[0].Availability.DownMinutes, "an outage without a service is one of each")
	assert.Equal(t, 150.0, report.Services[1].Availability.DownMinutes)
	assert.Nil(t, report.Services[1].DowntimePerRelease)
}

func TestLoadTimes(t *testing.T) {
	l, err := dora.CompareLoadTimes([]float64{12, 14, 13, 30, 15}, []float64{24, 28, 26, 60, 30})
	require.NoError(t, err)
	assert.Equal(t, dora.LoadTime{N: 5, P50: 14, P95: 27}, l.Before)
	assert.Equal(t, dora.Known(2), l.P50Ratio)
	assert.Equal(t, dora.Known(2), l.P95Ratio)
	_, err = dora.CompareLoadTimes([]float64{math.NaN(), 1, -1}, nil)
	assert.ErrorContains(t, err, "before[0]")
	assert.ErrorContains(t, err, "before[2]")
	assert.ErrorContains(t, err, "after")
}

func TestBurn(t *testing.T) {
	const m, h = time.Minute, time.Hour
	slo := dora.SLO{Objective: 999_000_000}
	quiet := map[time.Duration]dora.Errors{}
	for _, w := range slo.Windows() {
		quiet[w] = dora.Errors{Bad: 0, Total: 100_000}
	}
	assert.Equal(t, []time.Duration{5 * m, 30 * m, h, 2 * h, 6 * h, 24 * h, 72 * h}, slo.Windows())
	for _, tt := range []struct {
		name   string
		bad    map[time.Duration]uint64 // of 100,000
		alert  string
		window int
		burn   float64
	}{
		{"over already", map[time.Duration]uint64{h: 1500, 5 * m: 500}, "", 0, 15},
		{"page quick", map[time.Duration]uint64{h: 1500, 5 * m: 2000}, "page quick", 0, 15},
		{"page slow", map[time.Duration]uint64{6 * h: 650, 30 * m: 700}, "page slow", 1, 6.5},
		{"ticket quick", map[time.Duration]uint64{24 * h: 310, 2 * h: 350}, "ticket quick", 2, 3.1},
		{"ticket slow", map[time.Duration]uint64{72 * h: 110, 6 * h: 120}, "ticket slow", 3, 1.1},
		{"exactly at the limit", map[time.Duration]uint64{h: 1440, 5 * m: 1440}, "", 0, 14.4},
		{"only the long one above", map[time.Duration]uint64{h: 1500, 5 * m: 1440}, "", 0, 15},
		{"just above", map[time.Duration]uint64{h: 1441, 5 * m: 1441}, "page quick", 0, 14.41},
	} {
		t.Run(tt.name, func(t *testing.T) {
			errors := map[time.Duration]dora.Errors{}
			for w, e := range quiet {
				errors[w] = dora.Errors{Bad: tt.bad[w], Total: e.Total}
			}
			b, err := slo.Burn(errors)
			require.NoError(t, err)
			assert.Equal(t, tt.alert, b.Alert, b.String())
			assert.InDelta(t, tt.burn, b.Windows[tt.window].Long.Or(-1), 1e-12)
		})
	}
	factors := func(s dora.SLO) (all []float64) {
		b, err := s.Burn(quiet)
		require.NoError(t, err)
		for _, w := range b.Windows {
			all = append(all, w.Factor)
		}
		return all
	}
	assert.Equal(t, []float64{14.4, 6, 3, 1}, factors(slo))
	assert.InDeltaSlice(t, []float64{13.44, 5.6, 2.8, 0.9333}, factors(dora.SLO{Objective: 999_000_000, Period: dora.Duration(28 * 24 * h)}), 1e-4)
	week := dora.SLO{Objective: 999_000_000, Period: dora.Duration(7 * 24 * h), Alerts: dora.DefaultAlerts()}
	for i, budget := range []int{80, 125, 200, 420} {
		week.Alerts[i].Budget = budget
	}
	assert.InDeltaSlice(t, []float64{13.44, 3.5, 1.4, 0.98}, factors(week), 1e-12)

	delete(quiet, h)
	_, err := slo.Burn(quiet)
	assert.ErrorContains(t, err, "1h0m0s", "what is not known is no pass")
	quiet[h] = dora.Errors{}
	b, err := slo.Burn(quiet)
	require.NoError(t, err)
	assert.True(t, b.Windows[0].Long.IsZero())
	_, err = dora.SLO{Objective: 0, Alerts: []dora.BurnAlert{{Budget: 0, Long: 1, Short: 1}}}.Burn(quiet)
	for _, field := range []string{"objective", "alerts[0].name", "alerts[0].budget", "alerts[0]:"} {
		assert.ErrorContains(t, err, field)
	}
}

func TestObjective(t *testing.T) {
	for text, want := range map[string]dora.Objective{"99.9%": 999_000_000, "0.999": 999_000_000, "99.95 %": 999_500_000, "99.9999999%": 999_999_999} {
		o, err := dora.ParseObjective(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, o)
	}
	for _, text := range []string{"", "%", "100%", "0", "1.5", "-1%", "99.99999999%", "NaN", "1e-3", "9/10"} {
		_, err := dora.ParseObjective(text)
		assert.Error(t, err, text)
	}
	o, _ := dora.ParseObjective("99.95%")
	assert.Equal(t, "99.95%", o.String())
	assert.Equal(t, 21*time.Minute+36*time.Second, o.Budget(30*24*time.Hour))
	text, err := json.Marshal(dora.SLO{Objective: o})
	require.NoError(t, err)
	assert.JSONEq(t, `{"objective":"99.95%"}`, string(text))
	var back dora.SLO
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, o, back.Objective)
}

func TestQuickCheck(t *testing.T) {
	// The mean answers of 2025 (lead 5.5, frequency 4.8, recovery 7.4, failures 19 %, rework 22 %) make 6.72.
	c := dora.QuickCheckOf(2025, dora.Metrics{ChangeFailureRate: &dora.FailureRate{Rate: dora.Rate{Rate: dora.Known(0.19)}}, ReworkRate: &dora.Rate{Rate: dora.Known(0.22)}})
	assert.InDelta(t, 8.1, c.ChangeFailureRate.Or(0), 1e-9)
	assert.InDelta(t, 7.8, c.ReworkRate.Or(0), 1e-9)
	assert.InDelta(t, 6.72, (5.5+4.8+7.4+c.ChangeFailureRate.Or(0)+c.ReworkRate.Or(0))/5, 1e-9)
	assert.True(t, c.Throughput.IsZero(), "what was not answered does not count")
	assert.InDelta(t, 7.95, c.Total.Or(0), 1e-9)

	for lead, want := range map[time.Duration]float64{59 * time.Minute: 10, time.Hour: 8, 24 * time.Hour: 6, 8 * 24 * time.Hour: 4, 40 * 24 * time.Hour: 2, 200 * 24 * time.Hour: 0} {
		c := dora.QuickCheckOf(2024, dora.Metrics{LeadTime: &dora.Durations{Typical: dora.Known(lead.Seconds())}, ReworkRate: &dora.Rate{Rate: dora.Known(0.5)}})
		assert.InDelta(t, want, c.LeadTime.Or(-1), 1e-9, lead)
		assert.InDelta(t, want, c.Total.Or(-1), 1e-9, "the edition of 2024 has no rework rate")
	}
}

func TestTiers(t *testing.T) {
	model := func(name string) *dora.TierModel {
		for _, m := range dora.TierModels() {
			require.NoError(t, m.Validate(), m.Name)
			if m.Name == name {
				return &m
			}
		}
		t.Fatal(name)
		return nil
	}
	lead := func(m *dora.TierModel, d time.Duration) dora.Tier {
		h := history(t, []dora.Event{dora.Change{ID: "c", Time: at(t, "3T00:00")}, dora.Deployment{ID: "d", Time: at(t, "3T00:00").Add(d), Changes: []string{"c"}}})
		report, err := h.Report(dora.Rules{Model: m}, dora.Query{})
		require.NoError(t, err)
		return report.LeadTime.Tier
	}
	const day = 24 * time.Hour
	assert.Equal(t, dora.Elite, lead(model("2024"), day-1))
	assert.Equal(t, dora.High, lead(model("2024"), day), "exactly 24 hours is high")
	assert.Equal(t, dora.Low, lead(model("2024"), 400*day), "beyond the worst is the worst")
	gap := model("2021")
	assert.Equal(t, dora.High, lead(gap, 2*time.Hour), "between elite and high: the worse one")
	assert.Equal(t, dora.Medium, lead(gap, 10*day))
	gap.Gaps = dora.GapsBetter
	assert.Equal(t, dora.Elite, lead(gap, 2*time.Hour))
	assert.Equal(t, dora.High, lead(gap, 10*day))
	gap.Gaps = dora.GapsNone
	assert.Empty(t, lead(gap, 2*time.Hour))

	failures := func(m string, bad, all int) dora.Tier {
		h := &dora.History{}
		for i := range all {
			d := dora.Deployment{ID: string(rune('a'+i/26)) + string(rune('a'+i%26)), Time: at(t, "3T10:00")}
			require.NoError(t, h.Add(d))
			if i < bad {
				require.NoError(t, h.Add(dora.Incident{ID: d.ID, Opened: d.Time, CausedBy: []string{d.ID}}))
			}
		}
		report, err := h.Report(dora.Rules{Tiers: m}, dora.Query{})
		require.NoError(t, err)
		return report.ChangeFailureRate.Tier
	}
	assert.Equal(t, dora.Elite, failures("2024", 1, 20), "exactly 5 % is elite")
	assert.Equal(t, dora.High, failures("2024", 2, 20), "the best tier that holds it")
	assert.Equal(t, dora.High, failures("2024", 4, 20))
	assert.Equal(t, dora.Low, failures("2024", 5, 20))
	assert.Equal(t, dora.Low, failures("2024", 20, 20))
	assert.Equal(t, dora.Elite, failures("2024", 0, 20))
	assert.Equal(t, dora.Low, failures("2019", 6, 20), "between 15 % and 46 %")
	assert.Empty(t, failures("none", 1, 20))
	err := dora.TierModel{Gaps: "x", LeadTime: []dora.TierRange{{From: 2, To: dora.Known(1)}}, Cadence: []dora.Cadence{{Measure: "x", AtLeast: -1}}}.Validate()
	for _, field := range []string{"name", "gaps", "lead_time[0].tier", "lead_time[0].to", "cadence[0].tier", "cadence[0].measure", "cadence[0].at_least"} {
		assert.ErrorContains(t, err, field)
	}
}
