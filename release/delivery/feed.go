package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// ErrCursor says that something is no cursor of a feed.
var ErrCursor = errors.New("no cursor")

// Options say what the events of releases leave open. The zero value is usable.
type Options struct {
	// Deploys says which stages are deployments, beside those that have moved a rollout: stages that run a command, for example. Nil: none.
	Deploys func(s ledger.Stage) bool
	// Kind says what a release is for: a hotfix, for example. Nil: all are dora.KindChange.
	Kind func(r stage.Release) dora.Kind
	// Changes are those of a release. Nil: those that stage/version has recorded.
	Changes func(r stage.Release) []dora.Change
}

// Feed makes events of package dora from those of releases. Make one with New or Resume.
type Feed struct {
	o Options

	mu       sync.Mutex
	releases map[string]*course
	places   map[place][]dora.Incident // that are open
	changes  map[string]bool           // those that were told
}

// New makes a feed that begins with the first event of each release.
func New(o Options) *Feed {
	return &Feed{o: o, releases: map[string]*course{}, places: map[place][]dora.Incident{}, changes: map[string]bool{}}
}

// place is where something is deployed.
type place struct{ service, environment string }

// cursor is a feed as it is kept.
type cursor struct {
	Releases map[string]stand `json:"releases"`
	Open     []harm           `json:"open,omitempty"`
	Changes  []string         `json:"changes,omitempty"`
}

// stand is how far a release was read.
type stand struct {
	Seq  uint64 `json:"seq"`
	Over bool   `json:"over,omitempty"`
}

// harm are the incidents of an environment that are open.
type harm struct {
	Service     string          `json:"service"`
	Environment string          `json:"environment"`
	Incidents   json.RawMessage `json:"incidents"` // in the form of package dora
}

// Cursor is how far the feed has read, as JSON, for Resume.
func (f *Feed) Cursor() ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := cursor{Releases: map[string]stand{}, Changes: slices.Sorted(maps.Keys(f.changes))}
	for id, r := range f.releases {
		c.Releases[id] = stand{max(r.seq, r.told), r.over}
	}
	for p, open := range f.places {
		raw, err := json.Marshal(open)
		if err != nil {
			return nil, err
		}
		c.Open = append(c.Open, harm{p.service, p.environment, raw})
	}
	slices.SortFunc(c.Open, func(a, b harm) int {
		if a.Service != b.Service {
			return compare(a.Service, b.Service)
		}
		return compare(a.Environment, b.Environment)
	})
	return json.Marshal(c)
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Resume makes a feed that goes on where another one was when it gave that cursor. The options must be the same. Releases that were not over are read anew, and
// told from there. The error wraps ErrCursor.
func Resume(o Options, text []byte) (*Feed, error) {
	var c cursor
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCursor, err)
	}
	if c.Releases == nil {
		return nil, fmt.Errorf("%w: it has no releases", ErrCursor)
	}
	f := New(o)
	for id, s := range c.Releases {
		f.releases[id] = &course{over: s.Over, told: s.Seq}
		if s.Over {
			f.releases[id].seq = s.Seq
		}
	}
	for _, h := range c.Open {
		var open []json.RawMessage
		if err := json.Unmarshal(h.Incidents, &open); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCursor, err)
		}
		for _, raw := range open {
			e, err := dora.Decode(raw)
			incident, ok := e.(dora.Incident)
			if err != nil || !ok {
				return nil, fmt.Errorf("%w: %s is no incident", ErrCursor, raw)
			}
			p := place{h.Service, h.Environment}
			f.places[p] = append(f.places[p], incident)
		}
	}
	for _, id := range c.Changes {
		f.changes[id] = true
	}
	return f, nil
}

// Read tells what the store has that was not told yet. Where the error is not nil, the events are nevertheless told, and will not be again.
func (f *Feed) Read(ctx context.Context, store release.Store) ([]dora.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs *multierror.Error
	var facts []fact
	for id, err := range store.Releases(ctx) {
		if err != nil {
			errs = multierror.Append(errs, fmt.Errorf("releases: %w", err))
			break
		}
		r := f.releases[id]
		if r == nil {
			r = &course{}
			f.releases[id] = r
		}
		if r.over {
			continue
		}
		for e, err := range store.Events(ctx, id, r.seq+1) {
			var changes []dora.Change
			if b, ok := e.Body.(ledger.Requested); ok && err == nil {
				changes, err = f.inherited(ctx, store, b)
			}
			if err == nil {
				var found []fact
				found, err = r.apply(e, f.o)
				facts = append(facts, found...)
				r.changes = append(r.changes, changes...)
			}
			if err != nil {
				errs = multierror.Append(errs, fmt.Errorf("release %s: %w", id, err))
				break
			}
		}
	}
	return f.tell(facts), errs.ErrorOrNil()
}

// inherited are the changes of the release that a release was forked from: the fork brings them, unless it decides on a version anew. Of one that
// is not known any more there are none.
func (f *Feed) inherited(ctx context.Context, store release.Store, b ledger.Requested) ([]dora.Change, error) {
	if b.Forked == nil || f.o.Changes != nil {
		return nil, nil
	}
	seen := map[string]bool{}
	for origin := b.Forked; origin != nil; {
		id := origin.Release
		if seen[id] {
			return nil, fmt.Errorf("release %s is forked from itself: %w", id, ledger.ErrBroken)
		}
		seen[id], origin = true, nil
		var changes []dora.Change
		found := false
		for e, err := range store.Events(ctx, id, 0) {
			if err != nil {
				return nil, fmt.Errorf("forked from release %s: %w", id, err)
			}
			switch body := e.Body.(type) {
			case ledger.Requested:
				origin = body.Forked
			case ledger.Noted:
				if own, ok := decided(body); ok {
					changes, found = own, true
				}
			}
		}
		if found {
			return changes, nil
		}
	}
	return nil, nil
}

// tell makes events of facts, in the order of time.
func (f *Feed) tell(facts []fact) []dora.Event {
	slices.SortStableFunc(facts, func(a, b fact) int { return a.deployment.Time.Compare(b.deployment.Time) })
	var events []dora.Event
	for _, is := range facts {
		for _, c := range is.changes {
			if !f.changes[c.ID] && is.deployment.Status != dora.Failure {
				f.changes[c.ID] = true
				events = append(events, c)
			}
		}
		events = append(events, is.deployment)
		p, now := is.place, is.deployment.Time
		if is.heals {
			var open []dora.Incident
			for _, incident := range f.places[p] {
				if is.beside(incident) {
					open = append(open, incident)
					continue
				}
				incident.Resolved = now
				events = append(events, incident)
			}
			if f.places[p] = open; open == nil {
				delete(f.places, p)
			}
		}
		if is.broken != "" {
			incident := dora.Incident{ID: is.broken + "/stuck", Service: p.service, Opened: now, CausedBy: []string{is.broken}}
			f.places[p] = append(f.places[p], incident)
			events = append(events, incident)
		}
	}
	return events
}
