package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/judge"
)

const usage = `usage: judge [-trace FILE] [-json] [-alpha A] [-error-margin M] [-latency-margin M]
             [-warm-up D] [-bake D] [-svg FILE] [-exit-code]

Replays a recorded canary, and says at each step whether the candidate does harm.

  -trace FILE         the recording, JSON lines; - is the standard input.
                      Without it, three recordings of its own are replayed.
  -json               one JSON object a line: a step each, and at the end
                      {"verdict":"pass|fail|inconclusive","t":...,"reason":...}
  -alpha A            the probability with which a harmless candidate is ever
                      called harmful: above 0, at most 0.5. Default: 0.01
  -error-margin M     how much more of the requests may fail than of the baseline's,
                      as a fraction: 0.001 is up to 0.1 percentage points more.
                      Shown to be beyond it is a fail, shown to be within it a pass.
                      0: any difference is harm, and a pass must be shown to be below
                      1.05 times the baseline's usual rate.
                      Default: fails from 1.1 times the baseline's rate on, passes
                      below twice the usual rate or 0.2 %
  -latency-margin M   how much slower the p50, p90 and p99 may be, as a fraction:
                      0.05 is up to 5 % slower. 0: any difference is harm, and a pass
                      must be shown to be less than 5 % slower.
                      Default: fails from 3 % slower on, passes below 20 %
  -warm-up D          how long after its first request the candidate may be slow;
                      twice as long while it is getting faster. Default: 30s
  -bake D             how long the candidate must have served to pass. Default: 1m
  -svg FILE           write a plot: the odds, and error rate and p99 of both
  -exit-code          exit with 0 on pass, 1 on fail, 3 on inconclusive

A line of the recording:

  {"t":12.0,"group":"baseline","requests":100,"errors":1,
   "latency":[{"le":0.1,"count":90},{"le":0.5,"count":99},{"le":"+Inf","count":100}]}

t is seconds since the start ("at" instead of it is a time as in RFC 3339), the counts are
those since the line of that group before, those of latency are cumulative. The groups are
"candidate" (or "canary") and "baseline" (or "stable", or "control"); lines of parts of one,
"baseline/1" and "baseline/2", tell how much its instances differ. The lines of one group
are in order; those of all together, in a long recording, nearly (64 MiB are sorted).

The verdict is that on the whole recording: a candidate that passes and does harm later fails.
Without -exit-code it exits with 0 whatever the verdict is, and with 2 when there is none:
a wrong flag, or a recording that cannot be read.
`

// narrowest is the ratio below which a candidate passes of which any difference is harm: that there is none,
// no data can show.
const narrowest = 1.05

// options are what the flags say.
type options struct {
	trace                 string
	json, exitCode        bool
	svg                   string
	alpha                 float64
	errorMargin           float64
	latencyMargin         float64
	hasErrors, hasLatency bool // the margins are set
	warmUp, bake          time.Duration
	memory                int // for lines that are put in order, in bytes
}

// parse reads the flags, and names the one that is wrong.
func parse(args []string) (options, error) {
	o := options{memory: 64 << 20}
	f := flag.NewFlagSet("judge", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.StringVar(&o.trace, "trace", "", "")
	f.BoolVar(&o.json, "json", false, "")
	f.BoolVar(&o.exitCode, "exit-code", false, "")
	f.StringVar(&o.svg, "svg", "", "")
	f.Float64Var(&o.alpha, "alpha", 0.01, "")
	f.Float64Var(&o.errorMargin, "error-margin", 0, "")
	f.Float64Var(&o.latencyMargin, "latency-margin", 0, "")
	f.DurationVar(&o.warmUp, "warm-up", 30*time.Second, "")
	f.DurationVar(&o.bake, "bake", time.Minute, "")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	o.hasErrors, o.hasLatency = given["error-margin"], given["latency-margin"]
	return o, o.validate(f.Args(), given)
}

func (o options) validate(rest []string, given map[string]bool) error {
	var problems []string
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if len(rest) > 0 {
		bad("unknown argument %q; a recording is named by -trace", rest[0])
	}
	if given["trace"] && o.trace == "" {
		bad("-trace: it names no file")
	}
	if !(o.alpha > 0 && o.alpha < 1) {
		bad("-alpha: %v is no probability between 0 and 1", o.alpha)
	} else if o.alpha > 0.5 || o.alpha <= 1e-9 {
		bad("-alpha: %v is not above 1e-9 and at most 0.5: whoever errs more often than not is no judge", o.alpha)
	}
	if !(o.errorMargin >= 0 && o.errorMargin < 0.999) {
		bad("-error-margin: %v is no fraction from 0 to below 0.999 (0.001 is 0.1 percentage points)", o.errorMargin)
	}
	if !(o.latencyMargin >= 0 && o.latencyMargin <= 100) {
		bad("-latency-margin: %v is no fraction from 0 to 100 (0.05 is 5 %% slower)", o.latencyMargin)
	} else if o.latencyMargin > 0 && o.latencyMargin < 0.001 {
		bad("-latency-margin: %v is finer than 0.001, which no buckets can tell", o.latencyMargin)
	}
	if o.warmUp < 0 || o.warmUp > 1000*time.Hour {
		bad("-warm-up: %s is not from 0 to 1000 hours", o.warmUp)
	}
	if o.bake < 0 || o.bake > 1000*time.Hour {
		bad("-bake: %s is not from 0 to 1000 hours", o.bake)
	}
	if given["svg"] && (o.svg == "" || o.trace == "") {
		bad("-svg: it takes the name of a file, and a recording by -trace")
	}
	if o.json && o.trace == "" {
		bad("-json: it takes a recording by -trace")
	}
	if o.exitCode && o.trace == "" {
		bad("-exit-code: it takes a recording by -trace")
	}
	if problems == nil {
		return nil
	}
	return errors.New(strings.Join(problems, "; ") + "; see -h")
}

// config is the judge's configuration. What lasts as long as a release does in a rollout, lasts as long
// as the recording here: it is read to its end.
func (o options) config(latency bool, look time.Duration) judge.Config {
	errs, slow := judge.Errors{Margin: o.errorMargin}, judge.Latency{Margin: o.latencyMargin}
	if o.hasErrors && o.errorMargin == 0 {
		errs.Tolerance, errs.PassRatio, errs.Floor = 1, narrowest, -1
	}
	if o.hasLatency && o.latencyMargin == 0 {
		slow.Tolerance, slow.Pass = 1, narrowest
	}
	c := judge.Config{
		Metrics: []judge.Metric{errs, slow}, Alpha: o.alpha, Look: look, MinBake: max(o.bake, time.Nanosecond), DoubtBake: max(o.bake, time.Nanosecond),
		MaxTime: 1 << 62, WarmUp: o.warmUp, MaxWarmUp: 2 * o.warmUp,
	}
	if o.warmUp == 0 {
		c.WarmUp, c.MaxWarmUp = -1, -1
	}
	if !latency && !o.hasLatency {
		c.Metrics = c.Metrics[:1]
	}
	return c
}
