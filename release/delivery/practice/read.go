package practice

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/maturity"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/delivery"
	"github.com/davit-sdk/davit/release/ledger"
)

// Options say what the events of releases leave open. The zero value is usable.
type Options struct {
	// Delivery says what is a deployment, and which changes it brings. A feed that tells the history of the same store must have the same.
	Delivery delivery.Options
	// Kind says what a stage does that is neither a deployment nor an approval: maturity.KindBuild, for example. Nil, and an empty answer: maturity.KindOther.
	Kind func(s ledger.Stage) maturity.Kind
	// Manual says of a deployment that a person carries it out: of a stage that asks somebody to, for example. Nil: none is.
	Manual func(s ledger.Stage) bool
	// Strategies are those of a deployment without a recorded plan. Nil: they are not known.
	Strategies func(s ledger.Stage) []maturity.Strategy
}

// Records are what the releases of a store did.
type Records struct {
	// Releases are in the order in which they were begun.
	Releases []maturity.Release
	// Events are the same deployments, and their changes and incidents, for package dora.
	Events []dora.Event
}

// History has the events. The error is that of dora.History.AddAll.
func (r *Records) History() (*dora.History, error) {
	h := new(dora.History)
	if err := h.AddAll(r.Events...); err != nil {
		return nil, err
	}
	return h, nil
}

// Read tells what the releases of a store did, up to now. Where the error is not nil, the records are nevertheless told.
func Read(ctx context.Context, store release.Store, o Options) (*Records, error) {
	var errs *multierror.Error
	events, err := delivery.New(o.Delivery).Read(ctx, store)
	if err != nil {
		errs = multierror.Append(errs, err)
	}
	told := sort(events)
	records := &Records{Events: events}
	for id, err := range store.Releases(ctx) {
		if err != nil {
			break // the feed has said so
		}
		c := course{o: o, told: told, stages: map[string]*stint{}, state: new(ledger.State)}
		if err := c.read(store.Events(ctx, id, 0)); err != nil {
			c.release.Whole = false
			if !reported(errs, id) {
				errs = multierror.Append(errs, fmt.Errorf("release %s: %w", id, err))
			}
		}
		if c.release.ID != "" {
			records.Releases = append(records.Releases, c.finish())
		}
	}
	return records, errs.ErrorOrNil()
}

// reported says whether the feed has reported what is wrong with a release.
func reported(errs *multierror.Error, id string) bool {
	return errs != nil && strings.Contains(errs.Error(), "release "+id+":")
}

// read applies the events of a release.
func (c *course) read(events iter.Seq2[ledger.Event, error]) error {
	for e, err := range events {
		if err == nil {
			err = c.apply(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sorted is what the feed told, by id.
type sorted struct {
	deployments map[string][]dora.Deployment // of each release
	harmed      map[string]bool              // that were taken back, or got stuck
	committed   map[string]time.Time
}

func sort(events []dora.Event) sorted {
	s := sorted{map[string][]dora.Deployment{}, map[string]bool{}, map[string]time.Time{}}
	for _, e := range events {
		switch e := e.(type) {
		case dora.Deployment:
			id, _, _ := strings.Cut(e.ID, "/") // which no release has in its id
			s.deployments[id] = append(s.deployments[id], e)
			if e.Status != dora.Failure {
				for _, id := range e.Fixes {
					s.harmed[id] = true
				}
			}
		case dora.Incident:
			for _, id := range e.CausedBy {
				s.harmed[id] = true
			}
		case dora.Change:
			s.committed[e.ID] = e.Time
		}
	}
	return s
}

// deployed are the deployments of a release, as steps.
func (c *course) deployed() {
	for _, d := range c.told.deployments[c.release.ID] {
		s := maturity.Step{ID: d.ID, Kind: maturity.KindDeploy, Outcome: maturity.Done, Environment: d.Environment, From: d.Started, To: d.Time}
		if s.From.After(s.To) {
			s.From = time.Time{}
		}
		switch {
		case d.Kind == dora.KindRollback && len(d.Fixes) > 0:
			s.Kind = maturity.KindRollback
			if d.Status == dora.Failure {
				s.Outcome = maturity.Failed
			}
		case d.Status == dora.Failure:
			s.Outcome = maturity.Failed
		case c.told.harmed[d.ID]:
			s.Outcome = maturity.TakenBack
		}
		if is, ok := c.attempts[d.ID]; ok {
			s.Name, s.Strategies, s.Digest, s.Means, s.By = is.name, is.strategies, is.digest, is.means, is.by
		}
		if c.release.Version == "" {
			c.release.Version = d.Version
		}
		for _, change := range d.Changes {
			if at := c.told.committed[change]; !at.IsZero() && (c.release.Committed.IsZero() || at.Before(c.release.Committed)) {
				c.release.Committed = at
			}
		}
		c.release.Steps = append(c.release.Steps, s)
	}
}

// finish is the record of the release.
func (c *course) finish() maturity.Release {
	c.deployed()
	slices.SortStableFunc(c.release.Steps, func(a, b maturity.Step) int { return a.To.Compare(b.To) })
	return c.release
}
