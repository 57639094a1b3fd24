package judge

import (
	"fmt"
	"math"
	"strings"
	"time"
)

func (q *question) toleranceText() string {
	switch {
	case q.kind == sampled:
		return q.gauge.text(gaugeTolerance)
	case q.kind == slower:
		return fmt.Sprintf("up to %.3g%% slower", 100*(q.tolerance-1))
	case q.margin > 0:
		return q.absoluteText()
	}
	return fmt.Sprintf("up to %.3gx the baseline's", q.tolerance)
}

func (q *question) marginText() string {
	switch {
	case q.kind == sampled:
		return q.gauge.text(gaugePass)
	case q.kind == slower:
		return fmt.Sprintf("less than %.3g%% slower", 100*(q.pass-1))
	case q.margin > 0:
		return q.absoluteText()
	case q.floor > 0 && q.kind == proportion:
		return fmt.Sprintf("less than %.3gx the baseline's usual, or below %s", q.pass, percent(q.floor))
	case q.floor > 0:
		return fmt.Sprintf("less than %.3gx the baseline's usual, or below %.3g per request", q.pass, q.floor)
	}
	return fmt.Sprintf("less than %.3gx the baseline's usual", q.pass)
}

func (q *question) absoluteText() string {
	switch {
	case q.kind == proportion:
		return fmt.Sprintf("up to %.3g points more", 100*q.margin)
	case q.perShare:
		return fmt.Sprintf("up to %.3g a minute more", q.margin)
	}
	return fmt.Sprintf("up to %.3g per request more", q.margin)
}

func (g Gauge) text(ratio float64) string {
	worse := "higher"
	if g.LowerIsWorse {
		worse = "lower"
	}
	switch {
	case g.Margin > 0 && g.Slack > 0:
		return fmt.Sprintf("up to %.3g%% and %.3g %s", 100*g.Margin, g.Slack, worse)
	case g.Slack > 0:
		return fmt.Sprintf("up to %.3g %s", g.Slack, worse)
	case g.Margin > 0:
		return fmt.Sprintf("up to %.3g%% %s", 100*g.Margin, worse)
	case g.LowerIsWorse:
		return fmt.Sprintf("down to 1/%.3g of the baseline's", ratio)
	}
	return fmt.Sprintf("up to %.3gx the baseline's", ratio)
}

// bestText is the alternative of harm that fits best.
func (q *question) bestText(t *track) string {
	by := q.failAlternatives()[q.best(t)]
	switch q.kind {
	case slower:
		return fmt.Sprintf("odds of slowness %.3gx", by)
	case sampled:
		return fmt.Sprintf("worse in %.0f%% of comparisons", 50+50*by)
	}
	if q.margin > 0 {
		return fmt.Sprintf("%.3gx what is allowed", by)
	}
	return fmt.Sprintf("%.3gx as many", by*q.tolerance)
}

// best is the alternative of harm with the most money. Where the cap has made several about equal, it is the
// one under which all that was seen is likeliest.
func (q *question) best(t *track) int {
	at := t.Fail.best()
	b := block{t.Total.X, t.Total.Of, t.Total.Y, t.Total.Base}
	if q.kind == sampled || b.nc == 0 || b.nb == 0 {
		return at
	}
	var room [len(failRatios)]float64
	likely := q.harmGains(room[:0], b, (b.y+priorBad*q.prior)/(b.nb+priorBad), q.failLine(t), q.failAlternatives())
	most := t.Fail.Money[at] - math.Ln2
	for i, money := range t.Fail.Money {
		if money >= most && likely[i] > likely[at] {
			at = i
		}
	}
	return at
}

// sentence is the evidence in one line.
func (e Evidence) sentence() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: candidate %s, baseline %s", e.Metric, e.Candidate.text(e), e.Baseline.text(e))
	fmt.Fprintf(&b, " (%s allowed): odds %s against harmless", e.Tolerance, odds(math.Log(e.Odds)))
	if e.Best != "" {
		fmt.Fprintf(&b, ", best fit %s", e.Best)
	}
	return b.String()
}

// text is one arm's tally.
func (t Tally) text(e Evidence) string {
	switch {
	case t.Of == 0:
		return "nothing"
	case e.Threshold > 0:
		return fmt.Sprintf("%.0f of %.0f slower than %s (%s), %s at %s",
			t.Bad, t.Of, seconds(e.Threshold), percent(t.Rate()), strings.TrimPrefix(e.Metric, "latency "), seconds(t.Value))
	case t.Value != 0:
		return fmt.Sprintf("mean %.4g", t.Value)
	}
	return fmt.Sprintf("%.0f of %.0f (%s)", t.Bad, t.Of, percent(t.Rate()))
}

// seconds is a duration for people.
func seconds(s float64) string {
	if !(s < 1e9) {
		return fmt.Sprintf("%gs", s)
	}
	return time.Duration(s * float64(time.Second)).Round(10 * time.Microsecond).String()
}

// String is the judgement with all its evidence, on several lines.
func (g Judgement) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s after %s: %s\n", g.Outcome, g.Served.Round(time.Second), g.Reason)
	fmt.Fprintf(&b, "  all metrics: odds %s against harmless (limit %.0f:1)", odds(math.Log(max(g.Odds, 1e-300))), g.Limit)
	if g.Need.Requests > 0 {
		fmt.Fprintf(&b, "; %s", g.Need)
	}
	b.WriteByte('\n')
	for _, e := range g.Evidence {
		fmt.Fprintf(&b, "  %s\n", e.sentence())
		fmt.Fprintf(&b, "    %s: odds %s (limit %.0f:1)", e.Margin, odds(math.Log(max(e.PassOdds, 1e-300))), e.PassLimit)
		if e.Passed {
			b.WriteString(", passed")
		} else if e.Need.Requests > 0 {
			fmt.Fprintf(&b, ", %s", e.Need)
		}
		if e.High > 0 {
			fmt.Fprintf(&b, "; ratio %.3g to %.3g", e.Low, e.High)
		}
		fmt.Fprintf(&b, "; noise factor %.2g\n", e.Noise)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
