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
	first, last, merged := h.committed[c], h.committed[c], h.mergedAt(c)
	for i, o := range h.behind(c) {
		// The time of a squash is that of the merge: the last commit is the last original.
		if first = min(first, o.at); i == 0 || o.at > last {
			last = o.at
		}
	}
	if f.begun != nil {
		if begun, ok := f.begun[c]; ok {
			first = min(first, begun)
		}
	}
	if merged == never || u.start == never || last > merged || merged > u.start || u.start > u.finish {
		return
	}
	f.cycles = append(f.cycles, cycle{u.service, [4]int64{last - first, merged - last, u.start - merged, u.finish - u.start}})
}

// cyclesOf are those of a service; they come in the order of services.
func (f *fold) cyclesOf(s uint32) []cycle {
	from := search(len(f.cycles), func(i int) bool { return f.cycles[i].service >= s })
	to := search(len(f.cycles), func(i int) bool { return f.cycles[i].service > s })
	return f.cycles[from:to]
}

// cycleTime is the distribution of the whole and of each stage.
func (f *fold) cycleTime(cycles []cycle) *CycleTime {
	if len(cycles) == 0 {
		return nil
	}
	t := &CycleTime{}
	samples := make([]int64, len(cycles))
	for i := range cycles {
		s := &cycles[i].stages
		samples[i] = s[0] + s[1] + s[2] + s[3]
	}
	f.spreader.spread(samples, &t.Durations)
	for k, name := range stageNames {
		for i := range cycles {
			samples[i] = cycles[i].stages[k]
		}
		var d Durations
		f.spreader.spread(samples, &d)
		t.Stages = append(t.Stages, StageTime{name, d.Mean.value, d.P50.value, d.P75.value, d.P90.value})
	}
	return t
}
