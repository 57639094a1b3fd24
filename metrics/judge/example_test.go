package judge_test

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/judge"
)

func Example() {
	j, err := judge.New(judge.Config{Metrics: []judge.Metric{judge.Errors{}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for range 100 {
		// Ten times as many requests of the candidate's fail: 1% of 50 every 5 seconds, in the mean.
		seconds := at.Unix() / 5
		s := judge.Sample{
			From: at, To: at.Add(5 * time.Second), Share: 0.1,
			Candidate: metrics.Window{Requests: 50, Errors: uint64(seconds % 2)},
			Baseline:  metrics.Window{Requests: 450, Errors: uint64(seconds+1) % 2},
		}
		judgement, err := j.Observe(s)
		if err != nil {
			fmt.Println(err)
			return
		}
		if at = s.To; judgement.Outcome != "continue" {
			fmt.Println(judgement.Outcome, judgement.Served)
			fmt.Println(judgement.Reason)
			return
		}
	}
	// Output:
	// fail 1m10s
	// harm was shown: errors: candidate 7 of 700 (1%), baseline 7 of 6300 (0.111%) (up to 1.1x the baseline's allowed): odds 145:1 against harmless, best fit 11x as many
}
