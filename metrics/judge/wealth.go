package judge

import "math"

// wealth is a bettor's money, in logarithms: some on each alternative, the rest in cash. Cash is an
// e-value of 1, so staking some of it late keeps every bet fair.
type wealth struct {
	Money []float64 `json:"m"`
	Cash  float64   `json:"c"`
	// Blocks counts the bets; at Restart of them much of the cash is staked anew.
	Blocks  int `json:"b"`
	Restart int `json:"r"`
}

// broke is the logarithm of money that is none: far below what could matter, far above what
// exponentials cannot hold. rich is as much as is counted.
const (
	broke = -700.0
	rich  = 700.0
)

// firstRestart is after how many blocks much of the cash is staked anew; then after twice as many, and
// so on. Between them a little is staked in each block, so that what begins at any time finds money that
// the good time before it did not cost.
const firstRestart = 12

// newWealth has one coin: the stake spread evenly over n alternatives, and the rest in cash.
func newWealth(n int, stake float64) wealth {
	w := wealth{Money: make([]float64, n), Cash: math.Log(1 - stake), Restart: firstRestart}
	for i := range w.Money {
		w.Money[i] = math.Log(stake / float64(n))
	}
	return w
}

// log is the logarithm of all the money.
func (w *wealth) log() float64 {
	most := w.Cash
	for _, m := range w.Money {
		most = max(most, m)
	}
	sum := math.Exp(w.Cash - most)
	for _, m := range w.Money {
		sum += math.Exp(m - most)
	}
	return most + math.Log(sum)
}

// bet settles one block: gains are the logarithms of the e-values of each alternative, damped by the
// noise factor, which keeps them fair by Jensen's inequality, and capped, so that no block decides: where
// failures come in clumps, a lower cap makes it take several clumps.
func (w *wealth) bet(gains []float64, noise, most float64) { w.settle(gains, noise, most, broke) }

// betOnHarm is bet where harm may begin at any time: money that good data have cost may come back to what
// it was in the beginning before the cap counts, so harm is not found later because it begins later. A
// cap that the past alone decides on keeps a bet fair.
func (w *wealth) betOnHarm(gains []float64, noise, most float64) {
	w.settle(gains, noise, most, math.Log(failStake/float64(len(w.Money))))
}

func (w *wealth) settle(gains []float64, noise, most, fresh float64) {
	for i, m := range w.Money {
		gain := min(gains[i]/noise, most/math.Sqrt(noise)+max(0, fresh-m))
		if gain != gain {
			gain = 0
		}
		w.Money[i] = min(max(m+gain, broke), rich)
	}
	w.Blocks++
	part := trickle(w.Blocks)
	if w.Blocks >= w.Restart {
		w.Restart *= 2
		part = 0.25
	}
	w.stake(part)
}

// trickle is which part of the cash is staked after the n-th block. What is left of it falls as
// 1/log(n), so that some is there at any time.
func trickle(n int) float64 {
	before, after := math.Log(float64(n+firstRestart)), math.Log(float64(n+1+firstRestart))
	return 1 - before/after
}

// stake stakes a part of the cash anew, evenly: for what begins late, and whatever was lost before.
func (w *wealth) stake(part float64) {
	each := w.Cash + math.Log(part/float64(len(w.Money)))
	for i, m := range w.Money {
		w.Money[i] = addLogs(m, each)
	}
	w.Cash = max(w.Cash+math.Log1p(-part), broke)
}

// spend leaves no more than so much on all alternatives together. The cash stays: who has lost needs it.
func (w *wealth) spend(most float64) {
	staked := broke
	for _, m := range w.Money {
		staked = addLogs(staked, m)
	}
	if staked <= most {
		return
	}
	for i, m := range w.Money {
		w.Money[i] = max(m-(staked-most), broke)
	}
}

// best is the alternative with the most money.
func (w *wealth) best() int {
	at := 0
	for i, m := range w.Money {
		if m > w.Money[at] {
			at = i
		}
	}
	return at
}

// addLogs is log(exp(a) + exp(b)).
func addLogs(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	return a + math.Log1p(math.Exp(b-a))
}
