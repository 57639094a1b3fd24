package ledger

import (
	"iter"
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// History is how long the stages of a pipeline took in earlier releases. The zero value is an empty one.
type History struct {
	// Releases is how many releases were added.
	Releases int

	took map[string][]time.Duration // by the names of stages
	made map[string][]time.Duration // of all stages that were made of one, by the name of that
}

// Estimate is how long a stage takes by what it took before. A time is one that was really taken: the
// smallest that is not exceeded by half of the runs, and by nine tenths of them.
type Estimate struct {
	Median time.Duration `json:"median_ns"`
	P90    time.Duration `json:"p90_ns"`
	// Runs is how many runs it rests on.
	Runs int `json:"runs"`
	// Of is set where a stage that is made for an item has never run: the runs are those of all items
	// of that stage.
	Of string `json:"of,omitempty"`
}

// stint is a run of a stage under way: an attempt, or several with waits in between.
type stint struct {
	took  time.Duration
	whole bool // it did not begin in the middle
}

// Add takes in the events of a release. A stage counts when it succeeded, with its last attempt alone:
// those that failed or were interrupted before do not count, and neither does one that went on from
// the checkpoint of such a one. Where a stage waited for a time that it had named, the wait counts;
// where it waited for a person's signal, it does not. A stage that was made for each of several items
// took as long as all of them together. The error is that of the events; then nothing was taken in.
func (h *History) Add(events iter.Seq2[Event, error]) error {
	type sample struct {
		stage, of string
		took      time.Duration
	}
	s := new(State)
	stints := make(map[string]stint)
	expanded := make(map[string]time.Time)
	var samples []sample
	for e, err := range events {
		if err != nil {
			return err
		}
		var was StageState
		if st := s.Stage(e.Stage); st != nil {
			was = *st
		}
		if err := s.Apply(e); err != nil {
			return err
		}
		run := stints[e.Stage]
		switch b := e.Body.(type) {
		case Expanded:
			expanded[e.Stage] = e.Time
		case Began:
			switch {
			case was.Outcome != stage.Waiting:
				run = stint{whole: len(was.Checkpoint) == 0 || s.Node(e.Stage).Effect == stage.Pure}
			case !was.Until.IsZero() && !e.Time.Before(was.Until):
				run.took += e.Time.Sub(was.Ended)
			}
		case Ended:
			switch {
			case was.Running():
				run.took += e.Time.Sub(was.Began)
			case was.Expanded:
				run = stint{e.Time.Sub(expanded[e.Stage]), true}
			}
			if b.Outcome == stage.Succeeded && run.whole {
				samples = append(samples, sample{e.Stage, s.Node(e.Stage).Of, run.took})
			}
		}
		stints[e.Stage] = run
	}
	if h.took == nil {
		h.took, h.made = make(map[string][]time.Duration), make(map[string][]time.Duration)
	}
	h.Releases++
	for _, one := range samples {
		h.took[one.stage] = append(h.took[one.stage], one.took)
		if one.of != "" {
			h.made[one.of] = append(h.made[one.of], one.took)
		}
	}
	return nil
}

// Estimate is how long a stage takes; nil where it has never run.
func (h *History) Estimate(p *Stage) *Estimate {
	if e := estimate(h.took[p.Name]); e != nil || p.Of == "" {
		return e
	}
	e := estimate(h.made[p.Of])
	if e != nil {
		e.Of = p.Of
	}
	return e
}

func estimate(took []time.Duration) *Estimate {
	n := len(took)
	if n == 0 {
		return nil
	}
	took = slices.Sorted(slices.Values(took))
	return &Estimate{Median: took[(n+1)/2-1], P90: took[(n*9+9)/10-1], Runs: n}
}
