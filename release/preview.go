package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/release/ledger"
)

// How far a preview looks back.
const (
	// HistoryReleases is how many earlier releases of the pipeline a preview takes its times from at
	// most: the latest ones that are over.
	HistoryReleases = 20
	// HistorySearch is how many of the latest releases in the store, of whatever pipeline, are looked
	// at for that.
	HistorySearch = 200
)

// Preview tells what Run would do with the request: which stages would run, in which order, with which
// gates, needing what, how long it takes by what earlier releases of that pipeline took, who would be
// asked, what would be undone, and what is missing. It writes nothing and runs no stage.
//
// What is missing is told in Missing, where the release could be asked for nevertheless: an ID that is
// taken, and secrets that Config.Secrets does not give, which is asked once for each. The error is that
// of Run for a pipeline or a request that is wrong, or that of the store.
func (r *Runner) Preview(ctx context.Context, p Pipeline, req Request) (*ledger.Preview, error) {
	if r.invalid != nil {
		return nil, r.invalid
	}
	outline, err := p.Outline()
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	first, err := r.first(ctx, outline, req)
	if err != nil {
		return nil, fmt.Errorf("release %s: %w", req.ID, err)
	}
	history, err := r.history(ctx, p.Name)
	if err != nil {
		return nil, fmt.Errorf("release %s: earlier releases: %w", req.ID, err)
	}
	preview, err := ledger.NewPreview(first, history)
	if err != nil {
		return nil, fmt.Errorf("release %s: %w", req.ID, err)
	}
	preview.Missing, err = r.missing(ctx, preview)
	return preview, err
}

// history is how long the stages took in the latest releases of the pipeline.
func (r *Runner) history(ctx context.Context, pipeline string) (*ledger.History, error) {
	var latest []string // a ring
	n := 0
	for id, err := range r.store.Releases(ctx) {
		if err != nil {
			return nil, err
		}
		if len(latest) < HistorySearch {
			latest = append(latest, id)
		} else {
			latest[n%HistorySearch] = id
		}
		n++
	}
	history := new(ledger.History)
	for i := n - 1; i >= n-len(latest) && history.Releases < HistoryReleases; i-- {
		id := latest[i%HistorySearch]
		events, err := r.past(ctx, id, pipeline)
		if err != nil {
			return nil, err
		}
		if events == nil {
			continue
		}
		err = history.Add(func(yield func(ledger.Event, error) bool) {
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
		})
		if err != nil {
			return nil, fmt.Errorf("release %s: %w", id, err)
		}
	}
	return history, nil
}

// past are the events of a release; nil where it is of another pipeline or not over.
func (r *Runner) past(ctx context.Context, id, pipeline string) ([]ledger.Event, error) {
	var events []ledger.Event
	for e, err := range r.store.Events(ctx, id, 0) {
		if err != nil {
			return nil, fmt.Errorf("release %s: %w", id, err)
		}
		if b, first := e.Body.(ledger.Requested); first && b.Pipeline.Name != pipeline {
			return nil, nil
		}
		events = append(events, e)
	}
	if n := len(events); n > 0 {
		if _, over := events[n-1].Body.(ledger.Finished); over {
			return events, nil
		}
	}
	return nil, nil
}

// missing is what the release would not find.
func (r *Runner) missing(ctx context.Context, p *ledger.Preview) ([]string, error) {
	var missing []string
	switch _, err := r.state(ctx, p.Release.ID); {
	case err == nil:
		missing = append(missing, fmt.Sprintf("Request.ID: there is a release %s already", p.Release.ID))
	case !errors.Is(err, ErrUnknown):
		return nil, err
	}
	asked := make(map[string]error)
	for i := range p.Stages {
		s := &p.Stages[i]
		if s.Of != "" {
			continue
		}
		for _, name := range s.Secrets {
			if r.secrets == nil {
				missing = append(missing, fmt.Sprintf("stage %s: secret %s: Config.Secrets is nil", s.Name, name))
				continue
			}
			err, known := asked[name]
			if !known && s.Runs() {
				_, err = r.secrets(ctx, name)
				asked[name] = err
			}
			if err != nil && s.Runs() {
				missing = append(missing, fmt.Sprintf("stage %s: secret %s: %v", s.Name, name, err))
			}
		}
	}
	return missing, nil
}
