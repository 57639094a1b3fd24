package strategy_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/strategy"
)

// simulation is a fleet and a router in one variable each, moved one instance and one table at a
// time. It is the second opinion on Verify, and knows nothing of transitions or phases: only that
// what is missing is started, then the table is swapped, then what is too much is stopped, and that
// after each single move all promises must hold.
type simulation struct {
	limits  strategy.Limits
	started map[strategy.Pool]int // exist
	ready   map[strategy.Pool]int // are available
	shares  map[strategy.Pool]int // in millionths
	routed  map[strategy.Pool]bool
	lit     bool
	moves   int
}

func newSimulation(p strategy.Plan) *simulation {
	s := &simulation{limits: p.Limits, started: map[strategy.Pool]int{}, ready: map[strategy.Pool]int{}}
	for pool, g := range pools(p.From) {
		s.started[pool], s.ready[pool] = g.Replicas, g.Replicas
	}
	s.route(p.From)
	return s
}

func pools(s strategy.State) map[strategy.Pool]strategy.Group {
	m := map[strategy.Pool]strategy.Group{}
	for role, g := range s.Groups() {
		m[s.Pool(role)] = g
	}
	return m
}

func (s *simulation) route(to strategy.State) {
	s.shares, s.routed = map[strategy.Pool]int{}, map[strategy.Pool]bool{}
	for pool, g := range pools(to) {
		if g.Share.Millionths() > 0 {
			s.shares[pool] = g.Share.Millionths()
		}
		if g.Routed() {
			s.routed[pool] = true
		}
	}
	s.moves++
}

// check is every promise, said as plainly as can be.
func (s *simulation) check() error {
	total, answering, sum := 0, 0, 0
	for _, n := range s.started {
		total += n
	}
	for pool := range s.routed {
		if s.ready[pool] == 0 {
			return fmt.Errorf("%s gets traffic and has no instance", pool)
		}
	}
	for pool, share := range s.shares {
		sum += share
		answering += s.ready[pool]
		if float64(s.ready[pool]) < float64(share-1)/1e6*float64(s.limits.Load)-1e-9 {
			return fmt.Errorf("%s has %d instances for %d millionths of %d", pool, s.ready[pool], share, s.limits.Load)
		}
	}
	if s.limits.MaxTotal > 0 && total > s.limits.MaxTotal {
		return fmt.Errorf("%d instances, %d may be", total, s.limits.MaxTotal)
	}
	if sum != 0 {
		s.lit = true
	}
	if s.lit && answering < s.limits.MinAvailable {
		return fmt.Errorf("%d available, %d must be", answering, s.limits.MinAvailable)
	}
	if sum != 0 && sum != 1_000_000 {
		return fmt.Errorf("shares add up to %d millionths", sum)
	}
	return nil
}

// known are all pools that were ever named, in a stable order.
func (s *simulation) known() []strategy.Pool {
	return slices.SortedFunc(maps.Keys(s.started), func(a, b strategy.Pool) int { return strings.Compare(a.String(), b.String()) })
}

// reach moves to a state in the order of the traffic contract, pools in an order that r draws, and
// stops after some moves where budget is not negative: the target is then somewhere in between.
func (s *simulation) reach(r random, to strategy.State, budget int) error {
	want := pools(to)
	for pool := range want {
		s.started[pool] += 0 // it is known from now on
	}
	order := s.known()
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	end := s.moves + budget
	for _, pool := range order {
		for s.started[pool] < want[pool].Replicas || s.ready[pool] < s.started[pool] {
			if budget >= 0 && s.moves >= end {
				return s.check()
			}
			if s.started[pool] < want[pool].Replicas {
				s.started[pool]++
				if err := s.check(); err != nil {
					return err
				}
			}
			s.ready[pool]++
			s.moves++
			if err := s.check(); err != nil {
				return err
			}
		}
	}
	if budget >= 0 && s.moves >= end {
		return nil
	}
	s.route(to)
	if err := s.check(); err != nil {
		return err
	}
	for _, pool := range order {
		for s.started[pool] > want[pool].Replicas {
			if budget >= 0 && s.moves >= end {
				return nil
			}
			s.ready[pool]--
			s.started[pool]--
			s.moves++
			if err := s.check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// roll is what a target does that walks by itself, in an order that r draws: it starts an instance, or
// one becomes ready, or it stops one, of whichever pool, as the limits allow it, and those that are ready
// share the traffic by their number. After so many moves as budget says, where that is not negative, it is
// left as it is.
func (s *simulation) roll(r random, to strategy.State, budget int) error {
	want := pools(to)
	if len(want) == 0 {
		return s.reach(r, to, budget)
	}
	goal := to.Pool(strategy.Stable)
	end := s.moves + budget
	for {
		total, ready := 0, 0
		for pool := range s.started {
			total, ready = total+s.started[pool], ready+s.ready[pool]
		}
		var moves []func()
		if s.started[goal] < want[goal].Replicas && (s.limits.MaxTotal == 0 || total < s.limits.MaxTotal) {
			moves = append(moves, func() { s.started[goal]++ })
		}
		if s.ready[goal] < s.started[goal] {
			moves = append(moves, func() { s.ready[goal]++ })
		}
		for _, pool := range s.known() {
			n := s.started[pool]
			switch {
			case n == 0 || pool == goal && n <= want[goal].Replicas:
			case s.ready[pool] < n:
				moves = append(moves, func() { s.started[pool]-- })
			case ready > s.limits.MinAvailable:
				moves = append(moves, func() { s.started[pool]--; s.ready[pool]-- })
			}
		}
		switch {
		case budget >= 0 && s.moves >= end:
			return nil
		case len(moves) == 0 && total != want[goal].Replicas:
			return fmt.Errorf("nothing can move any more: %v, of which %v are ready", s.started, s.ready)
		case len(moves) == 0:
			s.route(to)
			return s.check()
		}
		moves[r.IntN(len(moves))]()
		s.moves++
		if s.lit { // before the first answer nothing is promised
			s.byNumber(to)
		}
		if err := s.check(); err != nil {
			return err
		}
	}
}

// byNumber gives each pool the part of the traffic that its ready instances are of all.
func (s *simulation) byNumber(to strategy.State) {
	s.shares, s.routed = map[strategy.Pool]int{}, map[strategy.Pool]bool{}
	ready, left := 0, 1_000_000
	for _, n := range s.ready {
		ready += n
	}
	if ready == 0 || to.Dark() {
		return
	}
	var last strategy.Pool
	for _, pool := range s.known() {
		if n := s.ready[pool]; n > 0 {
			s.shares[pool], s.routed[pool] = n*1_000_000/ready, true
			left -= s.shares[pool]
			last = pool
		}
	}
	s.shares[last] += left
}

// exposed is the share, in millionths, of all pools that do not run the revision.
func (s *simulation) exposed(good strategy.Revision) int {
	sum := 0
	for pool, share := range s.shares {
		if pool.Revision != good {
			sum += share
		}
	}
	return sum
}

// enter goes into a step as it is to be walked.
func (s *simulation) enter(r random, step strategy.Step, budget int) error {
	if step.Native {
		return s.roll(r, step.State, budget)
	}
	return s.reach(r, step.State, budget)
}

// simulate walks a plan to its end, and a way back from the middle of a step that r draws.
func simulate(p strategy.Plan, r random) error {
	s := newSimulation(p)
	if err := s.check(); err != nil {
		return fmt.Errorf("at the start: %w", err)
	}
	stop := r.IntN(len(p.Steps))
	for i, step := range p.Steps {
		if i == stop {
			if err := simulateAbort(p, i, r); err != nil {
				return fmt.Errorf("aborted at step %d: %w", i, err)
			}
		}
		if err := s.enter(r, step, -1); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

func simulateAbort(p strategy.Plan, step int, r random) error {
	back, err := strategy.Abort(p, step)
	if err != nil {
		return err
	}
	before := p
	before.From = p.StateBefore(step)
	s := newSimulation(before)
	s.lit = true
	if p.From.Dark() {
		s.limits = back.Limits
	}
	if err := s.enter(r, p.Steps[step], r.IntN(30)); err != nil {
		return fmt.Errorf("on the way there: %w", err)
	}
	s.limits = back.Limits
	exposed := s.exposed(back.To)
	for i, b := range back.Steps {
		if err := s.enter(r, b, -1); err != nil {
			return fmt.Errorf("step %d back: %w", i, err)
		}
		now := s.exposed(back.To)
		if now > exposed {
			return fmt.Errorf("step %d back: exposure rises from %d to %d millionths", i, exposed, now)
		}
		exposed = now
	}
	for pool, g := range pools(p.From) {
		if s.started[pool] != g.Replicas || s.shares[pool] != g.Share.Millionths() {
			return fmt.Errorf("%s ends with %d instances and %d millionths", pool, s.started[pool], s.shares[pool])
		}
	}
	for pool, n := range s.started {
		if n != pools(p.From)[pool].Replicas {
			return fmt.Errorf("%s is left with %d instances", pool, n)
		}
	}
	return nil
}

func draw(seed, stream uint64) random { return random{rand.New(rand.NewPCG(seed, stream))} }
