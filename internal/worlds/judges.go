package worlds

import (
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// Judged lets a judge decide.
type Judged struct {
	// Title is how it is called in tables.
	Title string
	// Config is what the judge is told; whether the baseline is fresh comes from the world.
	Config judge.Config
	// Ramp are the stages that the candidate walks, as with Fixed. Empty: the candidate gets the share
	// that the judge allows, and the first pass promotes it.
	Ramp []Stage
}

var _ Policy = Judged{}

// Name is the title.
func (j Judged) Name() string { return j.Title }

// Pilot teaches a judge what was measured before.
func (j Judged) Pilot(w World, s *Source) (Pilot, error) {
	c := j.Config
	c.FreshBaseline = w.Fresh
	judging, err := judge.New(c)
	if err != nil {
		return nil, err
	}
	for cell := range historyCells {
		q := metrics.Query{Group: StableLabel, From: timeOf(cell), To: timeOf(cell + 1)}
		sample, err := s.sample(q, cell)
		if err != nil {
			return nil, err
		}
		if err := judging.Learn(sample); err != nil {
			return nil, err
		}
	}
	return &judgedPilot{judge: judging, source: s, read: historyCells, late: int((w.Late + Cell - 1) / Cell), last: judging.Judgement(), walk: newWalk(j.Ramp)}, nil
}

type judgedPilot struct {
	judge  *judge.Judge
	source *Source
	read   int // up to which cell
	late   int // by how many cells data are late
	last   judge.Judgement
	walk   *walk
}

// Look feeds the cells that are known by now.
func (p *judgedPilot) Look(now time.Time) (float64, gate.Outcome, error) {
	if p.walk != nil && !p.walk.due(now) {
		return p.walk.share(), gate.Continue, nil
	}
	for ; p.read < p.source.now-p.late; p.read++ {
		group := StableLabel
		if p.source.world.Fresh {
			group = BaselineLabel
		}
		sample, err := p.source.sample(metrics.Query{Group: group, From: timeOf(p.read), To: timeOf(p.read + 1)}, p.read)
		if err != nil {
			return 0, "", err
		}
		if p.last, err = p.judge.Observe(sample); err != nil {
			return 0, "", err
		}
	}
	j := p.last
	if p.walk != nil {
		share, outcome := p.walk.step(now, j.Outcome)
		return share, outcome, nil
	}
	return j.MaxShare, j.Outcome, nil
}

// sample is one cell of both arms.
func (s *Source) sample(baseline metrics.Query, cell int) (judge.Sample, error) {
	sample := judge.Sample{From: baseline.From, To: baseline.To, Share: s.share[cell]}
	parts, err := s.parts(baseline)
	if err != nil {
		return judge.Sample{}, err
	}
	sample.Parts = parts
	for _, part := range parts {
		sample.Baseline.Requests += part.Requests
		sample.Baseline.Errors += part.Errors
		if sample.Baseline.Latency, err = sample.Baseline.Latency.Plus(part.Latency); err != nil {
			return judge.Sample{}, err
		}
	}
	if cell >= historyCells && !s.world.Silent {
		sample.Candidate = s.window(candidate, cell, cell+1)
	}
	return sample, nil
}
