package metricstest

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// situation is a source with its case, in the words of the laws.
type situation struct {
	doors        []door // its methods that answer
	down, hangs  []door // those of other sources
	names        func() []string
	group        string
	unknown      string // empty: not looked at
	cuts         []time.Time
	silent       [2]time.Time
	parts        int
	patience     time.Duration
	otherMetric  *door // answers for a series that nobody knows
	series       bool
	reader       func(ctx context.Context, q metrics.Query) (metrics.Window, error)
	parter       metrics.Parter
	pointsReader func(ctx context.Context, from, to time.Time) ([]metrics.Point, error)
}

// door is one method that answers for a stretch.
type door struct {
	name string
	ask  func(ctx context.Context, group string, from, to time.Time) (answer, error)
}

// answer is what a source says.
type answer struct {
	windows []metrics.Window
	points  []metrics.Point
}

// String is the same for the same answer.
func (a answer) String() string {
	s := ""
	for _, w := range a.windows {
		s += fmt.Sprintf("[%s to %s: %d requests, %d errors, latency %v %v, counts %v, gauges %v]",
			stamp(w.From), stamp(w.To), w.Requests, w.Errors, w.Latency.Bounds, w.Latency.Counts, w.Counts, w.Gauges)
	}
	for _, p := range a.points {
		s += fmt.Sprintf("[%s %v]", stamp(p.At), p.Value)
	}
	return s
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// spoil overwrites all that an answer holds.
func (a answer) spoil() {
	for i := range a.windows {
		w := &a.windows[i]
		for k := range w.Latency.Bounds {
			w.Latency.Bounds[k]++
		}
		for k := range w.Latency.Counts {
			w.Latency.Counts[k]++
		}
		for name := range w.Counts {
			w.Counts[name]++
		}
		for _, values := range w.Gauges {
			for k := range values {
				values[k]++
			}
		}
		*w = metrics.Window{}
	}
	clear(a.points)
}

func readDoor(s metrics.Source) door {
	return door{"Read", func(ctx context.Context, group string, from, to time.Time) (answer, error) {
		w, err := s.Read(ctx, metrics.Query{Group: group, From: from, To: to})
		return answer{windows: []metrics.Window{w}}, err
	}}
}

func doorsOf(s metrics.Source) []door {
	doors := []door{readDoor(s)}
	if p, ok := s.(metrics.Parter); ok {
		doors = append(doors, door{"Parts", func(ctx context.Context, group string, from, to time.Time) (answer, error) {
			parts, err := p.Parts(ctx, metrics.Query{Group: group, From: from, To: to})
			return answer{windows: parts}, err
		}})
	}
	return doors
}

func seriesDoor(s metrics.SeriesSource, name string) door {
	return door{"Series", func(ctx context.Context, group string, from, to time.Time) (answer, error) {
		points, err := s.Series(ctx, metrics.SeriesQuery{Name: name, Group: group, From: from, To: to})
		return answer{points: points}, err
	}}
}

func namesOf(source any) func() []string {
	if n, ok := source.(metrics.Namer); ok {
		return n.Names
	}
	return nil
}

func (c Case) situation(new func() metrics.Source) situation {
	s := new()
	parter, _ := s.(metrics.Parter)
	x := situation{
		doors: doorsOf(s), names: namesOf(s), group: c.Group, cuts: c.Cuts, silent: [2]time.Time{c.SilentFrom, c.SilentTo}, parts: c.Parts,
		unknown: cmp.Or(c.Unknown, unheard+"group"), patience: cmp.Or(c.Patience, 10*time.Second), reader: s.Read, parter: parter,
	}
	if c.Down != nil {
		x.down = doorsOf(c.Down())
	}
	if c.Hangs != nil {
		x.hangs = doorsOf(c.Hangs())
	}
	return x
}

func (c SeriesCase) situation(new func() metrics.SeriesSource) situation {
	s := new()
	other := seriesDoor(s, cmp.Or(c.UnknownSeries, unheard+"series"))
	x := situation{
		doors: []door{seriesDoor(s, c.Series)}, names: namesOf(s), group: c.Group, cuts: c.Cuts, silent: [2]time.Time{c.SilentFrom, c.SilentTo},
		patience: cmp.Or(c.Patience, 10*time.Second), otherMetric: &other, series: true,
		pointsReader: func(ctx context.Context, from, to time.Time) ([]metrics.Point, error) {
			return s.Series(ctx, metrics.SeriesQuery{Name: c.Series, Group: c.Group, From: from, To: to})
		},
	}
	if c.Group != "" {
		x.unknown = cmp.Or(c.Unknown, unheard+"group")
	}
	if c.Down != nil {
		x.down = []door{seriesDoor(c.Down(), c.Series)}
	}
	if c.Hangs != nil {
		x.hangs = []door{seriesDoor(c.Hangs(), c.Series)}
	}
	return x
}

// whole is the stretch from the first cut to the last.
func (x situation) whole() (from, to time.Time) { return x.cuts[0], x.cuts[len(x.cuts)-1] }

// stretches are all stretches from one cut to a later one.
func (x situation) stretches(each func(from, to time.Time)) {
	for i, from := range x.cuts {
		for _, to := range x.cuts[i+1:] {
			each(from, to)
		}
	}
}
