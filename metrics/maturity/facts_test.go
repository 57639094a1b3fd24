package maturity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/maturity"
)

// one is a model of one practice.
func one(p maturity.Practice) maturity.Model {
	p.ID, p.Name, p.Level, p.Impact, p.Effort = "p", "a practice", 1, 1, 1
	return maturity.Model{Name: "one", Title: "One", Version: "1", Year: 2026, Source: "here", Levels: []string{"only"},
		Dimensions: []maturity.Dimension{{Name: "d", Title: "D", Practices: []maturity.Practice{p}}}}
}

func least(fact maturity.Fact, value float64) maturity.Check {
	return maturity.Check{Fact: fact, AtLeast: &value}
}

func most(fact maturity.Fact, value float64) maturity.Check {
	return maturity.Check{Fact: fact, AtMost: &value}
}

// evidence is what the records of the service s say about a check.
func evidence(t testing.TB, c maturity.Check, in maturity.Input) maturity.Evidence {
	t.Helper()
	if in.At.IsZero() {
		in.At = now
	}
	return *finding(t, assess(t, one(maturity.Practice{Check: &c, Basis: maturity.ByEvidence}), in), "s", "p").Evidence
}

// release is one of s, made of steps such as "deploy staging canary 1111 grace,linus 2h-1h": a kind, an outcome, an environment, a strategy, a digest, people and how many
// hours ago it was from and to, as far as they are there.
func release(id string, steps ...string) maturity.Release {
	r := maturity.Release{ID: id, Service: "s", Began: now.Add(-24 * time.Hour), Whole: true}
	for i, text := range steps {
		s := maturity.Step{ID: id + "." + string(rune('a'+i)), To: now.Add(-time.Hour), Means: maturity.Machine}
		for word := range strings.FieldsSeq(text) {
			first, rest, _ := strings.Cut(word, ":")
			switch first {
			case "by":
				s.By = strings.Split(rest, ",")
			case "at":
				from, to, both := strings.Cut(rest, "-")
				if !both {
					from, to = "", from
				}
				hours := func(text string) time.Time {
					d, err := time.ParseDuration(text)
					if err != nil {
						panic(err)
					}
					return now.Add(-d)
				}
				if s.To = hours(to); from != "" {
					s.From = hours(from)
				}
			case "sha":
				s.Digest = rest
			case "in":
				s.Environment = rest
			case "manual":
				s.Means = maturity.Hand
			case "done", "refused", "taken-back", "failed":
				s.Outcome = maturity.Outcome(first)
			case "canary", "rolling", "recreate":
				s.Strategies = append(s.Strategies, maturity.Strategy(first))
			default:
				s.Kind = maturity.Kind(first)
			}
		}
		r.Steps = append(r.Steps, s)
	}
	return r
}

func TestFacts(t *testing.T) {
	few := func(c maturity.Check) maturity.Check { c.MinN = 2; return c }
	last := func(c maturity.Check, days int) maturity.Check { c.Days = days; return c }
	canary := least(maturity.FactStrategy, 0.5)
	canary.Strategies = []maturity.Strategy{maturity.Canary}
	tested := least(maturity.FactStep, 1)
	tested.Kind = maturity.KindTest
	for _, test := range []struct {
		name     string
		check    maturity.Check
		releases []maturity.Release
		want     maturity.Answer
		why      string
	}{
		{"nothing is told", least(maturity.FactAutomated, 0.5), nil, maturity.Unknown, "no deployment to production is told of"},
		{"half is enough", least(maturity.FactAutomated, 0.5), []maturity.Release{release("r", "deploy", "deploy manual")}, maturity.Yes, "1 of 2 (50 %); asked for: at least 50 %"},
		{"half is not", least(maturity.FactAutomated, 0.6), []maturity.Release{release("r", "deploy", "deploy manual")}, maturity.No, "1 of 2 (50 %); asked for: at least 60 %"},
		{"elsewhere does not count", least(maturity.FactAutomated, 0.6), []maturity.Release{release("r", "deploy", "deploy manual in:staging", "deploy manual in:pre-prod")}, maturity.Yes, "1 of 1 (100 %); asked for: at least 60 %"},
		{"what reached nobody does not count", least(maturity.FactAutomated, 0.6), []maturity.Release{release("r", "deploy", "deploy manual failed")}, maturity.Yes, "1 of 1 (100 %); asked for: at least 60 %"},
		{"few, but whatever the other was", few(least(maturity.FactAutomated, 0.5)), []maturity.Release{release("r", "deploy")}, maturity.Yes, "1 of 1 (100 %); asked for: at least 50 %"},
		{"too few", few(least(maturity.FactAutomated, 0.6)), []maturity.Release{release("r", "deploy")}, maturity.Unknown, "1 of 1 (100 %); asked for: at least 60 %, and 1 more needed to tell"},
		{"too few for a yes", few(least(maturity.FactAutomated, 0.6)), []maturity.Release{release("r", "deploy manual")}, maturity.No, "0 of 1 (0 %); asked for: at least 60 %"},
		{"too long ago", last(least(maturity.FactAutomated, 0.5), 1), []maturity.Release{release("r", "deploy at:25h")}, maturity.Unknown, "no deployment to production is told of in 1 day"},
		{"just in time", last(least(maturity.FactAutomated, 0.5), 1), []maturity.Release{release("r", "deploy at:24h")}, maturity.Yes, "1 of 1 (100 %); asked for: at least 50 %"},
		{"now is too late", least(maturity.FactAutomated, 0.5), []maturity.Release{release("r", "deploy at:0h")}, maturity.Unknown, "no deployment to production is told of"},

		{"no strategy is told", canary, []maturity.Release{release("r", "deploy")}, maturity.Unknown, "no deployment says by which strategy"},
		{"whatever the other was", canary, []maturity.Release{release("r", "deploy canary", "deploy")}, maturity.Yes, "1 of 1 (100 %), 1 not told; asked for: at least 50 %"},
		{"it depends", canary, []maturity.Release{release("r", "deploy canary", "deploy", "deploy")}, maturity.Unknown, "1 of 1 (100 %), 2 not told; asked for: at least 50 %, which leaves it open"},
		{"one that is taken back counts", canary, []maturity.Release{release("r", "deploy canary taken-back", "deploy recreate")}, maturity.Yes, "1 of 2 (50 %); asked for: at least 50 %"},

		{"the same everywhere", least(maturity.FactSameArtifact, 1), []maturity.Release{release("r", "deploy in:staging sha:1", "deploy sha:1")}, maturity.Yes, "1 of 1 (100 %); asked for: at least 100 %"},
		{"another one", least(maturity.FactSameArtifact, 1), []maturity.Release{release("r", "deploy in:staging sha:1", "deploy sha:2")}, maturity.No, "0 of 1 (0 %); asked for: at least 100 %"},
		{"another one, and one that is not told", least(maturity.FactSameArtifact, 1), []maturity.Release{release("r", "deploy in:staging sha:1", "deploy in:test", "deploy sha:2")}, maturity.No, "0 of 1 (0 %); asked for: at least 100 %"},
		{"one is not told", least(maturity.FactSameArtifact, 1), []maturity.Release{release("r", "deploy in:staging", "deploy sha:2")}, maturity.Unknown, "no digest is told of"},
		{"one environment", least(maturity.FactSameArtifact, 1), []maturity.Release{release("r", "deploy sha:1")}, maturity.Unknown, "no version is told to have gone through several environments to production"},

		{"two environments, none of them production", least(maturity.FactSameArtifact, 1), []maturity.Release{release("r", "deploy in:staging sha:1", "deploy in:test sha:1")}, maturity.Unknown, "no version is told to have gone through several environments to production"},
		{"tested long ago", last(least(maturity.FactSameArtifact, 1), 1), []maturity.Release{release("r", "deploy in:staging sha:1 at:100h", "deploy sha:1")}, maturity.Yes, "1 of 1 (100 %); asked for: at least 100 %"},
		{"in production long ago", last(least(maturity.FactSameArtifact, 1), 1), []maturity.Release{release("r", "deploy in:staging sha:1", "deploy sha:1 at:100h")}, maturity.Unknown, "no version is told to have gone through several environments to production in 1 day"},

		{"no digest", least(maturity.FactDigest, 1), []maturity.Release{release("r", "deploy", "deploy sha:1")}, maturity.No, "1 of 2 (50 %); asked for: at least 100 %"},
		{"a gate anywhere", least(maturity.FactGated, 1), []maturity.Release{release("r", "gate failed", "deploy")}, maturity.Yes, "1 of 1 (100 %); asked for: at least 100 %"},
		{"no gate", least(maturity.FactGated, 1), []maturity.Release{release("r", "deploy")}, maturity.No, "0 of 1 (0 %); asked for: at least 100 %"},
		{"no gate, no no", least(maturity.FactRefusals, 1), []maturity.Release{release("r", "gate failed", "deploy")}, maturity.Unknown, "no gate gave an answer"},
		{"a gate that never says no", least(maturity.FactRefusals, 1), []maturity.Release{release("r", "gate", "deploy")}, maturity.No, "0 of 1; asked for: at least 1"},
		{"a gate that said no", few(least(maturity.FactRefusals, 1)), []maturity.Release{release("r", "gate refused")}, maturity.Yes, "1 of 1; asked for: at least 1"},
		{"too few to say that it never does", few(least(maturity.FactRefusals, 1)), []maturity.Release{release("r", "gate")}, maturity.Unknown, "0 of 1; asked for: at least 1, and 2 without needed to tell"},

		{"all that were asked said no", least(maturity.FactRefusals, 3), []maturity.Release{release("r", "gate refused", "gate refused")}, maturity.Unknown, "2 of 2; asked for: at least 3, and 1 without needed to tell"},
		{"some said no", least(maturity.FactRefusals, 3), []maturity.Release{release("r", "gate refused", "gate refused", "gate")}, maturity.No, "2 of 3; asked for: at least 3"},

		{"never taken back", least(maturity.FactRollbacks, 1), []maturity.Release{release("r", "deploy")}, maturity.No, "0 of 1; asked for: at least 1"},
		{"only tried", least(maturity.FactRollbacks, 1), []maturity.Release{release("r", "deploy taken-back", "rollback failed")}, maturity.No, "0 of 1; asked for: at least 1"},
		{"taken back", least(maturity.FactRollbacks, 1), []maturity.Release{release("r", "deploy taken-back", "rollback")}, maturity.Yes, "1 of 1; asked for: at least 1"},
		{"taken back elsewhere", least(maturity.FactRollbacks, 1), []maturity.Release{release("r", "rollback in:staging")}, maturity.Unknown, "no deployment to production is told of"},
		{"ways back", least(maturity.FactRollbackSuccess, 0.6), []maturity.Release{release("r", "rollback", "rollback failed")}, maturity.No, "1 of 2 (50 %); asked for: at least 60 %"},

		{"tested before", tested, []maturity.Release{release("r", "test at:3h", "deploy")}, maturity.Yes, "1 of 1 (100 %); asked for: at least 100 %"},
		{"tested afterwards", tested, []maturity.Release{release("r", "test at:3h", "deploy"), release("q", "deploy at:5h", "test at:3h", "deploy")}, maturity.No, "1 of 2 (50 %); asked for: at least 100 %"},
		{"tests that failed", tested, []maturity.Release{release("r", "test at:3h failed", "deploy")}, maturity.No, "0 of 1 (0 %); asked for: at least 100 %"},
		{"no tests are told", tested, []maturity.Release{release("r", "deploy")}, maturity.Unknown, `no step of kind "test" is told of, by whatever name`},
		{"tests are told of one", tested, []maturity.Release{release("r", "test at:3h", "deploy"), release("q", "deploy")}, maturity.Unknown, "1 of 1 (100 %), 1 not told; asked for: at least 100 %, which leaves it open"},
		{"asks somebody", least(maturity.FactUnattended, 1), []maturity.Release{release("r", "approval", "deploy")}, maturity.No, "0 of 1 (0 %); asked for: at least 100 %"},
		{"asks nobody", least(maturity.FactUnattended, 1), []maturity.Release{release("r", "deploy")}, maturity.Yes, "1 of 1 (100 %); asked for: at least 100 %"},

		{"young", most(maturity.FactAge, 1), []maturity.Release{release("r", "deploy at:24h")}, maturity.Yes, "1 d (n=1); asked for: at most 1 d"},
		{"old", most(maturity.FactAge, 1), []maturity.Release{release("r", "deploy at:25h", "deploy taken-back")}, maturity.No, "1 d (n=1); asked for: at most 1 d"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := evidence(t, test.check, maturity.Input{Releases: test.releases, Services: []maturity.Service{{Name: "s"}}})
			assert.Equal(t, test.want, got.Answer)
			assert.Equal(t, test.why, got.Why)
		})
	}
}

// Whether a service is a legacy system is not guessed, and neither is when it was deployed.
func TestServices(t *testing.T) {
	for _, test := range []struct {
		service maturity.Service
		check   maturity.Check
		want    maturity.Answer
		why     string
	}{
		{maturity.Service{}, least(maturity.FactCurrent, 1), maturity.Unknown, "nobody said whether it is a legacy system"},
		{maturity.Service{Standing: maturity.Legacy}, least(maturity.FactCurrent, 1), maturity.No, "it is said to be one"},
		{maturity.Service{Standing: maturity.Current}, least(maturity.FactCurrent, 1), maturity.Yes, "so it is said"},
		{maturity.Service{}, most(maturity.FactAge, 10), maturity.Unknown, "no deployment to production is told of"},
		{maturity.Service{Observed: ago(10)}, most(maturity.FactAge, 10), maturity.Unknown, "none since the records begin, 10 d ago"},
		{maturity.Service{Observed: ago(11)}, most(maturity.FactAge, 10), maturity.No, "none since the records begin, 11 d ago; asked for: at most 10 d"},
		{maturity.Service{Observed: ago(-1)}, most(maturity.FactAge, 10), maturity.Unknown, "no deployment to production is told of"},
	} {
		test.service.Name = "s"
		got := evidence(t, test.check, maturity.Input{Services: []maturity.Service{test.service}})
		assert.Equal(t, test.want, got.Answer, test.why)
		assert.Equal(t, test.why, got.Why)
	}
}

// value is that of a fact about the people in the releases.
func value(t *testing.T, fact maturity.Fact, people []maturity.Person, releases ...maturity.Release) any {
	t.Helper()
	e := evidence(t, most(fact, 1), maturity.Input{Releases: releases, People: people})
	if e.Value == nil {
		return e.Why
	}
	return *e.Value
}

func TestPeople(t *testing.T) {
	people := []maturity.Person{{Name: "Ada", Group: "shop"}, {Name: "linus", Group: "shop"}, {Name: "grace", Group: "operations"}}
	asked := func(by string, r maturity.Release) maturity.Release { r.By = by; return r }
	shop := asked("ada", release("r", "approval by:LINUS at:4h", "approval by:grace at:3h", "decision by:eve at:2h", "approval by:ada at:1h", "deploy"))
	assert.Equal(t, 3.0, value(t, maturity.FactHandoffs, people, shop), "shop, operations, eve, shop")
	assert.Equal(t, 3.0, value(t, maturity.FactGroups, people, shop))
	assert.Equal(t, 4.0, value(t, maturity.FactHandoffs, nil, shop))
	assert.Equal(t, 4.0, value(t, maturity.FactGroups, nil, shop))
	alone := asked("ada", release("q", "deploy"))
	assert.Equal(t, 0.0, value(t, maturity.FactHandoffs, people, alone))
	assert.Equal(t, 1.5, value(t, maturity.FactHandoffs, people, alone, shop), "between the two")
	assert.Equal(t, "no release tells who had a hand in it", value(t, maturity.FactHandoffs, people, release("p", "deploy")))
	assert.Equal(t, "no deployment to production is told of", value(t, maturity.FactHandoffs, people, asked("ada", release("p", "deploy in:staging"))))

	waits := func(steps ...string) any { return value(t, maturity.FactApprovalWait, nil, release("r", steps...)) }
	assert.InDelta(t, 0, waits("deploy at:4h"), 1e-9)
	assert.InDelta(t, 0.5, waits("approval at:15h-5h", "deploy at:4h"), 1e-9, "10 of 20 hours")
	assert.InDelta(t, 0.5, waits("approval at:15h-6h", "approval at:14h-8h", "approval at:13h-5h", "deploy at:4h"), 1e-9, "at once counts once")
	assert.InDelta(t, 0.5, waits("approval at:48h-15h", "approval at:5h-2h", "deploy at:4h"), 1e-9, "what is before and behind does not count")
	assert.Equal(t, "no release tells how long it waited", waits("approval at:5h", "deploy at:4h"))
	assert.Equal(t, "no release tells how long it waited", waits("approval at:5h-6h", "deploy at:4h"), "clocks differ")
	early := release("r", "approval at:15h-5h", "deploy at:4h")
	early.Committed = now.Add(-44 * time.Hour)
	assert.InDelta(t, 0.25, value(t, maturity.FactApprovalWait, nil, early), 1e-9)
	early.Committed = now
	assert.Equal(t, "no release tells how long it waited", value(t, maturity.FactApprovalWait, nil, early), "committed after it was deployed")
}

// The figures of package dora.
func TestDelivery(t *testing.T) {
	h := new(dora.History)
	for i, days := range []float64{20, 12, 4} {
		id := string(rune('a' + i))
		require.NoError(t, h.Add(dora.Change{ID: id, Time: ago(days + float64(i+1)/24)}))
		require.NoError(t, h.Add(dora.Deployment{ID: "d" + id, Service: "s", Time: ago(days), Changes: []string{id}}))
	}
	require.NoError(t, h.Add(dora.Incident{ID: "i", Service: "s", Opened: ago(12), Resolved: ago(11), CausedBy: []string{"db"}}))
	in := maturity.Input{History: h}
	ask := func(c maturity.Check) maturity.Evidence { return evidence(t, c, in) }
	in30 := func(c maturity.Check) maturity.Check { c.Days = 30; return c }

	e := ask(in30(most(maturity.FactLeadTime, 2)))
	assert.Equal(t, []any{maturity.Yes, "2 h (n=3); asked for: at most 2 h"}, []any{e.Answer, e.Why})
	assert.Equal(t, []string{"dc", "db", "da"}, e.Events)
	e = ask(in30(most(maturity.FactFailureRate, 0.3)))
	assert.Equal(t, []any{maturity.No, "1 of 3 (33.3 %); asked for: at most 30 %", []string{"db"}}, []any{e.Answer, e.Why, e.Events})
	e = ask(in30(most(maturity.FactRecovery, 24)))
	assert.Equal(t, []any{maturity.Yes, "24 h (n=1); asked for: at most 24 h"}, []any{e.Answer, e.Why})
	e = ask(in30(most(maturity.FactRework, 0)))
	assert.Equal(t, []any{maturity.Yes, "0 of 3 (0 %); asked for: at most 0 %"}, []any{e.Answer, e.Why})

	// 3 in 30 days are 0.7 a week; but the history begins 20 days ago, and 3 in 20.04 days were more than 1.
	e = ask(in30(least(maturity.FactFrequency, 0.7)))
	assert.Equal(t, maturity.Yes, e.Answer)
	assert.Equal(t, maturity.Unknown, ask(in30(least(maturity.FactFrequency, 1))).Answer)
	assert.Equal(t, maturity.No, ask(in30(least(maturity.FactFrequency, 1.1))).Answer)
	in.Services = []maturity.Service{{Name: "s", Observed: ago(30)}}
	assert.Equal(t, maturity.No, ask(in30(least(maturity.FactFrequency, 1))).Answer, "nothing was deployed before")

	// A failure that lasts is no reason to look better.
	require.NoError(t, h.Add(dora.Incident{ID: "k", Service: "s", Opened: ago(3), CausedBy: []string{"dc"}}))
	require.NoError(t, h.Add(dora.Incident{ID: "j", Service: "s", Opened: ago(19), CausedBy: []string{"da"}}))
	e = ask(in30(most(maturity.FactRecovery, 24)))
	assert.Equal(t, []any{maturity.No, "above 480 h (n=3, most have not ended); asked for: at most 24 h"}, []any{e.Answer, e.Why})
	assert.Nil(t, e.Value, "it is not known but for that")
	e = ask(in30(most(maturity.FactRecovery, 1000)))
	assert.Equal(t, []any{maturity.Unknown, "above 480 h (n=3, most have not ended); asked for: at most 1000 h, which leaves it open"}, []any{e.Answer, e.Why})

	in.MaxIDs = -1
	assert.Empty(t, ask(in30(most(maturity.FactLeadTime, 2))).Events)
	in.At = ago(100)
	e = evidence(t, in30(most(maturity.FactLeadTime, 2)), in)
	assert.Equal(t, maturity.Unknown, e.Answer, e.Why)
	in = maturity.Input{Services: []maturity.Service{{Name: "s"}}}
	assert.Equal(t, "no delivery metrics are given", ask(in30(most(maturity.FactLeadTime, 2))).Why)
	in.History = h
	in.Services = []maturity.Service{{Name: "t"}, {Name: "s"}}
	a := assess(t, one(maturity.Practice{Check: &[]maturity.Check{in30(most(maturity.FactLeadTime, 2))}[0]}), maturity.Input{At: now, History: h, Services: in.Services})
	assert.Equal(t, "the delivery metrics know nothing of it in 30 days", finding(t, a, "t", "p").Evidence.Why)
}

// That no failure is told is no proof that there was none, unless somebody says that they are all told, or one was told before.
func TestFailuresThatNobodyTells(t *testing.T) {
	for _, fact := range []maturity.Fact{maturity.FactFailureRate, maturity.FactRework} {
		check := most(fact, 0.05)
		check.Days = 30
		h := new(dora.History)
		for i := range 60 {
			require.NoError(t, h.Add(dora.Deployment{ID: fmt.Sprint("d", i), Service: "s", Time: ago(float64(i%25 + 1))}))
		}
		in := maturity.Input{History: h}
		e := evidence(t, check, in)
		assert.Equal(t, []any{maturity.Unknown, "no failure of it was ever told: perhaps nobody looks"}, []any{e.Answer, e.Why}, fact)
		assert.Empty(t, e.Events)
		in.Services = []maturity.Service{{Name: "s", FailuresTold: true}}
		assert.Equal(t, maturity.Yes, evidence(t, check, in).Answer, fact)
		in.Services = nil
		require.NoError(t, h.Add(dora.Incident{ID: "i", Service: "another", Opened: ago(200), Resolved: ago(199)}))
		assert.Equal(t, maturity.Unknown, evidence(t, check, in).Answer, "of another service")
		require.NoError(t, h.Add(dora.Incident{ID: "j", Service: "s", Opened: ago(200), Resolved: ago(199)}))
		e = evidence(t, check, in)
		assert.Equal(t, []any{maturity.Yes, "0 of 60 (0 %); asked for: at most 5 %"}, []any{e.Answer, e.Why}, fact)
	}
}

// What nobody says is not taken for granted: not that a machine did it, and not that a release which tells of no gate and no approval had none.
func TestNothingIsAssumed(t *testing.T) {
	r := release("r", "deploy")
	r.Steps[0].Means = ""
	assert.Equal(t, "no deployment says who carried it out", evidence(t, least(maturity.FactAutomated, 1), maturity.Input{Releases: []maturity.Release{r}}).Why)
	r.Whole, r.By = false, "ada"
	for _, c := range []maturity.Check{
		least(maturity.FactGated, 1), least(maturity.FactUnattended, 1), least(maturity.FactRollbacks, 1),
		most(maturity.FactHandoffs, 9), most(maturity.FactGroups, 9), most(maturity.FactApprovalWait, 1), most(maturity.FactNightWaits, 1),
	} {
		e := evidence(t, c, maturity.Input{Releases: []maturity.Release{r}})
		assert.Equal(t, maturity.Unknown, e.Answer, c.Fact)
		assert.Nil(t, e.Value, c.Fact)
	}
	r.Steps = append(r.Steps, maturity.Step{ID: "g", Kind: maturity.KindGate, To: ago(1)}, maturity.Step{ID: "a", Kind: maturity.KindApproval, To: ago(1)})
	assert.Equal(t, maturity.Yes, evidence(t, least(maturity.FactGated, 1), maturity.Input{Releases: []maturity.Release{r}}).Answer)
	assert.Equal(t, maturity.No, evidence(t, least(maturity.FactUnattended, 1), maturity.Input{Releases: []maturity.Release{r}}).Answer)
}
