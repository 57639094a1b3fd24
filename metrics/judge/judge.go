package judge

import (
	"fmt"
	"math"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Judge compares a candidate with its baseline, sample by sample. It holds no clock: time is that of
// the samples. It belongs to one goroutine.
type Judge struct {
	config    Config
	questions []question
	state     state
	scale     *scale // of the latencies; nil until one was seen
	deaf      bool   // to the baseline's silence
}

// New is a judge that has seen nothing.
func New(c Config) (*Judge, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	j := &Judge{config: c, questions: c.questions()}
	j.state = state{
		Version: stateVersion, Config: c.fingerprint(),
		Ratio: newWealth(len(ratioChances), failStake), Sick: newWealth(len(limitOdds), failStake),
		Warm: c.WarmUp == 0,
	}
	for i := range j.questions {
		j.state.Tracks = append(j.state.Tracks, newTrack(&j.questions[i]))
	}
	return j, nil
}

// Observe takes one more sample, and says what is thought of the release now. After an error the judge
// is as it was before.
func (j *Judge) Observe(s Sample) (Judgement, error) {
	if err := s.validate(); err != nil {
		return Judgement{}, err
	}
	if s.From.Before(j.state.End) {
		return Judgement{}, fmt.Errorf("%w: it begins at %s, before %s", ErrOverlap, s.From.Format(time.RFC3339Nano), j.state.End.Format(time.RFC3339Nano))
	}
	if err := j.measurable(s); err != nil {
		return Judgement{}, err
	}
	j.begin(s)
	if j.state.Open.Covered > 0 && j.state.Open.Share != s.Share {
		j.settle() // with another share, what is common to both arms would no longer cancel in one block
	}
	j.state.Open.Share = s.Share
	j.fill(s)
	j.state.Look.add(s, j.config.FreshBaseline)
	if j.state.Look.Took >= j.config.Look {
		j.look()
		if j.complete() {
			j.settle()
		}
		j.convict()
		j.ramp()
	}
	return j.Judgement(), nil
}

// Learn takes a sample of the baseline from before the release: its usual rates, its latencies and its
// noise are known then when the candidate comes. It bets nothing, and looks at Baseline and Parts alone.
// It is an error after the first Observe.
func (j *Judge) Learn(s Sample) error {
	if err := s.validate(); err != nil {
		return err
	}
	switch {
	case !j.state.End.IsZero():
		return fmt.Errorf("%w: judging has begun, nothing is learned any more", ErrOverlap)
	case s.From.Before(j.state.Learned):
		return fmt.Errorf("%w: it begins at %s, before %s", ErrOverlap, s.From.Format(time.RFC3339Nano), j.state.Learned.Format(time.RFC3339Nano))
	}
	s.Candidate, s.Share = metrics.Window{}, 0
	if err := j.measurable(s); err != nil {
		return err
	}
	j.state.Learned = s.To.UTC()
	j.fill(s)
	if j.state.Open.Covered >= j.config.Look && j.state.Open.Baseline >= j.config.MinBlock {
		j.learn()
	}
	return nil
}

// learn closes a block without a candidate.
func (j *Judge) learn() {
	j.state.Pace.add(&look{Took: j.state.Open.Covered, Baseline: counts{0, float64(j.state.Open.Baseline)}})
	for i := range j.questions {
		j.state.Tracks[i].settle(&j.questions[i], bets{cold: true})
	}
	j.state.Open = openBlock{Stale: true}
}

// begin notes when things happened first.
func (j *Judge) begin(s Sample) {
	st := &j.state
	if st.End.IsZero() {
		if st.Open.Covered > 0 {
			j.learn()
		}
		st.Start = s.From.UTC()
	}
	st.End = s.To.UTC()
	for i, w := range [...]metrics.Window{s.Candidate, s.Baseline} {
		st.Requests[i] += w.Requests
		// Who serves nobody any more may still be alive enough to be scraped.
		if w.Requests > 0 || !j.counted() && (len(w.Gauges) > 0 || len(w.Counts) > 0) {
			st.Heard[i] = st.End
		}
	}
	for i := range j.questions {
		j.hear(i, s)
	}
	if st.First.IsZero() && st.Heard[0].Equal(st.End) {
		st.First = s.From.UTC()
	}
}

// complete reports whether the open block can be judged: it depends on how much there is, never on
// what it says.
func (j *Judge) complete() bool {
	open := &j.state.Open
	enough := open.Candidate >= j.config.MinBlock && open.Baseline >= j.config.MinBlock
	return enough || open.Covered >= j.config.MaxBlock || !j.counted() && !j.state.First.IsZero()
}

// counted reports whether anything is judged per request.
func (j *Judge) counted() bool {
	for i := range j.questions {
		if k := j.questions[i].kind; k != sampled && !j.questions[i].perShare {
			return true
		}
	}
	return false
}

// settle judges the open block and begins the next.
func (j *Judge) settle() {
	st := &j.state
	st.Life.add(st.Open.Lag)
	if st.Warm {
		st.Trend.add(st.Open.Lag)
	}
	at := bets{failCap: j.harmCap(), passCap: j.passLimit() / 2, cold: !st.Warm}
	for i := range j.questions {
		st.Tracks[i].settle(&j.questions[i], at)
		t, need := &st.Tracks[i], j.passLimit()
		if t.Passed {
			need -= relapse
		}
		t.Passed = t.passing(&j.questions[i]) >= need
		t.forget(&j.questions[i], j.passLimit()+spare)
	}
	st.Open = openBlock{Share: st.Open.Share, Stale: true}
	j.warm() // after the bets: whether a block is bet on does not depend on what it says
}

// relapse is by how much the logarithm of the odds of a metric that passed may fall until it has not.
// Statistics would let it stay; but who passed by luck is found out by the data that follow.
const relapse = 2

// spare is by how much the logarithm of the odds of a pass may exceed what is needed. What was won beyond
// it is thrown away, which no false pass can come from: else a candidate that was good for long could be
// bad for long until its money is lost.
const spare = 3.0

// edges chooses the thresholds of a block that has begun, before anything of it is counted. It waits for
// the block's first histogram, as the bounds are not kept in the state.
func (j *Judge) edges() {
	j.state.Open.Stale = false
	for i := range j.questions {
		if q := &j.questions[i]; q.kind == slower {
			j.state.Tracks[i].Edge = j.scale.edge(q, j.state.Latencies.Baseline)
		}
	}
}

// harmLimit and passLimit are the logarithms of the odds at which harm, and harmlessness, are shown.
func (j *Judge) harmLimit() float64 { return -math.Log(j.config.Alpha) }
func (j *Judge) passLimit() float64 { return -math.Log(j.config.Beta) }

// harmCap is what one block may win at most: half of what it takes, at odds of 100:1 at least, so that
// who asks for less proof is not slower to get it; but always less than what lets two blocks decide that
// begin with the first stake.
func (j *Judge) harmCap() float64 {
	two := math.Log((1/j.config.Alpha-(1-failStake))/failStake) / 2
	return min(max(j.harmLimit(), math.Log(100))/2, 0.99*two)
}

// harm is the logarithm of the odds of harm: the weighted mean of the money of all questions. Without
// those that a cold candidate is excused from, if they are not wanted. Where nothing may fail, they are even.
func (j *Judge) harm(cold bool) float64 {
	sum := math.Inf(-1)
	for i := range j.questions {
		q := &j.questions[i]
		if q.weight > 0 && (cold || !q.cold) {
			sum = addLogs(sum, math.Log(q.weight)+j.state.Tracks[i].harm(q))
		}
	}
	if math.IsInf(sum, -1) {
		return 0
	}
	return sum
}
