package trace

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Record holds the lines of a trace by group, and adds them up.
//
// A line counts as a whole. A window holds all lines whose stretches lie in what was asked for, or reach
// into it, and tells by From and To what they cover: it is wider than was asked for, where that is cut
// within a line. Windows that are cut at the ends of lines count each line once.
//
// A group whose label is that of another with a slash and a number behind it is a part of that one:
// "baseline/1" and "baseline/2" make up "baseline", where no line is of "baseline" itself.
type Record struct {
	start    time.Time
	order    sequel
	groups   map[string]*[]stretch
	parts    map[string][]string // of a group, in order
	names    map[string]bool     // of counts and gauges
	bounds   []float64           // of the last latency: most lines share theirs
	lines    int
	measured bool // there was a latency
}

// NewRecord is a record without lines. Times of lines that have a t count from start.
func NewRecord(start time.Time) *Record {
	return &Record{start: start, groups: map[string]*[]stretch{}, parts: map[string][]string{}, names: map[string]bool{}}
}

// Add adds a line, and keeps nothing that the caller could change. It refuses a line that Validate
// refuses, and one that does not fit those before it; nothing has changed then.
func (r *Record) Add(l Line) error {
	if problems := l.problems(); len(problems) > 0 {
		return joined(problems)
	}
	before, again := r.order.last[l.Group]
	if err := r.order.follow(l); err != nil {
		return err
	}
	s := stretch{from: r.start, to: l.When(r.start), line: r.own(l)}
	switch {
	case again:
		s.from = before.When(r.start)
	case !l.At.IsZero():
		s.from = s.to // since when it counts, nobody knows
	}
	if !again {
		r.groups[l.Group] = &[]stretch{}
		r.enrol(l.Group)
	}
	of := r.groups[l.Group]
	*of = append(*of, s)
	r.lines++
	return nil
}

// own is the line with slices and maps of its own, but for bounds that it shares with others.
func (r *Record) own(l Line) Line {
	if len(l.Latency.Bounds) > 0 {
		if !slices.Equal(r.bounds, l.Latency.Bounds) {
			r.bounds = slices.Clone(l.Latency.Bounds)
		}
		l.Latency = metrics.Histogram{Bounds: r.bounds, Counts: slices.Clone(l.Latency.Counts)}
		r.measured = true
	}
	l.Counts, l.Gauges = maps.Clone(l.Counts), maps.Clone(l.Gauges)
	for _, name := range slices.Sorted(maps.Keys(l.Counts)) {
		r.names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(l.Gauges)) {
		r.names[name] = true
		l.Gauges[name] = slices.Clone(l.Gauges[name])
	}
	return l
}

// Forget drops the lines that ended at that time or before. That there were lines of their groups is
// still known.
func (r *Record) Forget(before time.Time) {
	for _, label := range slices.Sorted(maps.Keys(r.groups)) {
		of := r.groups[label]
		n := after(*of, before)
		*of = slices.Delete(*of, 0, n)
		r.lines -= n
	}
}

// Keep drops the lines that ended so long before the last one of their group, or longer. One group's wrong
// clock does not cost another one its lines.
func (r *Record) Keep(last time.Duration) {
	for _, label := range slices.Sorted(maps.Keys(r.groups)) {
		if of := r.groups[label]; len(*of) > 0 {
			n := after(*of, (*of)[len(*of)-1].to.Add(-last))
			*of = slices.Delete(*of, 0, n)
			r.lines -= n
		}
	}
}

// Trim drops the lines that ended first, until n are left at most. Those that ended at the same time go
// together.
func (r *Record) Trim(n int) {
	if r.lines <= n {
		return
	}
	ends := make([]time.Time, 0, r.lines)
	for _, label := range slices.Sorted(maps.Keys(r.groups)) {
		for _, s := range *r.groups[label] {
			ends = append(ends, s.to)
		}
	}
	slices.SortFunc(ends, time.Time.Compare)
	r.Forget(ends[len(ends)-max(n, 0)-1])
}

// Len is how many lines are kept.
func (r *Record) Len() int { return r.lines }

// Groups are the labels of all groups that there were lines of, and of those that these are parts of;
// sorted.
func (r *Record) Groups() []string {
	return slices.Compact(slices.Sorted(maps.Keys(r.joint())))
}

func (r *Record) joint() map[string]bool {
	all := map[string]bool{}
	for _, label := range slices.Sorted(maps.Keys(r.groups)) {
		all[label] = true
		if whole, _, isPart := PartOf(label); isPart {
			all[whole] = true
		}
	}
	return all
}

// Names are the counts and gauges that there were; sorted.
func (r *Record) Names() []string { return slices.Sorted(maps.Keys(r.names)) }

// after is the index of the first stretch that ends after t.
func after(of []stretch, t time.Time) int {
	n, _ := slices.BinarySearchFunc(of, t, func(s stretch, t time.Time) int {
		if s.to.After(t) {
			return 1
		}
		return -1
	})
	return n
}

// lined are the lines of that very label whose stretches touch [from, to). One whose begin is its end, as
// the first one has it where lines have times, counts in the stretch before that.
func (r *Record) lined(label string, from, to time.Time) []stretch {
	of, known := r.groups[label]
	if !known {
		return nil
	}
	first, last := after(*of, from), after(*of, to)
	for last < len(*of) && (*of)[last].from.Before(to) {
		last++
	}
	return (*of)[first:last]
}

// among are the lines of a group, which may be made up of parts, that touch [from, to), by time.
func (r *Record) among(group string, from, to time.Time) ([]stretch, error) {
	if _, whole := r.groups[group]; whole {
		return r.lined(group, from, to), nil
	}
	if len(r.parts[group]) == 0 {
		return nil, metrics.ErrUnknownGroup
	}
	var all []stretch
	for _, part := range r.parts[group] {
		all = append(all, r.lined(part, from, to)...)
	}
	slices.SortStableFunc(all, func(a, b stretch) int { return a.to.Compare(b.to) })
	return all, nil
}

// Window adds up the lines of a group that touch [from, to). It is metrics.ErrUnknownGroup where there
// never was one of that group, and metrics.ErrNoData where none touches it.
func (r *Record) Window(group string, from, to time.Time) (metrics.Window, error) {
	if err := ascending(from, to); err != nil {
		return metrics.Window{}, err
	}
	lines, err := r.among(group, from, to)
	if err == nil && len(lines) == 0 {
		err = metrics.ErrNoData
	}
	if err != nil {
		return metrics.Window{}, fmt.Errorf("group %q: %w", group, err)
	}
	w, err := sum(lines)
	if err != nil {
		return metrics.Window{}, fmt.Errorf("group %q: %w", group, err)
	}
	return w, nil
}

func ascending(from, to time.Time) error {
	if !from.Before(to) {
		return fmt.Errorf("the stretch from %s to %s is empty", from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano))
	}
	return nil
}
