package maturity

import (
	"slices"
	"time"
)

func (v *view) days(t time.Time) float64 { return v.at.Sub(t).Hours() / 24 }

// parties are the groups that had a hand in a release, one after the other.
func (v *view) parties(r *Release) []string {
	var all []string
	hand := func(name string) {
		if name != "" {
			all = append(all, v.party(name))
		}
	}
	hand(r.By)
	for _, s := range r.Steps {
		for _, name := range s.By {
			hand(name)
		}
	}
	return all
}

// handoffs is how often the next one is another one.
func handoffs(parties []string) float64 { return float64(len(slices.Compact(parties)) - 1) }

// groups is how many there are.
func groups(parties []string) float64 {
	slices.Sort(parties)
	return float64(len(slices.Compact(parties)))
}

// hands is the median over releases of a number about who had a hand in them.
func (v *view) hands(c Check, number func(parties []string) float64) figure {
	var samples []sample
	missing := 0
	for _, d := range v.deliveries(c.Days) {
		if parties := v.parties(d.Release); d.Whole && len(parties) > 0 {
			samples = append(samples, sample{number(parties), ref{d.last.ID, d.last.To}})
		} else {
			missing++
		}
	}
	return median(c, samples, missing, v.none(c), "no release tells who had a hand in it")
}

// current is whether somebody said that the service is no legacy system.
func (v *view) current() figure {
	switch v.Standing {
	case Current:
		f := exactly(1)
		f.k, f.n = 1, 1
		return f
	case Legacy:
		f := exactly(0)
		f.n = 1
		return f
	}
	return unknown("nobody said whether it is a legacy system")
}

// approvalWait is the median of how much of its lead time a release waited for approval.
func (v *view) approvalWait(c Check) figure {
	var samples []sample
	missing := 0
	for _, d := range v.deliveries(c.Days) {
		if share, ok := d.waited(); ok {
			samples = append(samples, sample{share, ref{d.last.ID, d.last.To}})
		} else {
			missing++
		}
	}
	return median(c, samples, missing, v.none(c), "no release tells how long it waited")
}

// waited is the share of the lead time in which approvals were waited for; those that were waited for at once count once.
func (d delivery) waited() (share float64, ok bool) {
	from, to := d.Began, d.last.To
	if !d.Committed.IsZero() {
		from = d.Committed
	}
	if !d.Whole || !from.Before(to) {
		return 0, false
	}
	var waits [][2]time.Time
	for _, s := range d.Steps {
		if s.Kind != KindApproval {
			continue
		}
		if s.From.IsZero() || s.To.Before(s.From) {
			return 0, false
		}
		waits = append(waits, [2]time.Time{s.From, s.To})
	}
	slices.SortFunc(waits, func(a, b [2]time.Time) int { return a[0].Compare(b[0]) })
	var sum time.Duration
	at := from
	for _, w := range waits {
		if w[0].After(at) {
			at = w[0]
		}
		end := w[1]
		if end.After(to) {
			end = to
		}
		if end.After(at) {
			sum += end.Sub(at)
			at = end
		}
	}
	return sum.Seconds() / to.Sub(from).Seconds(), true
}

// nightWaits is the share of releases that waited while it was night for who was waited for.
func (v *view) nightWaits(c Check) figure {
	p := poll{lacked: "where those who approve work, and when, is not told"}
	for _, d := range v.deliveries(c.Days) {
		night, ok := v.waitedAtNight(d)
		switch {
		case night:
			p.yes(ref{d.last.ID, d.last.To})
		case ok:
			p.no(ref{d.last.ID, d.last.To})
		default:
			p.missing()
		}
	}
	f := p.share(c, v.none(c))
	f.pro, f.con = f.con, f.pro // less is better
	return f
}

// waitedAtNight says whether a wait of the release went through a night, and whether that is known of all of them.
func (v *view) waitedAtNight(d delivery) (night, ok bool) {
	ok = d.Whole
	for _, s := range d.Steps {
		if s.Kind != KindApproval {
			continue
		}
		if s.From.IsZero() || s.To.Before(s.From) || len(s.By) == 0 {
			ok = false
			continue
		}
		is, known := v.people[named(s.By[len(s.By)-1])]
		if !known || is.Location == nil {
			ok = false
			continue
		}
		if is.sleeps(s.From, s.To) {
			return true, true
		}
	}
	return false, ok
}
