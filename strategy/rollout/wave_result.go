package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

const (
	// Stopped: a wave was bad and is taken back, and the waves before it stay with the new revision, as the
	// plan says. The regions differ until a person decides. Only Waves end so.
	Stopped Outcome = "stopped"
	// Untouched: the waves ended before this region began. Only regions of Waves end so.
	Untouched Outcome = "untouched"
)

// WaveResult is how a rollout over several regions ended, and what it saw.
type WaveResult struct {
	// Outcome is Promoted where all regions are, RolledBack where all that had begun are as they were,
	// Stopped where those of earlier waves stay, and RollbackFailed or Frozen where at least one region is
	// so. Refused and Interrupted are as for one target.
	Outcome Outcome `json:"outcome"`
	// Wave is the last wave that was begun, from 0.
	Wave int `json:"wave"`
	// Regions are how the regions ended, in the order of the plan.
	Regions []RegionResult `json:"regions"`
	// Checkpoint is the last position.
	Checkpoint WaveCheckpoint `json:"checkpoint"`
	// Started and Ended are when Run was called and returned.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
}

// RegionResult is how one region ended.
type RegionResult struct {
	Region string `json:"region"`
	// Wave is the number of the region's wave, from 0.
	Wave int `json:"wave"`
	// Outcome is how its rollout ended, or its way back where it was promoted before. It is RolledBack too
	// where only the wave was bad. Interrupted: it is half-way. Untouched: it did not begin.
	Outcome Outcome `json:"outcome"`
	// Cause says for people why it was not promoted. Empty: it was, or it did not begin.
	Cause string `json:"cause,omitempty"`
	// Verdicts are those of its rollout in this process.
	Verdicts []gate.Verdict `json:"verdicts,omitempty"`
	// Observed is what runs there, as last seen in this process; nil before anything was.
	Observed *Observation `json:"observed,omitempty"`
	// Err is the error of its rollout, or of its way back, in this process: an *Error, or what a target
	// said that was not reached.
	Err error `json:"-"`
}

// Region is how a region ended; false where the plan has none of that name.
func (r WaveResult) Region(name string) (RegionResult, bool) {
	i := slices.IndexFunc(r.Regions, func(g RegionResult) bool { return g.Region == name })
	if i < 0 {
		return RegionResult{}, false
	}
	return r.Regions[i], true
}

// WaveError is how a rollout over several regions ended that did not promote all of them.
type WaveError struct {
	// Outcome is how it ended.
	Outcome Outcome
	// Wave is the wave at which it ended, from 0, of Waves.
	Wave, Waves int
	// Region is the first region that did not make it. Empty: a person aborted, nobody answered what the
	// wave paused for, or the context ended.
	Region string
	// Cause is why the waves did not go on: that region's *Error, an *AbortError, what could not be seen
	// in which region, or the context's cause. After ResumeWaves it may be the checkpoint's text alone. Nil where
	// all was to be undone.
	Cause error
	// Halt is why everything stopped on its way back, before all that was to be taken back was. It is set
	// with Interrupted only.
	Halt error
	// Regions are how all regions ended.
	Regions []RegionResult
}

// Error tells the outcome, the cause, and what is where.
func (e *WaveError) Error() string {
	text := fmt.Sprintf("waves %s at wave %d of %d", e.Outcome, e.Wave+1, e.Waves)
	if e.Outcome == RollbackFailed {
		text = fmt.Sprintf("ROLLBACK FAILED at wave %d of %d", e.Wave+1, e.Waves)
	}
	if e.Cause != nil {
		if e.Region != "" {
			text += ": region " + e.Region
		}
		text += ": " + e.Cause.Error()
	}
	if e.Halt != nil {
		text += fmt.Sprintf("; it stopped on the way back: %v", e.Halt)
	}
	for _, g := range e.Regions {
		text += fmt.Sprintf("; %s %s", g.Region, g.Outcome)
		if g.Region != e.Region && e.unwraps(g) {
			text += fmt.Sprintf(" (%v)", g.Err)
		}
	}
	return text
}

// Unwrap gives the cause, and the errors of regions that need a person.
func (e *WaveError) Unwrap() []error {
	var errs []error
	if e.Cause != nil {
		errs = append(errs, e.Cause)
	}
	if e.Halt != nil {
		errs = append(errs, e.Halt)
	}
	for _, g := range e.Regions {
		if e.unwraps(g) && g.Err != e.Cause {
			errs = append(errs, g.Err)
		}
	}
	return errs
}

// unwraps reports whether the error of a region is more than that of the wave.
func (e *WaveError) unwraps(g RegionResult) bool {
	switch g.Outcome {
	case RollbackFailed, Frozen, Refused:
		return g.Err != nil
	}
	return false
}

// outcome is how all regions together ended. The lock is held.
func (w *Waves) outcome(refused error) Outcome {
	count := map[Outcome]int{}
	for _, g := range w.regions {
		count[w.regionOutcome(g)]++
	}
	begun := len(w.regions) - count[Untouched] - count[Refused]
	switch {
	case count[Interrupted] > 0 || w.lost() || w.halt != nil && !w.complete(count):
		return Interrupted
	case count[RollbackFailed] > 0:
		return RollbackFailed
	case count[Frozen] > 0 || w.superseded():
		return Frozen
	case refused != nil || begun == 0 && w.undo == "":
		return Refused
	case w.undo != "":
		return RolledBack
	case !w.turned():
		return Promoted
	case count[Promoted] > 0:
		return Stopped
	}
	return RolledBack
}

// complete reports whether nothing is left to be done, though everything was to stop where it is.
func (w *Waves) complete(count map[Outcome]int) bool {
	switch {
	case w.undo != "":
		return count[Promoted] == 0
	case w.at.Abort != nil || w.at.Stopped != nil && w.plan.TakeBack == strategy.EveryWave:
		return count[Promoted] == 0 && count[Untouched] < len(w.regions)
	}
	return w.at.Stopped != nil || count[Promoted] == len(w.regions)
}

// superseded reports whether a region could not be taken back because something else was released there.
func (w *Waves) superseded() bool {
	return slices.ContainsFunc(w.regions, func(g *region) bool { return g.undone != nil && g.undone.Outcome == Refused })
}

// regionOutcome is how one region ended. The lock is held.
func (w *Waves) regionOutcome(g *region) Outcome {
	p, begun := w.at.Regions[g.name]
	switch {
	case g.undone != nil:
		return g.undone.Outcome
	case p.Undo != nil && p.Undo.Outcome != "":
		return p.Undo.Outcome
	case p.Undo != nil:
		return Interrupted
	case g.result != nil:
		return g.result.Outcome
	case !begun:
		return Untouched
	case p.Rollout.Outcome != "":
		return p.Rollout.Outcome
	}
	return Interrupted
}

// result puts together how the regions ended.
func (w *Waves) result(o Outcome) WaveResult {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := WaveResult{Outcome: o, Wave: min(w.at.Wave, len(w.plan.Waves)-1), Checkpoint: w.at.clone()}
	for _, g := range w.regions {
		one := RegionResult{Region: g.name, Wave: g.wave, Outcome: w.regionOutcome(g), Err: g.err}
		if g.undoErr != nil {
			one.Err = g.undoErr
		}
		p := w.at.Regions[g.name]
		one.Cause = p.Rollout.Cause
		if p.Undo != nil {
			one.Cause = p.Undo.Cause
		}
		if one.Cause == "" && one.Err != nil {
			one.Cause = one.Err.Error()
		}
		for _, result := range []*Result{g.result, g.undone} {
			if result == nil {
				continue
			}
			seen := result.Observed
			one.Observed = &seen
			for _, v := range result.Verdicts {
				if v.Gate != strategy.WaveGate {
					one.Verdicts = append(one.Verdicts, v)
				}
			}
		}
		r.Regions = append(r.Regions, one)
	}
	return r
}

// failure is the result as an error; nil where all went as it should.
func (w *Waves) failure(r WaveResult, refused error) *WaveError {
	if r.Outcome == Promoted || w.undo != "" && r.Outcome == RolledBack {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	e := &WaveError{Outcome: r.Outcome, Wave: r.Wave, Waves: len(w.plan.Waves), Regions: r.Regions, Cause: w.cause}
	switch {
	case refused != nil:
		e.Cause = refused
	case w.undo != "":
		e.Cause = w.halt
	case w.halt != nil && w.cause == nil:
		e.Cause = w.halt
	default:
		if r.Outcome == Interrupted {
			e.Halt = w.halt
		}
		if w.at.Stopped != nil {
			e.Region = w.at.Stopped.Region
		}
	}
	return e
}
