package rehearse

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Outcome is how a run ended.
type Outcome string

const (
	// Promoted: all steps are done.
	Promoted Outcome = "promoted"
	// RolledBack: the release was taken back.
	RolledBack Outcome = "rolled back"
	// Frozen: harm was found behind a step that cannot be undone.
	Frozen Outcome = "frozen"
	// Undecided: the run was not over within Limit.
	Undecided Outcome = "undecided"
)

// Run is one run of a rehearsal.
type Run struct {
	Outcome Outcome
	// Step is the step in which it was decided, from 0.
	Step int
	// Reason is what a gate said.
	Reason string
	// Decided is when it was decided, Duration when all was done, the way back included; both count from
	// the begin of the rollout.
	Decided, Duration time.Duration
	// Exposed counts the requests that the new revision answered, Failed those of them that failed.
	Exposed, Failed uint64
	// Asked counts the questions to a person; Unanswered says that the run ended by one.
	Asked      int
	Unanswered bool
	// Errors counts the questions to gates that gave no verdict, as there was nobody to ask (gate.Verdict.Down).
	Errors int
}

// Report sums up the runs of a rehearsal.
type Report struct {
	// Runs are all of them, in order.
	Runs []Run
	// Promoted, RolledBack, Frozen and Undecided are the parts of the runs that ended so, from 0 to 1.
	Promoted, RolledBack, Frozen, Undecided float64
	// Asked is the part of the runs in which a person was asked because the gates did not agree.
	Asked float64
	// Promotion is how long runs took that were promoted; Rollback is how long it took until harm was
	// found in those that were taken back; Return how long their way back took.
	Promotion, Rollback, Return Spread
	// Exposed and Failed are requests that the new revision answered, and that failed, on average over
	// all runs.
	Exposed, Failed float64
	// Errors counts the questions to gates, over all runs, that gave no verdict.
	Errors int
}

// Spread is a distribution of times.
type Spread struct {
	P50, P90, Max time.Duration
}

func spread(times []time.Duration) Spread {
	if len(times) == 0 {
		return Spread{}
	}
	slices.Sort(times)
	at := func(q float64) time.Duration { return times[min(int(q*float64(len(times))), len(times)-1)] }
	return Spread{at(0.5), at(0.9), times[len(times)-1]}
}

// String is "5m0s (p90 8m50s, at most 12m0s)".
func (s Spread) String() string {
	return fmt.Sprintf("%s (p90 %s, at most %s)", s.P50, s.P90, s.Max)
}

func summarize(runs []Run) Report {
	r := Report{Runs: runs}
	var forth, found, back []time.Duration
	each := 1 / float64(len(runs))
	for i := range runs {
		run := &runs[i]
		switch run.Outcome {
		case Promoted:
			r.Promoted += each
			forth = append(forth, run.Duration)
		case RolledBack:
			r.RolledBack += each
			found, back = append(found, run.Decided), append(back, run.Duration-run.Decided)
		case Frozen:
			r.Frozen += each
		case Undecided:
			r.Undecided += each
		}
		if run.Asked > 0 {
			r.Asked += each
		}
		r.Exposed += each * float64(run.Exposed)
		r.Failed += each * float64(run.Failed)
		r.Errors += run.Errors
	}
	r.Promotion, r.Rollback, r.Return = spread(forth), spread(found), spread(back)
	return r
}

// String is the report in a few lines for people.
func (r Report) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%d runs: %s promoted, %s rolled back, %s frozen, %s undecided; a person was asked in %s", len(r.Runs),
		percent(r.Promoted), percent(r.RolledBack), percent(r.Frozen), percent(r.Undecided), percent(r.Asked))
	if r.Promoted > 0 {
		line("promoted after %s", r.Promotion)
	}
	if r.RolledBack > 0 {
		line("found out after %s, and back after another %s", r.Rollback, r.Return)
	}
	line("on average, the new revision answered %.0f requests, of which %.0f failed", r.Exposed, r.Failed)
	if r.Errors > 0 {
		line("%d questions to gates gave no verdict", r.Errors)
	}
	return b.String()
}

func percent(part float64) string { return fmt.Sprintf("%.3g%%", 100*part) }
