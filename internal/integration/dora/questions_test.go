package dora_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/deliveries"
	"github.com/davit-sdk/davit/metrics/dora"
)

// question is one that both sides answer: with one number, or with several in order.
type question struct {
	name string
	// sql answers numbers in its last column. LEADS stands for leads or onceLeads.
	sql string
	// ours are the same numbers, out of a report. Durations are in seconds.
	ours func(r *dora.Report) []float64
}

// leads are lead times by their definition, in seconds: from the commit to the first deployment of the service that had it. Of the ways to write
// it (grouped before the join, DISTINCT ON, NOT EXISTS, a window) this is the one that PostgreSQL is fastest with.
const leads = `
	SELECT min(d.finish) AS finish, d.service, date_part('epoch', min(d.finish) - c.committed) AS lead
	FROM deployment d JOIN shipped s ON s.deployment = d.id JOIN change c ON c.id = s.change
	WHERE d.production AND d.succeeded GROUP BY c.id, c.committed, d.service
	HAVING min(d.finish) >= '2022-01-01' AND min(d.finish) < '2024-12-31'`

// onceLeads are the same where somebody promises that no change is deployed twice, which nobody promises package dora.
const onceLeads = `
	SELECT d.finish, d.service, date_part('epoch', d.finish - c.committed) AS lead
	FROM deployment d JOIN shipped s ON s.deployment = d.id JOIN change c ON c.id = s.change
	WHERE d.production AND d.succeeded AND d.finish >= '2022-01-01' AND d.finish < '2024-12-31'`

var questions = []question{
	{"week-days", `
		SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(w.days, 0)) FROM generate_series('2022-01-03'::timestamp, '2024-12-16', '7 days') AS monday
		LEFT JOIN (
			SELECT date_trunc('week', finish) AS monday, count(DISTINCT date_trunc('day', finish)) AS days
			FROM deployment WHERE production AND succeeded AND finish >= '2022-01-01' AND finish < '2024-12-31' GROUP BY 1
		) AS w USING (monday)`,
		func(r *dora.Report) []float64 { return []float64{r.DeploymentFrequency.PerWeekMedian.Or(-1)} }},
	{"daily-lead", `
		SELECT date_trunc('day', finish) AS day, percentile_cont(0.5) WITHIN GROUP (ORDER BY lead) FROM (LEADS) AS l GROUP BY 1 ORDER BY 1`,
		func(r *dora.Report) []float64 {
			var all []float64
			for _, d := range r.Daily {
				if d.LeadTime != nil {
					all = append(all, d.LeadTime.P50.Or(-1))
				}
			}
			return all
		}},
	{"lead", `
		SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY lead) FROM (LEADS) AS l`,
		func(r *dora.Report) []float64 { return []float64{r.LeadTime.P50.Or(-1)} }},
	{"failures", `
		SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM caused c WHERE c.deployment = d.id))::float8 / count(*) FROM deployment d
		WHERE production AND succeeded AND finish >= '2022-01-01' AND finish < '2024-12-31'`,
		func(r *dora.Report) []float64 { return []float64{r.ChangeFailureRate.Rate.Rate.Or(-1)} }},
	{"recovery", `
		SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY recovery) FROM (
			SELECT date_part('epoch', max(i.resolved) - d.finish) AS recovery
			FROM deployment d JOIN caused c ON c.deployment = d.id JOIN incident i ON i.id = c.incident
			WHERE production AND succeeded AND finish >= '2022-01-01' AND finish < '2024-12-31'
			GROUP BY d.id, d.finish HAVING bool_and(i.resolved IS NOT NULL)
		) AS r`,
		func(r *dora.Report) []float64 { return []float64{r.FailedDeploymentRecovery.P50.Or(-1)} }},
	{"service-weeks", `
		SELECT n.name, week, p50 FROM (
			SELECT service, date_trunc('week', finish) AS week, percentile_cont(0.5) WITHIN GROUP (ORDER BY lead) AS p50 FROM (LEADS) AS l GROUP BY 1, 2
		) AS g JOIN service n ON n.id = g.service ORDER BY n.name, week`,
		func(r *dora.Report) []float64 {
			var all []float64
			for _, s := range r.Services {
				for _, w := range s.Weeks {
					if w.LeadTime != nil {
						all = append(all, w.LeadTime.P50.Or(-1))
					}
				}
			}
			return all
		}},
}

// query asks package dora for all of it at once.
func query(s *deliveries.Story) dora.Query {
	q := s.Query()
	q.Daily = true
	return q
}

// told is a history of a story.
func told(t testing.TB, s *deliveries.Story) *dora.History {
	t.Helper()
	h := &dora.History{}
	for _, e := range s.Events() {
		require.NoError(t, h.Add(e))
	}
	return h
}

// answer is what PostgreSQL says, and how long it took until the last row was here.
func answer(t testing.TB, db *pgx.Conn, q question, leads string) ([]float64, time.Duration) {
	t.Helper()
	began := time.Now()
	rows, err := db.Query(context.Background(), strings.ReplaceAll(q.sql, "LEADS", leads))
	require.NoError(t, err, q.name)
	defer rows.Close()
	var all []float64
	last := len(rows.FieldDescriptions()) - 1
	into := make([]any, last+1)
	var v float64
	into[last] = &v
	for rows.Next() {
		require.NoError(t, rows.Scan(into...))
		all = append(all, v)
	}
	require.NoError(t, rows.Err(), q.name)
	return all, time.Since(began)
}

// same asserts that two lists of seconds, or rates, are equal to the microsecond.
func same(t testing.TB, name string, theirs, ours []float64) {
	t.Helper()
	require.Len(t, ours, len(theirs), name)
	require.NotEmpty(t, ours, name)
	for i := range ours {
		if !(math.Abs(ours[i]-theirs[i]) < 1e-6) {
			require.Equal(t, theirs[i], ours[i], "%s, number %d", name, i)
		}
	}
}
