package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/stage/version"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// view is a release as its events tell it. It knows nothing else.
type view struct {
	state    ledger.State
	rollouts map[string]rollout.Event // the last event of each stage that deploys
	verdicts map[string]gate.Verdict  // the last verdict of each gate
	notes    map[string]string        // what a stage has to say beside its name
	bakes    map[string][]time.Duration
	reached  map[string]time.Time // when the state of the current step was reached
	err      error
}

func newView() *view {
	return &view{rollouts: map[string]rollout.Event{}, verdicts: map[string]gate.Verdict{}, notes: map[string]string{}, reached: map[string]time.Time{}}
}

// take takes an event in, and tells it in plain lines, if it is worth one.
func (v *view) take(e ledger.Event) []string {
	if err := v.state.Apply(e); err != nil {
		v.err = err
		return nil
	}
	told := func(format string, args ...any) []string {
		return []string{fmt.Sprintf("%-11s", e.Stage) + fmt.Sprintf(format, args...)}
	}
	switch b := e.Body.(type) {
	case ledger.Began:
		return told("begins")
	case ledger.Ended:
		text := string(b.Outcome)
		if e.Attempt > 0 {
			text += " after " + short(v.state.Stage(e.Stage).Took())
		}
		if _, told := v.rollouts[e.Stage]; b.Reason != "" && !told {
			text += ": " + b.Reason
		}
		return told("%s", text)
	case ledger.Judged:
		before, known := v.verdicts[b.Verdict.Gate]
		v.verdicts[b.Verdict.Gate] = b.Verdict
		if !known || before.Outcome != b.Verdict.Outcome {
			return told("gate %s: %s: %s", b.Verdict.Gate, b.Verdict.Outcome, b.Verdict.Reason)
		}
	case ledger.Noted:
		return v.note(e, b, told)
	case ledger.Finished:
		return []string{fmt.Sprintf("%-11s%s", "release", b.Outcome)}
	}
	return nil
}

func (v *view) note(e ledger.Event, b ledger.Noted, told func(string, ...any) []string) []string {
	switch b.Name {
	case version.DetailDecision:
		var d changelog.Decision
		if v.err = json.Unmarshal(b.Data, &d); v.err == nil {
			v.notes[e.Stage] = fmt.Sprintf("%s after %s: %s", d.Next, d.Previous, d.Why)
			return told("%s", v.notes[e.Stage])
		}
	case detailBakes:
		v.err = json.Unmarshal(b.Data, &v.bakes)
	case deploy.DetailEvent:
		var r rollout.Event
		if v.err = json.Unmarshal(b.Data, &r); v.err != nil {
			return nil
		}
		v.rollouts[e.Stage] = r
		switch r.Kind {
		case rollout.StepStarted, rollout.GoingBack:
			delete(v.reached, e.Stage)
		case rollout.StepReached:
			v.reached[e.Stage] = r.At
		}
		where := fmt.Sprintf("step %d of %d", r.Step+1, r.Steps)
		if r.Back {
			where = "way back, " + where
		}
		switch r.Kind {
		case rollout.StepStarted, rollout.StepReached, rollout.GoingBack, rollout.InstanceFailed, rollout.Asked, rollout.Drifted, rollout.Degraded:
			return told("%s: %s: %s", where, r.Kind, r.Text)
		}
	}
	return nil
}

// marks are what a stage's outcome looks like.
var marks = map[stage.Outcome]string{
	stage.Succeeded: "✓", stage.Skipped: "-", stage.RolledBack: "↩", stage.Failed: "✗",
	stage.Aborted: "✗", stage.Stranded: "!", stage.Rejected: "✗", stage.Interrupted: "…",
}

// picture is the release as it stands, with the traffic of production.
func (v *view) picture(traffic local.Snapshot) []string {
	lines := []string{""}
	for i := range v.state.Stages {
		s := &v.state.Stages[i]
		mark, took := "·", ""
		switch {
		case s.Running():
			mark, took = "●", short(time.Since(s.Started))
		case s.Outcome != "":
			mark = marks[s.Outcome]
			if s.Attempt > 0 {
				took = short(s.Took())
			}
		}
		lines = append(lines, strings.TrimRight(fmt.Sprintf("  %s %-11s %7s  %s", mark, s.Name, took, v.text(s)), " "))
		if r, ok := v.rollouts[s.Name]; ok && s.Running() {
			lines = append(lines, "               "+bar(r, v.within(s.Name, time.Now()), 30))
		}
	}
	lines = append(lines, "", fmt.Sprintf("  %-26s %7s %9s %8s %9s", "production", "weight", "requests", "errors", "p99"))
	for _, g := range traffic.Groups {
		if g.Role == "" {
			continue
		}
		p99 := "-"
		switch q, bounds := g.Recent.Latency.Quantile(0.99), g.Recent.Latency.Bounds; {
		case math.IsInf(q, 1):
			p99 = fmt.Sprintf(">%gs", bounds[len(bounds)-1])
		case !math.IsNaN(q):
			p99 = short(time.Duration(q * float64(time.Second)))
		}
		lines = append(lines, fmt.Sprintf("  %-26s %7s %9d %7.2f%% %9s",
			string(g.Role)+" "+g.Pool.Revision.Version, g.Share, g.Total.Requests, 100*g.Recent.ErrorRate(), p99))
	}
	for _, name := range []string{"smoke", "errors", "latency"} {
		if verdict, ok := v.verdicts[name]; ok {
			lines = append(lines, fmt.Sprintf("  gate %-8s %s: %s", name, verdict.Outcome, verdict.Reason))
		}
	}
	return lines
}

// text is what there is to say of a stage.
func (v *view) text(s *ledger.StageState) string {
	switch {
	case s.Outcome != "" && s.Outcome != stage.Succeeded:
		return fmt.Sprintf("%s: %s", s.Outcome, s.Reason)
	case v.notes[s.Name] != "":
		return v.notes[s.Name]
	case s.Running():
		return s.Progress.Text
	}
	return ""
}

// within is how much of the current step of a stage's rollout is done, from 0 to 1: the first half is
// to reach its state, the second to bake it. How long the first takes nobody knows beforehand.
func (v *view) within(name string, now time.Time) float64 {
	r := v.rollouts[name]
	if r.Kind == rollout.StepDone || r.Kind == rollout.Ended {
		return 1
	}
	since, reached := v.reached[name]
	if !reached {
		return 0.25
	}
	var bake time.Duration
	if bakes := v.bakes[name]; !r.Back && r.Step < len(bakes) {
		bake = bakes[r.Step]
	}
	if bake <= 0 {
		return 1
	}
	return 0.5 + 0.5*min(max(now.Sub(since).Seconds()/bake.Seconds(), 0), 1)
}

// bar is how far a rollout is, forward or back; so much of its current step is done.
func bar(r rollout.Event, within float64, width int) string {
	filled := int(float64(width) * min(float64(r.Step)+within, float64(r.Steps)) / float64(max(r.Steps, 1)))
	text := fmt.Sprintf("[%s%s] step %d of %d", strings.Repeat("█", filled), strings.Repeat("░", width-filled), r.Step+1, r.Steps)
	if r.Back {
		text += ", on the way back"
	}
	return text
}

func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}
