package prometheus

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
)

// Source is a metrics.Source that reads Prometheus. Make one with NewSource.
type Source struct {
	o      Options
	t      templates
	labels labeller
	client *client
	log    hclog.Logger
	deal   dealer
}

var (
	_ metrics.Source = (*Source)(nil)
	_ metrics.Parter = (*Source)(nil)
	_ metrics.Namer  = (*Source)(nil)
)

// NewSource makes a source. It asks nothing yet: see Check. The error names everything that is wrong with the
// options.
func NewSource(o Options) (*Source, error) {
	o, t, err := o.check()
	c, problems := newClient(o.Server)
	if err := multierror.Append(nil, append(problems, flat(err)...)...).ErrorOrNil(); err != nil {
		return nil, err
	}
	return &Source{o: o, t: t, labels: newLabeller(o.Labels), client: c, log: o.Logger, deal: dealer{most: o.Parts}}, nil
}

// Names are the counts and gauges of the options.
func (s *Source) Names() []string {
	return slices.Sorted(maps.Keys(union(s.o.Counts, s.o.Gauges)))
}

func union[A, B any](a map[string]A, b map[string]B) map[string]bool {
	all := map[string]bool{}
	for name := range a {
		all[name] = true
	}
	for name := range b {
		all[name] = true
	}
	return all
}

// Close closes the connections that are kept for the next question. A source that is closed can still be
// asked.
func (s *Source) Close() { s.client.close() }

// Read counts what was scraped in the stretch: see the package comment.
func (s *Source) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	windows, err := s.read(ctx, q, false)
	if err != nil {
		return metrics.Window{}, err
	}
	return windows[0], nil
}

// Parts is Read for each value of the label Options.Part. A value keeps its part for as long as the source
// lives; a new one gets the part that has the fewest of those that are there. Where a counter is an expression,
// there is one part.
func (s *Source) Parts(ctx context.Context, q metrics.Query) ([]metrics.Window, error) {
	return s.read(ctx, q, s.t.reliable)
}

func (s *Source) read(ctx context.Context, q metrics.Query, parted bool) (windows []metrics.Window, err error) {
	r, err := s.newReading(q)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		windows, err = r.windows(ctx, parted)
	}
	if err != nil {
		s.log.Debug("read", "group", q.Group, "from", q.From, "to", q.To, "error", err)
		return nil, fmt.Errorf("read group %q: %w", q.Group, err)
	}
	s.log.Debug("read", "group", q.Group, "from", q.From, "to", q.To, "begin", windows[0].From, "end", windows[0].To, "requests", windows[0].Requests)
	return windows, nil
}

// windows reads, and adds up.
func (r *reading) windows(ctx context.Context, parted bool) ([]metrics.Window, error) {
	if err := r.fetch(ctx); err != nil {
		return nil, err
	}
	if !r.there() {
		return nil, r.absent(ctx)
	}
	if err := r.cover(ctx); err != nil {
		return nil, err
	}
	e, err := r.evaluate(ctx)
	if err != nil {
		return nil, err
	}
	whole, err := r.window(e, func(string) bool { return true })
	if err != nil || !parted {
		return []metrics.Window{whole}, err
	}
	slots, n := r.deal.slots(r.query.Group, r.members())
	windows := make([]metrics.Window, n)
	for i := range windows {
		windows[i], err = r.window(evaluated{}, func(part string) bool { return slots[part] == i })
		if err != nil {
			return nil, err
		}
		if len(windows[i].Latency.Counts) > 0 {
			windows[i].Latency = windows[i].Latency.Coarsen(whole.Latency.Bounds)
		}
	}
	return windows, nil
}

// members are the values of the label of parts, and up to when each was seen.
func (r *reading) members() map[string]int64 {
	members := map[string]int64{}
	for _, f := range r.counting() {
		for _, c := range f.counters {
			members[c.part] = max(members[c.part], c.at[len(c.at)-1])
		}
	}
	if r.up != nil {
		for _, s := range r.up.streams {
			part := s.of(r.o.Part)
			if part == "" {
				continue // it is told apart by a label of what it counts
			}
			members[part] = max(members[part], s.at[len(s.at)-1])
		}
	}
	return members
}

// window adds up what was counted of some parts.
func (r *reading) window(e evaluated, in func(part string) bool) (w metrics.Window, err error) {
	w.From, w.To = r.query.From, r.query.To
	if r.begin != r.from {
		w.From = moment(r.begin)
	}
	if r.end != r.to {
		w.To = moment(r.end)
	}
	if w.Requests, _, err = r.sum(r.requests, e, in); err != nil {
		return w, err
	}
	if w.Errors, _, err = r.sum(r.errors, e, in); err != nil {
		return w, err
	}
	if w.Errors > w.Requests {
		if r.errors.template.plain && r.requests.template.plain {
			return w, fmt.Errorf("Options.Errors: there are %d errors in %d requests: are they no part of Options.Requests, or was a restart overlooked for want of Options.Started?", w.Errors, w.Requests)
		}
		w.Errors = w.Requests // two estimates
	}
	if w.Latency, err = r.distribution(e, in); err != nil {
		return w, fmt.Errorf("Options.Latency: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(r.counts)) {
		n, measured, err := r.sum(r.counts[name], e, in)
		if err != nil {
			return w, err
		}
		if measured {
			if w.Counts == nil {
				w.Counts = map[string]uint64{}
			}
			w.Counts[name] = n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.gauges)) {
		values, err := r.sampled(r.gauges[name], e, in)
		if err != nil {
			return w, fmt.Errorf("Options.%s: %w", r.gauges[name].template.field, err)
		}
		if len(values) > 0 {
			if w.Gauges == nil {
				w.Gauges = map[string][]float64{}
			}
			w.Gauges[name] = values
		}
	}
	return w, nil
}

// sum is what a counter counted, and whether there was one.
func (r *reading) sum(f *feed, e evaluated, in func(part string) bool) (n uint64, measured bool, err error) {
	if !f.template.plain {
		n, measured = e.counts[f]
		return n, measured, nil
	}
	total := 0.0
	for _, c := range f.counters {
		if !in(c.part) {
			continue
		}
		measured = measured || c.at[0] < r.end && c.at[len(c.at)-1] >= r.begin
		for _, v := range c.increase(r.begin, r.end, r.o.Bridge.Milliseconds(), r.lives[c.instance]) {
			total += v
		}
	}
	if total > most {
		return 0, false, fmt.Errorf("Options.%s: %v are more than can be counted exactly", f.template.field, total)
	}
	return uint64(total), measured, nil
}

// distribution is the latency.
func (r *reading) distribution(e evaluated, in func(part string) bool) (metrics.Histogram, error) {
	f := r.latency
	if f == nil {
		return metrics.Histogram{}, nil
	}
	if !f.template.plain {
		return e.latency, nil
	}
	var all []metrics.Histogram
	for _, c := range f.counters {
		if !in(c.part) {
			continue
		}
		sum := c.increase(r.begin, r.end, r.o.Bridge.Milliseconds(), r.lives[c.instance])
		switch {
		case sum == nil:
		case f.bounds != nil:
			h := metrics.NewHistogram(f.bounds)
			for k, v := range sum {
				h.Counts[k] = uint64(v)
			}
			all = append(all, h)
		default:
			all = append(all, spread(c.bounds, sum))
		}
	}
	return together(all)
}
