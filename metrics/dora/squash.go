package dora

// wanted notes who deployed the commits behind a change, where an incident names them.
func (f *fold) wanted(u *unit, c uint32, commits []original) {
	for _, o := range commits {
		if f.stamps[o.id]&wantedMark != 0 && o.id != c {
			f.shippers[o.id] = append(f.shippers[o.id], u.first)
		}
	}
}

// unpack takes the commits behind a change, each once: it may be behind several changes, or told of as a change itself.
func (f *fold) unpack(u *unit, c, stamp uint32, commits []original) {
	counts := u.inside && !u.baseline
	if counts && f.cycled {
		f.addCycle(u, c)
	}
	for _, o := range commits {
		was := f.stamps[o.id]
		switch {
		case o.id == c: // it says that it is what is behind it
		case was == 0:
			f.stamps[o.id] = stamp
		case f.stamped(o.id, was, stamp):
			if counts {
				f.note(entry{metric: mLeadTime, role: roleExcluded, why: whyCounted, unit: u, other: o.id, of: 'c'})
			}
			continue
		}
		if counts {
			f.sample(u, c, o.id, o.at)
		} else if u.inside {
			f.note(entry{metric: mLeadTime, role: roleExcluded, why: whyBaseline, unit: u, other: o.id, of: 'c'})
		}
	}
}
