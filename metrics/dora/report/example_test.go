package report_test

import (
	"fmt"
	"os"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/report"
)

func ExampleMarkdown() {
	at := func(hour, minute int) time.Time { return time.Date(2025, 3, 3, hour, minute, 0, 0, time.UTC) }
	var history dora.History
	for _, event := range []dora.Event{
		dora.Change{ID: "c1", Time: at(7, 0)},
		dora.Deployment{ID: "d1", Service: "shop", Time: at(9, 0), Changes: []string{"c1"}},
		dora.Deployment{ID: "d2", Service: "shop", Time: at(11, 0)},
		dora.Incident{ID: "i1", Service: "shop", Opened: at(11, 20), Resolved: at(12, 5), CausedBy: []string{"d2"}},
	} {
		if err := history.Add(event); err != nil {
			fmt.Println(err)
			return
		}
	}
	figures, err := history.Report(dora.Rules{}, dora.Query{Brief: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	figures.Services = nil // one is enough here
	if err := report.Markdown(os.Stdout, figures, report.Options{Title: "The shop"}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # The shop
	//
	// From 2025-03-03 to before 2025-03-04, `UTC`: 1 day. 4 events, by the rules `dora-2024`.
	//
	// | Metric | Value | Interval | N | Tier | More |
	// | --- | ---: | ---: | ---: | --- | --- |
	// | Deployment frequency | 2 a day | - | 2 | `elite` | on 1 day; 2h between two (median) |
	// | Lead time for changes | 2h | too few | 1 | `elite` |  |
	// | Change failure rate | 50.0 % | 9.5 % .. 90.5 % | 1 of 2 | `low` | 1 deployment failed, 1 incident caused by one |
	// | Failed deployment recovery time | 1h 5m | too few | 1 | `high` |  |
	// | Deployment rework rate | 0.0 % | 0.0 % .. 65.8 % | 0 of 2 | - |  |
	//
	// ## Beyond the five
	//
	// | Metric | Value | Interval | N | More |
	// | --- | ---: | ---: | ---: | --- |
	// | Time to restore (any cause) | 45m | too few | 1 |  |
	// | Attempts that failed | 0.0 % | 0.0 % .. 65.8 % | 0 of 2 |  |
	// | Availability | 100.00 % | - | - | no outage was told of |
	// | Work outside of working hours | 33.3 % | 6.1 % .. 79.2 % | 1 of 3 |  |
	// | Quick check of DORA, 2024 | 7.25 of 10 | - | - | throughput 8, stability 5 |
	//
	// No data for: Cycle time, Downtime per release, Error budget used, Velocity, Time of work items, CSAT, NPS.
	//
	// ## What the events leave open
	//
	// Incidents that no deployment is known to have caused: 0.
	//
	// No anomalies.
	//
	// ## How to read this
	//
	// Intervals hold with a confidence of 95 %: by Wilson for rates, between two of the durations themselves for medians. Where they overlap, two figures may well be the same.
	//
	// Tiers: model `2024` of 2024, from DORA, Accelerate State of DevOps 2024, by extracts of others (failure rates of medium and low, and recovery of low, not checked). The tables of DORA are medians of clusters of answers, and no limits; compare a service with itself first.
}
