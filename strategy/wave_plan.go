package strategy

import (
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"
)

// WavePlan is the whole way of several regions to one revision, as data: what a person approves is
// what rollout.Waves executes. Waves makes it.
type WavePlan struct {
	// To is the revision that the plan brings.
	To Revision
	// Waves are walked in order. A plan has at least one.
	Waves []PlannedWave
	// TakeBack is how much is taken back when a wave is bad.
	TakeBack Extent
	// Same are the regions that run the revision already and are left out, sorted.
	Same []string
}

// PlannedWave is one wave of a plan.
type PlannedWave struct {
	// Name says for people what the wave is. It may be empty.
	Name string
	// AtOnce is how many regions may be moving at the same time.
	AtOnce int
	// Pause stops after the hold of the wave until somebody says go. Nil: no pause.
	Pause *Pause
	// Regions begin in this order. A wave has at least one.
	Regions []RegionPlan
}

// RegionPlan is what a wave does in one region.
type RegionPlan struct {
	// Region is the region's name.
	Region string
	// Plan is walked there. Where the wave is held, or has further regions, the last step is the
	// hold: it names WaveGate, and is over in all regions of the wave at the same time.
	Plan Plan
}

// Held reports whether the region waits for the others of its wave, in its last step.
func (r RegionPlan) Held() bool {
	n := len(r.Plan.Steps)
	return n > 0 && slices.Contains(r.Plan.Steps[n-1].Gates, WaveGate)
}

// Regions are all regions of the plan with the number of their wave, from 0, in order. Those that
// are left out because they run the revision already are not among them.
func (p WavePlan) Regions() func(yield func(wave int, r RegionPlan) bool) {
	return func(yield func(int, RegionPlan) bool) {
		for i := range p.Waves {
			for _, r := range p.Waves[i].Regions {
				if !yield(i, r) {
					return
				}
			}
		}
	}
}

// Region is what the plan does in a region; false where that is nothing.
func (p WavePlan) Region(name string) (RegionPlan, bool) {
	for _, r := range p.Regions() {
		if r.Region == name {
			return r, true
		}
	}
	return RegionPlan{}, false
}

// Gates are the names of all gates that the plan asks, sorted, each once. WaveGate is not among them.
func (p WavePlan) Gates() []string {
	var names []string
	for _, r := range p.Regions() {
		names = append(names, r.Plan.Gates()...)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == WaveGate })
}

// Needs is what the plan asks of its targets, all taken together: each is asked for by one region at
// least. What a single region asks for is told by its own plan.
func (p WavePlan) Needs() Needs {
	var n Needs
	known := map[Match]bool{}
	for _, r := range p.Regions() {
		one := r.Plan.Needs()
		n.Sticky, n.Native = n.Sticky || one.Sticky, n.Native || one.Native
		if one.Mirror.Compare(n.Mirror) > 0 {
			n.Mirror = one.Mirror
		}
		for _, m := range one.Match {
			if !known[m] {
				known[m] = true
				n.Match = append(n.Match, m)
			}
		}
	}
	return n
}

// Validate reports everything that is wrong with a plan that was read, or made by hand, each problem
// with its field. That it is safe is what Verify proves.
func (p WavePlan) Validate() error {
	var bad problems
	bad.revision("To", p.To)
	if p.TakeBack == "" {
		bad.add("TakeBack", "it is not said how much is taken back")
	}
	bad.extent("TakeBack", p.TakeBack)
	if len(p.Waves) == 0 {
		bad.add("Waves", "a plan has at least one wave")
	}
	known := map[string]bool{}
	for i := range p.Waves {
		p.Waves[i].check(&bad, fmt.Sprintf("Waves[%d]", i), p.To, known)
	}
	for i, name := range p.Same {
		bad.region(fmt.Sprintf("Same[%d]", i), name, known)
	}
	if !slices.IsSorted(p.Same) {
		bad.add("Same", "the regions are not sorted")
	}
	return bad.err()
}

func (w PlannedWave) check(bad *problems, field string, to Revision, known map[string]bool) {
	bad.text(field+".Name", w.Name)
	bad.pause(field+".Pause", w.Pause)
	switch {
	case len(w.Regions) == 0:
		bad.add(field+".Regions", "a wave without a region")
	case w.AtOnce < 1 || w.AtOnce > len(w.Regions):
		bad.add(field+".AtOnce", "%d of %d regions cannot move at once", w.AtOnce, len(w.Regions))
	}
	for i, r := range w.Regions {
		field := fmt.Sprintf("%s.Regions[%d]", field, i)
		bad.region(field+".Region", r.Region, known)
		bad.nest(field+".Plan", r.Plan.Validate())
		if r.Plan.Back() {
			bad.add(field+".Plan", "it is a way back")
		}
		if r.Plan.To != to {
			bad.add(field+".Plan.To", "it brings %s, the others %s", r.Plan.To, to)
		}
		if !r.Held() && (w.Pause != nil || len(w.Regions) > 1) {
			bad.add(field+".Plan", "its last step does not name the gate %q, by which it waits for its wave", WaveGate)
		}
		for j := range max(0, len(r.Plan.Steps)-1) {
			if slices.Contains(r.Plan.Steps[j].Gates, WaveGate) {
				bad.add(fmt.Sprintf("%s.Plan.Steps[%d].Gates", field, j), "only the last step may name %q", WaveGate)
			}
		}
	}
}

// Verify proves that the plan of each region keeps its own limits, and every Law, at each instant:
// see Plan.Verify. That holds for all regions at once, as they share nothing; and however many of
// them are taken back, and from wherever, as the way back of each keeps its limits too.
//
// The error is a *multierror.Error; each part names a region and wraps a *Violation.
func (p WavePlan) Verify() error {
	var errs *multierror.Error
	for _, r := range p.Regions() {
		if err := r.Plan.Verify(); err != nil {
			for _, one := range parts(err) {
				errs = multierror.Append(errs, fmt.Errorf("region %s: %w", r.Region, one))
			}
		}
	}
	return errs.ErrorOrNil()
}
