package metricstest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

func window(x situation) (wrong []string, skipped string) {
	for _, d := range x.doors {
		x.stretches(func(from, to time.Time) {
			a, err := d.ask(context.Background(), x.group, from, to)
			if err != nil {
				return // answers tells
			}
			for _, w := range a.windows {
				for _, reason := range x.flaws(w) {
					wrong = append(wrong, fmt.Sprintf("%s from %s to %s: %s", d.name, stamp(from), stamp(to), reason))
				}
			}
		})
	}
	return wrong, ""
}

// flaws are what is wrong with one window.
func (x situation) flaws(w metrics.Window) (wrong []string) {
	if w.Errors > w.Requests {
		wrong = append(wrong, fmt.Sprintf("%d errors in %d requests", w.Errors, w.Requests))
	}
	if err := w.Latency.Validate(); err != nil {
		wrong = append(wrong, fmt.Sprintf("the latency is none: %v", err))
	}
	if w.From.After(w.To) {
		wrong = append(wrong, fmt.Sprintf("it covers %s to %s", stamp(w.From), stamp(w.To)))
	}
	if x.names == nil {
		return wrong
	}
	known := x.names()
	for _, name := range slices.Sorted(maps.Keys(w.Counts)) {
		if !slices.Contains(known, name) {
			wrong = append(wrong, fmt.Sprintf("there is a count %q, which Names does not have", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Gauges)) {
		if !slices.Contains(known, name) {
			wrong = append(wrong, fmt.Sprintf("there is a gauge %q, which Names does not have", name))
		}
	}
	return wrong
}

func points(x situation) (wrong []string, skipped string) {
	x.stretches(func(from, to time.Time) {
		all, err := x.pointsReader(context.Background(), from, to)
		if err != nil {
			return // answers tells
		}
		for i, p := range all {
			if p.At.Before(from) || !p.At.Before(to) {
				wrong = append(wrong, fmt.Sprintf("from %s to %s: a point at %s", stamp(from), stamp(to), stamp(p.At)))
			}
			if i > 0 && p.At.Before(all[i-1].At) {
				wrong = append(wrong, fmt.Sprintf("from %s to %s: the point at %s stands after that at %s", stamp(from), stamp(to), stamp(p.At), stamp(all[i-1].At)))
			}
		}
	})
	return wrong, ""
}

func adds(x situation) (wrong []string, skipped string) {
	if len(x.cuts) < 3 {
		return nil, "the case has no three Cuts"
	}
	for _, d := range x.doors {
		if d.name == "Parts" {
			continue // the law parts tells
		}
		for i, a := range x.cuts {
			for k := i + 1; k < len(x.cuts); k++ {
				for _, c := range x.cuts[k+1:] {
					if reason := addsAt(d, x, a, x.cuts[k], c); reason != "" {
						wrong = append(wrong, fmt.Sprintf("%s of %s to %s, cut at %s: %s", d.name, stamp(a), stamp(c), stamp(x.cuts[k]), reason))
					}
				}
			}
		}
	}
	return wrong, ""
}

// addsAt says why what a door says of two stretches is not what it says of both.
func addsAt(d door, x situation, a, b, c time.Time) string {
	var said [3]answer
	for i, stretch := range [][2]time.Time{{a, b}, {b, c}, {a, c}} {
		var err error
		if said[i], err = d.ask(context.Background(), x.group, stretch[0], stretch[1]); err != nil {
			return "" // answers tells
		}
	}
	if x.series {
		if both := (answer{points: slices.Concat(said[0].points, said[1].points)}); both.String() != said[2].String() {
			return fmt.Sprintf("%s and %s are not %s", said[0], said[1], said[2])
		}
		return ""
	}
	first, second, whole := said[0].windows[0], said[1].windows[0], said[2].windows[0]
	if first.To.After(second.From) {
		return fmt.Sprintf("the one covers up to %s, the other from %s", stamp(first.To), stamp(second.From))
	}
	both, err := plus(first, second)
	if err != nil {
		return err.Error()
	}
	both.From, both.To = first.From, second.To
	if got, want := (answer{windows: []metrics.Window{both}}).String(), said[2].String(); got != want {
		return fmt.Sprintf("the sum is %s, the whole %s", got, (answer{windows: []metrics.Window{whole}}))
	}
	return ""
}

// plus adds up what two windows count.
func plus(a, b metrics.Window) (sum metrics.Window, err error) {
	sum = metrics.Window{From: a.From, To: b.To, Requests: a.Requests + b.Requests, Errors: a.Errors + b.Errors}
	if sum.Latency, err = a.Latency.Plus(b.Latency); err != nil {
		return sum, err
	}
	for _, w := range []metrics.Window{a, b} {
		for _, name := range slices.Sorted(maps.Keys(w.Counts)) {
			if sum.Counts == nil {
				sum.Counts = map[string]uint64{}
			}
			sum.Counts[name] += w.Counts[name]
		}
		for _, name := range slices.Sorted(maps.Keys(w.Gauges)) {
			if sum.Gauges == nil {
				sum.Gauges = map[string][]float64{}
			}
			sum.Gauges[name] = append(sum.Gauges[name], w.Gauges[name]...)
		}
	}
	return sum, nil
}

func parts(x situation) (wrong []string, skipped string) {
	if x.parter == nil {
		return nil, "it is no metrics.Parter"
	}
	var before []metrics.Window // of the cuts so far, part by part
	for i := range x.cuts[1:] {
		from, to := x.cuts[i], x.cuts[i+1]
		q := metrics.Query{Group: x.group, From: from, To: to}
		split, err := x.parter.Parts(context.Background(), q)
		whole, err2 := x.reader(context.Background(), q)
		if err != nil || err2 != nil {
			return wrong, "" // answers tells
		}
		if x.parts > 0 && len(split) != x.parts {
			wrong = append(wrong, fmt.Sprintf("from %s to %s there are %d parts, not %d", stamp(from), stamp(to), len(split), x.parts))
		}
		if reason := differs(split, whole); reason != "" {
			wrong = append(wrong, fmt.Sprintf("from %s to %s %s", stamp(from), stamp(to), reason))
		}
		if i == 0 {
			before = split
			continue
		}
		if len(split) < len(before) {
			return append(wrong, fmt.Sprintf("from %s to %s there are %d parts, and %d before", stamp(from), stamp(to), len(split), len(before))), ""
		}
		reason := ""
		if before, reason = x.placed(before, split, to); reason != "" {
			return append(wrong, reason), ""
		}
	}
	return wrong, ""
}

// placed adds each part of the next stretch to that of the stretches before it, and says which of them
// does not come to what the source says of the part of all of them.
func (x situation) placed(before, next []metrics.Window, to time.Time) ([]metrics.Window, string) {
	all, err := x.parter.Parts(context.Background(), metrics.Query{Group: x.group, From: x.cuts[0], To: to})
	if err != nil {
		return before, "" // answers tells
	}
	if len(all) != len(next) {
		return before, fmt.Sprintf("up to %s there are %d parts, and %d in the last stretch of it", stamp(to), len(all), len(next))
	}
	for k, part := range next {
		sum := part
		if k < len(before) {
			if sum, err = plus(before[k], part); err != nil {
				return before, err.Error()
			}
		}
		if got, want := counted(sum), counted(all[k]); got != want {
			return before, fmt.Sprintf("up to %s part %d counts %s, and its stretches together %s: the parts do not keep their places, or do not add up", stamp(to), k+1, want, got)
		}
	}
	return all, ""
}

// counted is what a window counts, without its stretch.
func counted(w metrics.Window) string {
	w.Gauges = nil
	w.From, w.To = time.Time{}, time.Time{}
	if w.Latency.Count() == 0 {
		w.Latency = metrics.Histogram{}
	}
	return answer{windows: []metrics.Window{w}}.String()
}

// differs says in what parts do not add up to the whole.
func differs(parts []metrics.Window, whole metrics.Window) string {
	if len(parts) == 0 {
		return "there is no part"
	}
	sum := parts[0]
	for _, p := range parts[1:] {
		var err error
		if sum, err = plus(sum, p); err != nil {
			return err.Error()
		}
	}
	if counted(sum) != counted(whole) {
		return fmt.Sprintf("the parts count %s, the whole %s", counted(sum), counted(whole))
	}
	return ""
}
