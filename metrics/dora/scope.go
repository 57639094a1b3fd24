package dora

// weekly are the samples of a week of a service.
type weekly struct {
	leads      []int64
	recoveries []recovery
	changed    bool // since the last report
}

// scope is a service, or all of them together.
type scope struct {
	rank                 int // -1: all
	score                score
	cells                []cell
	daily                []bool
	leads, gaps, restore ranked
	ended, open          ranked
	cycles               [5]ranked // the whole, and the stages

	down int64 // the length of all outages

	metrics    Metrics
	recovered  Durations
	fresh      bool // metrics say all
	outdated   bool // but the work outside of working hours
	recovering bool // recovered does not
	counting   bool // the frequency does not
}

// samples are those of a week of a service.
func (m *Meter) samples(c int) ([]int64, []recovery) {
	if w := m.weekly[c]; w != nil {
		return w.leads, w.recoveries
	}
	at := &m.f.cells[c]
	return m.batch[at.leadsFrom:at.leadsTo], m.f.recoveries[at.recoversFrom:at.recoversTo]
}

// touch makes the samples of a week its own, so that they can change.
func (m *Meter) touch(c int) *weekly {
	w := m.weekly[c]
	if w == nil {
		leads, recoveries := m.samples(c)
		w = &weekly{append([]int64(nil), leads...), append([]recovery(nil), recoveries...), true}
		m.weekly[c] = w
	}
	w.changed = true
	return w
}

func (x *scope) load(f *fold, recoveries, restores []recovery, cycles []cycle) {
	ended, open := f.recoveryTimes(recoveries)
	x.ended.load(append([]int64(nil), ended...))
	x.open.load(append([]int64(nil), open...))
	restored, _ := f.recoveryTimes(restores)
	x.restore.load(append([]int64(nil), restored...))
	var times [5][]int64
	for i := range cycles {
		for k, v := range cycles[i].all() {
			times[k] = append(times[k], v)
		}
	}
	for k := range times {
		x.cycles[k].load(times[k])
	}
	x.recovering, x.counting, x.fresh = true, true, true
}

// metrics brings the figures of a scope up to date.
func (m *Meter) metrics(x *scope) *Metrics {
	if x.outdated {
		x.metrics.OutsideHours, x.outdated = m.f.hours.share(m.f.spreader.z), false
	}
	if x.fresh {
		return &x.metrics
	}
	f, was := m.f, x.metrics
	var lead, restored Durations
	f.spreader.rankedSpread(&x.leads, &lead)
	f.spreader.rankedSpread(&x.restore, &restored)
	if x.recovering {
		x.recovered = Durations{}
		if x.ended.n+x.open.n > 0 {
			f.spreader.rankedSpread(&x.ended, &x.recovered)
			f.open = x.open.sorted(f.open)
			f.censor(&x.recovered, &x.ended, f.open)
		}
	}
	x.metrics = Metrics{Availability: was.Availability, ErrorBudget: was.ErrorBudget, DeploymentFrequency: was.DeploymentFrequency}
	f.told(&x.metrics, &x.score, lead, x.recovered, restored)
	if x.counting {
		f.frequency(&x.metrics.DeploymentFrequency, x.score.n, x.score.days, x.cells, f.rankedMedian(&x.gaps, 1e9), x.daily)
	}
	x.metrics.CycleTime = f.rankedCycles(&x.cycles)
	if worst := was.DowntimePerRelease; worst != nil {
		x.metrics.DowntimePerRelease = &Downtime{x.score.n, float64(x.down) / 60e9 / float64(x.score.n), worst.MaxMinutes}
	}
	if x.rank < 0 {
		x.metrics.OutsideHours = f.hours.share(f.spreader.z)
	}
	f.score(&x.metrics)
	x.fresh, x.recovering, x.counting = true, false, false
	return &x.metrics
}
