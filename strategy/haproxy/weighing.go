package haproxy

import (
	"fmt"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// heaviest is the highest weight of a server.
const heaviest = 256

// weighed are the weights of the servers of each route, in the table's order, and what each group gets
// by them.
type weighed struct {
	weights []int
	shares  []strategy.Share
}

// weigh finds the weights that come nearest to the shares of a table: of all scales up to the heaviest
// weight the one whose worst share is off by least, and of those the largest.
func weigh(t rollout.Table) weighed {
	var best weighed
	off := whole + 1
	for scale := 1; scale <= heaviest; scale++ {
		w := weighAt(t, scale)
		worst := 0
		for i, r := range t.Routes {
			d := w.shares[i].Compare(r.Share)
			worst = max(worst, d, -d)
		}
		if worst <= off {
			best, off = w, worst
		}
	}
	return best
}

// weighAt gives a server of the group that has most for each of its servers the weight scale, and the
// others theirs in proportion, rounded, and one at least.
func weighAt(t rollout.Table, scale int) weighed {
	most := 0.0
	for _, r := range t.Routes {
		most = max(most, perServer(r))
	}
	w := weighed{weights: make([]int, len(t.Routes)), shares: make([]strategy.Share, len(t.Routes))}
	counts := make([]int, len(t.Routes))
	for i, r := range t.Routes {
		w.weights[i] = max(1, int(perServer(r)/most*float64(scale)+0.5))
		counts[i] = w.weights[i] * len(r.Backends)
	}
	for i, n := range parts(counts) {
		w.shares[i] = strategy.Millionths(n)
	}
	return w
}

func perServer(r rollout.Route) float64 {
	return float64(r.Share.Millionths()) / float64(len(r.Backends))
}

// parts are counts as millionths of their sum. What rounding leaves is the largest's.
func parts(counts []int) []int {
	sum, largest := 0, 0
	for i, n := range counts {
		if sum += n; n > counts[largest] {
			largest = i
		}
	}
	if sum == 0 {
		return counts
	}
	shares := make([]int, len(counts))
	left := whole
	for i, n := range counts {
		shares[i] = n * whole / sum
		left -= shares[i]
	}
	shares[largest] += left
	return shares
}

// near reports the first route whose share cannot be had as finely as the grain.
func (w weighed) near(t rollout.Table, grain strategy.Share) error {
	for i, r := range t.Routes {
		d := w.shares[i].Compare(r.Share)
		if max(d, -d) >= grain.Millionths() {
			return fmt.Errorf("Routes[%d].Share: %s on %d servers cannot have %s by weights from 1 to %d: the nearest is %s",
				i, r.Role, len(r.Backends), r.Share, heaviest, w.shares[i])
		}
	}
	return nil
}
