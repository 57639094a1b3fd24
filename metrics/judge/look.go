package judge

import (
	"math"
	"time"
)

// look is the open look: what is judged at once, without waiting for enough requests of both arms.
type look struct {
	Took time.Duration `json:"took"`
	// Candidate and Baseline count all requests, failed ones among them.
	Candidate counts `json:"c"`
	Baseline  counts `json:"b"`
	// Meant is the number of requests that the candidate was meant to get of Of, in millionths.
	Meant float64 `json:"meant"`
	Of    float64 `json:"of"`
	// Fresh says that the baseline is not the rest of the traffic.
	Fresh bool `json:"fresh,omitempty"`
}

func (l *look) add(s Sample, fresh bool) {
	l.Took += s.To.Sub(s.From)
	nc, nb := float64(s.Candidate.Requests), float64(s.Baseline.Requests)
	l.Candidate = counts{l.Candidate.Bad + float64(s.Candidate.Errors), l.Candidate.Of + nc}
	l.Baseline = counts{l.Baseline.Bad + float64(s.Baseline.Errors), l.Baseline.Of + nb}
	if s.Share > 0 {
		l.Meant += math.Round(s.Share*1e6) * (nc + nb)
		l.Of += nc + nb
	}
	l.Fresh = fresh
}

// share is the candidate's intended part of the traffic; zero: nobody knows.
func (l *look) share() float64 {
	if l.Of == 0 {
		return 0
	}
	return l.Meant / 1e6 / l.Of
}

// meant is how many requests the candidate was meant to get, by what the baseline got: those that it
// drops may be counted nowhere. Where the baseline is the smaller one, by what both got.
func (l *look) meant(share float64) float64 {
	if share > 0.5 {
		return share * (l.Candidate.Of + l.Baseline.Of)
	}
	return l.Baseline.Of * share / (1 - share)
}

// freshShare is the part of both arms' requests that a candidate beside a fresh baseline is meant to get:
// the two are as large.
const freshShare = 0.5

// leastShare is the part of its share that a candidate must get lately to pass.
const leastShare = 0.8

// got counts the candidate's requests and those that it was meant to get, of late.
type got struct {
	Of    float64 `json:"n"`
	Meant float64 `json:"meant"`
}

func (g *got) add(n, meant float64) { g.Of, g.Meant = g.Of*fade+n, g.Meant*fade+meant }

// missing reports whether requests are missing by more than a standard error.
func (g *got) missing() bool { return g.Of+math.Sqrt(g.Of) < leastShare*g.Meant }

// surely are the odds at which a missing share or a sick baseline is taken for shown.
const surely = 1000

// look closes the look: does the candidate get its share, and is the baseline fit to be compared with?
func (j *Judge) look() {
	st := &j.state
	l := st.Look
	st.Look = look{}
	st.Pace.add(&l)
	most := math.Log(surely) / 2
	var room [len(limitOdds)]float64
	gains := room[:0]
	if share := l.share(); share > 0 {
		if l.Fresh {
			share = freshShare
		}
		st.Got.add(l.Candidate.Of, l.meant(share))
		// Against half of the intended share, as clients may stick to a version.
		for _, chance := range ratioChances {
			gains = append(gains, oneArm(l.Candidate.Of, l.Candidate.Of+l.Baseline.Of, chance*share/2, share/2))
		}
		st.Ratio.betOnHarm(gains, 1, most)
	}
	gains = room[:0]
	for _, times := range limitOdds {
		sick := j.config.Unhealthy
		gains = append(gains, oneArm(l.Baseline.Bad, l.Baseline.Of, timesOdds(sick, times), sick))
	}
	st.Sick.betOnHarm(gains, 1, most)
	for i := range j.questions {
		if q, t := &j.questions[i], &st.Tracks[i]; q.limit > 0 {
			gains = room[:0]
			for _, times := range limitOdds {
				gains = append(gains, oneArm(l.Candidate.Bad, l.Candidate.Of, timesOdds(q.limit, times), q.limit))
			}
			t.Limit.betOnHarm(gains, t.Guard.factor(), j.harmCap())
		}
	}
	st.Ramp.see(&l)
}

// pace is how fast requests come, over the last minutes: what is left of each sum fades with time.
type pace struct {
	Candidate float64 `json:"c"`
	All       float64 `json:"a"`
	Seconds   float64 `json:"s"`
}

// pacing is the time in which a second of the past loses all but 1/e of its weight.
const pacing = 60.0

func (p *pace) add(l *look) {
	seconds := l.Took.Seconds()
	left := math.Exp(-seconds / pacing)
	all := l.Candidate.Of + l.Baseline.Of
	if share := l.share(); l.Fresh && share > 0 {
		// The rest of the traffic is not seen.
		all = l.Candidate.Of / share
	}
	p.Candidate = p.Candidate*left + l.Candidate.Of
	p.All = p.All*left + all
	p.Seconds = p.Seconds*left + seconds
}

// rate is requests a second: of the candidate, and of all that is seen.
func (p *pace) rate() (candidate, all float64) {
	if p.Seconds == 0 {
		return 0, 0
	}
	return p.Candidate / p.Seconds, p.All / p.Seconds
}
