package dora

// daily computes the series per day: lead times are counted by day, put in the order of days, and spread.
func (f *fold) daily(report *Report) {
	n := len(f.w.days) - 1
	report.Daily = make([]Day, n)
	begins := make([]int, n+1)
	f.eachInside(func(u *unit, d int, leads []int64) {
		begins[d+1] += len(leads)
		if f.frequent(u) {
			report.Daily[d].N++
		}
	})
	for d := range n {
		begins[d+1] += begins[d]
	}
	next := append([]int(nil), begins...)
	leads := make([]int64, begins[n])
	f.eachInside(func(_ *unit, d int, some []int64) {
		next[d] += copy(leads[next[d]:], some)
	})
	durations := make([]Durations, n)
	for d := range n {
		x := &report.Daily[d]
		x.From = instant(max(f.w.days[d], f.w.from)).In(f.w.location)
		if some := leads[begins[d]:begins[d+1]]; len(some) > 0 {
			x.LeadTime = &durations[d]
			f.spreader.spread(some, x.LeadTime)
			x.LeadTime.Tier = f.durationTier(f.tiers.LeadTime, x.LeadTime)
		}
	}
}

// eachInside goes over the deployments of the window, with the day and the lead times of each.
func (f *fold) eachInside(visit func(u *unit, day int, leads []int64)) {
	for i := range f.units {
		u := &f.units[i]
		if !u.inside {
			continue
		}
		to := len(f.leads)
		if i+1 < len(f.units) {
			to = int(f.units[i+1].leads)
		}
		visit(u, f.w.day(u.finish), f.leads[u.leads:to])
	}
}
