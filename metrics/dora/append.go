package dora

import "slices"

// Add adds an event to the history, as History.Add does, and to the figures.
func (m *Meter) Add(e Event) error {
	h := m.h
	changes, deployments, incidents := h.changes.len(), h.deployments.len(), h.incidents.len()
	if e = value(e); e == nil {
		return h.Add(nil)
	}
	if err := h.Add(e); err != nil {
		return err
	}
	if m.stale {
		return nil
	}
	// What is new has the next number; what was named or told of before has a lower one.
	switch e := e.(type) {
	case *Change:
		m.stale = h.changes.len() != changes+1+len(e.Originals) || !m.change(uint32(changes))
	case *Deployment:
		m.stale = h.deployments.len() == deployments || string(h.deployments.text(uint32(deployments))) != e.ID || !m.deployment(uint32(deployments))
	case *Incident:
		m.stale = h.incidents.len() == incidents || !m.incident(uint32(incidents))
	default:
		m.stale = true
	}
	return nil
}

// newest is what a Meter knows of the last deployments of a service.
type newest struct {
	finish, success, frequent int64 // of the last one, the last successful one, and the last one that counts for the frequency in the window
	unit                      int32 // the last successful one; -1
}

// follow notes where a fresh start has ended.
func (m *Meter) follow() {
	f, h := m.f, m.h
	f.last = make([]newest, len(f.services))
	for s := range f.last {
		l := newest{never, never, never, -1}
		for i := f.begins[s]; i < f.begins[s+1]; i++ {
			u := &f.units[i]
			l.finish = u.finish
			if !u.failed {
				l.success, l.unit = u.finish, int32(i)
			}
			if u.inside && f.frequent(u) {
				l.frequent = u.finish
			}
		}
		f.last[s] = l
	}
	m.opened, m.down = never, never
	for i := range h.harm {
		m.opened = max(m.opened, h.harm[i].opened)
	}
	for i := range h.outages {
		m.down = max(m.down, h.outages[i].from)
	}
}

// lastBefore is latest for an incident that is opened after all deployments of its service.
func (f *fold) lastBefore(s uint32, n *incident) uint32 {
	l := f.last[s]
	if l.unit < 0 {
		return none
	}
	if l.success >= n.opened {
		f.unsure = true
		return none
	}
	if f.r.Within > 0 && n.opened-l.success > int64(f.r.Within) {
		return none
	}
	return uint32(l.unit)
}

// change follows a change that nobody has named yet; false: it needs a fresh start.
func (m *Meter) change(c uint32) bool {
	f, h := m.f, m.h
	f.stamps = append(f.stamps, make([]uint32, len(h.committed)-len(f.stamps))...)
	f.split = (f.r.Start == StartCommit || f.r.Start == "") && len(h.originals) > 0
	if f.plain = f.plain && len(h.originals) == 0; len(h.merged) > 0 {
		f.cycled = true
	}
	f.commitHours(c)
	f.oddMerge(c)
	m.all.outdated = true
	return true
}

// deployment follows a deployment that is later than all of its service; false: it needs a fresh start.
func (m *Meter) deployment(i uint32) bool {
	f, h := m.f, m.h
	d := &h.deployed[i]
	if !m.reach() || slices.Contains(d.fixes.of(h.fixed), i) {
		return false
	}
	if d.kind == kindFlag && f.r.Flags == FlagsApart || !f.selected[d.service] {
		return !f.everything || f.selected[d.service]
	}
	f.oddStart(i, d)
	if !f.counts[d.environment] {
		if f.w.has(d.finish) {
			f.elsewhere++
		}
		return true
	}
	s := f.rank[d.service]
	last := &f.last[s]
	if !m.follows(d, last) {
		return false
	}
	u := unit{
		finish: d.finish, ended: never, fixed: never, first: i, group: -1, service: s,
		kind: d.kind, failed: d.failed, fixes: d.fixes.n > 0, inside: f.w.has(d.finish),
	}
	at := uint32(len(f.units))
	f.unitOf[i] = at
	leads, cycles := m.ship(&u, at, last.success)
	f.units = append(f.units, u)
	f.touched, f.succeeded = append(f.touched, 0), append(f.succeeded, last.unit)
	m.targets = m.targets[:0]
	for _, t := range d.fixes.of(h.fixed) {
		if k := f.unitOf[t]; k != none && f.r.Blame != BlameNone {
			m.targets = append(m.targets, k)
		}
	}
	if !m.around(m.targets, func() {
		if f.r.Blame != BlameNone {
			f.named(int(at))
		}
	}) {
		return false
	}
	m.enter(&f.units[at], last, leads, cycles)
	f.hours.count(u.finish)
	m.all.fresh = false
	last.finish = u.finish
	if !u.failed {
		last.success, last.unit = u.finish, int32(at)
	}
	return true
}

// reach makes room for the words, deployments and changes that a deployment has named.
func (m *Meter) reach() bool {
	f, h := m.f, m.h
	for len(f.unitOf) < len(h.deployed) {
		f.unitOf = append(f.unitOf, none)
	}
	f.stamps = append(f.stamps, make([]uint32, len(h.committed)-len(f.stamps))...)
	for w := len(f.counts); w < h.words.len(); w++ {
		f.counts = append(f.counts, len(f.q.Environments) == 0 && production(h.words.String(uint32(w)), f.r.Production))
		f.rank, f.selected = append(f.rank, none), append(f.selected, false)
	}
	return f.nameless == h.words.find("")
}

// follows says whether a deployment leaves everything that was before it as it is, but for what it names.
func (m *Meter) follows(d *deployment, last *newest) bool {
	f, h := m.f, m.h
	named := f.r.Blame == BlameNone || f.r.Blame == BlameNamed || f.r.Blame == "" || !kinds[d.kind].Remedies()
	byTime := f.r.Attribution == AttributionLatest || f.r.Attribution == AttributionElseLatest
	switch {
	case d.finish <= last.finish, d.group != none && f.r.Groups != GroupsEach, !named, f.r.Recovery == RecoveryNext,
		byTime && m.opened > d.finish, m.down >= d.finish, len(h.outages) > 0 && last.frequent == never:
		return false
	}
	for _, c := range d.changes.of(h.brought) {
		k := h.known(c)
		if k == none {
			continue
		}
		if f.stamps[k]&wantedMark != 0 || slices.ContainsFunc(h.behind(k), func(o original) bool { return f.stamps[o.id]&wantedMark != 0 }) {
			return false
		}
	}
	return true
}

// incident follows an incident whose causes are known; false: it needs a fresh start.
func (m *Meter) incident(i uint32) bool {
	f, h := m.f, m.h
	n := &h.harm[i]
	if !m.reach() || n.changes.n > 0 || f.everything && f.rank[n.service] == none && n.service != f.nameless {
		return false
	}
	f.home, f.cause = append(f.home, none), append(f.cause, none)
	m.opened = max(m.opened, n.opened)
	m.targets = m.targets[:0]
	if f.r.Attribution != AttributionNone {
		for _, d := range n.causes.of(h.causes) {
			if u := f.unitOf[d]; u != none {
				m.targets = append(m.targets, u)
			}
		}
	}
	if s := f.rank[n.service]; s != none && f.last[s].unit >= 0 && (f.r.Attribution == AttributionLatest || f.r.Attribution == AttributionElseLatest) {
		m.targets = append(m.targets, uint32(f.last[s].unit))
	}
	for _, t := range m.targets {
		if u := &f.units[t]; u.failed && !u.reached {
			return false // that it reached users changes what remedies it
		}
	}
	links := len(f.links)
	f.unsure = false
	if !m.around(m.targets, func() { f.charges(i) }) || f.unsure {
		return false
	}
	if s, counts := f.countIncident(i, n); counts {
		week := f.w.week(n.opened)
		m.score(f.home[i], week, &s)
	}
	if f.restoredInside(i, n) {
		m.all.restore.add(n.resolved - n.opened)
		m.all.fresh = false
		if f.home[i] != none {
			m.services[f.home[i]].restore.add(n.resolved - n.opened)
			m.services[f.home[i]].fresh = false
		}
	}
	kept := len(f.recoveries)
	switch f.r.Recovery {
	case RecoveryDeployment, "", RecoveryNext:
	case RecoveryIncident:
		for _, l := range f.links[links:] {
			if u := &f.units[l.unit]; u.inside {
				f.recovery(u.service, u.finish, u.finish, n.resolved, u, i)
			}
		}
	default:
		f.restored(i)
	}
	m.recoveries(f.recoveries[kept:], 1)
	f.recoveries = f.recoveries[:kept]
	return f.r.Recovery != RecoveryNext || len(f.links) == links
}
