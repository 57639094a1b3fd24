package dora

import (
	"cmp"
	"slices"
)

// stretch is an outage within the window.
type stretch struct {
	from, to int64
	weight   float64
}

// outagesOf are the outages of a service within the window, by their beginning; -1: those of all services. An outage that
// names no service is one of each.
func (f *fold) outagesOf(s int) []stretch {
	if f.outages == nil {
		f.sortOutages()
	}
	nameless := f.outages[len(f.services)]
	all := slices.Clone(nameless)
	if s >= 0 {
		all = append(all, f.outages[s]...)
	} else {
		for _, some := range f.outages[:len(f.services)] {
			all = append(all, some...)
		}
	}
	slices.SortFunc(all, func(a, b stretch) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.weight, b.weight))
	})
	return all
}

// sortOutages puts what lies in the window of each outage to its service, and of those that name none behind all services.
func (f *fold) sortOutages() {
	f.outages = make([][]stretch, len(f.services)+1)
	for _, o := range f.h.outages {
		at := f.rank[o.service]
		if o.service == f.nameless {
			at = uint32(len(f.services))
		} else if at == none {
			continue
		}
		weight := 1.0
		if w, ok := f.r.Severities[f.h.words.String(o.severity)]; ok {
			weight = w
		}
		if from, to := max(o.from, f.w.from), min(o.to, f.w.to); from < to {
			f.outages[at] = append(f.outages[at], stretch{from, to, weight})
		}
	}
}

// oddOutages tells of outages that end before they begin.
func (f *fold) oddOutages() {
	for _, o := range f.h.outages {
		if o.to < o.from {
			f.odd(Anomaly{Code: CodeNegativeSpan, ID: f.h.words.String(o.service), Other: instant(o.from).Format("2006-01-02T15:04:05Z07:00")})
		}
	}
}

// union joins stretches that overlap or touch, of those with that weight or more.
func union(all []stretch, weight float64) []stretch {
	var joined []stretch
	for _, s := range all {
		if s.weight < weight {
			continue
		}
		if n := len(joined); n > 0 && s.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, s.to)
		} else {
			joined = append(joined, s)
		}
	}
	return joined
}

func length(all []stretch) int64 {
	var sum int64
	for _, s := range all {
		sum += s.to - s.from
	}
	return sum
}

// weighted is how long all of them last, where they overlap the heaviest alone.
func weighted(all []stretch) float64 {
	weights := map[float64]bool{}
	for _, s := range all {
		weights[s.weight] = true
	}
	var sum float64
	var before int64
	ascending := sortedKeys(weights)
	for _, w := range slices.Backward(ascending) {
		covered := length(union(all, w))
		sum += w * float64(covered-before)
		before = covered
	}
	return sum
}

// uptime fills in the availability of a service, or with -1 that of all: they are down while one of them is.
func (f *fold) uptime(m *Metrics, s int) {
	all := f.outagesOf(s)
	down := weighted(all)
	span := float64(f.w.to - f.w.from)
	m.Availability = &Availability{Ratio: 1 - down/span, DownMinutes: down / 60e9}
	if f.q.DowntimeCost > 0 {
		m.Availability.Cost = Known(down / 3600e9 * f.q.DowntimeCost)
	}
	if f.q.Objective != 0 {
		budget := float64(whole-int64(f.q.Objective)) / whole * span
		m.ErrorBudget = &ErrorBudget{f.q.Objective, budget / 60e9, down / 60e9, down / budget}
	}
	if n := m.DeploymentFrequency.N; n > 0 && len(f.h.outages) > 0 {
		joined := union(all, 0)
		m.DowntimePerRelease = &Downtime{N: n, MeanMinutes: float64(length(joined)) / 60e9 / float64(n), MaxMinutes: f.worst(joined, s)}
	}
	if f.trace != nil {
		for _, o := range all {
			f.note(entry{metric: mAvailability, role: roleSample, service: uint32(s), at: o.from, value: o.to - o.from})
		}
	}
}

// worst is the most minutes of downtime that began after one deployment and before the next.
func (f *fold) worst(joined []stretch, s int) float64 {
	units := f.units
	if s >= 0 {
		units = f.of(uint32(s))
	}
	var finishes []int64
	for i := range units {
		if u := &units[i]; u.inside && f.frequent(u) {
			finishes = append(finishes, u.finish)
		}
	}
	slices.Sort(finishes)
	after := make([]int64, len(finishes)+1)
	for _, o := range joined {
		after[search(len(finishes), func(i int) bool { return finishes[i] > o.from })] += o.to - o.from
	}
	return float64(slices.Max(after[1:])) / 60e9
}
