package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// opening is how long it may take until all is known of what runs.
const opening = 30 * time.Second

// release checks, shows the plan, and walks it where that is wanted.
func release(ctx context.Context, out io.Writer, where place, o kubernetes.Options, to strategy.Revision, s settings) error {
	clients, err := kubernetes.Connect(where.config)
	if err != nil {
		return err
	}
	if err := kubernetes.Check(ctx, clients, o); err != nil {
		return fmt.Errorf("nothing was moved: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, opening)
	defer cancel()
	target, err := kubernetes.Open(limited, clients, o)
	if err != nil {
		return err
	}
	defer target.Close()
	from, err := rollout.Current(ctx, target)
	if err != nil {
		return err
	}
	plan, err := s.plan(from, to)
	if errors.Is(err, strategy.ErrNothingToDo) {
		fmt.Fprintf(out, "%s runs already\n", to)
		return nil
	}
	if err != nil {
		return err
	}
	if err := target.Check(ctx, plan); err != nil {
		return fmt.Errorf("nothing was moved: %w", err)
	}
	fmt.Fprint(out, plan.Table())
	if !s.run {
		fmt.Fprintln(out, "nothing was moved: give -go to walk it")
		return nil
	}
	return walk(ctx, out, target, plan)
}

// walk tells each event, and takes the release back on an interrupt.
func walk(ctx context.Context, out io.Writer, target *kubernetes.Target, plan strategy.Plan) error {
	started := time.Now()
	r, err := rollout.New(target, plan, rollout.Options{Notify: func(e rollout.Event) {
		fmt.Fprintf(out, "%8s  %-16s %s\n", time.Since(started).Round(time.Second), e.Kind, e.Text)
	}})
	if err != nil {
		return err
	}
	done := make(chan struct{})
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		select {
		case <-ctx.Done():
			if err := r.Abort("you", "an interrupt"); err != nil {
				fmt.Fprintln(out, "an interrupt:", err)
			}
		case <-done:
		}
	}()
	_, err = r.Run(context.WithoutCancel(ctx))
	close(done)
	<-watching
	return err
}
