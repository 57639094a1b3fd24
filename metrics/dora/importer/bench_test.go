//go:build unix

package importer_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/davit-sdk/davit/internal/deliveries"
	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/importer"
)

// processor is the processor time that this process has used.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkImport reads 100,000 events in each form, and reports how many it reads in a second of processor time, how many megabytes that are, and
// how much longer it takes than the floor, measured in turn: what package encoding/json or encoding/csv needs to read the same text into the same
// fields, with no check of any of them.
func BenchmarkImport(b *testing.B) {
	events := deliveries.New(100_000, 200, 42).Events()
	for _, form := range []struct {
		name        string
		text        []byte
		read, floor func(text []byte) (int, error)
	}{
		{"lines", lines(b, events), readLines, floorLines},
		{"csv", table(b, events), readCSV, floorCSV},
		{"cdevents", cdevents(events), readCDEvents, floorCDEvents},
	} {
		b.Run(form.name, func(b *testing.B) {
			var ours, bare time.Duration
			n, runs := 0, 0
			for b.Loop() {
				bare += timed(b, form.floor, form.text, &n)
				ours += timed(b, form.read, form.text, &n)
				runs++
			}
			b.ReportMetric(float64(n*runs)/ours.Seconds(), "events/s")
			b.ReportMetric(float64(len(form.text)*runs)/1e6/ours.Seconds(), "MB/s")
			b.ReportMetric(ours.Seconds()/bare.Seconds(), "of-floor")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// timed is the processor time that reading takes.
func timed(b *testing.B, read func([]byte) (int, error), text []byte, n *int) time.Duration {
	b.Helper()
	runtime.GC()
	began := processor()
	got, err := read(text)
	if err != nil || got == 0 {
		b.Fatal(got, err)
	}
	*n = got
	return processor() - began
}

func lines(b *testing.B, events []dora.Event) []byte {
	var text bytes.Buffer
	for _, e := range events {
		text.WriteString(written(b, e) + "\n")
	}
	return text.Bytes()
}

func readLines(text []byte) (n int, err error) {
	for _, err := range importer.Lines(bytes.NewReader(text), importer.Options{}) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// record has the fields of all that is written here.
type record struct {
	Type, ID, Service, Environment, Kind string
	Time, Started, Opened, Resolved      time.Time
	Changes                              []string
	CausedBy                             []string `json:"caused_by"`
}

func floorLines(text []byte) (n int, err error) {
	in := json.NewDecoder(bytes.NewReader(text))
	for {
		var r record
		if err := in.Decode(&r); err == io.EOF {
			return n, nil
		} else if err != nil {
			return n, err
		}
		n++
	}
}

func table(b *testing.B, events []dora.Event) []byte {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	columns := strings.Fields("type id service environment kind time started opened resolved changes caused_by")
	_ = w.Write(columns)
	for _, e := range events {
		var fields map[string]any
		if err := json.Unmarshal([]byte(written(b, e)), &fields); err != nil {
			b.Fatal(err)
		}
		cells := make([]string, len(columns))
		for i, name := range columns {
			switch v := fields[name].(type) {
			case string:
				cells[i] = v
			case []any:
				cells[i] = strings.Trim(strings.ReplaceAll(fmt.Sprint(v), " ", ";"), "[]")
			}
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return text.Bytes()
}

func readCSV(text []byte) (n int, err error) {
	for _, err := range importer.CSV(bytes.NewReader(text), importer.Options{}) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func floorCSV(text []byte) (n int, err error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.ReuseRecord = true
	for {
		cells, err := in.Read()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		for _, cell := range cells[5:9] {
			if at, err := time.Parse(time.RFC3339Nano, cell); err == nil && !at.IsZero() {
				n++ // so that it is not left out; a header has none
				break
			}
		}
	}
}

// cdevents tells of changes, deployments and incidents, the deployments by links to their changes.
func cdevents(events []dora.Event) []byte {
	var text bytes.Buffer
	tell := func(kind, id, subject string, at time.Time, links []string, content string) {
		var linked []string
		for _, l := range links {
			linked = append(linked, fmt.Sprintf(`{"linkType":"RELATION","linkKind":"TRIGGER","target":{"contextId":%q}}`, l))
		}
		fmt.Fprintf(&text, `{"context":{"version":"0.4.1","id":%q,"source":"/bench","type":"dev.cdevents.%s.0.2.0","timestamp":%q,"links":[%s]},"subject":{"id":%q,"source":"/bench","content":{%s}}}`+"\n",
			id, kind, at.Format(time.RFC3339Nano), strings.Join(linked, ","), subject, content)
	}
	for _, e := range events {
		switch e := e.(type) {
		case *dora.Change:
			tell("change.merged", e.ID, e.ID, e.Time, nil, `"repository":{"id":"shop"}`)
		case *dora.Deployment:
			tell("service.deployed", e.ID, e.Service, e.Time, e.Changes, `"environment":{"id":"production"},"artifactId":"pkg:oci/shop"`)
		case *dora.Incident:
			tell("incident.detected", e.ID, e.ID, e.Opened, e.CausedBy, fmt.Sprintf(`"environment":{"id":"production"},"service":{"id":%q}`, e.Service))
			if !e.Resolved.IsZero() {
				tell("incident.resolved", e.ID+"-over", e.ID, e.Resolved, nil, `"environment":{"id":"production"}`)
			}
		}
	}
	return text.Bytes()
}

func readCDEvents(text []byte) (int, error) {
	got, err := importer.CDEvents(bytes.NewReader(text), importer.CDEventsOptions{})
	return len(got.Events), err
}

func floorCDEvents(text []byte) (n int, err error) {
	in := json.NewDecoder(bytes.NewReader(text))
	for {
		var e struct {
			Context struct {
				ID, Source, Type string
				Timestamp        time.Time
				Links            []struct{ Target struct{ ContextID string } }
			}
			Subject struct {
				ID      string
				Content map[string]any
			}
		}
		if err := in.Decode(&e); err == io.EOF {
			return n, nil
		} else if err != nil {
			return n, err
		}
		n++
	}
}
