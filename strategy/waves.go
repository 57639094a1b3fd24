package strategy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/go-multierror"
)

// Waves brings a revision to several regions, wave after wave: to two load balancers, three
// namespaces, ten clusters. A region is a place of its own that runs the whole service, known by a
// name; what the regions of a wave do, they do side by side, and no wave begins before the one ahead
// of it has been held and is well.
//
// Each region is walked by a Strategy: the one for all, that of its wave, or its own, as with a
// canary in the first region and Rolling in the rest.
type Waves struct {
	// Strategy walks each region whose wave has none, and which has none in ByRegion.
	Strategy Strategy
	// ByRegion are the strategies of single regions, by name. They come before all others.
	ByRegion map[string]Strategy
	// Waves are the waves in their order. Each region is in one of them.
	Waves []Wave
	// Hold is that of each wave whose own is zero, the last one included.
	Hold Hold
	// AtOnce is that of each wave whose own is zero.
	AtOnce int
	// TakeBack is how much is taken back when a wave is bad. Empty: BadWave.
	TakeBack Extent
}

// Wave is a set of regions that get the revision side by side.
type Wave struct {
	// Name says for people what the wave is: "canary regions". It may be empty.
	Name string
	// Regions are the names of the wave's regions, in the order in which they begin.
	Regions []string
	// Strategy walks the wave's regions. Nil: that of Waves.
	Strategy Strategy
	// AtOnce is how many of the regions may be moving at the same time. Those that have reached
	// their last state and wait for the others do not count. Zero: that of Waves, or all.
	AtOnce int
	// Hold is how long, and under whose eyes, the wave is held once all of its regions have the
	// revision. Its gates are asked in each region, about that region; all of them are held until
	// all are well, and Pause is asked once for the wave. Zero: that of Waves.
	Hold Hold
}

// Extent is how much is taken back when a wave is bad, because one of its regions did not make it:
// it did harm, or a deadline passed, or it was found otherwise than the plan says.
//
// The regions of the bad wave are taken back in any case, and no further wave begins. What an abort
// takes back is everything, whatever the extent is.
type Extent string

const (
	// BadWave leaves the waves before with the new revision, which did well there. So do the tools
	// of the field: AWS CloudFormation StackSets stops, and begins no further region, where too many
	// have failed; the guide to safe deployment of Microsoft's Well-Architected Framework says to
	// halt at once, and leaves what to do about the rest to a decision. What is well is not moved
	// because of a place that may be ill by itself; but regions then differ until somebody decides.
	BadWave Extent = "bad wave"
	// EveryWave takes back the waves before too, the latest first: where a version that is bad
	// anywhere is wanted nowhere, or regions must not differ.
	EveryWave Extent = "every wave"
)

// WaveGate is the name of the gate by which regions wait for each other. It is named by the last
// step of each region's plan, and is the executor's: no other gate may bear its name.
const WaveGate = "wave"

// InWaves puts regions into waves of given sizes, in their order: the first size is that of the
// first wave, and the last one that of all further waves until each region is in one. Percentages
// are of all regions, rounded up; a wave has at least one region. No size: one region a wave.
//
//	InWaves(clusters, Count(1), PercentOf(20), PercentOf(50)) // ten clusters: 1, 2, 5, 2
func InWaves(regions []string, sizes ...Amount) []Wave {
	var waves []Wave
	for rest, i := regions, 0; len(rest) > 0; i++ {
		n := 1
		if len(sizes) > 0 {
			n = min(max(1, sizes[min(i, len(sizes)-1)].Up(len(regions))), len(rest))
		}
		waves = append(waves, Wave{Regions: slices.Clone(rest[:n])})
		rest = rest[n:]
	}
	return waves
}

// Validate reports everything that is wrong with the settings, each problem with its field.
func (w Waves) Validate() error {
	var bad problems
	bad.nested("Waves.Strategy", w.Strategy)
	bad.waveHold("Waves.Hold", w.Hold)
	bad.notNegative("Waves.AtOnce", w.AtOnce)
	bad.extent("Waves.TakeBack", w.TakeBack)
	if len(w.Waves) == 0 {
		bad.add("Waves.Waves", "there is no wave")
	}
	known := map[string]bool{}
	for i, wave := range w.Waves {
		field := fmt.Sprintf("Waves.Waves[%d]", i)
		bad.text(field+".Name", wave.Name)
		bad.nested(field+".Strategy", wave.Strategy)
		bad.notNegative(field+".AtOnce", wave.AtOnce)
		bad.waveHold(field+".Hold", wave.Hold)
		if len(wave.Regions) == 0 {
			bad.add(field+".Regions", "a wave without a region")
		}
		for j, name := range wave.Regions {
			bad.region(fmt.Sprintf("%s.Regions[%d]", field, j), name, known)
			if w.strategy(wave, name) == nil {
				bad.add(fmt.Sprintf("%s.Regions[%d]", field, j), "there is no strategy for %s", name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.ByRegion)) {
		field := fmt.Sprintf("Waves.ByRegion[%q]", name)
		bad.nested(field, w.ByRegion[name])
		switch {
		case w.ByRegion[name] == nil:
			bad.add(field, "there is no strategy")
		case !known[name]:
			bad.add(field, "no wave has that region")
		}
	}
	return bad.err()
}

// strategy is the one that walks a region.
func (w Waves) strategy(wave Wave, region string) Strategy {
	if s, ok := w.ByRegion[region]; ok {
		return s
	}
	if wave.Strategy != nil {
		return wave.Strategy
	}
	return w.Strategy
}

// Plan plans all waves from what each region runs now, which from tells by the regions' names: all
// of them, and no others.
//
// The error names each region that cannot be planned, and wraps what its strategy says: ErrUnderWay
// where a rollout is under way there, for example. A region where there is nothing to do is no
// error: it is left out of its wave, and WavePlan.Same names it. Where that is all of them the error
// is ErrNothingToDo.
func (w Waves) Plan(from map[string]State, to Revision) (WavePlan, error) {
	if err := w.Validate(); err != nil {
		return WavePlan{}, err
	}
	if err := w.complete(from); err != nil {
		return WavePlan{}, err
	}
	var errs *multierror.Error
	p := WavePlan{To: to, TakeBack: w.TakeBack}
	if p.TakeBack == "" {
		p.TakeBack = BadWave
	}
	for _, wave := range w.Waves {
		var regions []RegionPlan
		for _, name := range wave.Regions {
			plan, err := w.strategy(wave, name).Plan(from[name], to)
			switch {
			case errors.Is(err, ErrNothingToDo):
				p.Same = append(p.Same, name)
			case err != nil:
				for _, one := range parts(err) {
					errs = multierror.Append(errs, fmt.Errorf("region %s: %w", name, one))
				}
			default:
				regions = append(regions, RegionPlan{Region: name, Plan: plan})
			}
		}
		if len(regions) > 0 {
			p.Waves = append(p.Waves, w.planned(wave, regions, len(p.Waves)))
		}
	}
	slices.Sort(p.Same)
	switch err := errs.ErrorOrNil(); {
	case err != nil:
		return WavePlan{}, err
	case len(p.Waves) == 0:
		return WavePlan{}, fmt.Errorf("Waves to %s: all %d regions run it already: %w", to, len(p.Same), ErrNothingToDo)
	}
	return p, p.Validate()
}

// complete reports regions of which nothing is known, and those that are in no wave.
func (w Waves) complete(from map[string]State) error {
	var bad problems
	known := map[string]bool{}
	for _, wave := range w.Waves {
		for _, name := range wave.Regions {
			known[name] = true
			if _, ok := from[name]; !ok {
				bad.add("from", "nothing tells what region %s runs", name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if !known[name] {
			bad.add("from", "region %s is in no wave", name)
		}
	}
	return bad.err()
}

// planned is the wave with its hold as the last step of each region: so it is held by what holds
// every other step, and is taken back from as any other.
func (w Waves) planned(wave Wave, regions []RegionPlan, index int) PlannedWave {
	h := wave.Hold
	if h.IsZero() {
		h = w.Hold
	}
	p := PlannedWave{Name: wave.Name, AtOnce: wave.AtOnce, Regions: regions}
	if p.AtOnce == 0 {
		p.AtOnce = w.AtOnce
	}
	if p.AtOnce == 0 || p.AtOnce > len(regions) {
		p.AtOnce = len(regions)
	}
	if h.IsZero() && len(regions) == 1 {
		return p
	}
	reason := fmt.Sprintf("hold, at the end of wave %d", index+1)
	if len(regions) > 1 {
		reason = fmt.Sprintf("hold, together with the others of wave %d", index+1)
	}
	for i := range regions {
		plan := &regions[i].Plan
		last := h.on(Step{Reason: reason, State: plan.Final(), Deadline: plan.Steps[len(plan.Steps)-1].Deadline})
		p.Pause, last.Pause = last.Pause, nil // it is asked once, for the wave
		last.Gates = append(last.Gates, WaveGate)
		plan.Steps = append(slices.Clip(plan.Steps), last)
	}
	return p
}

// nested adds what is wrong with a strategy, if it can tell.
func (p *problems) nested(field string, s Strategy) {
	if v, ok := s.(interface{ Validate() error }); ok {
		p.nest(field, v.Validate())
	}
}

// region adds what is wrong with a region's name, and with one that is there twice.
func (p *problems) region(field, name string, known map[string]bool) {
	p.text(field, name)
	switch {
	case name == "":
		p.add(field, "a region without a name")
	case clean(name) != name:
		p.add(field, "%q has characters that cannot be seen", name)
	case known[name]:
		p.add(field, "region %s is there twice", name)
	}
	known[name] = true
}

func (p *problems) waveHold(field string, h Hold) {
	p.nest(field, h.Validate())
	if slices.Contains(h.Gates, WaveGate) {
		p.add(field+".Gates", "%q is the name of the gate by which regions wait for each other", WaveGate)
	}
}

func (p *problems) extent(field string, e Extent) {
	switch e {
	case "", BadWave, EveryWave:
	default:
		p.add(field, "%q is neither %q nor %q", string(e), BadWave, EveryWave)
	}
}

// parts are the errors in one that holds several.
func parts(err error) []error {
	var several *multierror.Error
	if errors.As(err, &several) {
		return several.Errors
	}
	return []error{err}
}
