package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Series holds a series against fixed bounds: it fails when a bound is broken. Like ErrorRate it is a
// bare threshold, without a stated rate of false alarms.
//
// A point that is no number gives no verdict, whatever the others are. No points, or fewer than
// MinPoints, are answered by continue.
type Series struct {
	// Source is where the series is read.
	Source metrics.SeriesSource
	// Name is the name of the series. Where the source knows its names beforehand (metrics.Namer),
	// one that is not among them is refused by Validate.
	Name string
	// Of is the group; Whole is for a series that belongs to none. Default: Candidate.
	Of Group
	// Window is the stretch that is looked at, up to the time of asking. Default: since the bake began.
	Window time.Duration
	// By makes one number of the points in the window. Default: Last.
	By Aggregate
	// Quantile is the part that the aggregate Quantile asks for, from 0 to 1.
	Quantile float64
	// Must are the bounds that the number must keep, all of them: AtLeast(1) and AtMost(5), say.
	Must []Bound
	// For is how long all bounds must be kept without a break, or one of them broken, before it passes,
	// or fails; until then it answers continue. Default: the first look counts.
	For time.Duration
	// MinPoints is how many points there must be. Default: 1.
	MinPoints int
	// MaxAge is how old the latest point may be: what nobody measures any more is no data. Default: 5 min.
	MaxAge time.Duration
}

var _ Gate = Series{}

// Validate reports everything that is wrong with the settings.
func (g Series) Validate() error {
	p := problems{of: "Series"}
	named(&p, g.Source, g.Name)
	p.check("Of", g.Of.check(true))
	g.By.validate(&p, g.Quantile)
	bounds(g.Must).validate(&p, "Must")
	notNegative(&p, "Window", g.Window)
	notNegative(&p, "For", g.For)
	notNegative(&p, "MaxAge", g.MaxAge)
	if g.MinPoints < 0 {
		p.add("MinPoints", "%d is below zero", g.MinPoints)
	}
	return p.err()
}

// named reports a series that cannot be read.
func named(p *problems, source metrics.SeriesSource, name string) {
	if name == "" {
		p.add("Name", "is missing")
	}
	if source == nil {
		p.add("Source", "is missing")
		return
	}
	if w, ok := unwrapped[Windows](source); ok {
		w.validate(p, name)
	} else if w, ok := unwrapped[*Windows](source); ok {
		if w == nil {
			p.add("Source", "is missing")
			return
		}
		w.validate(p, name)
	} else if n, ok := unwrapped[metrics.Namer](source); ok && name != "" {
		p.check("Name", unnamed(n, name))
	}
}

// unwrapped is a source as another type: the source itself, or what it wraps, as told by a method Unwrap
// that returns a metrics.SeriesSource or a metrics.Source.
func unwrapped[T any](source any) (found T, ok bool) {
	for source != nil {
		if found, ok = source.(T); ok {
			return found, true
		}
		switch wrapper := source.(type) {
		case interface{ Unwrap() metrics.SeriesSource }:
			source = wrapper.Unwrap()
		case interface{ Unwrap() metrics.Source }:
			source = wrapper.Unwrap()
		default:
			return found, false
		}
	}
	return found, false
}

// unnamed reports a name that a source does not have.
func unnamed(n metrics.Namer, name string) error {
	names := n.Names()
	if slices.Contains(names, name) {
		return nil
	}
	const most = 10
	has := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		has += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return fmt.Errorf("%w: %q; the source has %s", metrics.ErrUnknownMetric, name, cmp.Or(has, "none"))
}

func notNegative(p *problems, field string, d time.Duration) {
	if d < 0 {
		p.add(field, "%s is below zero", d)
	}
}

// Check reads the series over the window.
func (g Series) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	label, err := g.Of.label(s)
	if err != nil {
		return Verdict{}, err
	}
	r := reading{g.Source, g.Name, g.Window, g.By, g.Quantile, g.MinPoints, g.MaxAge}
	value, n, err := r.read(ctx, label, s)
	what := r.what(label)
	if beyond := (*BeyondError)(nil); errors.As(err, &beyond) {
		v, err := beyond.judge(what, g.Must, err)
		if err != nil {
			return Verdict{}, err
		}
		return steady(s, g, g.For, v)
	}
	if err != nil {
		return Verdict{}, err
	}
	if n < max(g.MinPoints, 1) {
		return steady(s, g, g.For, r.lacking(what, n))
	}
	return steady(s, g, g.For, bounds(g.Must).judge(what, value, uint64(n)))
}

// reading is one number that is read from a series.
type reading struct {
	source   metrics.SeriesSource
	name     string
	window   time.Duration
	by       Aggregate
	quantile float64
	least    int
	maxAge   time.Duration
}

// read reads the number, and of how many points it was made; zero where there is none.
func (r reading) read(ctx context.Context, label string, s Subject) (float64, int, error) {
	q := metrics.SeriesQuery{Name: r.name, Group: label, From: s.Since, To: s.Now}
	if r.window > 0 {
		q.From = s.Now.Add(-r.window)
	}
	if !q.From.Before(q.To) {
		return 0, 0, nil // the bake begins just now
	}
	points, err := r.source.Series(ctx, q)
	if errors.Is(err, metrics.ErrNoData) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read %s: %w", r.of(label), err)
	}
	all, err := values(points, q)
	if err != nil {
		return 0, 0, fmt.Errorf("%s cannot be judged: %w", r.of(label), err)
	}
	if len(all) == 0 || s.Now.Sub(points[len(points)-1].At) > cmp.Or(r.maxAge, defaultMaxAge) {
		return 0, 0, nil
	}
	return r.by.of(all, r.quantile), len(all), nil
}

func (r reading) of(label string) string {
	if label == "" {
		return r.name
	}
	return r.name + " of " + label
}

// what names the number: "max queue length of 1.1.0 in 5m0s".
func (r reading) what(label string) string {
	text := r.by.name(r.quantile) + " " + r.of(label)
	if r.window > 0 {
		text += " in " + r.window.String()
	}
	return text
}

// lacking is the answer where there are too few points.
func (r reading) lacking(what string, n int) Verdict {
	return Verdict{
		Outcome: Continue, NoData: n == 0,
		Reason: fmt.Sprintf("%s has %d points of late, and needs %d to tell", what, n, max(r.least, 1)),
	}
}
