package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// report tells what a release was: its notes, what was done to production, the evidence, and where
// its artifact lies. All of it comes from the events.
func (q *quickstart) report(review *ledger.Review) {
	say := q.screen.say
	if notes, err := ledger.Value(review.State, stage.Notes); err == nil {
		say("\nchangelog")
		for line := range strings.Lines(strings.TrimSpace(notes)) {
			say("  %s", strings.TrimRight(line, "\n"))
		}
	}
	q.planned(review)
	say("\nproduction, as executed")
	var begun time.Time
	for _, d := range review.Details {
		var e rollout.Event
		if d.Stage != "production" || d.Name != deploy.DetailEvent || json.Unmarshal(d.Data, &e) != nil {
			continue
		}
		if begun.IsZero() {
			begun = e.At
		}
		at := fmt.Sprintf("%5.1fs", e.At.Sub(begun).Seconds())
		switch e.Kind {
		case rollout.StepReached:
			way := "step"
			if e.Back {
				way = "back"
			}
			say("  %s  %s %d of %d: %s", at, way, e.Step+1, e.Steps, e.Text)
		case rollout.GoingBack:
			say("  %s  taken back: %s", at, e.Text)
		case rollout.Ended:
			say("  %s  %s", at, e.Outcome)
		}
	}
	if s := review.State.Stage("production"); s != nil && len(s.Evidence) > 0 {
		say("\nevidence")
		for _, v := range s.Evidence {
			say("  gate %s: %s: %s", v.Gate, v.Outcome, v.Reason)
		}
	}
	if built, err := ledger.Value(review.State, stage.Built); err == nil {
		say("\nartifact  %s", built.Digest)
		if q.keep {
			say("          %s", built.Location)
		}
	}
	if q.keep {
		say("review    %s", q.reviewFile(review.State.Release.ID))
	}
}

// planned shows the plan of production as it was made before anything moved.
func (q *quickstart) planned(review *ledger.Review) {
	for _, d := range review.Details {
		var table string
		if d.Stage != "production" || d.Name != deploy.DetailPlan || json.Unmarshal(d.Data, &table) != nil {
			continue
		}
		q.screen.say("\nproduction, as planned")
		for line := range strings.Lines(table) {
			q.screen.say("%s", q.screen.fit("  "+strings.TrimRight(line, "\n")))
		}
	}
}
