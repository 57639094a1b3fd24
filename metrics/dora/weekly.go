package dora

import "time"

// weekly computes the series per week: of each service, and of all together.
func (f *fold) weekly(report *Report) {
	report.Services = make([]Service, len(f.services))
	slab := make([]Week, (len(f.services)+1)*f.weeks)
	made := f.slabs()
	for s := range f.services {
		weeks := slab[s*f.weeks : (s+1)*f.weeks : (s+1)*f.weeks]
		for w := range weeks {
			c := &f.cells[s*f.weeks+w]
			f.week(&weeks[w], w, &c.score, f.leads[c.leadsFrom:c.leadsTo], f.recoveries[c.recoversFrom:c.recoversTo], made)
		}
		report.Services[s].Weeks = weeks
	}
	report.Weeks = slab[len(f.services)*f.weeks:]
	leads := make([]int64, 0, len(f.leads)/max(f.weeks, 1)*3/2)
	var recoveries []recovery
	for w := range f.weeks {
		leads, recoveries = leads[:0], recoveries[:0]
		var sum score
		for s := range len(f.services) + 1 {
			c := &f.cells[s*f.weeks+w]
			sum.add(&c.score)
			leads = append(leads, f.leads[c.leadsFrom:c.leadsTo]...)
			recoveries = append(recoveries, f.recoveries[c.recoversFrom:c.recoversTo]...)
		}
		f.week(&report.Weeks[w], w, &sum, leads, recoveries, made)
	}
}

// week computes the figures of a week.
func (f *fold) week(into *Week, w int, s *score, leads []int64, recoveries []recovery, made *slabs) {
	from, to := f.w.weeks[w], f.w.weeks[w+1]
	into.From, into.To = time.Unix(0, max(from, f.w.from)).In(f.w.location), time.Unix(0, min(to, f.w.to)).In(f.w.location)
	into.Complete = from >= f.w.from && to <= f.w.to
	into.N, into.Days = s.n, s.days
	if len(leads) > 0 {
		into.LeadTime = made.duration()
		f.spreader.spread(leads, into.LeadTime)
		into.LeadTime.Tier = f.durationTier(f.tiers.LeadTime, into.LeadTime)
	}
	if len(recoveries) > 0 {
		into.Recovery = made.duration()
		f.recoverySpread(recoveries, into.Recovery)
	}
	if s.denominator > 0 {
		made.failures = append(made.failures, f.failures(s))
		into.ChangeFailureRate = &made.failures[len(made.failures)-1]
	}
	if s.deployments > 0 {
		made.rates = append(made.rates, rateOf(s.rework, s.deployments, f.spreader.z))
		into.ReworkRate = &made.rates[len(made.rates)-1]
	}
}

// slabs have room for the figures of all weeks, which are many and small.
type slabs struct {
	durations []Durations
	failures  []FailureRate
	rates     []Rate
}

// slabs are those that the weeks of all services, and of all together, need.
func (f *fold) slabs() *slabs {
	durations, failures, rates := 2*f.weeks, f.weeks, f.weeks
	for i := range f.cells {
		c := &f.cells[i]
		if c.leadsFrom < c.leadsTo {
			durations++
		}
		if c.recoversFrom < c.recoversTo {
			durations++
		}
		if c.denominator > 0 {
			failures++
		}
		if c.deployments > 0 {
			rates++
		}
	}
	return &slabs{make([]Durations, 0, durations), make([]FailureRate, 0, failures), make([]Rate, 0, rates)}
}

func (s *slabs) duration() *Durations {
	s.durations = append(s.durations, Durations{})
	return &s.durations[len(s.durations)-1]
}
