package prometheus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
)

// SeriesOptions say what a Series reads.
type SeriesOptions struct {
	Server Server
	// Scrape is the scrape interval of what is read. Required.
	Scrape time.Duration
	// Labels is as in Options.
	Labels func(group string) map[string]string
	// Series are what is read, by name. A selector alone gives each sample of each series that it matches; an
	// expression must give one series at most. One without a placeholder is a series of the service as a whole,
	// and belongs to no group. Required.
	Series map[string]Line
	// Lag and MaxSkew are as in Options: an expression is evaluated for no time that is younger than Lag.
	Lag, MaxSkew time.Duration
	// Logger is told at debug level what was asked for. Nil: nothing is logged.
	Logger hclog.Logger
}

// Series is a metrics.SeriesSource that reads Prometheus. Make one with NewSeries.
type Series struct {
	o      SeriesOptions
	lines  map[string]line
	labels labeller
	client *client
	log    hclog.Logger
}

var (
	_ metrics.SeriesSource = (*Series)(nil)
	_ metrics.Namer        = (*Series)(nil)
)

// check reads the options. The error names all that is wrong.
func (o SeriesOptions) check() (SeriesOptions, map[string]line, error) {
	o.Lag, o.MaxSkew = max(cmp.Or(o.Lag, DefaultLag), 0), cmp.Or(o.MaxSkew, DefaultMaxSkew)
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	c := checked{labels: newLabeller(o.Labels)}
	lines := map[string]line{}
	for _, name := range slices.Sorted(maps.Keys(o.Series)) {
		if name == "" {
			c.bad("Series: a name is empty")
		}
		field := fmt.Sprintf("Series[%q]", name)
		l := c.line(field, o.Series[name], o.Scrape, false)
		if len(l.names) > 0 && len(l.grouped()) == 0 {
			c.bad("%s: no selector in it has a placeholder, so that nobody could tell whether there is such a group", field)
		}
		lines[name] = l
	}
	if len(o.Series) == 0 {
		c.bad("Series: there is none")
	}
	c.durations(o.Scrape, o.Scrape, o.Scrape)
	return o, lines, c.errs.ErrorOrNil()
}

// grouped are the selectors that differ from group to group.
func (t template) grouped() []selector {
	return slices.DeleteFunc(slices.Clone(t.selectors), func(s selector) bool {
		return !slices.ContainsFunc(s.matchers, func(m matcher) bool {
			return slices.ContainsFunc(m.value, func(p piece) bool { return p.name != "" })
		})
	})
}

// Validate reports everything that is wrong with the options, each problem with its field.
func (o SeriesOptions) Validate() error {
	_, _, err := o.check()
	_, problems := o.Server.problems()
	return multierror.Append(nil, append(problems, flat(err)...)...).ErrorOrNil()
}

// NewSeries makes a source of series. It asks nothing yet: see Check. The error names everything that is wrong
// with the options.
func NewSeries(o SeriesOptions) (*Series, error) {
	o, lines, err := o.check()
	c, problems := newClient(o.Server)
	if err := multierror.Append(nil, append(problems, flat(err)...)...).ErrorOrNil(); err != nil {
		return nil, err
	}
	return &Series{o: o, lines: lines, labels: newLabeller(o.Labels), client: c, log: o.Logger.Named("prometheus")}, nil
}

// Names are the names of all series.
func (s *Series) Names() []string { return slices.Sorted(maps.Keys(s.lines)) }

// Close closes the connections that are kept for the next question. A source that is closed can still be
// asked.
func (s *Series) Close() { s.client.close() }

// Series are the samples in the stretch, or the values of an expression at whole multiples of Line.Every. There
// is no value where there is no sample: a stretch in which nothing was scraped, or in which the series has
// ended, has no points.
func (s *Series) Series(ctx context.Context, q metrics.SeriesQuery) ([]metrics.Point, error) {
	points, err := s.read(ctx, q)
	s.log.Debug("series", "name", q.Name, "group", q.Group, "from", q.From, "to", q.To, "points", len(points), "error", err)
	if err != nil {
		return nil, fmt.Errorf("read series %q of group %q: %w", q.Name, q.Group, err)
	}
	out := make([]metrics.Point, len(points))
	for i, p := range points {
		out[i] = metrics.Point{At: moment(p.at), Value: p.value}
	}
	return out, nil
}

func (s *Series) read(ctx context.Context, q metrics.SeriesQuery) ([]point, error) {
	l, known := s.lines[q.Name]
	from, to := millis(q.From), millis(q.To)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !known:
		return nil, metrics.ErrUnknownMetric
	case !q.From.Before(q.To):
		return nil, fmt.Errorf("the stretch from %s to %s is empty", q.From, q.To)
	case q.Group == "" && len(l.names) > 0:
		return nil, fmt.Errorf("%w: it is that of a group, and none was named", metrics.ErrUnknownGroup)
	case q.Group != "" && len(l.names) == 0:
		return nil, errors.New("it belongs to no group: ask for it without one")
	}
	v := s.labels.of(q.Group)
	// The time comes first: what is evaluated after that knows all that was scraped up to then.
	now, err := s.client.checkedNow(ctx, s.o.MaxSkew)
	if err != nil {
		return nil, err
	}
	points, err := s.points(ctx, l, v, from, to)
	if err != nil {
		return nil, err
	}
	if !l.plain {
		// What was scraped just now may not be there yet, and an expression would take that for an end.
		points = slices.DeleteFunc(points, func(p point) bool { return p.at > now-s.o.Lag.Milliseconds() })
	}
	if len(points) > 0 {
		return points, nil
	}
	return nil, s.absent(ctx, l, v)
}

// points asks for what was scraped or computed in the stretch.
func (s *Series) points(ctx context.Context, l line, v values, from, to int64) ([]point, error) {
	if from >= to {
		return nil, nil
	}
	if !l.plain {
		return drawn(ctx, s.client, l, v, from, to)
	}
	text, err := l.selectors[0].selection(v)
	if err != nil {
		return nil, err
	}
	matrix, err := s.client.samples(ctx, text, from, to-1)
	if err != nil {
		return nil, err
	}
	all, err := newStreams(matrix, from, to-1)
	if err != nil {
		return nil, err
	}
	return gathered(all, func(*stream) bool { return true })
}

// absent is why there is no point.
func (s *Series) absent(ctx context.Context, l line, v values) error {
	grouped := l.grouped()
	if len(grouped) == 0 {
		return metrics.ErrNoData
	}
	var selections []string
	for _, g := range grouped {
		text, err := g.selection(v)
		if err != nil {
			return err
		}
		selections = append(selections, text)
	}
	known, err := s.client.ever(ctx, selections...)
	switch {
	case err != nil:
		return err
	case !known:
		return metrics.ErrUnknownGroup
	}
	return metrics.ErrNoData
}
