package enact

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release/plan"
)

// The first and the longest wait before people are told again what could not be told.
const (
	firstWait   = time.Second
	longestWait = time.Minute
)

// crier tells people, in a goroutine of its own: what cannot be told holds nothing else up.
type crier struct {
	tell  func(context.Context, plan.Action) error
	heard chan plan.Action
	ended chan []error
	left  []plan.Action
	errs  []error // why, of each of left
}

// newCrier begins one that is given no more than so many actions.
func newCrier(ctx context.Context, tell func(context.Context, plan.Action) error, most int) *crier {
	c := &crier{tell: tell, heard: make(chan plan.Action, most), ended: make(chan []error, 1)}
	go c.run(ctx)
	return c
}

// cry has an action told. It does not wait for that.
func (c *crier) cry(a plan.Action) {
	if c.tell != nil {
		c.heard <- a // there is room for all: each is told of once
	}
}

// end waits until all is told that can be, and gives what could not.
func (c *crier) end() []error {
	close(c.heard)
	return <-c.ended
}

func (c *crier) run(ctx context.Context) {
	wait := firstWait
	for {
		var again <-chan time.Time
		if len(c.left) > 0 && ctx.Err() == nil {
			again = time.After(wait)
		}
		select {
		case a, more := <-c.heard:
			if !more {
				if ctx.Err() == nil {
					c.round(ctx)
				}
				c.ended <- c.errs
				return
			}
			c.once(ctx, a)
			wait = firstWait
		case <-again:
			c.round(ctx)
			wait = min(2*wait, longestWait)
		}
	}
}

// round tells once more what is left.
func (c *crier) round(ctx context.Context) {
	left := c.left
	c.left, c.errs = nil, nil
	for _, a := range left {
		c.once(ctx, a)
	}
}

// once tries to tell an action.
func (c *crier) once(ctx context.Context, a plan.Action) {
	short, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	err := context.Cause(ctx)
	if err == nil {
		err = c.call(short, a)
	}
	if err != nil {
		c.left = append(c.left, a)
		c.errs = append(c.errs, fmt.Errorf("risk %s: tell %v: %w", a.Risk, a.Tell, err))
	}
}

// call calls tell, which is the host's code: what panics, or ends its goroutine, has told nobody.
func (c *crier) call(ctx context.Context, a plan.Action) error {
	told := make(chan error, 1)
	go func() {
		err := errors.New("it has ended its goroutine")
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("panic: %v", v)
			}
			told <- err
		}()
		err = c.tell(ctx, a)
	}()
	return <-told
}
