package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// The versions of the story.
const (
	old  = "1.0.0"
	good = "1.1.0"
	bad  = "1.2.0"
)

// play is the story: two releases under the eyes of the customers.
type play struct {
	*shop
	out   io.Writer
	gone  func(error) // called when nobody reads on
	begun time.Time

	customers *traffic.Crowd
	testers   *traffic.Crowd
	outcomes  map[string]gate.Outcome // of each gate, as last told
}

func (p *play) say(format string, args ...any) {
	if _, err := fmt.Fprintf(p.out, format+"\n", args...); err != nil {
		p.gone(fmt.Errorf("nobody reads on: %w", err))
	}
}

func (p *play) title(text string) { p.say("\n%s\n%s", text, strings.Repeat("=", len(text))) }

// canary is how the shop is released: first to testers alone, who send a header, then to a fifth of the
// customers, then to half of them. What HAProxy measures decides.
func canary() strategy.Canary {
	testers := []strategy.Match{{Header: "X-Canary", Value: "on"}}
	watched := []string{"errors", "latency"}
	return strategy.Canary{
		Steps: []strategy.CanaryStep{
			{Match: testers, Bake: time.Second},
			{Match: testers, Share: strategy.Percent(20), Bake: 2 * time.Second, Gates: watched},
			{Match: testers, Share: strategy.Percent(50), Bake: 2 * time.Second, Gates: watched},
		},
		After:    strategy.Hold{Bake: time.Second, Gates: watched},
		Deadline: timeout,
	}
}

func (p *play) gates() map[string]gate.Gate {
	return map[string]gate.Gate{
		"errors":  gate.ErrorRate{Source: p.source, Max: 0.02, MinRequests: 100},
		"latency": gate.Latency{Source: p.source, Max: time.Second, MinRequests: 100},
	}
}

func (p *play) play(ctx context.Context) error {
	p.begun = time.Now()
	pid, err := p.server.Worker(ctx)
	if err != nil {
		return err
	}
	p.say("HAProxy (process %d) listens on %s. -config prints what its configuration has for this.", pid, p.server.Place().Addrs[0])
	if err := p.install(ctx, old); err != nil {
		return err
	}
	p.say("%d processes of %s run behind it, and customers ask all the time; some are testers, who send X-Canary: on.", replicas, old)
	p.customers = traffic.Customers{URL: p.server.URL(0), Number: 10, Pause: 15 * time.Millisecond}.Enter()
	defer p.customers.Leave()
	p.testers = traffic.Customers{URL: p.server.URL(0), Number: 2, Pause: 15 * time.Millisecond, Fresh: true, Header: map[string][]string{"X-Canary": {"on"}}}.Enter()
	defer p.testers.Leave()
	for _, act := range []func(context.Context) error{p.good, p.bad, p.verdict} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// good is the release that must be promoted.
func (p *play) good(ctx context.Context) error {
	result, err := p.release(ctx, good, true)
	if err != nil {
		return fmt.Errorf("the good release was not promoted: %w", err)
	}
	p.say("%s %s", p.clock(), result.Outcome)
	return nil
}

// bad is the release that must be taken back for what HAProxy measured.
func (p *play) bad(ctx context.Context) error {
	result, err := p.release(ctx, bad, false)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, harm := errors.AsType[*rollout.GateError](err); !harm || result.Outcome != rollout.RolledBack {
		return fmt.Errorf("the bad release ended as %q, not as %q because of a gate: %w", result.Outcome, rollout.RolledBack, err)
	}
	p.say("%s %s", p.clock(), result.Outcome)
	now, err := rollout.Current(ctx, p.target)
	if err != nil {
		return err
	}
	if g := now.Stable; g.Revision.Version != good || g.Replicas != replicas {
		return fmt.Errorf("%d of %s are to run after the way back, and there are: %s", replicas, good, now)
	}
	return nil
}

// release carries a version out, and reloads HAProxy in the middle.
func (p *play) release(ctx context.Context, version string, table bool) (rollout.Result, error) {
	from, err := rollout.Current(ctx, p.target)
	if err != nil {
		return rollout.Result{}, err
	}
	plan, err := canary().Plan(from, strategy.Revision{Version: version})
	if err != nil {
		return rollout.Result{}, err
	}
	p.title("release " + version)
	if table {
		p.say("%s", plan.Table())
	}
	reloads := make(chan error, len(plan.Steps))
	begun := 0
	r, err := rollout.New(p.target, plan, rollout.Options{
		Gates: p.gates(), GateInterval: 500 * time.Millisecond, Poll: 50 * time.Millisecond,
		Patience: timeout, Decision: strategy.Pause{Deadline: timeout},
		Notify: func(e rollout.Event) {
			p.tell(e)
			middle := e.Kind == rollout.StepReached && !e.Back && e.Step == 1
			if middle || e.Kind == rollout.GoingBack {
				begun++
				go func() { reloads <- p.reload(ctx) }()
			}
		},
	})
	if err != nil {
		return rollout.Result{}, err
	}
	result, err := r.Run(ctx)
	for range begun {
		if failed := <-reloads; failed != nil {
			err = errors.Join(err, failed)
		}
	}
	return result, err
}

// reload reloads HAProxy, as somebody might do who has changed something else in its configuration.
func (p *play) reload(ctx context.Context) error {
	before, err := p.server.Worker(ctx)
	if err != nil {
		return err
	}
	if err := p.server.Reload(ctx); err != nil {
		return err
	}
	after, err := p.server.Worker(ctx)
	if err == nil {
		p.say("%s HAProxy is reloaded: process %d has taken over from process %d", p.clock(), after, before)
	}
	return err
}

func (p *play) clock() string { return fmt.Sprintf("%6.1fs ", time.Since(p.begun).Seconds()) }

// tell tells what is worth a line.
func (p *play) tell(e rollout.Event) {
	kinds := []rollout.EventKind{rollout.StepStarted, rollout.StepReached, rollout.GoingBack, rollout.InstanceFailed, rollout.Degraded, rollout.Drifted, rollout.Asked}
	switch {
	case e.Kind == rollout.StepStarted:
		p.outcomes = map[string]gate.Outcome{}
	case e.Kind == rollout.Judged && p.outcomes[e.Verdict.Gate] != e.Verdict.Outcome:
		p.outcomes[e.Verdict.Gate] = e.Verdict.Outcome
		kinds = append(kinds, rollout.Judged)
	}
	if !slices.Contains(kinds, e.Kind) {
		return
	}
	where := fmt.Sprintf("step %d of %d", e.Step+1, e.Steps)
	if e.Back {
		where = "way back, " + where
	}
	p.say("%s %s: %s: %s", p.clock(), where, e.Kind, e.Text)
}
