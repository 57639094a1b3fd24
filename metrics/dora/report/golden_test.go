package report_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/report"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

// A form is a way to write a report.
type form struct {
	ending string
	write  func(io.Writer, *dora.Report, report.Options) error
}

func forms() []form {
	return []form{{"txt", report.Text}, {"md", report.Markdown}, {"json", report.JSON}, {"html", report.HTML}, {"prom", report.Prometheus}}
}

// written is a report in a form.
func written(t testing.TB, f form, r *dora.Report, o report.Options) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, f.write(&out, r, o))
	return out.String()
}

// A telling is a report and how it is shown.
type telling struct {
	report  *dora.Report
	options report.Options
}

func tellings(t testing.TB) map[string]telling {
	h := history(t, story())
	q := weeks(14)
	q.Objective = 999_000_000
	q.DowntimeCost = 1200
	whole, err := h.Report(dora.Rules{}, q)
	require.NoError(t, err)
	times, err := h.LeadTimes(dora.Rules{}, q)
	require.NoError(t, err)
	compared, err := h.Compare(preset(t, "dora-2024"), preset(t, "devlake-2023"), q)
	require.NoError(t, err)
	means, err := h.Report(preset(t, "middleware"), weeks(3))
	require.NoError(t, err)
	odd, err := history(t, hostile()).Report(nastyRules(), weeks(1))
	require.NoError(t, err)
	other, err := history(t, hostile()).Compare(nastyRules(), preset(t, "octopus"), weeks(1))
	require.NoError(t, err)
	return map[string]telling{
		"story":   {whole, report.Options{Title: "The shop", LeadTimes: times, Comparison: &compared, Listed: 3}},
		"means":   {means, report.Options{Weeks: -1}},
		"nothing": {reported(t, nil, dora.Rules{}, weeks(2)), report.Options{}},
		"zeroes":  {reported(t, nil, preset(t, "fourkeys"), weeks(2)), report.Options{}},
		"hostile": {odd, report.Options{Title: nasty, Comparison: &other}},
	}
}

func TestGolden(t *testing.T) {
	for name, tell := range tellings(t) {
		for _, f := range forms() {
			t.Run(name+"."+f.ending, func(t *testing.T) {
				got := written(t, f, tell.report, tell.options)
				file := filepath.Join("testdata", name+"."+f.ending)
				if *update {
					require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
				}
				want, err := os.ReadFile(file)
				require.NoError(t, err)
				if got != string(want) {
					assert.Equal(t, string(want), got, "is that meant? Then: go test ./metrics/dora/report -update")
				}
			})
		}
	}
}

// The order in which events are told does not change a byte.
func TestSameBytes(t *testing.T) {
	events := story()
	back := slices.Clone(events)
	slices.Reverse(back)
	for _, f := range forms() {
		there := written(t, f, reported(t, events, dora.Rules{}, weeks(14)), report.Options{})
		assert.Equal(t, there, written(t, f, reported(t, back, dora.Rules{}, weeks(14)), report.Options{}), f.ending)
	}
}
