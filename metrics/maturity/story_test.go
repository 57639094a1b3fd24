package maturity_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/maturity"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// ago is some days before now.
func ago(days float64) time.Time { return now.Add(-time.Duration(days * 24 * float64(time.Hour))) }

// tokyo has no summer time, so that what is expected can be counted by hand.
var tokyo = time.FixedZone("JST", 9*3600)

// shop is a release of the shop, some days ago: built, tested, staged, approved by grace after so long, and brought to production by a canary behind a gate.
func shop(n int, days float64, wait time.Duration, more ...maturity.Step) maturity.Release {
	id := fmt.Sprintf("shop-%d", n)
	at := func(d time.Duration) time.Time { return ago(days).Add(d) }
	digest := fmt.Sprintf("sha256:%04d", n)
	r := maturity.Release{ID: id, Service: "shop", Version: fmt.Sprintf("1.%d.0", n), By: "ada", Whole: true, Began: at(0), Committed: at(-2 * time.Hour), Steps: []maturity.Step{
		{ID: id + "/build", Kind: maturity.KindBuild, From: at(0), To: at(5 * time.Minute)},
		{ID: id + "/test", Kind: maturity.KindTest, From: at(5 * time.Minute), To: at(10 * time.Minute)},
		{ID: id + "/staging", Kind: maturity.KindDeploy, Means: maturity.Machine, Environment: "staging", Digest: digest, Strategies: []maturity.Strategy{maturity.Recreate}, To: at(12 * time.Minute)},
		{ID: id + "/approve", Kind: maturity.KindApproval, By: []string{"grace"}, From: at(12 * time.Minute), To: at(12*time.Minute + wait)},
		{ID: id + "/errors", Kind: maturity.KindGate, To: at(15*time.Minute + wait)},
		{ID: id + "/production", Kind: maturity.KindDeploy, Means: maturity.Machine, Environment: "production", Digest: digest, Strategies: []maturity.Strategy{maturity.Canary}, To: at(20*time.Minute + wait)},
	}}
	r.Steps = append(r.Steps, more...)
	return r
}

// story has a good service, one that declares more than it does, a legacy system, and one of which little is known.
func story(t testing.TB) (maturity.Model, maturity.Input) {
	t.Helper()
	in := maturity.Input{At: now, Services: []maturity.Service{
		{Name: "shop", Standing: maturity.Current, Observed: ago(300)},
		{Name: "books", Standing: maturity.Legacy, Observed: ago(400)},
		{Name: "mail"},
	}, People: []maturity.Person{
		{Name: "Ada", Group: "shop", Location: time.UTC},
		{Name: "grace", Group: "operations", Location: tokyo},
	}}
	for n := range 9 {
		in.Releases = append(in.Releases, shop(n+1, float64(80-9*n), 30*time.Minute))
	}
	bad := shop(10, 2, 20*time.Hour)
	bad.Steps[4].Outcome, bad.Steps[5].Outcome = maturity.Refused, maturity.TakenBack
	bad.Steps = append(bad.Steps, maturity.Step{ID: "shop-10/back", Kind: maturity.KindRollback, Environment: "production", To: bad.Steps[5].To.Add(time.Minute)})
	in.Releases = append(in.Releases, bad)
	for n := range 4 {
		id := fmt.Sprintf("cart-%d", n+1)
		in.Releases = append(in.Releases, maturity.Release{ID: id, Service: "cart", By: "linus", Whole: true, Began: ago(float64(70 - 15*n)), Steps: []maturity.Step{
			{ID: id + "/copy", Kind: maturity.KindDeploy, Environment: "production", Means: map[bool]maturity.Means{true: maturity.Hand, false: maturity.Machine}[n < 3], By: []string{"linus"}, To: ago(float64(70 - 15*n)).Add(time.Hour)},
		}})
	}
	in.Declarations = []maturity.Declaration{
		{Practice: "all-automated", Service: "cart", Holds: true, By: "linus", At: ago(30), Note: "we are proud of it"},
		{Practice: "unit-tests", Service: "cart", Holds: true, By: "linus", At: ago(400)},
		{Practice: "built-centrally", Holds: true, By: "ada", At: ago(10)},
		{Practice: "feature-tests", Service: "shop", Holds: true, By: "ada", At: ago(10)},
		{Practice: "standing-known", Holds: true, By: "ada", At: ago(10)},
		{Practice: "standing-known", Service: "books", Holds: false, By: "eve", At: ago(20), Note: "nobody is left"},
	}
	in.History = history(t, in.Releases)
	m, err := maturity.Named("delivery")
	require.NoError(t, err)
	return m, in
}

// history is what the releases mean to package dora.
func history(t testing.TB, releases []maturity.Release) *dora.History {
	h := new(dora.History)
	for _, r := range releases {
		for _, s := range r.Steps {
			if s.Environment != "production" {
				continue
			}
			d := dora.Deployment{ID: s.ID, Service: r.Service, Environment: s.Environment, Time: s.To}
			if s.Kind == maturity.KindRollback {
				d.Kind, d.Fixes = dora.KindRollback, []string{r.ID + "/production"}
			} else if !r.Committed.IsZero() && s.Outcome != maturity.TakenBack {
				require.NoError(t, h.Add(dora.Change{ID: r.ID, Time: r.Committed}))
				d.Changes = []string{r.ID}
			}
			require.NoError(t, h.Add(d))
		}
	}
	return h
}

// assess asserts that there is an assessment.
func assess(t testing.TB, m maturity.Model, in maturity.Input) *maturity.Assessment {
	t.Helper()
	a, err := maturity.Assess(m, in)
	require.NoError(t, err)
	return a
}

// profile is that of a service.
func profile(t testing.TB, a *maturity.Assessment, service string) maturity.Profile {
	t.Helper()
	for _, p := range a.Services {
		if p.Service == service {
			return p
		}
	}
	require.Fail(t, "no service "+service)
	return maturity.Profile{}
}

// finding is that of a practice.
func finding(t testing.TB, a *maturity.Assessment, service, practice string) maturity.Finding {
	t.Helper()
	for _, d := range profile(t, a, service).Dimensions {
		for _, f := range d.Findings {
			if f.Practice == practice {
				return f
			}
		}
	}
	require.Fail(t, "no practice "+practice)
	return maturity.Finding{}
}
