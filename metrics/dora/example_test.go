package dora_test

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

func Example() {
	at := func(hour, minute int) time.Time { return time.Date(2025, 3, 3, hour, minute, 0, 0, time.UTC) }
	var history dora.History
	for _, event := range []dora.Event{
		dora.Change{ID: "c1", Time: at(7, 0)},
		dora.Change{ID: "c2", Time: at(7, 0)},
		dora.Deployment{ID: "d1", Service: "shop", Time: at(9, 0), Changes: []string{"c1"}},
		dora.Deployment{ID: "d2", Service: "shop", Time: at(11, 0), Changes: []string{"c2"}},
		dora.Incident{ID: "i1", Service: "shop", Opened: at(11, 20), Resolved: at(12, 5), CausedBy: []string{"d2"}},
	} {
		if err := history.Add(event); err != nil {
			fmt.Println(err)
			return
		}
	}
	report, err := history.Report(dora.Rules{}, dora.Query{From: at(0, 0), To: at(24, 0)})
	if err != nil {
		fmt.Println(err)
		return
	}
	failures := report.ChangeFailureRate
	fmt.Println("deployments:", report.DeploymentFrequency.N)
	fmt.Println("lead time:", report.LeadTime.P50, "s")
	fmt.Printf("failed: %d of %d, between %.0f%% and %.0f%%\n", failures.K, failures.N, failures.Low.Or(0)*100, failures.High.Or(1)*100)
	fmt.Println("recovery:", report.FailedDeploymentRecovery.P50, "s")
	fmt.Println("attempts that failed:", report.AttemptFailureRate.K)

	evidence, err := history.Evidence(dora.Rules{}, dora.Query{}, dora.About{Metric: dora.FailedDeploymentRecovery})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("because of:", evidence.Entries[0].Deployment)
	// Output:
	// deployments: 2
	// lead time: 10800 s
	// failed: 1 of 2, between 9% and 91%
	// recovery: 3900 s
	// attempts that failed: 0
	// because of: d2
}
