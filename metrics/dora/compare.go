package dora

import (
	"cmp"
	"slices"
)

// Comparison says what two rules make of the same events, and why it is not the same.
type Comparison struct {
	A string `json:"a"`
	B string `json:"b"`
	// Metrics are the figures that differ, in the order of Metrics.
	Metrics []Difference `json:"metrics"`
	// Knobs are those that the rules have set otherwise, by name: they say why figures differ where the events do not.
	Knobs []Knob `json:"knobs"`
	// Events is what becomes of single events under one of the two, and not under the other.
	Events []EventDifference `json:"events"`
}

// Difference is a figure that is not the same under two rules. Durations are in seconds.
type Difference struct {
	Metric Metric `json:"metric"`
	A      Figure `json:"a,omitzero"`
	B      Figure `json:"b,omitzero"`
	// NA and NB are how many there are of what the figure is made of.
	NA int `json:"n_a"`
	NB int `json:"n_b"`
	// TierA and TierB are the tiers of the figure, where both have one and they are not the same.
	TierA Tier `json:"tier_a,omitempty"`
	TierB Tier `json:"tier_b,omitempty"`
}

// Knob is a field of Rules that two rules do not have in common, with what each of them has; the default where it is empty.
type Knob struct {
	// Name is that of the field in JSON.
	Name string `json:"name"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// EventDifference is what an event is to a figure under A, and under B; nil: nothing.
type EventDifference struct {
	Metric Metric `json:"metric"`
	A      *Entry `json:"a,omitempty"`
	B      *Entry `json:"b,omitempty"`
}

// Compare answers why two rules do not agree about a window, event by event: each entry of the evidence that one has and
// the other has not, or has otherwise.
func (h *History) Compare(a, b Rules, q Query) (Comparison, error) {
	q.Brief = true
	c := Comparison{A: name(a), B: name(b), Metrics: []Difference{}, Knobs: knobs(a, b), Events: []EventDifference{}}
	first, err := h.fold(a, q, forEvidence)
	if err != nil {
		return c, err
	}
	second, err := h.fold(b, q, forEvidence)
	if err != nil {
		return c, err
	}
	mine, theirs := first.entries(), second.entries()
	ra, rb := first.report(), second.report()
	for i, m := range known {
		if d, differ := difference(m, &ra.Metrics, &rb.Metrics); differ {
			c.Metrics = append(c.Metrics, d)
		}
		c.Events = append(c.Events, unlike(m, mine[i], theirs[i])...)
	}
	return c, nil
}

func name(r Rules) string {
	if r.Name == "" {
		return presets[0]
	}
	return r.Name
}

// entries is the evidence of each of the known metrics.
func (f *fold) entries() [][]Entry {
	all := make([][]Entry, len(known))
	for i := range f.trace.entries {
		x := &f.trace.entries[i]
		if m := slices.Index(known, metricNames[x.metric]); m >= 0 {
			all[m] = append(all[m], f.entry(x))
		}
	}
	failures := slices.Index(known, ChangeFailureRate)
	for _, l := range f.links {
		if u := &f.units[l.unit]; u.inside {
			all[failures] = append(all[failures], f.linked(l))
		}
	}
	for _, entries := range all {
		slices.SortFunc(entries, compareEntries)
	}
	return all
}

func (f *fold) linked(l link) Entry {
	return Entry{Role: Linked, Deployment: f.h.deployments.String(f.units[l.unit].first), Incident: f.h.incidents.String(l.incident)}
}

// unlike walks along two sorted lists, and keeps what differs; entries about the same events belong together.
func unlike(m Metric, a, b []Entry) []EventDifference {
	var all []EventDifference
	for len(a) > 0 || len(b) > 0 {
		order := 0
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = about(a[0], b[0])
		}
		switch {
		case order < 0:
			all, a = append(all, EventDifference{m, &a[0], nil}), a[1:]
		case order > 0:
			all, b = append(all, EventDifference{m, nil, &b[0]}), b[1:]
		default:
			if a[0] != b[0] {
				all = append(all, EventDifference{m, &a[0], &b[0]})
			}
			a, b = a[1:], b[1:]
		}
	}
	return all
}

// about orders entries by the events that they are about.
func about(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Deployment, b.Deployment), cmp.Compare(a.Change, b.Change), cmp.Compare(a.Incident, b.Incident),
		cmp.Compare(a.Work, b.Work), a.At.Compare(b.At), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Remedy, b.Remedy))
}

func difference(m Metric, a, b *Metrics) (Difference, bool) {
	d := Difference{Metric: m}
	d.A, d.NA = headline(m, a)
	d.B, d.NB = headline(m, b)
	if a, b := tierOf(m, a), tierOf(m, b); a != b && a != "" && b != "" {
		d.TierA, d.TierB = a, b
	}
	return d, d.A != d.B || d.NA != d.NB || d.TierA != d.TierB
}

// headline is the figure that one looks at first, and of how many it is.
func headline(m Metric, of *Metrics) (Figure, int) {
	durations := func(d *Durations) (Figure, int) {
		if d == nil {
			return Figure{}, 0
		}
		return d.Typical, d.N
	}
	rate := func(r *Rate) (Figure, int) {
		if r == nil {
			return Figure{}, 0
		}
		return r.Rate, r.N
	}
	switch m {
	case DeploymentFrequency:
		return of.DeploymentFrequency.PerDay, of.DeploymentFrequency.N
	case LeadTime:
		return durations(of.LeadTime)
	case ChangeFailureRate:
		if of.ChangeFailureRate == nil {
			return Figure{}, 0
		}
		return rate(&of.ChangeFailureRate.Rate)
	case FailedDeploymentRecovery:
		return durations(of.FailedDeploymentRecovery)
	case ReworkRate:
		return rate(of.ReworkRate)
	case MTTR:
		return durations(of.MTTR)
	case AttemptFailureRate:
		return rate(of.AttemptFailureRate)
	}
	return further(m, of)
}

// further is headline of what is beyond the five; what belongs to no service is the same under all rules.
func further(m Metric, of *Metrics) (Figure, int) {
	switch {
	case m == Unattributed:
		return of.Unattributed, int(of.Unattributed.Or(0))
	case m == CycleTimes && of.CycleTime != nil:
		return of.CycleTime.Typical, of.CycleTime.N
	case m == Available && of.Availability != nil:
		return Known(of.Availability.Ratio), 0
	case m == DowntimePerRelease && of.DowntimePerRelease != nil:
		return Known(of.DowntimePerRelease.MeanMinutes), of.DowntimePerRelease.N
	case m == OutsideHours && of.OutsideHours != nil:
		return of.OutsideHours.Rate, of.OutsideHours.N
	}
	return Figure{}, 0
}

// tierOf is the tier of a metric that has one.
func tierOf(m Metric, of *Metrics) Tier {
	switch {
	case m == DeploymentFrequency:
		return of.DeploymentFrequency.Tier
	case m == LeadTime && of.LeadTime != nil:
		return of.LeadTime.Tier
	case m == ChangeFailureRate && of.ChangeFailureRate != nil:
		return of.ChangeFailureRate.Tier
	case m == FailedDeploymentRecovery && of.FailedDeploymentRecovery != nil:
		return of.FailedDeploymentRecovery.Tier
	}
	return ""
}
