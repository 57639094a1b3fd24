package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// textTeller tells people: a line for each step, and at the end the evidence and a plot.
type textTeller struct {
	out   io.Writer
	brief bool // only steps that change what is thought
	said  string
}

func (t *textTeller) begin(candidate, baseline *arm) error {
	_, err := fmt.Fprintf(t.out, "candidate: %s; baseline: %s\n", candidate, baseline)
	return err
}

// String is the arm for people.
func (a *arm) String() string {
	switch {
	case a.name == "":
		return "none"
	case len(a.parts) == 0:
		return a.name
	}
	return fmt.Sprintf("%s, of %d parts", a.name, len(a.parts))
}

func (t *textTeller) step(s step) error {
	state := fmt.Sprint(s.Outcome, s.Cause)
	changed := state != t.said
	t.said = state
	if t.brief && !changed {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%8s  %-12s harm %s\n", brief(s.at), s.Outcome, ratio(s.Odds))
	if !t.brief {
		fmt.Fprintf(&b, "%s%s\n", indent, arms(s.sample))
	}
	var odds []string
	for _, e := range s.Evidence {
		if e.Candidate.Of > 0 {
			odds = append(odds, fmt.Sprintf("%s %s", e.Metric, ratio(e.Odds)))
		}
	}
	if len(odds) > 0 && !t.brief {
		fmt.Fprintf(&b, "%s%s\n", indent, strings.Join(odds, ", "))
	}
	if changed && s.Outcome != gate.Fail {
		fmt.Fprintf(&b, "%s%s\n", indent, s.Reason)
	}
	_, err := io.WriteString(t.out, b.String())
	return err
}

const indent = "          "

// arms is what was counted in one step.
func arms(s judge.Sample) string {
	return fmt.Sprintf("candidate %s; baseline %s", counted(s.Candidate), counted(s.Baseline))
}

func counted(w metrics.Window) string {
	text := fmt.Sprintf("%d of %d failed", w.Errors, w.Requests)
	if p99 := w.Latency.Quantile(0.99); !math.IsNaN(p99) {
		text += ", p99 " + seconds(p99)
	}
	return text
}

// seconds is a latency, +Inf where it lies above all bounds.
func seconds(s float64) string {
	if math.IsInf(s, 1) {
		return "above all bounds"
	}
	return time.Duration(s * float64(time.Second)).Round(100 * time.Microsecond).String()
}

// brief is a time of the recording.
func brief(d time.Duration) string { return d.Round(time.Millisecond).String() }

// ratio are odds, N to one.
func ratio(odds float64) string {
	number := func(n float64) string {
		switch {
		case n >= 1e6:
			return "over 1000000"
		case n >= 9.95:
			return fmt.Sprintf("%.0f", n)
		}
		return fmt.Sprintf("%.2g", n)
	}
	if odds < 1 {
		return "1:" + number(1/odds)
	}
	return number(odds) + ":1"
}

func (t *textTeller) end(v verdict, c *course) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nverdict: %s at %s\n%s\n", v.outcome, brief(v.at), v.reason)
	if v.last != nil {
		_, evidence, _ := strings.Cut(v.last.String(), "\n")
		fmt.Fprintf(&b, "\n%s\n", evidence)
	}
	if plot := c.text(); plot != "" {
		fmt.Fprintf(&b, "\n%s", plot)
	}
	_, err := io.WriteString(t.out, b.String())
	return err
}
