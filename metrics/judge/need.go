package judge

import (
	"fmt"
	"math"
	"time"
)

// need is what it takes until the question passes, if the candidate is as good as the baseline: the
// money that is missing, by what a block like the last ones is expected to bring. The e-value of a
// block is linear in its counts, so the expectation is that of the expected counts. Where the data speak of
// harm, nobody can tell: what a good candidate would need is of no use.
func (j *Judge) need(q *question, t *track) Need {
	f := &t.Recent
	if t.Passed || f.Blocks < 0.5 || q.kind == sampled || f.Of == 0 || f.Base == 0 || t.harm(q) >= math.Log(suspicious) {
		return Need{}
	}
	nc, nb := f.Of/f.Blocks, f.Base/f.Blocks
	qb := t.expected(q)
	b := block{qb * nc, nc, qb * nb, nb}
	if q.kind == slower {
		// Less is above the threshold of the pass than above the baseline's own.
		b.x = q.worse(min(q.passLine(t).at(qb), 0.99), t.Edge.PassOdds) * nc
	}
	blocks := math.Inf(1)
	phi := t.Guard.factor()
	reach := func(w *wealth, part float64, gains []float64) {
		for i, gain := range gains {
			if gain = min(gain/phi, j.passLimit()/2/math.Sqrt(phi)); gain > 0 {
				blocks = min(blocks, max(j.passLimit()-math.Log(part)-w.Money[i], 0)/gain)
			}
		}
	}
	var room [len(failRatios)]float64
	if q.floor == 0 {
		reach(&t.Pass, 1, q.passGains(room[:0], b, qb, t))
		return j.needed(math.Ceil(blocks) * nc)
	}
	reach(&t.Pass, 1-floorPart, q.passGains(room[:0], b, qb, t))
	gains := room[:0]
	for _, part := range passFloors {
		gains = append(gains, q.alone(b, part*q.floor, q.floor))
	}
	reach(&t.Floor, floorPart, gains)
	return j.needed(math.Ceil(blocks) * nc)
}

// needed is a number of the candidate's requests with the time that they take.
func (j *Judge) needed(requests float64) Need {
	candidate, _ := j.state.Pace.rate()
	if !(requests < 1e15) || candidate <= 0 {
		return Need{}
	}
	seconds := requests / candidate
	if seconds > 1e9 {
		return Need{}
	}
	return Need{uint64(max(requests, 1)), time.Duration(seconds * float64(time.Second)).Round(time.Second)}
}

// String is the need as people say it.
func (n Need) String() string {
	if n.Requests == 0 {
		return "nobody can tell how much more data that needs"
	}
	minutes := n.Time.Minutes()
	if minutes < 1.5 {
		return fmt.Sprintf("needs %d more requests, about %d seconds at this rate", n.Requests, int(math.Ceil(n.Time.Seconds())))
	}
	return fmt.Sprintf("needs %d more requests, about %.0f minutes at this rate", n.Requests, math.Ceil(minutes))
}
