package rollout

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrWhich says that several regions wait for an answer, and that it was not said which is answered.
var ErrWhich = errors.New("several regions wait for an answer: name the ones that it is for")

// Pause makes all regions hold still at once, and no further one begins until Resume. States that are held
// are held on, their gates are asked, and harm is taken back: see Rollout.Pause.
func (w *Waves) Pause(by, why string) error {
	return w.command(func() error {
		if w.turned() {
			return ErrGoingBack
		}
		if !w.at.Paused {
			w.at.Paused, w.at.PausedAt, w.at.PausedBy, w.at.PausedWhy = true, time.Now(), by, why
			w.pause = standstill{command: command{by, why}, told: w.pause.told}
		}
		return nil
	}, func(r *Rollout) { _ = r.Pause(by, why) })
}

// Resume ends a pause of all regions. Where there is none it answers go, where an answer is waited for: in
// the regions that are named, of which each must wait for one. With none named it answers what the wave
// pauses for, or else the one region that waits; where several do, the error is ErrWhich, and names them.
func (w *Waves) Resume(by, why string, regions ...string) error {
	if len(regions) > 0 {
		return w.answer(by, why, regions)
	}
	w.mu.Lock()
	paused := w.at.Paused
	w.mu.Unlock()
	if paused {
		return w.command(func() error {
			if !w.at.Paused {
				return ErrNotWaiting
			}
			w.unpause(time.Now())
			w.pause = standstill{command: command{by, why}, told: w.pause.told}
			return nil
		}, func(r *Rollout) { r.goOn(by, why) })
	}
	return w.Answer(by, why)
}

// Answer says go where an answer is waited for, as Resume does where nothing is paused. A pause goes on: what was answered counts
// when that is over.
func (w *Waves) Answer(by, why string, regions ...string) error {
	if len(regions) > 0 {
		return w.answer(by, why, regions)
	}
	w.mu.Lock()
	asked := !w.at.Asked.IsZero() && !w.at.Granted
	w.mu.Unlock()
	if asked {
		return w.command(func() error {
			if w.at.Asked.IsZero() || w.at.Granted {
				return ErrNotWaiting
			}
			w.at.Granted, w.ask.answer = true, command{by, why}
			return nil
		}, func(*Rollout) {})
	}
	switch asking := w.Asking(); len(asking) {
	case 0:
		return w.command(func() error { return ErrNotWaiting }, nil)
	case 1:
		return w.answer(by, why, asking)
	default:
		return fmt.Errorf("%w: %s", ErrWhich, strings.Join(asking, ", "))
	}
}

// Asking are the names of the regions that wait for a person's answer, in the order of the plan.
func (w *Waves) Asking() []string {
	var names []string
	for _, g := range w.under() {
		if g.rollout.control.asks() {
			names = append(names, g.name)
		}
	}
	return names
}

// Promote skips the holds (bake, gates, pauses) of all regions and waves that are left, those that have not
// begun included. The waves themselves are walked one after the other, and their steps, since they keep
// the capacity. It ends a pause.
func (w *Waves) Promote(by, why string) error {
	return w.command(func() error {
		if w.turned() {
			return ErrGoingBack
		}
		w.at.Promoting = true
		w.unpause(time.Now())
		w.pause = standstill{command: command{by, why}, told: w.pause.told}
		return nil
	}, func(r *Rollout) { _ = r.Promote(by, why) })
}

// Abort takes the release back in all regions, those of earlier waves included, whatever the plan says of a
// bad wave. It is taken while a bad wave goes back, too, and then the waves before it follow.
func (w *Waves) Abort(by, why string) error {
	by, why = within(by, maxWhy), within(why, maxWhy)
	abort := &AbortError{By: by, Why: why}
	return w.command(func() error {
		if w.at.Abort != nil {
			return nil
		}
		w.at.Abort = abort
		if w.at.Stopped == nil {
			w.cause = abort
		}
		if w.quit != nil {
			w.quit(abort)
		}
		return nil
	}, func(r *Rollout) { _ = r.Abort(by, why) })
}

// command puts a command into the position, and then gives it to all regions that are under way. A region
// that begins later gets it with its words.
func (w *Waves) command(change func() error, give func(*Rollout)) error {
	w.commanding.take()
	defer w.commanding.leave()
	w.writing.take()
	w.mu.Lock()
	var err error
	switch {
	case w.ended:
		err = ErrEnded
	case w.closed:
		err = ErrGoingBack
	default:
		err = change()
	}
	w.mu.Unlock()
	w.writing.leave()
	if err != nil {
		return err
	}
	for _, g := range w.under() {
		give(g.rollout)
	}
	w.nudge()
	return nil
}

// under are the regions that are under way.
func (w *Waves) under() []*region {
	w.mu.Lock()
	defer w.mu.Unlock()
	var regions []*region
	for _, g := range w.regions {
		if g.phase == walking {
			regions = append(regions, g)
		}
	}
	return regions
}

// answer gives an answer to regions that wait for one. It is in each position that is recorded from then
// on, also in those that other regions cause.
func (w *Waves) answer(by, why string, regions []string) error {
	under := w.under()
	for _, name := range regions {
		i := slices.IndexFunc(under, func(g *region) bool { return g.name == name })
		if i < 0 {
			return fmt.Errorf("region %s: %w", name, ErrNotWaiting)
		}
		if err := w.answerOne(under[i], command{by, why}); err != nil {
			return fmt.Errorf("region %s: %w", name, err)
		}
	}
	return nil
}

func (w *Waves) answerOne(g *region, answer command) error {
	c := g.rollout.control
	c.recording <- struct{}{}
	defer func() { <-c.recording }()
	w.writing.take()
	defer w.writing.leave()
	return c.accept(func(c *control) error {
		if !c.waiting {
			return ErrNotWaiting
		}
		c.answered = &answer
		w.mu.Lock()
		defer w.mu.Unlock()
		p := w.at.Regions[g.name]
		c.overlay(&p.Rollout)
		w.at.Regions[g.name] = p
		return nil
	})
}

// unpause ends a pause of all regions. For as long as it was, in whatever process, the time to answer what
// the wave pauses for stood still. The lock is held.
func (w *Waves) unpause(now time.Time) {
	since := w.at.PausedAt
	if since.Before(w.at.Asked) {
		since = w.at.Asked
	}
	if d := now.Sub(since); w.at.Paused && !w.at.PausedAt.IsZero() && !w.at.Asked.IsZero() && d > 0 {
		w.at.Asked = w.at.Asked.Add(d)
		if !w.ask.deadline.IsZero() {
			w.ask.deadline = w.ask.deadline.Add(d)
		}
	}
	w.at.Paused, w.at.PausedAt, w.at.PausedBy, w.at.PausedWhy = false, time.Time{}, "", ""
}

// goOn ends a pause, and answers nothing.
func (r *Rollout) goOn(by, why string) {
	_ = r.control.give(func(c *control) error {
		if c.paused != nil {
			c.paused, c.resumed = nil, &command{by, why}
		}
		return nil
	})
}

// asks reports whether an answer is waited for.
func (c *control) asks() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting && c.answered == nil && !c.back
}

// words tells a region that begins what was commanded before.
func (w *Waves) words(g *region) func() {
	return func() {
		w.commanding.take()
		defer w.commanding.leave()
		w.mu.Lock()
		promoting, by := w.at.Promoting, w.pause.command
		w.mu.Unlock()
		if promoting { // none begins in a pause, and an abort is told by call
			_ = g.rollout.Promote(by.by, by.why)
		}
	}
}

// call takes back a region whose wave is bad, or was aborted.
func (w *Waves) call(g *region) func() {
	by, why := g.caller(), ""
	switch stopped := w.at.Stopped; {
	case stopped == nil:
		by, why = w.at.Abort.By, w.at.Abort.Why
	case stopped.Region == g.name: // a process died before it had recorded that the region goes back
		why = stopped.Cause
	default:
		why = stopped.text()
	}
	return func() { _ = g.rollout.Abort(by, why) } // one that goes back already needs no further word
}

// caller is who aborts a region because its wave is bad.
func (g *region) caller() string { return fmt.Sprintf("wave %d", g.wave+1) }

// recalled reports whether a region ended because its wave, and not somebody else, took it back.
func (g *region) recalled(err error) bool {
	abort, ok := errors.AsType[*AbortError](err)
	return ok && abort.By == g.caller()
}

// text is the reason in a sentence.
func (s *WaveStop) text() string {
	if s.Region == "" {
		return s.Cause
	}
	return fmt.Sprintf("region %s: %s", s.Region, s.Cause)
}
