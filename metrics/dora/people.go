package dora

import (
	"cmp"
	"math"
	"slices"
)

// people computes the figures that belong to no service: velocity, surveys, work outside of working hours.
func (f *fold) people(report *Report) {
	f.velocity(report)
	report.CSAT = f.opinion(CSAT)
	report.NPS = f.opinion(NPS)
	report.OutsideHours = f.outside()
}

func (f *fold) velocity(report *Report) {
	type sprint struct {
		Iteration
		end int64
	}
	all := map[uint32]*sprint{}
	var spans []int64
	points := false
	for _, w := range f.h.worked {
		if w.done != never && w.started != never && w.done >= w.started && f.w.has(w.done) {
			spans = append(spans, w.done-w.started)
		}
		if w.iteration == none {
			continue
		}
		s := all[w.iteration]
		if s == nil {
			s = &sprint{Iteration: Iteration{Name: f.h.words.String(w.iteration)}, end: never}
			all[w.iteration] = s
		}
		s.Items++
		s.end = max(s.end, w.done, w.started)
		points = points || w.points > 0
		if w.done != never {
			s.Done++
			s.Points += w.points
		}
	}
	if len(spans) > 0 {
		report.WorkTime = &Durations{}
		f.spreader.spread(spans, report.WorkTime)
	}
	var sprints []sprint
	for _, word := range sortedKeys(all) {
		if s := all[word]; f.w.has(s.end) {
			sprints = append(sprints, *s)
		}
	}
	if len(sprints) == 0 {
		return
	}
	slices.SortFunc(sprints, func(a, b sprint) int { return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.Name, b.Name)) })
	v := &Velocity{N: len(sprints), Unit: "items"}
	if points {
		v.Unit = "points"
	}
	var done []float64
	for _, s := range sprints {
		v.Iterations = append(v.Iterations, s.Iteration)
		if points {
			done = append(done, s.Points)
		} else {
			done = append(done, float64(s.Done))
		}
	}
	last := f.r.Iterations
	if last == 0 {
		last = 3
	}
	done = done[max(0, len(done)-last):]
	for _, d := range done {
		v.Mean += d / float64(len(done))
	}
	slices.Sort(done)
	v.P50 = (done[(len(done)-1)/2] + done[len(done)/2]) / 2
	report.Velocity = v
}

// oddWork tells of work that was done before it began, and of iterations of which nobody knows when they were.
func (f *fold) oddWork() {
	dated := map[uint32]bool{}
	for _, w := range f.h.worked {
		if w.iteration != none {
			dated[w.iteration] = dated[w.iteration] || w.done != never || w.started != never
		}
	}
	for _, word := range sortedKeys(dated) {
		if !dated[word] {
			f.odd(Anomaly{Code: CodeUndated, ID: f.h.words.String(word)})
		}
	}
	for i, w := range f.h.worked {
		if w.done != never && w.started != never && w.done < w.started {
			f.odd(Anomaly{Code: CodeNegativeSpan, ID: f.h.works.String(uint32(i))})
		}
	}
}

func (f *fold) opinion(kind Survey) *Opinion {
	var n, good, bad int
	var sum float64
	for _, a := range f.h.answers {
		if a.kind != kind || !f.w.has(a.at) {
			continue
		}
		n += a.count
		sum += float64(a.score) * float64(a.count)
		switch {
		case kind == CSAT && a.score >= 4, kind == NPS && a.score >= 9:
			good += a.count
		case kind == NPS && a.score <= 6:
			bad += a.count
		}
	}
	if n == 0 {
		return nil
	}
	return &Opinion{N: n, Score: float64(good-bad) / float64(n) * 100, Mean: sum / float64(n)}
}

// outside is how many of the commits and deployments of the window were made outside of working hours.
func (f *fold) outside() *Rate {
	f.hours = f.w.hours()
	for i := range f.units {
		f.hours.count(f.units[i].finish)
	}
	if len(f.h.originals) == 0 {
		f.hours.countAll(f.h.committed)
		return f.hours.share(f.spreader.z)
	}
	for c := range f.h.committed {
		f.commitHours(uint32(c))
	}
	return f.hours.share(f.spreader.z)
}

// commitHours counts a change, or the commits behind it.
func (f *fold) commitHours(c uint32) {
	t := f.h.committed[c]
	if len(f.h.originals) > 0 && t != never {
		if commits := f.h.behind(c); commits != nil {
			for _, o := range commits {
				f.hours.count(o.at)
			}
			return
		}
	}
	f.hours.count(t)
}

// CostOfDowntime is what failed changes cost in a year: deployments in a year, times the share that fails, times the hours
// until service is restored, times the cost of an hour (Puppet and DORA, State of DevOps 2016, p. 47). It is NaN where one
// of them is negative, or no number.
func CostOfDowntime(deployments, failureRate, hoursToRestore, costPerHour float64) float64 {
	for _, v := range []float64{deployments, failureRate, hoursToRestore, costPerHour} {
		if !(v >= 0) {
			return math.NaN()
		}
	}
	return deployments * failureRate * hoursToRestore * costPerHour
}
