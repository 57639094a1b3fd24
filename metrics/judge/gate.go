package judge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// Gate is a Judge as a gate.Gate. It holds no state: what it knows is in the Memory of its verdicts, so
// one Gate serves any number of releases, and goes on in a process that takes over.
//
// Check reads what was measured from where its memory ends up to Subject.Now, in looks of Config.Look.
// Looks that were missed are made up for, so an older memory leads to the same judgement. Alpha is
// that of the release: the memory goes on from step to step, and so does MinBake, which is counted once
// (how long each step bakes is the plan's business). A pass needs news of the candidate from the
// present step all the same.
//
// Before the candidate gets all the traffic it must have been shown to be harmless. An earlier step,
// after which it gets a part of it (Subject.Next), passes as soon as that part is within
// Judgement.MaxShare: what is risked by then is bounded by Config.Ramp. So a plan of many small steps,
// all with this gate, is a ramp that grows by evidence.
//
// The baseline is Subject.Baseline, or else Subject.Stable. Where a step has neither, because the
// candidate has all the traffic, there is nothing to compare with: the answer is Inconclusive. With
// Errors.Limit, what was found in earlier steps stands, as long as the candidate stays below the limit.
//
// What cannot be, such as more errors than requests, is an error of Check until Config.MaxBlock is over:
// the source may correct it. Then it is passed over, and counts for neither side.
//
// A memory that is not of a Gate with this Config, because it was changed while the release was under way,
// is told in the verdict, which is no pass then; the judging begins anew with the present step.
//
// An error of the source is an error of Check. ErrNoData is none: it is a stretch without requests.
// An arm of which a look is not known to its end is waited for, for twelve looks after Delay at most. A
// source that answers with a wider stretch than it was asked for (a resolution coarser than Look) is read
// in its own stretches. Those of the two arms need not end together: each arm is counted up to the end of
// its own, and looks are made so long that what one arm is ahead of the other is a quarter of them at
// most. A stretch that began before the release is left out.
type Gate struct {
	// Source is where both arms are read. One that is a metrics.Parter, or unwraps to one, feeds the
	// noise guard, too; one that is a metrics.Namer lets Validate check the names of counts and gauges.
	Source metrics.Source
	// Config says what is judged, and how.
	Config Config
	// Delay is how long after a stretch the source knows all of it. Default: none.
	Delay time.Duration
	// History is how far back the baseline is learned from before the release: its usual rates, its
	// latencies, its noise. Default: 10 min. Negative: not at all.
	History time.Duration
}

var _ gate.Gate = Gate{}

// Validate reports everything that is wrong with the settings, unknown names among it.
func (g Gate) Validate() error {
	var errs *multierror.Error
	if g.Source == nil {
		errs = multierror.Append(errs, errors.New("Gate.Source: is missing"))
	}
	if err := g.Config.Validate(); err != nil {
		errs = multierror.Append(errs, fmt.Errorf("Gate.Config: %w", err))
	}
	if g.Delay < 0 {
		errs = multierror.Append(errs, fmt.Errorf("Gate.Delay: %s is below zero", g.Delay))
	}
	if namer, ok := ability[metrics.Namer](g.Source); ok {
		known := namer.Names()
		for i, m := range g.Config.Metrics {
			switch m.(type) {
			case Count, Gauge:
				if !slices.Contains(known, m.Name()) {
					errs = multierror.Append(errs, fmt.Errorf("Gate.Config: Config.Metrics[%d]: the source has no %q: %w", i, m.Name(), metrics.ErrUnknownMetric))
				}
			}
		}
	}
	return errs.ErrorOrNil()
}

// ability finds what more a source can do, also where it is wrapped.
func ability[T any](s metrics.Source) (T, bool) {
	for s != nil {
		if t, ok := s.(T); ok {
			return t, true
		}
		wrapped, ok := s.(interface{ Unwrap() metrics.Source })
		if !ok {
			break
		}
		s = wrapped.Unwrap()
	}
	var none T
	return none, false
}

// memory is what a Gate remembers between two questions.
type memory struct {
	// Read is up to when both arms were read.
	Read time.Time `json:"read"`
	// Ends are up to when the candidate and the baseline were counted, where their stretches do not end
	// together.
	Ends [2]time.Time `json:"ends"`
	// Judge is the state of the judge.
	Judge json.RawMessage `json:"judge"`
}

// Check reads what is new, and judges.
func (g Gate) Check(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
	if err := g.Validate(); err != nil {
		return gate.Verdict{}, err
	}
	if err := g.Fits(s); err != nil {
		return gate.Verdict{}, err
	}
	r, foreign := g.reader(s)
	if foreign != nil {
		s.Memory = nil // what was shown is lost with it; to be stuck would be worse
		var err error
		if r, err = g.reader(s); err != nil {
			return gate.Verdict{}, err
		}
	}
	late, err := r.catchUp(ctx)
	if err != nil {
		return gate.Verdict{}, err
	}
	v := g.answer(r.judge, s, r.against())
	if late && v.Outcome != gate.Fail {
		v.Outcome, v.Reason = gate.Continue, fmt.Sprintf("read up to %s so far, and there is more", r.read.Format(time.RFC3339))
	}
	if foreign != nil {
		v.Reason = fmt.Sprintf("it begins anew, since what it remembers is not its own (%v): %s", foreign, v.Reason)
		if v.Outcome == gate.Pass {
			v.Outcome = gate.Continue
		}
	}
	if r.passedOver != nil {
		v.Reason = fmt.Sprintf("%s (passed over, as it cannot be: %v)", v.Reason, r.passedOver)
	}
	if v.Memory, err = r.remember(); err != nil {
		return gate.Verdict{}, err
	}
	return v, nil
}

// Fits reports that the subject has no candidate. Where there is nothing to compare it with, a person is asked,
// unless a limit says what is harm by itself.
func (g Gate) Fits(s gate.Subject) error {
	if s.Candidate == "" {
		return fmt.Errorf("%s has no candidate group", s.Step)
	}
	return nil
}

// answer is the verdict on a step.
func (g Gate) answer(j *Judge, s gate.Subject, against string) gate.Verdict {
	judgement := j.Judgement()
	switch {
	case judgement.Outcome == gate.Fail:
	case against == "":
		judgement = j.alone(judgement)
	case judgement.allows(s.Next):
		judgement.Reason = fmt.Sprintf("no harm was seen that would forbid the next %.3g%%: %s", 100*s.Next, judgement.Reason)
		judgement.Outcome = gate.Pass
	}
	if silent := !j.state.Heard[0].After(s.Since); silent && (judgement.Outcome == gate.Pass || judgement.Outcome == gate.Inconclusive && judgement.Cause == CauseMoreData) {
		judgement.Outcome, judgement.Cause, judgement.Reason = gate.Continue, CauseNoData, "nothing was heard of the candidate in this step yet"
	}
	last := s.End && judgement.Outcome == gate.Continue
	if last {
		judgement = j.lastWord(judgement)
	}
	v := judgement.Verdict(s.Candidate, against)
	v.At, v.Late = s.Now, last && v.Outcome == gate.Fail
	return v
}

// allows reports whether a judgement that is no answer yet lets the candidate have a larger part of the
// traffic, though not all of it.
func (g Judgement) allows(share float64) bool {
	undecided := g.Outcome == gate.Continue && (g.Cause == CauseMoreData || g.Cause == CauseWarmingUp || g.Cause == CauseDoubt)
	return undecided && g.Odds < suspicious && share > 0 && share < 1 && share <= g.MaxShare
}

// alone judges a candidate that nothing is left to compare with.
func (j *Judge) alone(g Judgement) Judgement {
	limited := slices.ContainsFunc(j.questions, func(q question) bool { return q.limit > 0 })
	if limited && g.Outcome != gate.Fail {
		// The baseline need not be heard of.
		deaf := *j
		deaf.deaf = true
		g = deaf.Judgement()
	}
	if limited && (g.Outcome == gate.Pass || g.Cause == CauseWarmingUp || g.Cause == CauseDoubt) {
		return g
	}
	g.Outcome, g.Cause = gate.Inconclusive, CauseNoData
	g.Reason = "nothing is left to compare the candidate with: the step has no stable and no baseline group"
	return g
}

// lastWord is what is said where nothing is shown and no time is left.
func (j *Judge) lastWord(g Judgement) Judgement {
	why := g.Reason
	if g.Need.Requests > 0 && g.Cause != CauseMoreData {
		why += "; " + g.Need.String()
	}
	switch j.config.AtEnd {
	case Extend:
		return g
	case Reject:
		g.Outcome, g.Reason = gate.Fail, "not shown to be harmless in time: "+why
		return g
	case Accept:
		if g.Cause == CauseMoreData && j.served() >= j.config.MinBake && g.Odds < suspicious {
			g.Outcome, g.Reason = gate.Pass, "no harm was seen, though little was shown: "+why
			return g
		}
	}
	g.Outcome, g.Reason = gate.Inconclusive, "no answer in time: "+why
	return g
}
