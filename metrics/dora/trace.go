package dora

// trace collects what became of each event, for whoever asks for it.
type trace struct{ entries []entry }

// entry is what became of an event for a metric.
type entry struct {
	metric  metric
	role    role
	why     why
	of      byte // what other is the number of: 'd', 'c', 'i', 'w', 'o' or 'a'
	unit    *unit
	service uint32 // rank
	at      int64
	other   uint32
	value   int64
}

type metric uint8

const (
	mFrequency metric = iota
	mLeadTime
	mFailureRate
	mRecovery
	mRework
	mMTTR
	mAttempts
	mUnattributed
	mCycle
	mAvailability
	mDowntime
	mBudget
	mHours
	mVelocity
	mWork
	mCSAT
	mNPS
)

var metricNames = known

type role uint8

const (
	roleCounted role = iota
	roleHit
	roleSample
	roleCensored
	roleExcluded
	roleLink
)

var roleNames = []Role{Counted, Hit, Sample, Censored, Excluded, Linked}

type why uint8

const (
	whyNothing why = iota
	whyUnmerged
	whyNegative
	whyRounded
	whyLater
	whyRollback
	whyFailed
	whyUnchanged
	whyNotOldest
	whyBaseline
	whyCounted
	whyIncomplete
)

var reasons = []string{
	"", "it was not merged", "it ended before it began", "nothing is left of it when it is rounded", "it ended after the window",
	"rollbacks do not count", "it failed before users saw it", "it brought no change that is known", "it is not the oldest of its deployment",
	"its deployment is the first one, or the first in a long time", "it was deployed with another change already",
	"not all of its times are known, or they are not in order",
}

// note keeps an entry, if anybody asks for it.
func (f *fold) note(e entry) {
	if f.trace == nil {
		return
	}
	if e.unit != nil && e.at == 0 {
		e.at, e.service = e.unit.finish, e.unit.service
	}
	f.trace.entries = append(f.trace.entries, e)
}

// noted is how many entries there are.
func (f *fold) noted() int {
	if f.trace == nil {
		return 0
	}
	return len(f.trace.entries)
}

// keepOldest makes one of the samples that were noted since then the only one: the first that lasted so long.
func (f *fold) keepOldest(since int, longest int64) {
	if f.trace == nil {
		return
	}
	kept := false
	for i := since; i < len(f.trace.entries); i++ {
		e := &f.trace.entries[i]
		switch {
		case e.metric != mLeadTime || e.role != roleSample:
		case !kept && e.value == longest:
			kept = true
		default:
			e.role, e.why = roleExcluded, whyNotOldest
		}
	}
}

// noteUnit notes what a deployment in the window counts for.
func (f *fold) noteUnit(u *unit) {
	e := entry{unit: u, other: u.first, of: 'd'}
	add := func(m metric, r role, w why) {
		e.metric, e.role, e.why = m, r, w
		f.note(e)
	}
	hit := func(yes bool) role {
		if yes {
			return roleHit
		}
		return roleCounted
	}
	add(mAttempts, hit(u.failed && !u.reached), whyNothing)
	switch {
	case f.frequent(u):
		add(mFrequency, roleCounted, whyNothing)
	case u.failed:
		add(mFrequency, roleExcluded, whyFailed)
	default:
		add(mFrequency, roleExcluded, whyRollback)
	}
	switch {
	case f.divides(u):
		add(mFailureRate, hit(f.broken(u)), whyNothing)
	case !u.completed():
		add(mFailureRate, roleExcluded, whyFailed)
	case !u.changed && f.r.Denominator == DenominatorChanged:
		add(mFailureRate, roleExcluded, whyUnchanged)
	default:
		add(mFailureRate, roleExcluded, whyRollback)
	}
	if !u.failed {
		add(mRework, hit(u.remedies()), whyNothing)
	}
}

// noteIncident notes what an incident opened in the window counts for.
func (f *fold) noteIncident(i uint32, n *incident) {
	if f.cause[i] == none && f.attributes() {
		f.note(entry{metric: mUnattributed, role: roleHit, service: f.home[i], at: n.opened, other: i, of: 'i'})
	}
	if f.r.Numerator == NumeratorAll {
		f.note(entry{metric: mFailureRate, role: roleLink, service: f.home[i], at: n.opened, other: i, of: 'i'})
	}
}
