package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// jsonTeller tells programs: an object a step, and the verdict.
type jsonTeller struct{ out io.Writer }

// stepLine is a step: the judgement, with what was counted since the step before.
type stepLine struct {
	T         float64 `json:"t"` // seconds
	Candidate tally   `json:"candidate"`
	Baseline  tally   `json:"baseline"`
	judge.Judgement
}

type tally struct {
	Requests uint64 `json:"requests"`
	Errors   uint64 `json:"errors"`
}

// lastLine is the verdict.
type lastLine struct {
	Verdict gate.Outcome `json:"verdict"`
	T       float64      `json:"t"`
	Reason  string       `json:"reason"`
}

func (j *jsonTeller) begin(*arm, *arm) error { return nil }

func (j *jsonTeller) step(s step) error {
	s.At = time.Time{} // T says it
	of := func(w metrics.Window) tally { return tally{w.Requests, w.Errors} }
	return j.write(stepLine{s.at.Seconds(), of(s.sample.Candidate), of(s.sample.Baseline), s.Judgement})
}

func (j *jsonTeller) end(v verdict, _ *course) error {
	return j.write(lastLine{v.outcome, v.at.Seconds(), v.reason})
}

func (j *jsonTeller) write(v any) error {
	enc := json.NewEncoder(j.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
