package rollout

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
)

// Waves walks a plan of waves on the targets of its regions, once. Each region is walked by a Rollout of
// its own; Waves decides which of them begins when, lets those of a wave wait for each other in its hold,
// and stops at the first wave that is bad. Run does the work, and waits for the goroutines of its regions;
// Pause, Resume, Promote and Abort may be called from any goroutine.
type Waves struct {
	plan    strategy.WavePlan
	o       WaveOptions
	log     hclog.Logger
	regions []*region
	resumed bool
	undo    string // why all of it is taken back, where it was wired by UndoWaves

	// The locks are taken in this order: telling, commanding, recording of a region's control, writing, the
	// lock of that control, mu.
	commanding turn          // while a command is given to all regions
	writing    turn          // while a position is recorded, or a command put into it
	telling    turn          // while Notify is called
	wake       chan struct{} // holds one token when something changed

	mu     sync.Mutex // guards what follows, and what regions have
	at     WaveCheckpoint
	begun  bool
	closed bool // no command is taken any more, as the last word is spoken
	ended  bool
	cause  error       // why the wave under way is bad, or was aborted
	halt   error       // why everything stops where it is
	cut    func(error) // ends the context of the regions
	quit   func(error) // ends the survey
	pause  standstill
	ask    inquiry

	toldStop bool // that the wave is bad
}

// NewWaves wires a plan to the targets of its regions, by their names. It reports all that is wrong with
// any of them at once, each problem with its region, before anything moves: see New.
func NewWaves(targets map[string]Target, plan strategy.WavePlan, o WaveOptions) (*Waves, error) {
	return wireWaves(targets, plan, WaveCheckpoint{Plan: plan.Hash()}, o, func(w *Waves) error { return w.ready() })
}

// ResumeWaves wires a plan to go on from a checkpoint, on targets in whatever state they are.
func ResumeWaves(targets map[string]Target, plan strategy.WavePlan, c WaveCheckpoint, o WaveOptions) (*Waves, error) {
	if hash := plan.Hash(); c.Plan != hash {
		return nil, fmt.Errorf("resume: the checkpoint belongs to plan %.12s, not to plan %.12s", c.Plan, hash)
	}
	if c.Outcome != "" {
		return nil, fmt.Errorf("resume: %w: %s", ErrEnded, c.Outcome)
	}
	return wireWaves(targets, plan, c, o, func(w *Waves) error {
		w.resumed = true
		return w.ready()
	})
}

// UndoWaves wires the way back of a plan of waves that was walked before, to its end or a part of it: Run
// then takes back each region that has begun, the latest wave first, as Undo does for one target. c is the
// last position of that walk or, after a crash, of an earlier UndoWaves, which goes on from there; what is
// taken back already stays so.
//
// Run returns nil when all is as it was. A region that cannot be taken back does not hold up the others;
// the error names each. It stops where it is when its context ends or a position cannot be recorded. Where
// a step that cannot be undone was begun in any region, the error of UndoWaves wraps a
// *strategy.IrreversibleError, and nothing is moved in any.
func UndoWaves(targets map[string]Target, plan strategy.WavePlan, c WaveCheckpoint, why string, o WaveOptions) (*Waves, error) {
	if hash := plan.Hash(); c.Plan != hash {
		return nil, fmt.Errorf("undo: the checkpoint belongs to plan %.12s, not to plan %.12s", c.Plan, hash)
	}
	if why == "" {
		why = "the waves are undone"
	}
	c.Outcome, c.Paused, c.PausedAt, c.PausedBy, c.PausedWhy, c.Promoting = "", false, time.Time{}, "", "", false
	return wireWaves(targets, plan, c, o, func(w *Waves) error {
		w.resumed, w.undo, w.closed = true, why, true
		var errs *multierror.Error
		for _, g := range w.regions {
			if p, ok := w.at.Regions[g.name]; ok && !p.back() {
				if _, err := w.back(g); err != nil {
					errs = multierror.Append(errs, fmt.Errorf("region %s: %w", g.name, err))
				}
			}
		}
		return errs.ErrorOrNil()
	})
}

func wireWaves(targets map[string]Target, plan strategy.WavePlan, c WaveCheckpoint, o WaveOptions, ready func(*Waves) error) (*Waves, error) {
	o, err := o.withDefaults()
	errs := multierror.Append(nil, problems(err)...)
	if err := plan.Validate(); err != nil {
		errs = multierror.Append(errs, problems(err)...)
	}
	if err := c.fits(plan); err != nil {
		errs = multierror.Append(errs, problems(err)...)
	}
	w := &Waves{plan: plan, o: o, log: o.Each.Logger.Named("waves"), at: c.clone(),
		commanding: newTurn(), writing: newTurn(), telling: newTurn(), wake: make(chan struct{}, 1)}
	w.ask.told = c.Granted
	if c.Paused {
		w.pause = standstill{command: pauser(c.PausedBy, c.PausedWhy)}
	}
	if c.Promoting {
		w.pause.command = command{"checkpoint", "promoted before"}
	}
	if w.at.Regions == nil {
		w.at.Regions = map[string]RegionCheckpoint{}
	}
	owner := map[any]string{}
	var taken []error
	for i, r := range plan.Regions() {
		g := newRegion(i, r, targets[r.Region])
		if g.gates, err = o.gatesOf(g.name); err != nil {
			taken = append(taken, fmt.Errorf("region %s: %w", g.name, err))
		}
		if g.target == nil {
			errs = multierror.Append(errs, fmt.Errorf("region %s: there is no target", g.name))
		} else if reflect.ValueOf(g.target).Comparable() {
			if other, taken := owner[g.target]; taken {
				errs = multierror.Append(errs, fmt.Errorf("region %s: its target is that of region %s", g.name, other))
			}
			owner[g.target] = g.name
		}
		w.regions = append(w.regions, g)
	}
	if errs.ErrorOrNil() == nil {
		if err := ready(w); err != nil {
			errs = multierror.Append(errs, problems(err)...)
		}
	}
	errs = multierror.Append(errs, taken...)
	if err := errs.ErrorOrNil(); err != nil {
		return nil, fmt.Errorf("wire waves: %w", err)
	}
	switch {
	case w.at.Abort != nil:
		w.cause = w.at.Abort
	case w.at.Stopped != nil:
		w.cause = errors.New(w.at.Stopped.Cause)
	}
	return w, nil
}

// ready wires the way forth of each region that has not ended.
func (w *Waves) ready() error {
	var errs *multierror.Error
	for _, g := range w.regions {
		if o := w.at.Regions[g.name].Rollout.Outcome; g.wave == w.at.Wave && o != "" && o != Promoted {
			w.stop(g, fmt.Errorf("it is %s", o)) // the process died before it said why
		}
		err := w.forth(g)
		var several *multierror.Error
		if errors.As(err, &several) { // each problem is told with its region
			for _, one := range several.Errors {
				errs = multierror.Append(errs, fmt.Errorf("region %s: %w", g.name, one))
			}
		} else if err != nil {
			errs = multierror.Append(errs, fmt.Errorf("region %s: %w", g.name, err))
		}
	}
	return errs.ErrorOrNil()
}

// forth wires the way forth of a region, from its position where it has one.
func (w *Waves) forth(g *region) (err error) {
	o := w.options(g, false)
	p, begun := w.at.Regions[g.name]
	switch {
	case !begun:
		g.rollout, err = New(g.target, g.plan, o)
	case p.Undo != nil || p.Rollout.Outcome == Promoted:
		if g.begun, g.phase = true, promoted; p.back() {
			g.phase = over
		}
	case p.Rollout.Outcome != "":
		g.begun, g.phase = true, over
	default:
		c := p.Rollout
		c.Promoting = c.Promoting || w.at.Promoting
		c.Paused, c.PausedBy, c.PausedWhy = w.at.Paused, w.at.PausedBy, w.at.PausedWhy
		g.begun = true
		g.arrived = w.held(g) && c.Step == len(g.plan.Steps)-1 && !c.Reached.IsZero()
		g.rollout, err = Resume(g.target, g.plan, c, o)
	}
	return err
}

// held reports whether the region waits for the others of its wave, in its last step.
func (w *Waves) held(g *region) bool {
	return strategy.RegionPlan{Region: g.name, Plan: g.plan}.Held()
}

// of are the regions of a wave.
func (w *Waves) of(wave int) []*region {
	var regions []*region
	for _, g := range w.regions {
		if g.wave == wave {
			regions = append(regions, g)
		}
	}
	return regions
}

// nudge says that something has changed.
func (w *Waves) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// stop makes the wave a bad one, unless it is already, or somebody has aborted. The lock is held.
func (w *Waves) stop(g *region, cause error) {
	if w.at.Abort != nil || w.at.Stopped != nil {
		return
	}
	w.at.Stopped = &WaveStop{Cause: brief(cause.Error())}
	if g != nil {
		w.at.Stopped.Region = g.name
	}
	w.cause = cause
	w.nudge()
}

// turned reports whether the way forth is over for good: the wave is bad, or somebody has aborted.
func (w *Waves) turned() bool { return w.at.Stopped != nil || w.at.Abort != nil }
