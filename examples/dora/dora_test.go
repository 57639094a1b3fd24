package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// program is the built program.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "dora")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(dir, "dora.exe")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		os.RemoveAll(dir)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// said is what the program says and how it ends.
type said struct {
	out, err string
	status   int
}

func call(t *testing.T, args ...string) said {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = t.TempDir()
	var out, told bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &told
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return said{out.String(), told.String(), cmd.ProcessState.ExitCode()}
}

// answered is the JSON object of a call that has an answer.
func answered(t *testing.T, args ...string) map[string]any {
	t.Helper()
	got := call(t, append(args, "-json")...)
	require.Equal(t, 0, got.status, got.err)
	var o map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.out), &o))
	assert.NotContains(t, got.out, ": null")
	return o
}

// at is the value at a path of names.
func get(t *testing.T, o map[string]any, path ...string) any {
	t.Helper()
	var v any = o
	for _, name := range path {
		m, ok := v.(map[string]any)
		require.True(t, ok, "%q", path)
		v, ok = m[name]
		require.True(t, ok, "%q: there is no %s", path, name)
	}
	return v
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func TestSampleIsTold(t *testing.T) {
	got := call(t)
	assert.Equal(t, 0, got.status)
	assert.Empty(t, got.err)
	for _, part := range []string{"Lead time for changes", "Change failure rate", "SERVICE", "checkout", "commit-after-deploy", "2025-01-07"} {
		assert.Contains(t, got.out, part)
	}
	assert.Equal(t, got, call(t), "byte for byte")
}

// The story that the sample is there for: from April on, the checkout is deployed more often, and sooner.
func TestStory(t *testing.T) {
	checkout := func(args ...string) map[string]any {
		for _, s := range answered(t, args...)["services"].([]any) {
			if s := s.(map[string]any); s["name"] == "checkout" {
				return s
			}
		}
		require.Fail(t, "there is no checkout")
		return nil
	}
	before, after := checkout("-to", "2025-03-31T00:00:00Z"), checkout("-from", "2025-03-31T00:00:00Z")
	n := func(o map[string]any, path ...string) float64 { return get(t, o, path...).(float64) }
	assert.Greater(t, n(after, "deployment_frequency", "per_day"), 1.5*n(before, "deployment_frequency", "per_day"))
	assert.Greater(t, n(before, "lead_time", "p50"), 5*n(after, "lead_time", "p50"))
	assert.Greater(t, n(before, "failed_deployment_recovery", "p50"), 10*n(after, "failed_deployment_recovery", "p50"))
}

const told = `{"type":"change","id":"c1","time":"2025-03-03T07:00:00Z"}
{"type":"change","id":"c2","time":"2025-03-03T10:00:00Z"}
{"type":"deployment","id":"d1","service":"shop","environment":"production","time":"2025-03-03T09:00:00Z","changes":["c1"]}
{"type":"deployment","id":"d2","service":"shop","environment":"production","time":"2025-03-03T11:00:00Z","changes":["c2"]}
{"type":"deployment","id":"d3","service":"shop","environment":"production","time":"2025-03-03T12:00:00Z","kind":"rollback","fixes":["d2"]}
{"type":"deployment","id":"d4","service":"shop","environment":"production","time":"2025-03-03T13:00:00Z","status":"failure"}
{"type":"incident","id":"i1","service":"shop","opened":"2025-03-03T11:20:00Z","resolved":"2025-03-03T12:05:00Z","caused_by":["d2"]}
{"type":"outage","service":"shop","from":"2025-03-03T11:20:00Z","to":"2025-03-03T11:50:00Z","severity":"1"}
`

// Each name of the object, with a value that can be reckoned by hand.
func TestJSON(t *testing.T) {
	o := answered(t, "-events", file(t, "events.jsonl", told), "-from", "2025-03-03T00:00:00Z", "-to", "2025-03-04T00:00:00Z")
	for _, tc := range []struct {
		path string
		want float64
	}{
		{"deployment_frequency.n", 3}, {"deployment_frequency.per_day", 3},
		{"lead_time.n", 2}, {"lead_time.p50", 5400}, {"lead_time.p75", 6300}, {"lead_time.p90", 6840}, {"lead_time.mean", 5400},
		{"change_failure_rate.k", 1}, {"change_failure_rate.n", 3}, {"change_failure_rate.rate", 1.0 / 3}, {"change_failure_rate.low", 0.0614}, {"change_failure_rate.high", 0.7923},
		{"failed_deployment_recovery.n", 1}, {"failed_deployment_recovery.p50", 3900}, {"failed_deployment_recovery.mean", 3900}, {"failed_deployment_recovery.censored", 0},
		{"rework_rate.k", 1}, {"rework_rate.n", 3}, {"rework_rate.rate", 1.0 / 3},
		{"mttr.n", 1}, {"mttr.p50", 2700}, {"mttr.mean", 2700},
		{"attempt_failure_rate.k", 1}, {"attempt_failure_rate.n", 4}, {"attempt_failure_rate.rate", 0.25},
		{"availability.ratio", 1 - 30.0/1440}, {"availability.down_minutes", 30}, {"unattributed", 0},
	} {
		assert.InDelta(t, tc.want, get(t, o, strings.Split(tc.path, ".")...), 0.0001, tc.path)
	}
	assert.Equal(t, "elite", get(t, o, "deployment_frequency", "tier"))
	assert.Equal(t, []any{}, get(t, o, "anomalies"))
	assert.NotEmpty(t, get(t, o, "quick_check"))
	assert.NotContains(t, get(t, o, "deployment_frequency"), "per_week_median", "no week lies in the window as a whole")
	whole := answered(t, "-events", file(t, "events.jsonl", told), "-from", "2025-03-03T00:00:00Z", "-to", "2025-03-10T00:00:00Z")
	assert.Equal(t, 1.0, get(t, whole, "deployment_frequency", "per_week_median"))
}

func TestJSONWithoutData(t *testing.T) {
	o := answered(t, "-events", file(t, "events.jsonl", told), "-from", "2026-03-02T00:00:00Z", "-to", "2026-03-09T00:00:00Z")
	assert.Equal(t, 0.0, get(t, o, "deployment_frequency", "n"))
	for _, name := range []string{"lead_time", "change_failure_rate", "failed_deployment_recovery", "rework_rate", "mttr", "attempt_failure_rate", "quick_check"} {
		assert.NotContains(t, o, name)
	}
}

// A window is half-open.
func TestWindow(t *testing.T) {
	events := file(t, "events.jsonl", told)
	n := func(from, to string) any {
		return get(t, answered(t, "-events", events, "-from", from, "-to", to), "deployment_frequency", "n")
	}
	assert.Equal(t, 1.0, n("2025-03-03T09:00:00Z", "2025-03-03T11:00:00Z"))
	assert.Equal(t, 1.0, n("2025-03-03T12:00:00+03:00", "2025-03-03T12:00:00+01:00"))
}

func TestPresetAndCompare(t *testing.T) {
	events := file(t, "events.jsonl", told)
	o := answered(t, "-events", events, "-preset", "octopus", "-compare", "dora-2024, octopus")
	assert.Equal(t, "octopus", o["rules"])
	assert.Equal(t, "dora-2024", get(t, o, "comparison", "a"))
	assert.Equal(t, "octopus", get(t, o, "comparison", "b"))
	assert.NotEmpty(t, get(t, o, "comparison", "metrics"))
	assert.NotEmpty(t, get(t, o, "comparison", "events"))
	assert.NotContains(t, answered(t, "-events", events), "comparison")
	assert.Contains(t, call(t, "-events", events, "-compare", "dora-2024,octopus").out, "Why they differ")
}

func TestZone(t *testing.T) {
	o := answered(t, "-events", file(t, "events.jsonl", told), "-tz", "Asia/Tokyo")
	assert.Equal(t, "Asia/Tokyo", o["time_zone"])
	assert.Equal(t, "2025-03-03T00:00:00+09:00", o["from"])
}

func TestHTML(t *testing.T) {
	page := filepath.Join(t.TempDir(), "delivery.html")
	got := call(t, "-html", page)
	assert.Equal(t, 0, got.status, got.err)
	assert.Equal(t, call(t).out, got.out, "the page is besides")
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, part := range []string{"<!DOCTYPE html>", "checkout", "How lead times are spread"} {
		assert.True(t, strings.Contains(string(text), part), part)
	}
	got = call(t, "-html", filepath.Join(t.TempDir(), "no", "folder.html"))
	assert.Equal(t, 1, got.status)
	assert.Empty(t, got.out)
	assert.Contains(t, got.err, "folder.html")
}

const asCSV = `type,id,service,environment,time,changes
change,c1,,,2025-03-03T07:00:00Z,
deployment,d1,shop,production,2025-03-03T09:00:00Z,c1
`

// deployed is a CDEvent, by itself or in the envelope of CloudEvents.
const (
	deployed = `{"context":{"version":"0.4.1","id":"e1","source":"/ci","type":"dev.cdevents.service.deployed.0.2.0","timestamp":"2025-03-03T09:00:00Z"},"subject":{"id":"shop","source":"/ci","type":"service","content":{"environment":{"id":"production"},"artifactId":"pkg:oci/shop@sha256:1"}}}`
	cloud    = `{"specversion":"1.0","id":"e1","source":"/ci","type":"dev.cdevents.service.deployed.0.2.0","data":` + deployed + `}`
)

// A file is what it holds, and CSV where its name says so.
func TestForms(t *testing.T) {
	for _, tc := range []struct{ name, text string }{
		{"a.jsonl", told}, {"a.csv", asCSV}, {"a.CSV", asCSV}, {"a", told}, {"a", "\n\xef\xbb\xbf"[1:] + told}, {"a.txt", asCSV}, {"a.json", deployed}, {"a.json", "[" + deployed + "]"}, {"a.jsonl", cloud + "\n"}, {"a", "\n " + deployed},
	} {
		o := answered(t, "-events", file(t, tc.name, tc.text))
		services := o["services"].([]any)
		require.Len(t, services, 1, tc.text)
		assert.Equal(t, "shop", services[0].(map[string]any)["name"], tc.text)
	}
	got := call(t, "-events", file(t, "a.json", deployed))
	assert.Contains(t, got.err, `dora: note: line 1: "e1", "dev.cdevents.service.deployed.0.2.0": no-changes`)
}

// What cannot be read is told line by line, and has no answer.
func TestBrokenEvents(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"a.jsonl", told + "{\"type\":\"nonsense\"}\n" + told[:20] + "\n", []string{"2 lines", "line 9", "nonsense", "line 10"}},
		{"a.jsonl", strings.Repeat("{}\n", 30), []string{"30 lines", "line 10:", "and 20 more"}},
		{"a.csv", asCSV + "deployment,,,,,\n", []string{"a line that is no event", "line 4"}},
		{"a.csv", "id,time\n", []string{"type"}},
		{"a.json", "[" + deployed, []string{"a.json"}},
		{"a.json", deployed + strings.ReplaceAll(deployed, "2025-03-03T09:00:00Z", "yesterday"), []string{"a line that is no event", `line 1: "e1", "dev.cdevents.service.deployed.0.2.0": "yesterday" is no time such as`}},
		{"a.json", deployed + "\n" + told, []string{"8 lines", `line 2: "", "change": a change of package dora is no CDEvent`}},
		{"a.json", "[\n" + strings.SplitN(told, "\n", 2)[0] + "]", []string{"it is a list of events"}},
		{"a.jsonl", `{"type":"deployment","id":"d","time":"2025-03-03T09:00:00Z","changes":"c1"}`, []string{"line 1: deployment: changes cannot be a JSON string"}},
		{"a.jsonl", `{"type":"deployment","id":"d","time":"yesterday"}`, []string{`line 1: deployment: "yesterday" is no time such as 2025-01-31T00:00:00Z`}},
		{"a.jsonl", `{"type":"deployment","id":"","kind":"x","time":"2025-03-03T09:00:00Z"}` + "\n{}\n", []string{"  line 1: deployment: id: there is none; kind: ", "\n  line 2: "}},
		{"a.jsonl", "", []string{"no event"}},
		{"a", "\x00\x01", []string{"a: "}},
	} {
		got := call(t, "-events", file(t, tc.name, tc.text))
		assert.Equal(t, 1, got.status, tc.text)
		assert.Empty(t, got.out)
		for _, part := range tc.want {
			assert.Contains(t, got.err, part)
		}
		assert.True(t, strings.HasPrefix(got.err, "dora: "), got.err)
	}
	assert.Equal(t, 1, call(t, "-events", filepath.Join(t.TempDir(), "none")).status)
	assert.Equal(t, 1, call(t, "-events", t.TempDir()).status)
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"-nonsense"}, {"more"}, {"-C"}, {"-C", ""}, {"-C", ".", "-events", "x"}, {"-from", "yesterday"}, {"-to", "2025-01-01"}, {"-tz", "Mars/Olympus"}, {"-preset", "none"},
		{"-compare", "dora-2024"}, {"-compare", "dora-2024,none"}, {"-compare", "dora-2024,"}, {"-compare", "dora-2024,fourkeys,gitlab"}, {"-json=perhaps"}, {"-events", ""}, {"-html", ""}, {"-preset", ""},
		{"-from", "9999-01-01T00:00:00Z"}, {"-to", "1600-01-01T00:00:00Z"}, {"-from", "0001-01-01T00:00:00Z"},
		{"-from", "2025-02-01T00:00:00Z", "-to", "2025-01-01T00:00:00Z"}, {"-from", "2025-02-01T00:00:00Z", "-to", "2025-02-01T00:00:00Z"},
	} {
		got := call(t, args...)
		assert.Equal(t, 2, got.status, "%q", args)
		assert.Empty(t, got.out, "%q", args)
		assert.Contains(t, got.err, "usage: dora", "%q", args)
	}
	help := call(t, "-h")
	assert.Equal(t, 0, help.status)
	lines := strings.Split(help.out, "\n")
	for _, name := range []string{"-C DIR", "-events FILE", "-from TIME", "-to TIME", "-preset NAME", "-tz ZONE", "-compare A,B", "-json", "-html FILE"} {
		assert.True(t, slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "  "+name) }), name)
	}
	for _, name := range dora.Presets() {
		assert.Contains(t, help.out, name)
	}
}
