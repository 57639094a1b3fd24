package gate_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

func TestNumbers(t *testing.T) {
	reads := func(v float64, err error) gate.Reader {
		return func(_ context.Context, s gate.Subject) (float64, error) {
			if s.Candidate != "1.1.0" {
				return 0, errors.New("another revision")
			}
			return v, err
		}
	}
	for name, c := range map[string]struct {
		gate gate.Number
		want string
		text string
	}{
		"covered":         {gate.Coverage(reads(80, nil), 80), "P", "test coverage is 80, and must be >= 80"},
		"not covered":     {gate.Coverage(reads(79.9, nil), 80), "F", "test coverage is 79.9"},
		"no open bug":     {gate.OpenBugs(reads(0, nil), 0), "P", "number of open bugs is 0, and must be <= 0"},
		"one too many":    {gate.OpenBugs(reads(1, nil), 0), "F", "number of open bugs is 1"},
		"not known yet":   {gate.OpenBugs(reads(0, metrics.ErrNoData), 0), "C", "number of open bugs is not known yet"},
		"nobody to ask":   {gate.OpenBugs(reads(0, errors.New("connection refused")), 0), "", "read the number of open bugs: connection refused"},
		"an unknown name": {gate.OpenBugs(reads(0, metrics.ErrUnknownMetric), 0), "", "unknown metric"},
		"NaN":             {gate.OpenBugs(reads(math.NaN(), nil), 5), "", "is NaN, which is no number"},
		"infinite":        {gate.Coverage(reads(math.Inf(1), nil), 5), "", "is +Inf, which is no number"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := c.gate.Check(t.Context(), subject())
			if c.want == "" {
				require.ErrorContains(t, err, c.text)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, letter(v.Outcome))
			assert.Contains(t, v.Reason, c.text)
			assert.Equal(t, c.want == "C", v.NoData)
		})
	}
	err := gate.Number{}.Validate()
	for _, want := range []string{"Number.What", "Number.Read", "Number.Must"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestTests(t *testing.T) {
	for name, c := range map[string]struct {
		results gate.TestResults
		err     error
		gate    gate.Tests
		want    string
	}{
		"all passed":         {gate.TestResults{Passed: 10}, nil, gate.Tests{}, "P"},
		"one failed":         {gate.TestResults{Passed: 10, Failed: 1}, nil, gate.Tests{}, "F"},
		"one may":            {gate.TestResults{Passed: 10, Failed: 1}, nil, gate.Tests{MaxFailed: 1}, "P"},
		"none ran":           {gate.TestResults{Skipped: 100}, nil, gate.Tests{}, "C"},
		"no results":         {gate.TestResults{}, metrics.ErrNoData, gate.Tests{}, "C"},
		"half an answer":     {gate.TestResults{Passed: 10}, metrics.ErrNoData, gate.Tests{}, "C"},
		"too few ran":        {gate.TestResults{Passed: 9}, nil, gate.Tests{MinRun: 10}, "C"},
		"too few, one fails": {gate.TestResults{Passed: 1, Failed: 1}, nil, gate.Tests{MinRun: 10}, "F"},
		"too many skipped":   {gate.TestResults{Passed: 10, Skipped: 11}, nil, gate.Tests{MaxSkipped: 0.5}, "F"},
		"some skipped":       {gate.TestResults{Passed: 10, Skipped: 10}, nil, gate.Tests{MaxSkipped: 0.5}, "P"},
		"nobody to ask":      {gate.TestResults{Passed: 10}, errors.New("connection refused"), gate.Tests{}, ""},
		"more than a number": {gate.TestResults{Passed: math.MaxUint64, Failed: 2}, nil, gate.Tests{MaxFailed: 5}, ""},
		"skips beyond that":  {gate.TestResults{Passed: 1, Skipped: math.MaxUint64}, nil, gate.Tests{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.gate.Read = func(context.Context, gate.Subject) (gate.TestResults, error) { return c.results, c.err }
			require.NoError(t, c.gate.Validate())
			v, err := c.gate.Check(t.Context(), subject())
			assert.Equal(t, c.want == "", err != nil)
			assert.Equal(t, c.want, letter(v.Outcome), v.Reason)
			assert.Equal(t, c.want == "C" && c.gate.MinRun == 0, v.NoData)
		})
	}
	err := gate.Tests{MaxSkipped: 50}.Validate()
	assert.ErrorContains(t, err, "Tests.Read")
	assert.ErrorContains(t, err, "Tests.MaxSkipped: 50 is not a fraction")
}

func TestApprovals(t *testing.T) {
	at := func(minute int, by string, no ...bool) gate.Approval {
		return gate.Approval{By: by, At: time.Unix(int64(minute)*60, 0), Rejects: len(no) > 0}
	}
	for name, c := range map[string]struct {
		gate gate.Approvals
		said []gate.Approval
		err  error
		want string
		text string
	}{
		"nobody":                    {gate.Approvals{}, nil, nil, "C", "0 of 1 approvals"},
		"no data":                   {gate.Approvals{}, nil, metrics.ErrNoData, "C", "0 of 1 approvals"},
		"one":                       {gate.Approvals{}, []gate.Approval{at(1, "ada")}, nil, "P", "1 of 1 approvals: ada"},
		"one of two":                {gate.Approvals{Need: 2}, []gate.Approval{at(1, "ada"), at(2, " ADA ")}, nil, "C", "1 of 2 approvals"},
		"two":                       {gate.Approvals{Need: 2}, []gate.Approval{at(2, "linus"), at(1, "ada")}, nil, "P", "ada, linus"},
		"a no":                      {gate.Approvals{}, []gate.Approval{at(1, "ada"), at(2, "linus", true)}, nil, "F", "rejected by linus"},
		"a no that was taken back":  {gate.Approvals{}, []gate.Approval{at(2, "ada"), at(1, "ada", true)}, nil, "P", ""},
		"a yes that was taken back": {gate.Approvals{}, []gate.Approval{at(1, "ada"), at(2, "ada", true)}, nil, "F", ""},
		"both at once":              {gate.Approvals{}, []gate.Approval{at(1, "ada"), at(1, "ada", true)}, nil, "F", ""},
		"of somebody else":          {gate.Approvals{From: []string{"grace"}}, []gate.Approval{at(1, "ada"), at(1, "linus", true)}, nil, "C", "0 of 1"},
		"of whoever asks":           {gate.Approvals{Except: []string{"Ada"}}, []gate.Approval{at(1, "ada")}, nil, "C", "0 of 1"},
		"the no of whoever asks":    {gate.Approvals{Except: []string{"ada"}}, []gate.Approval{at(1, "ada", true)}, nil, "F", ""},
		"of nobody":                 {gate.Approvals{}, []gate.Approval{at(1, "  ")}, nil, "C", "0 of 1"},
		"nobody to ask":             {gate.Approvals{}, []gate.Approval{at(1, "ada")}, errors.New("connection refused"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.gate.Read = func(context.Context, gate.Subject) ([]gate.Approval, error) { return c.said, c.err }
			require.NoError(t, c.gate.Validate())
			v, err := c.gate.Check(t.Context(), subject())
			assert.Equal(t, c.want == "", err != nil)
			assert.Equal(t, c.want, letter(v.Outcome), v.Reason)
			assert.Contains(t, v.Reason, c.text)
			assert.Equal(t, c.want == "C" && len(c.said) == 0, v.NoData)
		})
	}
	err := gate.Approvals{Need: 2, From: []string{"ada", "ADA ", "linus"}, Except: []string{"linus"}}.Validate()
	assert.ErrorContains(t, err, "Approvals.Read")
	assert.ErrorContains(t, err, "Approvals.From: 2 must approve, and only 1 of those can")
	assert.ErrorContains(t, gate.Approvals{Need: -1}.Validate(), "Approvals.Need: -1")
}

// notFridays is a calendar by the clock of one zone.
var notFridays = gate.CalendarFunc(func(at time.Time) (bool, string) {
	return at.In(time.FixedZone("Tokyo", 9*3600)).Weekday() != time.Friday, "no releases on Fridays"
})

func TestInTime(t *testing.T) {
	s := subject() // 12:01 UTC on a Sunday
	for at, want := range map[string]string{
		"2026-03-05T14:59:59Z": "P", "2026-03-05T15:00:00Z": "C", "2026-03-06T14:59:59Z": "C", "2026-03-06T15:00:00Z": "P",
	} {
		var err error
		s.Now, err = time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		v, err := gate.InTime{Calendar: notFridays}.Check(t.Context(), s)
		require.NoError(t, err)
		assert.Equal(t, want, letter(v.Outcome), at)
		assert.Contains(t, v.Reason, "no releases on Fridays")
		for _, closed := range []gate.Outcome{gate.Continue, gate.Fail, gate.Inconclusive} {
			v, err := gate.InTime{Calendar: notFridays, Closed: closed}.Check(t.Context(), s)
			require.NoError(t, err)
			assert.Equal(t, want == "P", v.Outcome == gate.Pass)
			assert.Equal(t, want == "C", v.Outcome == closed)
		}
	}
	_, err := gate.InTime{Calendar: notFridays}.Check(t.Context(), gate.Subject{})
	assert.ErrorContains(t, err, "the subject has no time")
	assert.ErrorContains(t, gate.InTime{Closed: gate.Pass}.Validate(), `InTime.Closed: "pass" is neither`)
	assert.ErrorContains(t, gate.InTime{}.Validate(), "InTime.Calendar: is missing")
	assert.ErrorContains(t, gate.InTime{Calendar: gate.CalendarFunc(nil)}.Validate(), "InTime.Calendar: the function is nil")
}

func TestVersionLevel(t *testing.T) {
	for _, c := range []struct {
		stable, candidate string
		level             gate.Level
	}{
		{"1.4.0@9f86d081884c", "1.4.1@9f86d081884c", gate.Patch},
		{"1.4.1", "1.4.0", gate.Patch},
		{"1.4.1", "1.5.0", gate.Minor},
		{"1.5.0", "2.0.0", gate.Major},
		{"2.0.0", "1.9.0", gate.Major},
		{"1.4.0", "1.4.0", gate.Same},
		{"1.4.0+a", "1.4.0+b", gate.Same},
		{"1.4.0-rc.1", "1.4.0", gate.Patch},
		{"v1.4", "1.4.1", gate.Patch},
		{"0.1.0", "0.2.0", gate.Minor},
		{"", "1.0.0", gate.Major},
	} {
		levels := []gate.Level{gate.Same, gate.Patch, gate.Minor, gate.Major}
		reached := false
		for _, most := range levels {
			reached = reached || most == c.level
			s := subject()
			s.Stable, s.Candidate = c.stable, c.candidate
			v, err := gate.VersionLevel{Most: most}.Check(t.Context(), s)
			require.NoError(t, err)
			assert.Equal(t, reached, v.Outcome == gate.Pass, "%+v at most %s: %s", c, most, v.Reason)
			assert.Equal(t, !reached, v.Outcome == gate.Fail)
		}
	}
	s := subject()
	s.Candidate = "latest"
	_, err := gate.VersionLevel{Most: gate.Major}.Check(t.Context(), s)
	assert.ErrorContains(t, err, `the new version "latest" cannot be read`)
	s = subject()
	s.Stable = "main"
	_, err = gate.VersionLevel{Most: gate.Major}.Check(t.Context(), s)
	assert.ErrorContains(t, err, `the old version "main" cannot be read`)
	v, err := gate.VersionLevel{Most: gate.Patch, Versions: func(gate.Subject) (string, string) { return "1.0.0", "1.0.1" }}.Check(t.Context(), gate.Subject{})
	require.NoError(t, err)
	assert.Equal(t, gate.Pass, v.Outcome)
	assert.ErrorContains(t, gate.VersionLevel{Most: "tiny"}.Validate(), `VersionLevel.Most: unknown level "tiny"`)
}
