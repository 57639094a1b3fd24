package judge

import "math"

// track is what was seen of one question, and the money on it: all of it state.
type track struct {
	Fail  wealth `json:"fail"`
	Pass  wealth `json:"pass"`
	Floor wealth `json:"floor,omitzero"`
	Limit wealth `json:"limit,omitzero"`
	Doubt wealth `json:"doubt"`
	// Passed says that the candidate is shown to be within the margin.
	Passed bool  `json:"passed,omitempty"`
	Guard  guard `json:"guard"`
	// Cell is the open block.
	Cell cell `json:"cell"`
	// Recent fades: what the baseline's next rate is predicted from, and what blocks are like.
	Recent fading `json:"recent"`
	// Total counts both arms while the candidate was judged; Known is the baseline alone, since it is known.
	Total totals `json:"total"`
	Known counts `json:"known"`
	// Edge is the threshold of a latency in the open block.
	Edge edge `json:"edge,omitzero"`
	// Pending are values of a gauge whose counterparts have not been seen; Wander is how the arms of a
	// gauge part.
	Pending waiting `json:"pending,omitzero"`
	Wander  wander  `json:"wander,omitzero"`
	// Heard is when each arm was last measured.
	Heard [2]heard `json:"heard,omitzero"`
}

// counts are bad ones of all.
type counts struct {
	Bad float64 `json:"k"`
	Of  float64 `json:"n"`
}

// cell is one open block of a question. The candidate is counted thrice: against what is harm, what
// passes, and what is no difference at all.
type cell struct {
	X     [3]float64 `json:"x"`
	Of    float64    `json:"nc"`
	Y     float64    `json:"y"`
	Base  float64    `json:"nb"`
	Parts [2]counts  `json:"parts"`
}

const (
	toFail = iota
	toPass
	toDoubt
)

func (c *cell) block(which int) block { return block{c.X[which], c.Of, c.Y, c.Base} }

// fading are sums in which each block counts less than the next one.
type fading struct {
	Y      float64 `json:"y"`
	Base   float64 `json:"nb"`
	X      float64 `json:"x"`
	Of     float64 `json:"nc"`
	Blocks float64 `json:"b"`
}

// fade is what is left of a block's weight after the next: half after some 46.
const fade = 0.985

func (f *fading) add(c *cell, which int) {
	f.Y, f.Base = f.Y*fade+c.Y, f.Base*fade+c.Base
	f.X, f.Of = f.X*fade+c.X[which], f.Of*fade+c.Of
	f.Blocks = f.Blocks*fade + 1
}

// totals are sums since judging began, and those of Mantel and Haenszel for the ratio of rates within
// blocks: what is common to both arms cancels in them.
type totals struct {
	X    float64 `json:"x"`
	Of   float64 `json:"nc"`
	Y    float64 `json:"y"`
	Base float64 `json:"nb"`
	R    float64 `json:"r"`
	S    float64 `json:"s"`
	P    float64 `json:"p"`
	// Sums and numbers of a gauge's values.
	Values [2]counts `json:"values,omitzero"`
}

func (t *totals) add(b block, poisson bool) {
	t.X, t.Of, t.Y, t.Base = t.X+b.x, t.Of+b.nc, t.Y+b.y, t.Base+b.nb
	n := b.nc + b.nb
	if !(b.nc > 0 && b.nb > 0) {
		return
	}
	t.R += b.x * b.nb / n
	t.S += b.y * b.nc / n
	t.P += (b.nc / n) * (b.nb / n) * (b.x + b.y)
	if !poisson {
		t.P -= b.x * b.y / n
	}
}

// passStake is more than failStake: a pass cannot come late, there is nothing to keep money for.
const (
	failStake = 0.5
	passStake = 0.8
)

func newTrack(q *question) track {
	t := track{
		Fail:  newWealth(len(q.failAlternatives()), failStake),
		Pass:  newWealth(q.passAlternatives(), passStake),
		Doubt: newWealth(len(q.doubtAlternatives()), failStake),
	}
	if q.floor > 0 {
		t.Floor = newWealth(len(passFloors), passStake)
	}
	if q.limit > 0 {
		t.Limit = newWealth(len(limitOdds), failStake)
	}
	return t
}

// The weights of what is believed before anything was seen: two bad ones at the usual rate.
const priorBad = 2

// expected is the baseline's rate in the next block, predicted from the past alone.
func (t *track) expected(q *question) float64 {
	prior := q.prior
	if q.usual > 0 {
		prior = q.usual
	}
	if q.kind != slower && t.Known.Of > 0 {
		prior = t.longRun(q)
	}
	return (t.Recent.Y + priorBad) / (t.Recent.Base + priorBad/prior)
}

// longRun is the baseline's rate over all that is known of it.
func (t *track) longRun(q *question) float64 {
	return (t.Known.Bad + priorBad) / (t.Known.Of + priorBad/q.prior)
}

// usual is the rate that margins are ratios of. An incident must not widen them: the lower one of all
// that is known and of the recent past. Nor must what is only believed: of all that is known it is what
// the baseline's rate is at least.
func (t *track) usual(q *question) float64 {
	if q.usual > 0 {
		return q.usual
	}
	return min(lowerRate(t.Known.Bad, t.Known.Of), t.expected(q))
}

// bets are the settings of one block's bets.
type bets struct {
	failCap, passCap float64
	cold             bool // what waits for the warm-up does not bet
}

// settle bets on the open block, learns from it and opens the next.
func (t *track) settle(q *question, at bets) {
	if q.kind == sampled {
		t.settleGauge(q, at)
		return
	}
	c := &t.Cell
	if c.Base == 0 && c.Of == 0 {
		return
	}
	if waits := at.cold && q.cold; !waits && (q.kind != slower || t.Edge.Set) {
		if t.ready(q) {
			t.betAll(q, at)
		}
		t.Total.add(c.block(toDoubt), q.kind == events)
	}
	t.Guard.observe(c.Parts[0].Bad, c.Parts[0].Of, c.Parts[1].Bad, c.Parts[1].Of, q.kind == events)
	t.Recent.add(c, toDoubt)
	t.Known.Bad += c.Y
	t.Known.Of += c.Base
	t.Cell = cell{}
}

// ready reports whether anything is known that a bet could be built on. Without any idea of the
// baseline's rate one large block could cost all the stake.
func (t *track) ready(q *question) bool {
	return q.kind == slower || q.usual > 0 || t.Known.Of > 0
}

func (t *track) betAll(q *question, at bets) {
	c, phi, qb := &t.Cell, t.Guard.factor(), t.expected(q)
	var room [len(failRatios)]float64
	l := q.failLine(t)
	t.Fail.betOnHarm(q.harmGains(room[:0], c.block(toFail), qb, l, q.failAlternatives()), phi, at.failCap)
	t.Doubt.betOnHarm(q.harmGains(room[:0], c.block(toDoubt), qb, line{1, 0}, q.doubtAlternatives()), phi, at.failCap)
	t.Pass.bet(q.passGains(room[:0], c.block(toPass), qb, t), phi, at.passCap)
	if q.floor > 0 && c.Base > 0 {
		gains := room[:0]
		for _, part := range passFloors {
			gains = append(gains, q.alone(c.block(toPass), part*q.floor, q.floor))
		}
		t.Floor.bet(gains, phi, at.passCap)
	}
}

// harmGains are the logarithms of the e-values against the line, for each alternative of harm.
func (q *question) harmGains(to []float64, b block, qb float64, l line, alternatives []float64) []float64 {
	c := l.at(qb)
	for _, by := range alternatives {
		if q.kind != events && !(c < 1) {
			to = append(to, 0)
			continue
		}
		to = append(to, q.evalue(b, q.worse(c, by), qb, l))
	}
	return to
}

// floorPart is the part of the money that is on the floor, where there are two ways to pass: it needs no
// baseline, so it is the quicker one.
const floorPart = 2.0 / 3

// harm is the logarithm of the money that speaks of harm, passing that of the money that speaks of a
// pass.
func (t *track) harm(q *question) float64 {
	if q.limit > 0 {
		return addLogs(t.Fail.log(), t.Limit.log()) - math.Ln2
	}
	return t.Fail.log()
}

func (t *track) passing(q *question) float64 {
	if q.floor > 0 {
		return max(t.Pass.log()+math.Log(1-floorPart), t.Floor.log()+math.Log(floorPart))
	}
	return t.Pass.log()
}

// forget throws away what was won for a pass beyond so much.
func (t *track) forget(q *question, most float64) {
	if q.floor > 0 {
		t.Floor.spend(most - math.Log(floorPart))
		most -= math.Log(1 - floorPart)
	}
	t.Pass.spend(most)
}

// renew throws away the evidence of harm, which no false alarm can come from.
func (t *track) renew(q *question) {
	fresh := newTrack(q)
	t.Fail, t.Limit = fresh.Fail, fresh.Limit
}
