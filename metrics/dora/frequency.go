package dora

import (
	"sort"
	"time"
)

func search(n int, yes func(int) bool) int { return sort.Search(n, yes) }

// frequency fills in how often was deployed.
func (f *fold) frequency(into *Frequency, n, days int, weeks []cell, gap Figure, daily []bool) {
	into.N, into.Days = n, days
	into.PerDay = Known(float64(n) / f.w.length())
	perWeek, used, deployments := f.perWeek[:0], f.used[:0], f.deployments[:0]
	for w := range weeks {
		if f.w.complete && (f.w.weeks[w] < f.w.from || f.w.weeks[w+1] > f.w.to) {
			continue
		}
		perWeek = append(perWeek, int64(weeks[w].days))
		used = append(used, int64(min(weeks[w].days, 1)))
		deployments = append(deployments, int64(weeks[w].n))
	}
	f.perWeek, f.used, f.deployments = perWeek, used, deployments
	into.PerWeekMedian = f.median(perWeek, 1)
	into.DeploymentsPerWeekMedian = f.median(deployments, 1)
	into.GapMedian = gap
	into.Tier = f.cadence(into, perWeek, used, daily)
}

// median is that of values, in units.
func (f *fold) median(values []int64, unit float64) Figure {
	if len(values) == 0 {
		return Figure{}
	}
	var ranks [8]int
	var picked [8]int64
	ranks[0], ranks[1] = (len(values)-1)/2, len(values)/2
	if !few(values, &ranks, &picked) {
		f.spreader.pick(values, &ranks, &picked)
	}
	if f.r.Quantile == QuantileLower {
		return Known(float64(picked[0]) / unit)
	}
	return Known((float64(picked[0]) + float64(picked[1])) / 2 / unit)
}

// few answers what pick does for the first two ranks, by counting, of values from 0 to 7, as days of a week are; false: there are others.
func few(values []int64, ranks *[8]int, picked *[8]int64) bool {
	var counts [8]int
	for _, v := range values {
		if uint64(v) >= uint64(len(counts)) {
			return false
		}
		counts[v]++
	}
	for i := range 2 {
		below := 0
		for v, n := range counts {
			if below += n; below > ranks[i] {
				picked[i] = int64(v)
				break
			}
		}
	}
	return true
}

// cadence is the tier of the frequency.
func (f *fold) cadence(into *Frequency, perWeek, used []int64, daily []bool) Tier {
	if len(f.tiers.Cadence) == 0 {
		if into.N == 0 {
			return ""
		}
		return f.tiers.tier(f.tiers.Frequency, day/into.PerDay.float(), false)
	}
	if into.N == 0 && f.r.Empty != EmptyZero {
		return ""
	}
	for _, c := range f.tiers.Cadence {
		if m, ok := f.measure(c.Measure, into, perWeek, used, daily).Get(); ok && m >= c.AtLeast {
			return c.Tier
		}
	}
	return ""
}

func (f *fold) measure(m Measure, into *Frequency, perWeek, used []int64, daily []bool) Figure {
	switch m {
	case DaysPerWeek:
		return f.median(perWeek, 1)
	case WeeksPerWeek:
		return f.median(used, 1)
	case DaysPerMonth:
		return f.median(f.months(f.w.days[:len(f.w.days)-1], daily), 1)
	case WeeksPerMonth:
		weekly := make([]bool, f.weeks)
		for d, yes := range daily {
			if yes {
				weekly[f.w.week(max(f.w.days[d], f.w.from))] = true
			}
		}
		return f.median(f.months(f.w.weeks[:f.weeks], weekly), 1)
	case DaysPerHalfYear:
		return Known(float64(into.Days) / (float64(f.w.to-f.w.from) / (half * 1e9)))
	case PerWeek:
		return Known(into.PerDay.float() * 7)
	case PerMonth:
		return Known(into.PerDay.float() * 30)
	}
	return into.PerDay
}

// months counts, for each month, the pieces that begin in it and have a deployment.
func (f *fold) months(begins []int64, has []bool) []int64 {
	var counts []int64
	var last time.Month
	for i, begin := range begins {
		_, m, _ := time.Unix(0, begin).In(f.w.location).Date()
		if i == 0 || m != last {
			counts, last = append(counts, 0), m
		}
		if has[i] {
			counts[len(counts)-1]++
		}
	}
	return counts
}

// gaps adds the times between a deployment of a service and the next one.
func (f *fold) gaps(all []int64, s int) []int64 {
	last := int64(never)
	for i := f.begins[s]; i < f.begins[s+1]; i++ {
		u := &f.units[i]
		if !u.inside || !f.frequent(u) {
			continue
		}
		if last != never {
			all = append(all, u.finish-last)
		}
		last = u.finish
	}
	return all
}

// daysOf says of each day of the window whether a service deployed on it; -1: any service.
func (f *fold) daysOf(s int) []bool {
	days := make([]bool, len(f.w.days)-1)
	units := f.units
	if s >= 0 {
		units = f.of(uint32(s))
	}
	for i := range units {
		if u := &units[i]; u.inside && f.frequent(u) {
			days[f.w.day(u.finish)] = true
		}
	}
	return days
}
