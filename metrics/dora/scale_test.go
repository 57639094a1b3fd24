package dora_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// TestManyOnOne: a million incidents on one deployment, a long chain of repairs, one change in a thousand deployments.
func TestManyOnOne(t *testing.T) {
	h := &dora.History{}
	when := at(t, "3T10:00")
	require.NoError(t, h.Add(dora.Deployment{ID: "d", Service: "shop", Time: when, Changes: []string{"c"}}))
	require.NoError(t, h.Add(dora.Change{ID: "c", Time: when.Add(-time.Hour)}))
	causes := []string{"d"}
	n := many()
	if testing.Short() {
		n = 10_000
	}
	for i := range n {
		require.NoError(t, h.Add(&dora.Incident{ID: fmt.Sprint("i", i), Service: "shop", Opened: when, Resolved: when.Add(time.Duration(i) * time.Millisecond), CausedBy: causes}))
	}
	report, err := h.Report(dora.Rules{}, days(1))
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1, n}, []int{report.ChangeFailureRate.K, report.ChangeFailureRate.N, int(report.ChangeFailureRate.Incidents.Or(0))})
	assert.InDelta(t, float64(n-1)/1000, report.FailedDeploymentRecovery.P50.Or(-1), 1e-6)

	h = &dora.History{}
	before := "d0"
	for i := range 100_000 {
		id := fmt.Sprint("d", i)
		require.NoError(t, h.Add(&dora.Deployment{ID: id, Time: when.Add(time.Duration(i) * time.Microsecond), Fixes: []string{before}, Changes: []string{"c"}, Kind: dora.KindRollback, Version: "v"}))
		before = id
	}
	for _, blame := range []dora.Blame{dora.BlameNamed, dora.BlamePreceding, dora.BlameFirst, dora.BlameAll} {
		report, err = h.Report(dora.Rules{Blame: blame, Redeployed: dora.RedeployedEach}, days(1))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, report.ChangeFailureRate.K, 99_999)
	}
}

// What grows with the square of a history would not end here.
func TestLongChains(t *testing.T) {
	n := many()
	when := at(t, "3T10:00")
	h := &dora.History{}
	for i := n; i > 0; i-- { // told backwards, so that each leads to one that is not known yet
		require.NoError(t, h.Add(&dora.Deployment{ID: fmt.Sprint("d", i), Time: when.Add(time.Duration(i)), Fixes: []string{fmt.Sprint("d", i-1)}, Status: dora.Failure}))
	}
	report, err := h.Report(dora.Rules{}, days(1))
	require.NoError(t, err)
	assert.Equal(t, []dora.Anomaly{{Code: dora.CodeUnknownDeployment, ID: "d1", Other: "d0"}}, report.Anomalies)

	report, err = h.Report(preset(t, "octopus"), days(1))
	require.NoError(t, err)
	assert.Equal(t, n, report.FailedDeploymentRecovery.Censored, "none of so many attempts is followed by a success")
	require.NoError(t, h.Add(&dora.Deployment{ID: "last", Time: when.Add(time.Second)}))
	report, err = h.Report(preset(t, "octopus"), days(1))
	require.NoError(t, err)
	assert.Equal(t, n, report.FailedDeploymentRecovery.N)

	h = &dora.History{}
	for i := range n { // rollbacks to the first version that fail, and go on failing
		d := &dora.Deployment{ID: fmt.Sprint("d", i), Time: when.Add(time.Duration(i)), Version: "v1", Kind: dora.KindRollback, Status: dora.Failure}
		if i == 0 {
			d.Kind, d.Status = dora.KindChange, dora.Success
		}
		require.NoError(t, h.Add(d))
	}
	report, err = h.Report(preset(t, "datadog"), days(1))
	require.NoError(t, err)
	assert.Equal(t, 1, report.ChangeFailureRate.K, "nothing came after it, so it is the one right before them")
}

// One event with a wrong year does not ask for more memory than there is.
func TestWrongYear(t *testing.T) {
	h := &dora.History{}
	for i := range 1000 {
		require.NoError(t, h.Add(&dora.Deployment{ID: fmt.Sprint("d", i), Service: fmt.Sprint("s", i), Time: at(t, "3T10:00")}))
	}
	_, err := h.Report(dora.Rules{}, dora.Query{Brief: true})
	require.NoError(t, err)
	require.NoError(t, h.Add(&dora.Change{ID: "c", Time: time.Date(1702, 1, 1, 0, 0, 0, 0, time.UTC)}))
	report, err := h.Report(dora.Rules{}, dora.Query{})
	require.NoError(t, err)
	assert.Equal(t, 24*time.Hour, report.To.Sub(report.From), "a commit makes no window")
	require.NoError(t, h.Add(&dora.Incident{ID: "i", Opened: time.Date(1702, 1, 1, 0, 0, 0, 0, time.UTC)}))
	_, err = h.Report(dora.Rules{}, dora.Query{})
	assert.ErrorIs(t, err, dora.ErrTooLong)
	assert.ErrorContains(t, err, "of 1000 services")
	_, err = h.Report(dora.Rules{}, days(7))
	assert.NoError(t, err)
}

// many is enough to see what takes squares: a million where the variable is set, as .ci/run sets it.
func many() int {
	if os.Getenv("DAVIT_EVERY_POINT") != "" {
		return 1_000_000 / raced
	}
	return 200_000 / raced
}

// Nanoseconds end after 292 years: one event with a wrong century must not make an end of the program that asks.
func TestAWindowThatCannotBeReckonedWith(t *testing.T) {
	old, young := time.Date(1720, 3, 3, 0, 0, 0, 0, time.UTC), time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)
	var h dora.History
	require.NoError(t, h.AddAll(dora.Deployment{ID: "d1", Service: "shop", Environment: "production", Time: young},
		dora.Deployment{ID: "d2", Service: "shop", Environment: "production", Time: old}))
	for _, q := range []dora.Query{{}, {From: old}, {To: young}, {From: old, To: young}, {From: old, To: young, Services: []string{"shop"}, Brief: true}} {
		_, err := h.Report(dora.Rules{}, q)
		require.ErrorIs(t, err, dora.ErrTooLong)
		assert.ErrorContains(t, err, "from 1720-03-03T00:00:00Z to 2025-03-0")
		_, err = h.LeadTimes(dora.Rules{}, q)
		assert.ErrorIs(t, err, dora.ErrTooLong)
		_, err = h.Compare(dora.Rules{}, dora.Rules{}, q)
		assert.ErrorIs(t, err, dora.ErrTooLong)
	}
	r, err := h.Report(dora.Rules{}, dora.Query{From: old, To: old.AddDate(292, 0, 0)})
	require.NoError(t, err)
	assert.Equal(t, 1, r.DeploymentFrequency.N)
}
