package gate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// total are the counts of a group, or of all groups together.
type total struct {
	name             string
	Requests, Errors uint64
	from             time.Time // the begin of what they cover, of the group that is known longest
	to               time.Time // their end, of the group whose measurements end first
	undated          bool      // of a group with requests the source does not say since when
}

func (t total) rate() float64 {
	if t.Requests == 0 {
		return 0
	}
	return float64(t.Errors) / float64(t.Requests)
}

// totals reads what a group, or the whole, did in a stretch up to now. No data is no request.
func totals(ctx context.Context, source metrics.Source, of Group, s Subject, length time.Duration) (total, error) {
	var labels []string
	t := total{name: "the whole"}
	if of != Whole {
		label, err := of.label(s)
		if err != nil {
			return total{}, err
		}
		labels, t.name = []string{label}, label
	} else {
		for _, label := range []string{s.Stable, s.Baseline, s.Candidate} {
			if label != "" {
				labels = append(labels, label)
			}
		}
		if len(labels) == 0 {
			return total{}, fmt.Errorf("%s has no group", s.Step)
		}
	}
	for _, label := range labels {
		w, err := source.Read(ctx, metrics.Query{Group: label, From: s.Now.Add(-length), To: s.Now})
		switch {
		case errors.Is(err, metrics.ErrNoData):
			continue
		case err != nil:
			return total{}, fmt.Errorf("read the metrics of %s: %w", label, err)
		case w.Errors > w.Requests:
			return total{}, fmt.Errorf("the metrics of %s count %d errors in %d requests", label, w.Errors, w.Requests)
		case w.Requests > math.MaxUint64-t.Requests:
			return total{}, fmt.Errorf("the metrics of %s count more requests than can be added up", label)
		}
		t.to = earliest(t.to, w.To)
		t.Requests, t.Errors = t.Requests+w.Requests, t.Errors+w.Errors
		switch {
		case w.From.IsZero():
			t.undated = t.undated || w.Requests > 0
		case t.from.IsZero() || w.From.Before(t.from):
			t.from = w.From
		}
	}
	return t, nil
}

// earliest is the earlier of two times of which each may be unknown.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
