package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// WaveOptions are the settings of a rollout over several regions. The zero value is ready to use with a
// plan that names no gate.
type WaveOptions struct {
	// Each are the options of each region's rollout. Gates that are in here judge every region, by one source:
	// where that knows regions apart by a label only, as a central monitoring does, a gate that does not name
	// the region reads all of them as one, and what is well elsewhere hides what is ill. Use Gates there. Patience
	// and Decision are for the gates of a wave's hold, too. The regions of a wave share MaxMemory, in equal
	// parts. Checkpoint and Notify belong to the waves and must be left out.
	Each Options
	// Gates are further gates of a region, which read what is measured there; where one bears the name of
	// one in Each, it stands in for it. It is asked once for each region, when the waves are wired. Nil:
	// none.
	//
	//	Gates: func(region string) map[string]gate.Gate {
	//		return map[string]gate.Gate{"errors": gate.ErrorRate{Source: monitoring[region], Most: 0.01}}
	//	}
	Gates func(region string) map[string]gate.Gate

	// Checkpoint is handed the position of all regions whenever that of one changes, and when a wave
	// begins, asks, or is answered. It is called by one goroutine at a time, in order, and has all commands
	// that were given before: commands wait for it, so it must give none itself. What its failure means is
	// told at Options.Checkpoint: all regions stop where they are.
	Checkpoint func(ctx context.Context, c WaveCheckpoint) error
	// Notify is told everything that happens, each event with its region. It is called by one goroutine at
	// a time, in order, and should return soon: it holds up all regions.
	Notify func(Event)
}

// Validate reports everything that is wrong with the options, each problem with its field. What Gates
// gives for a region is looked at when the waves are wired.
func (o WaveOptions) Validate() error {
	_, err := o.withDefaults()
	return err
}

func (o WaveOptions) withDefaults() (WaveOptions, error) {
	var errs *multierror.Error
	each, err := o.Each.withDefaults()
	for _, one := range problems(err) {
		errs = multierror.Append(errs, fmt.Errorf("WaveOptions.Each: %w", one))
	}
	if o.Each.Checkpoint != nil {
		errs = multierror.Append(errs, errors.New("WaveOptions.Each.Checkpoint: belongs to the waves, set WaveOptions.Checkpoint"))
	}
	if o.Each.Notify != nil {
		errs = multierror.Append(errs, errors.New("WaveOptions.Each.Notify: belongs to the waves, set WaveOptions.Notify"))
	}
	if _, ok := o.Each.Gates[strategy.WaveGate]; ok {
		errs = multierror.Append(errs, fmt.Errorf("WaveOptions.Each.Gates: %q is the name of the gate by which regions wait for each other", strategy.WaveGate))
	}
	if each.Logger == nil {
		each.Logger = hclog.NewNullLogger()
	}
	o.Each = each
	return o, errs.ErrorOrNil()
}

// gatesOf are the gates that judge a region, but for the one of its wave.
func (o WaveOptions) gatesOf(region string) (map[string]gate.Gate, error) {
	gates := maps.Clone(o.Each.Gates)
	if gates == nil {
		gates = map[string]gate.Gate{}
	}
	if o.Gates != nil {
		maps.Copy(gates, o.Gates(region))
	}
	if _, taken := gates[strategy.WaveGate]; taken {
		return gates, fmt.Errorf("WaveOptions.Gates: %q is the name of the gate by which regions wait for each other", strategy.WaveGate)
	}
	return gates, nil
}

// options are those of one region's rollout, on its way forth or when it is undone.
func (w *Waves) options(g *region, undo bool) Options {
	o := w.o.Each
	o.Gates = maps.Clone(g.gates)
	o.Gates[strategy.WaveGate] = w.gate(g)
	o.Checkpoint = func(ctx context.Context, c Checkpoint) error { return w.keep(ctx, g, c, undo) }
	o.Notify = func(e Event) { w.hear(g, e, undo) }
	o.Logger = o.Logger.With("region", g.name, "wave", g.wave+1)
	o.memory = MaxMemory / len(w.plan.Waves[g.wave].Regions)
	return o
}
