package dora_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// story reads events from lines such as
//
//	d1 3T09:00 {c1 c2} kind=rollback fixes=d0 version=v1 status=failure started=3T08:50 service=shop
//	c1 3T07:00 merged=3T08:00 originals=a/3T06:00,b/3T06:30
//	i1 3T11:20-3T12:05 d2 (no cause, or several; changes=c2)
//	o 3T10:00-3T10:30 (an outage)
//
// where 3T09:00 is the 3rd of March 2025, UTC. All services are "shop" unless said.
func story(t testing.TB, text string) []dora.Event {
	t.Helper()
	var events []dora.Event
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		var changes []string
		if open := strings.IndexByte(line, '{'); open >= 0 {
			end := strings.IndexByte(line, '}')
			changes = strings.Fields(line[open+1 : end])
			line = line[:open] + line[end+1:]
		}
		words := strings.Fields(line)
		options := map[string]string{"service": "shop", "environment": "production"}
		var plain []string
		for _, w := range words[2:] {
			if k, v, ok := strings.Cut(w, "="); ok {
				options[k] = v
			} else {
				plain = append(plain, w)
			}
		}
		from, to, span := strings.Cut(words[1], "-")
		switch id := words[0]; id[0] {
		case 'd':
			events = append(events, dora.Deployment{
				ID: id, Service: options["service"], Environment: options["environment"], Time: at(t, from), Started: at(t, options["started"]),
				Status: dora.Status(options["status"]), Kind: dora.Kind(options["kind"]), Changes: changes, Fixes: list(options["fixes"]),
				Version: options["version"], Group: options["group"],
			})
		case 'c':
			c := dora.Change{ID: id, Time: at(t, from), Merged: at(t, options["merged"])}
			for _, o := range list(options["originals"]) {
				id, when, _ := strings.Cut(o, "/")
				c.Originals = append(c.Originals, dora.Commit{ID: id, Time: at(t, when)})
			}
			events = append(events, c)
		case 'i':
			require.True(t, span, line)
			events = append(events, dora.Incident{ID: id, Service: options["service"], Opened: at(t, from), Resolved: at(t, to), CausedBy: plain, Changes: list(options["changes"])})
		case 'o':
			events = append(events, dora.Outage{Service: options["service"], From: at(t, from), To: at(t, to), Severity: options["severity"]})
		default:
			require.Fail(t, "no event: "+line)
		}
	}
	return events
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func at(t testing.TB, text string) time.Time {
	if text == "" || text == "open" {
		return time.Time{}
	}
	d, clock, ok := strings.Cut(text, "T")
	require.True(t, ok, text)
	n, err := strconv.Atoi(d)
	require.NoError(t, err)
	layout := "15:04"
	if strings.Count(clock, ":") == 2 {
		layout = "15:04:05"
	}
	when, err := time.Parse(layout, clock)
	require.NoError(t, err)
	return time.Date(2025, 3, n, when.Hour(), when.Minute(), when.Second(), 0, time.UTC)
}

func history(t testing.TB, events []dora.Event) *dora.History {
	t.Helper()
	h := &dora.History{}
	for _, e := range events {
		require.NoError(t, h.Add(e), "%+v", e)
	}
	return h
}

func preset(t testing.TB, name string) dora.Rules {
	t.Helper()
	r, err := dora.Preset(name)
	require.NoError(t, err)
	return r
}

// days is the window of so many days from the 3rd of March on.
func days(n int) dora.Query {
	from := time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)
	return dora.Query{From: from, To: from.AddDate(0, 0, n)}
}
