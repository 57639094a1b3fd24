package dora

// cycle is the way of a change to users, in its four stages.
type cycle struct {
	service uint32
	stages  [4]int64
}

var stageNames = [4]string{"coding", "review", "pickup", "deploy"}

// beginWork finds the changes on which work was said to begin.
func (f *fold) beginWork() {
	if !f.cycled || len(f.h.worked) == 0 {
		return
	}
	f.begun = map[uint32]int64{}
	for i, w := range f.h.worked {
		if w.started == never {
			continue
		}
		if c := f.h.changes.find(f.h.works.String(uint32(i))); c != none && f.h.known(c) == c {
			f.begun[c] = w.started
		}
	}
}

// addCycle adds the stages of a change that a deployment brought, if all its times are known and in order.
func (f *fold) addCycle(u *unit, c uint32) {
	h := f.h
	first, last, merged, start := h.committed[c], h.lastCommit(c), h.mergedAt(c), f.started(u)
	for _, o := range h.behind(c) {
		first = min(first, o.at)
	}
	if f.begun != nil {
		if begun, ok := f.begun[c]; ok {
			first = min(first, begun)
		}
	}
	if merged == never || start == never || last > merged || merged > start || start > u.finish {
		f.note(entry{metric: mCycle, role: roleExcluded, why: whyIncomplete, unit: u, other: c, of: 'c'})
		return
	}
	f.note(entry{metric: mCycle, role: roleSample, unit: u, other: c, of: 'c', value: u.finish - first})
	f.cycles = append(f.cycles, cycle{u.service, [4]int64{last - first, merged - last, start - merged, u.finish - start}})
}

// oddMerges tells of changes that were merged before they were committed.
func (f *fold) oddMerges() {
	for c := range f.h.merged {
		f.oddMerge(uint32(c))
	}
}

func (f *fold) oddMerge(c uint32) {
	if merged := f.h.mergedAt(c); merged != never && f.h.lastCommit(c) > merged {
		f.odd(Anomaly{Code: CodeNegativeSpan, ID: f.h.changes.String(c)})
	}
}

// lastCommit is the time of a change, or of the last commit behind it: the time of a squash is that of the merge.
func (h *History) lastCommit(c uint32) int64 {
	last := h.committed[c]
	for i, o := range h.behind(c) {
		if i == 0 || o.at > last {
			last = o.at
		}
	}
	return last
}

// cyclesOf are those of a service; they are in the order of services.
func (f *fold) cyclesOf(s uint32) []cycle {
	from := search(len(f.cycles), func(i int) bool { return f.cycles[i].service >= s })
	to := search(len(f.cycles), func(i int) bool { return f.cycles[i].service > s })
	return f.cycles[from:to]
}

// all are the whole, and the stages.
func (c *cycle) all() [5]int64 {
	s := &c.stages
	return [5]int64{s[0] + s[1] + s[2] + s[3], s[0], s[1], s[2], s[3]}
}

// cycleTime is the distribution of the whole and of each stage.
func (f *fold) cycleTime(cycles []cycle) *CycleTime {
	if len(cycles) == 0 {
		return nil
	}
	samples := make([]int64, len(cycles))
	return assembled(func(k int, d *Durations) {
		for i := range cycles {
			samples[i] = cycles[i].all()[k]
		}
		f.spreader.spread(samples, d)
	})
}

func (f *fold) rankedCycles(cycles *[5]ranked) *CycleTime {
	if cycles[0].n == 0 {
		return nil
	}
	return assembled(func(k int, d *Durations) { f.spreader.rankedSpread(&cycles[k], d) })
}

// assembled is the cycle time of which each part is spread by a function.
func assembled(spread func(k int, d *Durations)) *CycleTime {
	t := &CycleTime{}
	spread(0, &t.Durations)
	for k, name := range stageNames {
		var d Durations
		spread(k+1, &d)
		t.Stages = append(t.Stages, StageTime{name, d.Mean.float(), d.P50.float(), d.P75.float(), d.P90.float()})
	}
	return t
}
