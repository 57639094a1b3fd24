package prometheus

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/davit-sdk/davit/metrics"
)

// there reports whether anything of the group was scraped around the stretch.
func (r *reading) there() bool {
	return r.up != nil && len(r.up.streams) > 0 || r.requests.template.plain && len(r.requests.streams) > 0
}

// absent is why nothing was scraped of a group.
func (r *reading) absent(ctx context.Context) error {
	var selections []string
	for _, f := range []*feed{r.up, r.requests} {
		if f == nil {
			continue
		}
		for _, s := range f.template.selectors {
			text, err := s.selection(r.values)
			if err != nil {
				return err
			}
			selections = append(selections, text)
		}
	}
	known, err := r.client.ever(ctx, selections...)
	switch {
	case err != nil:
		return err
	case !known:
		return fmt.Errorf("%w: there has never been a series %s", metrics.ErrUnknownGroup, strings.Join(selections, " or "))
	}
	return fmt.Errorf("%w: there is no sample of it around the stretch", metrics.ErrNoData)
}

// cover finds out what the answer covers: from where on the group is known, and up to where all of it is.
func (r *reading) cover(ctx context.Context) error {
	gap, lag := r.o.MaxGap.Milliseconds(), r.o.Lag.Milliseconds()
	r.begin, r.end = r.from, min(r.to, r.now-lag)
	recent := r.now-r.to <= gap+lag // the stretch reaches up to now
	horizon := min(r.now, r.until)
	var alive []*life
	late := map[string]*life{}
	first, last := int64(-1), int64(0)
	for instance, l := range r.lives {
		last = max(last, l.last)
		// What was loaded from before that is there for what it counted alone.
		if i, _ := slices.BinarySearch(l.scraped, r.from-gap); i < len(l.scraped) && (first < 0 || l.scraped[i] < first) {
			first = l.scraped[i]
		}
		switch {
		case horizon-l.last > gap: // it is gone
		case l.last < r.to:
			late[instance] = l
		default:
			alive = append(alive, l)
		}
	}
	gone, err := r.gone(ctx, late, horizon)
	if err != nil {
		return err
	}
	for instance, l := range late {
		if !gone[instance] {
			alive = append(alive, l)
			r.end = min(r.end, l.last+1)
		}
	}
	if len(alive) == 0 {
		if recent {
			return fmt.Errorf("%w: the last sample of the group is of %s, and a stretch up to now needs one of the last %s", metrics.ErrNoData, stamp(last), r.o.MaxGap)
		}
		r.end = min(r.end, last+1)
	}
	if first > r.from {
		r.begin = first
	}
	if recent {
		if err := r.unscraped(alive); err != nil {
			return err
		}
	}
	if first < 0 || r.begin >= r.end {
		return fmt.Errorf("%w: nothing is known of the stretch yet, or any more: the last sample is of %s", metrics.ErrNoData, stamp(last))
	}
	return r.whole()
}

// gone asks which of the instances that are late have ended: Prometheus marks the end of a series.
func (r *reading) gone(ctx context.Context, late map[string]*life, horizon int64) (map[string]bool, error) {
	overdue := false
	for _, l := range late {
		overdue = overdue || horizon-l.last > r.o.Scrape.Milliseconds()+r.o.Lag.Milliseconds()
	}
	if !overdue {
		return nil, nil
	}
	f := r.up
	if f == nil {
		f = r.requests
	}
	text, err := f.template.selectors[0].selection(r.values, anyOf(r.o.Instance, slices.Sorted(maps.Keys(late))))
	if err != nil {
		return nil, err
	}
	still, err := r.client.vector(ctx, fmt.Sprintf("count by (%s) (%s)", r.o.Instance, text), time.UnixMilli(horizon), r.o.MaxGap)
	if err != nil {
		return nil, err
	}
	gone := map[string]bool{}
	for instance := range late {
		gone[instance] = true
	}
	for _, s := range still {
		delete(gone, string(s.Metric[model.LabelName(r.o.Instance)]))
	}
	return gone, nil
}

// unscraped reports instances that are to be scraped now, and cannot be.
func (r *reading) unscraped(alive []*life) error {
	n, since := 0, int64(0)
	for _, l := range alive {
		if len(l.failed) == 0 {
			continue
		}
		good, ok := l.good(r.until)
		if !ok {
			good = l.failed[0]
		}
		if failed := l.failed[len(l.failed)-1]; failed > good && failed-good > r.o.MaxGap.Milliseconds() {
			if n++; since == 0 || good < since {
				since = good
			}
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d of %d of the group are there, and fail since %s", ErrUnscraped, n, len(alive), stamp(since))
}

// whole reports a gap that is too long to be bridged.
func (r *reading) whole() error {
	var all []int64
	for _, l := range r.lives {
		all = append(all, l.scraped...)
	}
	slices.Sort(all)
	for i := 1; i < len(all); i++ {
		if all[i] >= r.begin && all[i] < r.end && all[i]-all[i-1] > r.o.Bridge.Milliseconds() {
			return fmt.Errorf("%w: nothing of the group was scraped from %s to %s, which is longer than %s", ErrGap, stamp(all[i-1]), stamp(all[i]), r.o.Bridge)
		}
	}
	return nil
}

func stamp(at int64) string { return time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z07:00") }
