package rollout

import (
	"context"
	"sync"
	"time"
)

// control carries commands from any goroutine to the one that runs the rollout.
type control struct {
	mu        sync.Mutex
	wake      chan struct{}      // holds one token when something changed
	interrupt context.CancelFunc // of the gates: any command
	cut       context.CancelFunc // of a call to the target: an abort
	begun     bool
	ended     bool
	back      bool
	waiting   bool // for an answer
	paused    *command
	resumed   *command
	promoted  *command
	aborted   *command
	answered  *command

	recording chan struct{} // full while the position is recorded, or a command given
}

type command struct{ by, why string }

func newControl() *control {
	return &control{wake: make(chan struct{}, 1), recording: make(chan struct{}, 1)}
}

// Pause makes the rollout hold still at once: no instance is started or stopped and no traffic
// moved until Resume. What a target does by itself goes on, though: in a Native step the pause keeps the
// rollout from asking for it again, and from going on to the next step, and nothing else. While a state is held its gates are still asked, and harm takes the release back.
func (r *Rollout) Pause(by, why string) error {
	return r.control.give(func(c *control) error {
		if c.paused == nil {
			c.paused, c.resumed = &command{by, why}, nil
		}
		return nil
	})
}

// Resume ends a pause, and answers go where an answer is waited for.
func (r *Rollout) Resume(by, why string) error {
	return r.control.give(func(c *control) error {
		switch {
		case c.paused != nil:
			c.paused, c.resumed = nil, &command{by, why}
		case c.waiting:
			c.answered = &command{by, why}
		default:
			return ErrNotWaiting
		}
		return nil
	})
}

// Answer says go where an answer is waited for. A pause goes on: what was answered counts when that is over.
func (r *Rollout) Answer(by, why string) error {
	return r.control.give(func(c *control) error {
		if !c.waiting {
			return ErrNotWaiting
		}
		c.answered = &command{by, why}
		return nil
	})
}

// Promote skips the holds (bake, gates, pauses) of this and all further steps. The steps
// themselves are walked, since they keep the capacity. It ends a pause.
func (r *Rollout) Promote(by, why string) error {
	return r.control.give(func(c *control) error {
		c.promoted, c.paused, c.resumed = &command{by, why}, nil, nil
		return nil
	})
}

// Abort takes the release back.
func (r *Rollout) Abort(by, why string) error {
	return r.control.give(func(c *control) error {
		if c.aborted == nil {
			c.aborted = &command{by, why}
		}
		if c.cut != nil {
			c.cut()
		}
		return nil
	})
}

func (c *control) give(change func(*control) error) error {
	c.recording <- struct{}{}
	defer func() { <-c.recording }()
	return c.accept(change)
}

// accept is give where no position is recorded meanwhile.
func (c *control) accept(change func(*control) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.back && !c.ended:
		return ErrGoingBack
	case c.ended:
		return ErrEnded
	}
	if err := change(c); err != nil {
		return err
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
	if c.interrupt != nil {
		c.interrupt()
	}
	return nil
}

// turn takes no further command, and returns an abort that was accepted and not carried out yet.
func (c *control) turn() (late *command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.back = true
	return c.aborted
}

// begin reports whether the rollout may run: once.
func (c *control) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.begun
	c.begun = true
	return first
}

func (c *control) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
}

// ask says that an answer is waited for. One that came before counts where the question was asked before.
func (c *control) ask(again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = true
	if !again {
		c.answered = nil
	}
}

// settle says that no answer is waited for.
func (c *control) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting, c.answered = false, nil
}

// hold takes no command until it is let go, and adds to the position what was commanded and is not carried
// out yet. So whoever gives a command knows that each position which is recorded afterwards has it.
func (c *control) hold(at *Checkpoint) (release func()) {
	c.recording <- struct{}{}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.overlay(at)
	return func() { <-c.recording }
}

// overlay adds to a position what was commanded.
func (c *control) overlay(at *Checkpoint) {
	if at.Back {
		return
	}
	at.Promoting = at.Promoting || c.promoted != nil
	at.pause(c.paused)
	if c.aborted != nil {
		at.Abort = &AbortError{By: c.aborted.by, Why: c.aborted.why}
	}
	if c.answered != nil {
		at.Waived, at.Granted = at.Waived || at.AskedGates, at.Granted || !at.AskedGates
		at.Asked, at.AskedGates = time.Time{}, false
	}
}

// look is what has been asked for so far.
func (c *control) look() (paused, promoted, aborted *command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paused, c.promoted, c.aborted
}

// take returns a command once.
func (c *control) take(from func(*control) **command) *command {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := from(c)
	cmd := *p
	*p = nil
	return cmd
}

// interruptible is a context that ends at the next command, so that a slow gate does not hold up
// an abort.
func (c *control) interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.interrupt = cancel; c.aborted != nil {
		cancel()
	}
	return ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.interrupt = nil
		cancel()
	}
}

// abortable lets an abort cut a call short.
func (c *control) abortable(cancel context.CancelFunc) (done func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut = cancel; c.aborted != nil {
		cancel()
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cut = nil
	}
}

// sleep waits for d, a command, or the end of the context.
func (c *control) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.wake:
	case <-ctx.Done():
	}
}
