package prometheus_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
	"github.com/davit-sdk/davit/metrics/prometheus"
)

// A candidate is judged by what Prometheus has scraped. Here a small stand-in plays Prometheus.
func ExampleNewSource() {
	now := time.Now()
	world := newWorld(now)
	for sec := range 120 {
		t := now.Add(time.Duration(sec-120) * time.Second)
		world.add(`http_requests_total{version="1.1.0",instance="10.0.0.7:80",code="200"}`, t, float64(10*sec))
		world.add(`http_requests_total{version="1.1.0",instance="10.0.0.7:80",code="500"}`, t, float64(sec/10))
	}
	source, err := prometheus.NewSource(prometheus.Options{
		Server:   prometheus.Server{URL: "https://prometheus.example", Transport: world},
		Scrape:   time.Second,
		Requests: `http_requests_total{version="{version}"}`,
		Errors:   `http_requests_total{version="{version}",code=~"5.."}`,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	if _, err := source.Check(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	rate := gate.ErrorRate{Source: source, Max: 0.05}
	v := gate.Ask(context.Background(), rate, gate.Subject{Candidate: "1.1.0@86eb5dc43b1c", Since: now.Add(-time.Minute), Now: now})
	fmt.Println(v.Outcome)
	_, err = source.Read(context.Background(), metrics.Query{Group: "1.2.0", From: now.Add(-time.Minute), To: now})
	fmt.Println(errors.Is(err, metrics.ErrUnknownGroup))
	// Output:
	// pass
	// true
}

// The gates of a canary: a threshold with a policy for when nobody can be asked, and a judge beside it.
func ExampleSource() {
	source, err := prometheus.NewSource(prometheus.Options{
		Server:   prometheus.Server{URL: "https://prometheus.example", BearerFile: "/run/secrets/prometheus"},
		Scrape:   15 * time.Second,
		Requests: `http_requests_total{version="{version}"}`,
		Errors:   `http_requests_total{version="{version}",code=~"5.."}`,
		Latency:  `http_request_duration_seconds_bucket{version="{version}"}`,
		Up:       `up{version="{version}"}`,
		Started:  `process_start_time_seconds{version="{version}"}`,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	gates := map[string]gate.Gate{
		"errors": gate.Guard{Gate: gate.ErrorRate{Source: source, Max: 0.01}, Down: gate.PolicyAsk, After: 5 * time.Minute},
		"judge":  judge.Gate{Source: source, Delay: 16 * time.Second, Config: judge.Config{Look: 15 * time.Second}},
	}
	for _, g := range []string{"errors", "judge"} {
		fmt.Println(g, gate.Validate(gates[g]))
	}
	// Output:
	// errors <nil>
	// judge <nil>
}
