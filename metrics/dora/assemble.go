package dora

// Report computes all figures of a window by the rules. See ErrNoWindow, ErrTooLong, ErrUnknownService and
// ErrUnknownEnvironment.
func (h *History) Report(r Rules, q Query) (*Report, error) {
	f, err := h.fold(r, q, forReport)
	if err != nil {
		return nil, err
	}
	return f.report(), nil
}

func (f *fold) report() *Report {
	report := &Report{
		Rules: name(f.r), From: instant(f.w.from).In(f.w.location), To: instant(f.w.to).In(f.w.location), Events: f.h.events, Elsewhere: f.elsewhere,
		Confidence: f.r.confidence(), Tiers: f.tiers.source(), Anomalies: f.anomalies,
	}
	if f.q.Daily {
		f.daily(report)
	}
	if !f.q.Brief {
		f.weekly(report)
	} else {
		report.Services = make([]Service, len(f.services))
	}
	whole := f.scores[len(f.services)]
	for s := range f.services {
		whole.add(&f.scores[s])
		f.service(s, &report.Services[s])
	}
	f.pooled(report, &whole)
	f.people(report)
	return report
}

// service computes the figures of a service.
func (f *fold) service(s int, into *Service) {
	into.Name = f.h.words.String(f.services[s])
	leads := f.leadsOf(s)
	m := &into.Metrics
	f.metrics(m, &f.scores[s], leads, recoveriesOf(f.recoveries, uint32(s)), recoveriesOf(f.restores, uint32(s)))
	f.frequency(&m.DeploymentFrequency, f.scores[s].n, f.scores[s].days, f.cells[s*f.weeks:(s+1)*f.weeks], f.median(f.gaps(nil, s), 1e9), f.daysOf(s))
	m.CycleTime = f.cycleTime(f.cyclesOf(uint32(s)))
	f.uptime(m, s)
	f.score(m)
}

// leadsOf are the lead times of a service.
func (f *fold) leadsOf(s int) []int64 {
	units := f.of(uint32(s))
	if len(units) == 0 {
		return nil
	}
	to := len(f.leads)
	if end := f.begins[s+1]; end < len(f.units) {
		to = int(f.units[end].leads)
	}
	return f.leads[units[0].leads:to]
}

// pooledCells are the weeks of all services together.
func (f *fold) pooledCells() []cell {
	cells := make([]cell, f.weeks)
	for i := range f.cells {
		cells[i%f.weeks].add(&f.cells[i].score)
	}
	for w := range cells {
		cells[w].days = 0
	}
	for d, yes := range f.daysOf(-1) {
		if yes {
			cells[f.w.week(max(f.w.days[d], f.w.from))].days++
		}
	}
	return cells
}

// pooled computes the figures of all services together, from their samples.
func (f *fold) pooled(report *Report, whole *score) {
	m := &report.Metrics
	f.metrics(m, whole, f.leads, f.recoveries, f.restores)
	cells := f.pooledCells()
	gaps := make([]int64, 0, len(f.units))
	for s := range f.services {
		gaps = f.gaps(gaps, s)
	}
	days := f.daysOf(-1)
	n := 0
	for _, yes := range days {
		if yes {
			n++
		}
	}
	f.frequency(&m.DeploymentFrequency, whole.n, n, cells, f.median(gaps, 1e9), days)
	for w := range report.Weeks {
		report.Weeks[w].Days = cells[w].days
	}
	m.CycleTime = f.cycleTime(f.cycles)
	f.uptime(m, -1)
	f.score(m)
}

// metrics computes what counts and samples alone say.
func (f *fold) metrics(m *Metrics, s *score, leads []int64, recoveries, restores []recovery) {
	var lead, recovered, restored Durations
	f.spreader.spread(leads, &lead)
	f.recoverySpread(recoveries, &recovered)
	ended, _ := f.recoveryTimes(restores)
	f.spreader.spread(ended, &restored)
	f.told(m, s, lead, recovered, restored)
}

// told fills in what counts and distributions say.
func (f *fold) told(m *Metrics, s *score, lead, recovered, restored Durations) {
	m.LeadTimeDropped, m.LeadTimeUnmerged, m.LeadTimeRounded = s.dropped, s.unmerged, s.rounded
	if f.attributes() {
		m.Unattributed = Known(float64(s.unattributed))
	}
	empty := f.r.Empty == EmptyZero
	if lead.N > 0 || empty {
		lead.zero(empty)
		lead.Tier = f.durationTier(f.tiers.LeadTime, &lead)
		m.LeadTime = &lead
	}
	if recovered.N+recovered.Censored > 0 || empty {
		if recovered.Censored == 0 {
			recovered.zero(empty)
		}
		recovered.Tier = f.durationTier(f.tiers.Recovery, &recovered)
		m.FailedDeploymentRecovery = &recovered
	}
	if restored.N > 0 {
		m.MTTR = &restored
	}
	m.ChangeFailureRate = f.failureRate(s)
	m.ReworkRate = f.rate(s.rework, s.deployments)
	m.AttemptFailureRate = f.rate(s.attemptsFailed, s.attempts)
}

// zero makes no data 0.
func (d *Durations) zero(yes bool) {
	if yes && d.N == 0 {
		d.P50, d.P75, d.P90, d.Mean, d.Typical = Known(0), Known(0), Known(0), Known(0), Known(0)
	}
}

// rate is k of n; nil where there is no n, and zero is not asked for.
func (f *fold) rate(k, n int) *Rate {
	if n == 0 && f.r.Empty != EmptyZero {
		return nil
	}
	r := rateOf(k, n, f.spreader.z)
	if n == 0 {
		r.Rate = Known(0)
	}
	return &r
}

// failureRate is the change failure rate; nil as that of rate.
func (f *fold) failureRate(s *score) *FailureRate {
	if s.denominator == 0 && f.r.Empty != EmptyZero {
		return nil
	}
	r := f.failures(s)
	return &r
}

func (f *fold) failures(s *score) FailureRate {
	k := s.bad
	switch f.r.Numerator {
	case NumeratorIncidents:
		k = s.incidents
	case NumeratorAll:
		k = s.opened
	}
	r := FailureRate{Rate: rateOf(k, s.denominator, f.spreader.z)}
	if f.attributes() {
		r.Incidents = Known(float64(s.incidents))
	}
	if f.attributes() || f.r.Blame != BlameNone || f.r.Attempts == AttemptsFail {
		r.Deployments = Known(float64(s.bad))
	}
	if s.denominator == 0 {
		r.Rate.Rate = Known(0)
	}
	if share, ok := r.Rate.Rate.Get(); ok {
		r.Tier = f.tiers.tier(f.tiers.FailureRate, share, true)
	}
	return r
}

func (f *fold) durationTier(table []TierRange, d *Durations) Tier {
	if typical, ok := d.Typical.Get(); ok {
		return f.tiers.tier(table, typical, false)
	}
	return ""
}

func (f *fold) score(m *Metrics) {
	year := f.r.QuickCheck
	if year == 0 {
		year = 2024
	}
	if c := QuickCheckOf(year, m.measured()); !c.Total.IsZero() {
		m.QuickCheck = &c
	}
}

// recoveriesOf are those of a service, of a list in order.
func recoveriesOf(all []recovery, service uint32) []recovery {
	from := search(len(all), func(i int) bool { return all[i].service >= service })
	to := search(len(all), func(i int) bool { return all[i].service > service })
	return all[from:to]
}
