package main

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy"
)

// verdict says what the customers got, beside what HAProxy has measured, and whether all went as it should.
func (p *play) verdict(ctx context.Context) error {
	customers, testers := p.customers.Leave(), p.testers.Leave()
	p.title("what the customers counted, and what HAProxy measured")
	p.say("  %-10s %9s %9s %9s   %9s %9s", "version", "customers", "testers", "failed", "requests", "errors")
	for _, version := range []string{old, good, bad} {
		c, t := customers.Of(version), testers.Of(version)
		w, err := p.measured(ctx, version, uint64(c.Answered()+t.Answered()), customers.Since)
		if err != nil {
			return err
		}
		p.say("  %-10s %9d %9d %9d   %9d %9d", version, c.Answered(), t.Answered(), c.Failed+t.Failed, w.Requests, w.Errors)
	}
	p.say("  %-10s %9d %9d", "lost", customers.Lost, testers.Lost)
	return p.judge(customers, testers)
}

// judge fails unless the story was the one that this example is about.
func (p *play) judge(customers, testers traffic.Counts) error {
	if n := customers.Lost + testers.Lost; n > 0 {
		return fmt.Errorf("%d requests were lost: %s\n%s", n, customers, testers)
	}
	for version, fails := range map[string]bool{old: false, good: false, bad: true} {
		c, t := customers.Of(version), testers.Of(version)
		if c.Answered() == 0 || t.Answered() == 0 || c.Failed+t.Failed > 0 != fails {
			return fmt.Errorf("version %s answered %d customers and %d testers, and failed %d, which is not what this example is about",
				version, c.Answered(), t.Answered(), c.Failed+t.Failed)
		}
	}
	p.say("\n%s was promoted. %s did harm, was seen, and is gone; %s answers everybody. No request was lost.", good, bad, good)
	return nil
}

// measured is what HAProxy measured of a version, once it has measured as much as the customers have counted:
// what it logs comes a moment later. Where it measures something else in the end, that is what is told.
func (p *play) measured(ctx context.Context, version string, counted uint64, since time.Time) (metrics.Window, error) {
	group := strategy.Pool{Revision: strategy.Revision{Version: version}}.String()
	for end := time.Now().Add(timeout / 10); ; {
		w, err := p.source.Read(ctx, metrics.Query{Group: group, From: since, To: time.Now()})
		if err != nil || w.Requests >= counted || time.Now().After(end) {
			return w, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return w, context.Cause(ctx)
		}
	}
}
