package prometheus

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/davit-sdk/davit/metrics"
)

// reading is one stretch of one group, as it is read.
type reading struct {
	*Source
	query  metrics.Query
	values values
	// from (included) and to (excluded) are the stretch that was asked for, until is up to when samples were
	// asked for, and loaded from when on.
	from, to, until, loaded int64
	// now is the server's time.
	now int64

	requests, errors, latency *feed
	counts                    map[string]*feed
	gauges                    map[string]*feed
	up, started               *feed
	lives                     map[string]*life

	// begin (included) and end (excluded) are what the answer covers.
	begin, end int64
}

// feed is a template and what was scraped for it.
type feed struct {
	template template
	every    time.Duration // of a gauge
	streams  streams
	counters []*counter
	bounds   []float64 // the grid of native histograms; nil: it has none
}

// millis are milliseconds since 1970, rounded up: what is at or after t is at or after that.
func millis(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

// newReading is a reading that has asked for nothing yet.
func (s *Source) newReading(q metrics.Query) (*reading, error) {
	if !q.From.Before(q.To) {
		return nil, fmt.Errorf("the stretch from %s to %s is empty", q.From, q.To)
	}
	if q.Group == "" {
		return nil, fmt.Errorf("%w: none was named", metrics.ErrUnknownGroup)
	}
	r := &reading{Source: s, query: q, values: s.labels.of(q.Group), from: millis(q.From), to: millis(q.To)}
	r.loaded = r.from - s.o.MaxGap.Milliseconds()
	r.until = r.to + s.o.MaxGap.Milliseconds()
	t := &s.t
	feedOf := func(t *template) *feed {
		if t == nil {
			return nil
		}
		return &feed{template: *t}
	}
	r.requests, r.errors, r.latency = feedOf(&t.requests), feedOf(&t.errors), feedOf(t.latency)
	r.up, r.started = feedOf(t.up), feedOf(t.started)
	r.counts, r.gauges = map[string]*feed{}, map[string]*feed{}
	for name, one := range t.counts {
		r.counts[name] = feedOf(&one)
	}
	for name, one := range t.gauges {
		r.gauges[name] = &feed{template: one.template, every: one.every}
	}
	return r, nil
}

// counting are the feeds of counters, in an order that is always the same.
func (r *reading) counting() []*feed {
	feeds := []*feed{r.requests, r.errors}
	if r.latency != nil {
		feeds = append(feeds, r.latency)
	}
	for _, name := range slices.Sorted(maps.Keys(r.counts)) {
		feeds = append(feeds, r.counts[name])
	}
	return slices.DeleteFunc(feeds, func(f *feed) bool { return !f.template.plain })
}

// scraped are the feeds whose samples tell what is known of an instance, and of when it began.
func (r *reading) scraped() []*feed {
	feeds := r.counting()
	for _, f := range []*feed{r.up, r.started} {
		if f != nil {
			feeds = append(feeds, f)
		}
	}
	return feeds
}

// load reads samples in [from, to] of some feeds at once, and puts them before those that are there.
func (r *reading) load(ctx context.Context, feeds []*feed, from, to int64, further ...string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, f := range feeds {
		group.Go(func() error {
			text, err := f.template.selectors[0].selection(r.values, further...)
			if err != nil {
				return fmt.Errorf("Options.%s: %w", f.template.field, err)
			}
			matrix, err := r.client.samples(ctx, text, from, to)
			if err != nil {
				return fmt.Errorf("Options.%s: %w", f.template.field, err)
			}
			loaded, err := newStreams(matrix, from, to)
			if err == nil && f.streams == nil {
				f.streams = loaded
			} else if err == nil {
				err = f.streams.before(loaded)
			}
			if err != nil {
				return fmt.Errorf("Options.%s: %w", f.template.field, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// fetch reads all that is needed of plain selectors, and before that the server's time: a scrape that comes
// while the questions are answered may be in one answer and not in the other, and is younger than that.
func (r *reading) fetch(ctx context.Context) (err error) {
	if r.now, err = r.client.checkedNow(ctx, r.o.MaxSkew); err != nil {
		return err
	}
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.load(gctx, r.scraped(), r.loaded, r.until) })
	group.Go(func() error {
		var plain []*feed
		for _, name := range slices.Sorted(maps.Keys(r.gauges)) {
			if r.gauges[name].template.plain {
				plain = append(plain, r.gauges[name])
			}
		}
		return r.load(gctx, plain, r.from, r.until)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if err := r.build(); err != nil {
		return err
	}
	// What was first seen in the stretch may have been there before.
	bridge := r.o.Bridge.Milliseconds()
	var unknown []string
	for _, f := range r.counting() {
		for _, c := range f.counters {
			if c.unknown(r.from, r.to, r.loaded, bridge) && !slices.Contains(unknown, c.instance) {
				unknown = append(unknown, c.instance)
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	if err := r.load(ctx, r.scraped(), r.from-bridge, r.loaded-1, anyOf(r.o.Instance, unknown)); err != nil {
		return err
	}
	r.loaded = r.from - bridge
	return r.build()
}

// build makes counters and lives of what was scraped.
func (r *reading) build() (err error) {
	for _, f := range r.counting() {
		if err := f.told(r.o.Instance, r.o.Part); err != nil {
			return err
		}
	}
	for _, f := range []*feed{r.up, r.started} {
		if f != nil {
			if err := f.told(r.o.Instance); err != nil {
				return err
			}
		}
	}
	for _, f := range r.counting() {
		switch {
		case f != r.latency:
			f.counters, err = plain(f.streams, r.o.Instance, r.o.Part)
		case f.isNative():
			f.bounds = r.o.Native.bounds()
			f.counters, err = native(f.streams, r.o.Instance, r.o.Part, f.bounds)
		default:
			f.counters, err = classic(f.streams, r.o.Instance, r.o.Part)
		}
		if err != nil {
			return fmt.Errorf("Options.%s: %w", f.template.field, err)
		}
	}
	for _, f := range []*feed{r.up, r.started} {
		if f != nil && f.isNative() {
			return fmt.Errorf("Options.%s: it is a native histogram, and no number", f.template.field)
		}
	}
	r.live()
	return nil
}

// isNative reports whether the series are native histograms. Where some are and some are not, those that are
// not say that they are no such thing.
func (f *feed) isNative() bool {
	for _, s := range f.streams {
		if len(s.native) > 0 {
			return true
		}
	}
	return false
}

// live finds out about the instances.
func (r *reading) live() {
	r.lives = map[string]*life{}
	of := func(instance string) *life {
		l := r.lives[instance]
		if l == nil {
			l = &life{}
			r.lives[instance] = l
		}
		return l
	}
	lasts := map[string][]int64{} // of each feed, by instance
	for _, f := range r.counting() {
		last := map[string]int64{}
		for _, c := range f.counters {
			l := of(c.instance)
			l.scraped = append(l.scraped, c.at...)
			last[c.instance] = max(last[c.instance], c.at[len(c.at)-1])
		}
		for instance, at := range last {
			lasts[instance] = append(lasts[instance], at)
		}
	}
	if r.up != nil {
		for _, s := range r.up.streams {
			l := of(s.of(r.o.Instance))
			for i, v := range s.values {
				if v > 0 {
					l.scraped = append(l.scraped, s.at[i])
				} else {
					l.failed = append(l.failed, s.at[i])
				}
			}
			lasts[s.of(r.o.Instance)] = append(lasts[s.of(r.o.Instance)], s.at[len(s.at)-1])
		}
	}
	if r.started != nil {
		for _, s := range r.started.streams.sorted() {
			if l := r.lives[s.of(r.o.Instance)]; l != nil && l.started == nil {
				l.started, l.starts = s.at, s.values
			}
		}
	}
	for instance, l := range r.lives {
		slices.Sort(l.scraped)
		l.scraped = slices.Compact(l.scraped)
		slices.Sort(l.failed)
		l.last = r.known(l, lasts[instance])
	}
}

// known is up to when an instance is known: as far as each feed is that has not ended. Where a scrape failed,
// there is nothing to wait for.
func (r *reading) known(l *life, lasts []int64) int64 {
	failed := int64(0)
	if n := len(l.failed); n > 0 {
		failed = l.failed[n-1]
	}
	latest := max(failed, slices.Max(lasts))
	known := latest
	for _, at := range lasts {
		if at = max(at, failed); latest-at <= r.o.MaxGap.Milliseconds() {
			known = min(known, at)
		}
	}
	return known
}
