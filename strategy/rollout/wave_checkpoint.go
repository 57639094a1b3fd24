package rollout

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
)

// WaveCheckpoint is the position of a rollout over several regions: all that a new process needs, beside
// the plan, to go on.
type WaveCheckpoint struct {
	// Plan is the hash of the plan that the position belongs to.
	Plan string `json:"plan"`
	// Wave is the wave that is under way, from 0; the number of waves when all are done.
	Wave int `json:"wave"`
	// Regions are the positions of the regions that have begun, by name.
	Regions map[string]RegionCheckpoint `json:"regions,omitempty"`
	// Asked is when a person was asked what the wave pauses for, and Granted says that it was answered:
	// go on.
	Asked   time.Time `json:"asked,omitzero"`
	Granted bool      `json:"granted,omitempty"`
	// Promoting says that the holds are skipped.
	Promoting bool `json:"promoting,omitempty"`
	// Paused says that somebody paused all regions, PausedAt since when, PausedBy who, PausedWhy why.
	Paused    bool      `json:"paused,omitempty"`
	PausedAt  time.Time `json:"paused_at,omitzero"`
	PausedBy  string    `json:"paused_by,omitempty"`
	PausedWhy string    `json:"paused_why,omitempty"`
	// Abort is the word of whoever aborted the waves; nil where nobody did.
	Abort *AbortError `json:"abort,omitempty"`
	// Stopped says why the wave that is under way is a bad one; nil where it is not.
	Stopped *WaveStop `json:"stopped,omitempty"`
	// Outcome is set when all has ended for good; Interrupted never is.
	Outcome Outcome `json:"outcome,omitempty"`
}

// RegionCheckpoint is the position of one region.
type RegionCheckpoint struct {
	// Rollout is where its rollout is, or how it ended.
	Rollout Checkpoint `json:"rollout"`
	// Undo is how far it is taken back after it was promoted; nil where nobody has begun to.
	Undo *Checkpoint `json:"undo,omitempty"`
}

// WaveStop is why a wave is a bad one.
type WaveStop struct {
	// Region is the first one that did not make it. Empty: nobody answered what the wave paused for.
	Region string `json:"region,omitempty"`
	// Cause is what happened there, for people.
	Cause string `json:"cause"`
}

// clone is a copy that shares nothing which is written to again.
func (c WaveCheckpoint) clone() WaveCheckpoint {
	c.Regions = maps.Clone(c.Regions)
	return c
}

// fits reports whether the position is one of the plan.
func (c WaveCheckpoint) fits(plan strategy.WavePlan) error {
	var errs *multierror.Error
	if c.Wave < 0 || c.Wave > len(plan.Waves) {
		errs = multierror.Append(errs, fmt.Errorf("WaveCheckpoint.Wave: there is no wave %d among %d", c.Wave+1, len(plan.Waves)))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Regions)) {
		if _, ok := plan.Region(name); !ok {
			errs = multierror.Append(errs, fmt.Errorf("WaveCheckpoint.Regions: the plan has no region %q", name))
		}
	}
	return errs.ErrorOrNil()
}

// back reports whether a region has nothing left to be taken back.
func (p RegionCheckpoint) back() bool {
	switch p.Rollout.Outcome {
	case RolledBack, Refused: // refused: nothing was moved
		return true
	}
	return p.Undo != nil && p.Undo.Outcome == RolledBack
}

// last is the position to take a region back from.
func (p RegionCheckpoint) last() Checkpoint {
	if p.Undo != nil && p.Undo.Outcome != Refused {
		return *p.Undo
	}
	return p.Rollout
}

// write changes the position and hands it out. One position is handed out at a time, and commands wait
// for it, so that each one which is recorded after a command has it.
func (w *Waves) write(ctx context.Context, change func(at *WaveCheckpoint)) error {
	if err := w.writing.within(ctx); err != nil {
		return err
	}
	defer w.writing.leave()
	w.mu.Lock()
	change(&w.at)
	at := w.at.clone()
	w.mu.Unlock()
	if w.o.Checkpoint == nil {
		return nil
	}
	err := sheltered("WaveOptions.Checkpoint", func() error { return w.o.Checkpoint(ctx, at) })
	tellPanic(w.log, err)
	return err
}

// record hands out the position as it is, or says why it could not.
func (w *Waves) record(ctx context.Context) error {
	if err := w.write(ctx, func(*WaveCheckpoint) {}); err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return nil
}

// keep takes in the position of one region.
func (w *Waves) keep(ctx context.Context, g *region, c Checkpoint, undo bool) error {
	c.Cause = brief(c.Cause)
	if c.Abort != nil {
		c.Abort = &AbortError{By: brief(c.Abort.By), Why: brief(c.Abort.Why)}
	}
	return w.write(ctx, func(at *WaveCheckpoint) {
		p := at.Regions[g.name]
		if undo {
			p.Undo = &c
		} else {
			p.Rollout = c
		}
		at.Regions[g.name] = p
	})
}

// maxWhy bounds what there is one of in a position, in bytes; what there is of each region is shorter.
const maxWhy = 16 << 10

// brief keeps a text short, as there may be one for each region in a position.
func brief(text string) string { return within(text, 1<<10) }

func within(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
