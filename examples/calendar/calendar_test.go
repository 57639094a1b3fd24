package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// said is what the program says and how it ends.
type said struct {
	out, err string
	status   int
}

var now = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

func call(args ...string) said {
	var out, told bytes.Buffer
	status := run(args, now, &out, &told)
	return said{out.String(), told.String(), status}
}

func TestWhatItSays(t *testing.T) {
	for name, args := range map[string][]string{
		"open":     {"-at", "2026-11-23T12:00:00Z"},
		"frozen":   {"-at", "2026-11-27T12:00:00Z", "-length", "40m"},
		"runway":   {"-at", "2026-11-23T15:45:00Z"},
		"long":     {"-at", "2026-11-23T12:00:00Z", "-length", "7h"},
		"tokyo":    {"-at", "2026-11-23T12:00:00Z", "-service", "warehouse", "-environment", "staging", "-zone", "Asia/Tokyo", "-n", "2"},
		"json":     {"-at", "2026-11-27T12:00:00Z", "-json", "-n", "1"},
		"dst":      {"-at", "2026-03-07T12:00:00Z"},
		"out-time": {"-at", "1960-01-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(args...)
			assert.Empty(t, got.err)
			assert.Zero(t, got.status)
			golden := filepath.Join("testdata", name+".txt")
			if os.Getenv("UPDATE") != "" {
				require.NoError(t, os.WriteFile(golden, []byte(got.out), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got.out)
			if name == "json" {
				assert.True(t, json.Valid([]byte(got.out)))
			}
		})
	}
	assert.Equal(t, call("-at", "2026-11-23T12:00:00Z"), call(), "it is now, where nothing else is said")
}

// Black Friday is the day after the fourth Thursday of November, which is the 29th in 2024 and the 24th in 2028.
func TestBlackFriday(t *testing.T) {
	for _, day := range []string{"2026-11-27", "2027-11-26", "2028-11-24", "2029-11-23", "2030-11-29", "2035-11-23"} {
		for _, at := range []string{"T05:00:00Z", "T23:59:59Z"} {
			assert.Contains(t, call("-at", day+at).out, "frozen by company/black-friday", day)
		}
	}
	assert.NotContains(t, call("-at", "2028-12-01T12:00:00Z").out, "black-friday")
}

func TestNoCalendars(t *testing.T) {
	file := filepath.Join(t.TempDir(), "none.json")
	require.NoError(t, os.WriteFile(file, []byte("[]"), 0o644))
	assert.Contains(t, call("-file", file, "-json").out, `"calendars": []`)
	assert.Contains(t, call("-file", file).out, "by no calendar\n")
}

func TestItsOwnFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	calendars := file("calendars.json", `{"name":"mine","zone":"UTC","freeze":[{"name":"today","start":"2026-11-23","length":"24h"}]}`)
	few := file("few.csv", "at,load\n2026-11-02T00:00Z,3\n")
	got := call("-file", calendars, "-load", few)
	assert.Zero(t, got.status, got.err)
	assert.Contains(t, got.out, "frozen by mine/today until Tue 2026-11-24 00:00 GMT")
	assert.Contains(t, got.out, "too little data for a profile: 1 points of 1 weeks")
	for want, args := range map[string][]string{
		"no such file":                      {"-file", filepath.Join(dir, "none")},
		`.zone is there twice`:              {"-file", file("twice.json", `{"zone":"UTC","zone":"UTC"}`)},
		`unknown time zone Europe/Atlantis`: {"-file", file("zone.json", `{"name":"a","zone":"Europe/Atlantis"}`)},
		"load: line 2: parsing time":        {"-load", file("bad.csv", "at,load\nsoon,3\n")},
		"load: record on line 2":            {"-load", file("wide.csv", "at,load\nsoon,3,4\n")},
	} {
		got := call(args...)
		assert.Equal(t, exitFail, got.status, want)
		assert.Empty(t, got.out, want)
		assert.Contains(t, got.err, want)
	}
}

func TestUsage(t *testing.T) {
	assert.Equal(t, said{out: usage}, call("-h"))
	for want, args := range map[string][]string{
		`-at "soon": is no time such as`:       {"-at", "soon"},
		`-zone "Atlantis": is no zone such as`: {"-zone", "Atlantis"},
		`-zone "": is no zone`:                 {"-zone", ""},
		"-file is empty":                       {"-file", ""},
		"-load is empty":                       {"-load", ""},
		"-at is empty":                         {"-at", ""},
		"-service is empty":                    {"-service="},
		"-environment is empty":                {"-environment="},
		`what is "x" for?`:                     {"x"},
		"-length must be above zero":           {"-length", "0s"},
		"-n must be between":                   {"-n", "0"},
		"flag provided but not defined: -x":    {"-x"},
	} {
		got := call(args...)
		assert.Equal(t, exitUsage, got.status, want)
		assert.Contains(t, got.err, want)
		assert.Contains(t, got.err, usage)
	}
}
