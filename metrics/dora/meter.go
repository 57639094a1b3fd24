package dora

import (
	"errors"
	"slices"
)

// Meter keeps a report up to date while events come in. It answers what History.Report would, to the last digit, and computes only what
// an event has changed: of the week and the service it belongs to, and of the whole.
//
// It is fast for events that come in the order in which they happen and refer to each other: a change before the deployment
// that brings it, a deployment before the incident that it causes, deployments of a service by their finish. After anything
// else (an event that is corrected, a service that is new, a group, an outage) it starts afresh with the next question.
//
// A Meter, and its History, must not be used by two goroutines at once.
type Meter struct {
	h *History
	r Rules
	q Query

	f        *fold
	stale    bool
	report   *Report // of the last fresh start
	all      scope
	services []scope
	weekly   map[int]*weekly // by cell: weeks in which something has changed since
	batch    []int64         // lead times as of the fresh start
	scratch  []int64
	targets  []uint32
	opened   int64 // when the last incident was opened
	down     int64 // when the last outage began
}

// Meter starts to keep the report for a query, which must name both ends of its window and not be Daily.
func (h *History) Meter(r Rules, q Query) (*Meter, error) {
	if q.From.IsZero() || q.To.IsZero() {
		return nil, errors.New("a meter needs a window that does not move: From and To")
	}
	if q.Daily {
		return nil, errors.New("a meter keeps no series per day: Daily")
	}
	m := &Meter{h: h, r: r, q: q}
	return m, m.start()
}

// Metrics are the figures of all services together.
func (m *Meter) Metrics() Metrics {
	m.refresh()
	return *m.metrics(&m.all)
}

// Service are the figures of one service; false: there is none of that name.
func (m *Meter) Service(name string) (Metrics, bool) {
	m.refresh()
	word := m.h.words.find(name)
	if word == none || int(word) >= len(m.f.rank) || m.f.rank[word] == none {
		return Metrics{}, false
	}
	return *m.metrics(&m.services[m.f.rank[word]]), true
}

// Report is what History.Report would answer. What has not changed is shared with the reports before: do not write to it.
func (m *Meter) Report() *Report {
	m.refresh()
	f := m.f
	report := *m.report
	report.Events, report.Elsewhere = m.h.events, f.elsewhere
	report.Metrics = *m.metrics(&m.all)
	report.Services = slices.Clone(report.Services)
	for s := range m.services {
		report.Services[s].Metrics = *m.metrics(&m.services[s])
	}
	f.anomalies = sortAnomalies(f.anomalies)
	report.Anomalies = append([]Anomaly{}, f.anomalies...)
	if !m.q.Brief {
		m.patch(&report)
	}
	m.report = &report
	return &report
}

// patch computes the weeks anew in which something has changed.
func (m *Meter) patch(report *Report) {
	f := m.f
	if len(m.weekly) == 0 {
		return
	}
	copied := map[int]bool{}
	weeks := map[int]bool{}
	for _, c := range sortedKeys(m.weekly) {
		if !m.weekly[c].changed {
			continue
		}
		m.weekly[c].changed = false
		s, w := c/f.weeks, c%f.weeks
		weeks[w] = true
		if s == len(f.services) {
			continue
		}
		if !copied[s] {
			report.Services[s].Weeks = slices.Clone(report.Services[s].Weeks)
			copied[s] = true
		}
		leads, recoveries := m.samples(c)
		into := &report.Services[s].Weeks[w]
		*into = Week{}
		f.week(into, w, &f.cells[c].score, append([]int64(nil), leads...), recoveries, &slabs{})
	}
	report.Weeks = slices.Clone(report.Weeks)
	for _, w := range sortedKeys(weeks) {
		var leads []int64
		var recoveries []recovery
		for s := range len(f.services) + 1 {
			l, r := m.samples(s*f.weeks + w)
			leads, recoveries = append(leads, l...), append(recoveries, r...)
		}
		report.Weeks[w] = Week{}
		f.week(&report.Weeks[w], w, &m.all.cells[w].score, leads, recoveries, &slabs{})
	}
}

func (m *Meter) refresh() {
	if m.stale {
		// What could keep it from starting was asked when it started first.
		_ = m.start()
	}
}

// start computes everything from the history.
func (m *Meter) start() error {
	f, err := m.h.fold(m.r, m.q, forMeter)
	if err != nil {
		return err
	}
	m.batch = slices.Clone(f.leads) // the report changes their order
	m.f, m.report, m.stale, m.weekly = f, f.report(), false, map[int]*weekly{}
	f.leads = m.batch
	m.services = make([]scope, len(f.services))
	m.all = scope{rank: -1, cells: f.pooledCells(), daily: f.daysOf(-1), score: f.scores[len(f.services)]}
	var gaps []int64
	for s := range m.services {
		x := &m.services[s]
		*x = scope{rank: s, cells: f.cells[s*f.weeks : (s+1)*f.weeks], daily: f.daysOf(s), score: f.scores[s]}
		m.all.score.add(&x.score)
		x.leads.load(append([]int64(nil), f.leadsOf(s)...))
		own := f.gaps(nil, s)
		gaps = append(gaps, own...)
		x.gaps.load(own)
		x.load(f, recoveriesOf(f.recoveries, uint32(s)), recoveriesOf(f.restores, uint32(s)), f.cyclesOf(uint32(s)))
		x.metrics, x.down = m.report.Services[s].Metrics, length(union(f.outagesOf(s), 0))
	}
	m.all.leads.load(append([]int64(nil), f.leads...))
	m.all.gaps.load(gaps)
	m.all.load(f, f.recoveries, f.restores, f.cycles)
	m.all.metrics, m.all.down = m.report.Metrics, length(union(f.outagesOf(-1), 0))
	m.all.score.days = 0
	for _, yes := range m.all.daily {
		if yes {
			m.all.score.days++
		}
	}
	m.follow()
	return nil
}
