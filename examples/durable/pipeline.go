package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/command"
	"github.com/davit-sdk/davit/stage/deploy"
	stagegate "github.com/davit-sdk/davit/stage/gate"
	"github.com/davit-sdk/davit/strategy"
)

// regions are where a version is announced; they come with the request.
var regions = stage.NewKey[[]string]("regions")

// batches is how many steps the migration of the orders has.
const batches = 6

// pipeline is how this team releases its shop. All that a stage needs in order to be run again is in the
// world or in its checkpoint, since the host may be another one by then.
func pipeline(p *production, w outside) release.Pipeline {
	rollout := rolloutOptions()
	rollout.Gates = map[string]gate.Gate{"answers": prices(p, w, goods()[:1])}
	return release.Pipeline{
		Name:   "shop",
		Inputs: []stage.Ref{stage.Version.Ref(), regions.Ref()},
		Stages: []release.Stage{
			{Name: "build", Do: build(p.dir)},
			{Name: "approve", Do: approval.Stage{Ask: "Release it?", FourEyes: true}, Needs: []string{"build"}},
			{Name: "production", Needs: []string{"approve"}, Do: deploy.Stage{
				Target:   p.target,
				Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(30), Gates: []string{"answers"}}}},
				Options:  rollout, Prepare: p.prepare, Recall: p.recall,
			}},
			{Name: "migrate", Do: migrate(w), Needs: []string{"production"}},
			{Name: "region", Do: announce(w), Needs: []string{"migrate"}, Each: &release.Each{Key: regions.Ref(), Parallel: 1}},
			{Name: "watch", Needs: []string{"region"}, OnFailure: release.Undo, Do: stagegate.Stage{
				Name: "prices", Gate: prices(p, w, goods()), Interval: 100 * time.Millisecond, Patience: 30 * time.Second,
			}},
		},
	}
}

// build packs the catalogue of the version.
func build(dir string) stage.Stage {
	return stage.Declared{
		Read: []stage.Ref{stage.Version.Ref()}, Write: []stage.Ref{stage.Built.Ref()},
		Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			version, err := stage.Version.Get(t)
			if err != nil {
				return err
			}
			path, err := pack(dir, version)
			if err != nil {
				return err
			}
			artifact, err := command.Digest(ctx, path)
			if err != nil {
				return err
			}
			return stage.Built.Set(t, artifact)
		}),
	}
}

// migrate turns the orders from euros to cents. It multiplies, so that half of it done twice would be
// wrong for ever: it runs at most once, unless a person who has looked says otherwise.
func migrate(w outside) stage.Stage {
	return stage.Declared{
		Class: stage.AtMostOnce,
		Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			unit, err := w.ask(ctx, t, "GET /orders/unit", "")
			if err != nil || unit == "cents" {
				return err
			}
			for i := range batches {
				if _, err := w.ask(ctx, t, fmt.Sprintf("POST /orders/batches/%d", i), ""); err != nil {
					return err
				}
			}
			_, err = w.ask(ctx, t, "PUT /orders/unit", "cents")
			return err
		}),
	}
}

// announce shows the version in a region, and takes that back. What was shown before is in the checkpoint
// before anything changes: the host that takes it back may be another one.
func announce(w outside) stage.Stage {
	return stage.Undoable{
		Stage: stage.Declared{Read: []stage.Ref{stage.Version.Ref()}, Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			version, err := stage.Version.Get(t)
			if err != nil {
				return err
			}
			var before string
			known, err := t.Restore(&before)
			if err == nil && !known {
				if before, err = w.ask(ctx, t, "GET /regions/"+t.Item().Name, ""); err == nil {
					err = t.Checkpoint(ctx, before)
				}
			}
			if err != nil {
				return err
			}
			_, err = w.ask(ctx, t, "PUT /regions/"+t.Item().Name, version)
			return err
		})},
		By: stage.Func(func(ctx context.Context, t *stage.Task) error {
			var before string
			if known, err := t.Restore(&before); err != nil || !known {
				return err // it never came so far as to change anything
			}
			_, err := w.ask(ctx, t, "PUT /regions/"+t.Item().Name, before)
			return err
		}),
	}
}

// prices is a gate: a checker outside of this host asks the shop for the prices of items.
func prices(p *production, w outside, items []string) gate.Gate {
	return gate.Func(func(ctx context.Context, _ gate.Subject) (gate.Verdict, error) {
		missing, err := w.ask(ctx, nil, "POST /check", p.addr+" "+strings.Join(items, " "))
		switch {
		case err != nil:
			return gate.Verdict{}, err
		case missing != "":
			return gate.Verdict{Outcome: gate.Fail, Reason: "no price for " + missing}, nil
		}
		return gate.Verdict{Outcome: gate.Pass, Reason: fmt.Sprintf("%d of %d items have a price", len(items), len(items))}, nil
	})
}
