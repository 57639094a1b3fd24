package dora_test

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

// oracle computes the figures the slow and plain way: it looks at everything for each question, keeps nothing, and sorts
// whatever it needs. It knows events without repetitions and conflicts, and all the presets.
type oracle struct {
	r           dora.Rules
	from, to    time.Time
	deployments []deployed
	changes     map[string]dora.Change
	aliases     map[string]string
	incidents   []dora.Incident
}

// deployed is one deployment, or a group.
type deployed struct {
	ids      []string
	service  string
	finish   time.Time
	failed   bool
	kind     dora.Kind
	version  string
	changes  []string
	fixes    []string
	original []dora.Deployment
}

// answers are the figures of the oracle.
type answers struct {
	n, k, divided, failures, rework, reworked, attempts, attemptsFailed, unattributed int
	leads, recoveries, open, mttr                                                     []float64
}

func newOracle(events []dora.Event, r dora.Rules, from, to time.Time) *oracle {
	o := &oracle{r: r, from: from, to: to, changes: map[string]dora.Change{}, aliases: map[string]string{}}
	var single []dora.Deployment
	for _, e := range events {
		switch e := e.(type) {
		case dora.Deployment:
			if e.Environment == "production" && !(e.Kind == dora.KindFlag && r.Flags == dora.FlagsApart) {
				single = append(single, e)
			}
		case dora.Change:
			o.changes[e.ID] = e
			for _, c := range e.Originals {
				if was, ok := o.aliases[c.ID]; !ok || e.ID < was {
					o.aliases[c.ID] = e.ID
				}
			}
		case dora.Incident:
			o.incidents = append(o.incidents, e)
		}
	}
	slices.SortFunc(single, func(a, b dora.Deployment) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	for _, d := range single {
		one := deployed{ids: []string{d.ID}, service: d.Service, finish: d.Time, failed: d.Status == dora.Failure, kind: d.Kind, version: d.Version, changes: d.Changes, fixes: d.Fixes}
		i := -1
		if d.Group != "" && r.Groups != dora.GroupsEach {
			i = slices.IndexFunc(o.deployments, func(x deployed) bool {
				return len(x.original) > 0 && x.original[0].Group == d.Group && x.service == d.Service && sameKind(x.kind, d.Kind)
			})
			one.original = []dora.Deployment{d}
		}
		if i < 0 {
			o.deployments = append(o.deployments, one)
			continue
		}
		g := &o.deployments[i]
		g.ids, g.changes, g.fixes = append(g.ids, d.ID), append(slices.Clone(g.changes), d.Changes...), append(slices.Clone(g.fixes), d.Fixes...)
		if !one.failed || g.failed {
			g.finish = d.Time // members come by time: the last one that succeeded, or the last one of all
		}
		g.failed = g.failed && one.failed
	}
	slices.SortStableFunc(o.deployments, func(a, b deployed) int { return cmp.Or(a.finish.Compare(b.finish), cmp.Compare(a.ids[0], b.ids[0])) })
	return o
}

// backwards is an incident that ended before it began.
func backwards(in dora.Incident) bool { return !in.Resolved.IsZero() && in.Resolved.Before(in.Opened) }

func sameKind(a, b dora.Kind) bool {
	return a == b || (a == "" || a == dora.KindChange) && (b == "" || b == dora.KindChange)
}

func (o *oracle) inside(t time.Time) bool { return !t.Before(o.from) && t.Before(o.to) }

// change is a change that an id stands for.
func (o *oracle) change(id string) (dora.Change, bool) {
	if c, ok := o.changes[id]; ok {
		return c, true
	}
	c, ok := o.changes[o.aliases[id]]
	return c, ok
}

// shipped is whether a deployment of the service brought the change earlier, in the list before i or in its own before k.
func (o *oracle) shipped(i, k int, change string) bool {
	for j, d := range o.deployments[:i+1] {
		if d.failed || d.service != o.deployments[i].service || j < i && o.r.Redeployed == dora.RedeployedEach {
			continue
		}
		ids := d.changes
		if j == i {
			ids = ids[:k]
		}
		for _, id := range ids {
			if c, ok := o.change(id); ok && c.ID == change {
				return true
			}
		}
	}
	return false
}

// brought is as shipped, of a commit: as a change, or behind one.
func (o *oracle) brought(i, k int, commit string) bool {
	if o.shipped(i, k, commit) {
		return true
	}
	for _, c := range o.changes {
		if slices.ContainsFunc(c.Originals, func(x dora.Commit) bool { return x.ID == commit }) && o.shipped(i, k, c.ID) {
			return true
		}
	}
	return false
}

// before is the successful deployment of the same service before i; -1.
func (o *oracle) before(i int) int {
	for j := i - 1; j >= 0; j-- {
		if d := o.deployments[j]; d.service == o.deployments[i].service && !d.failed {
			return j
		}
	}
	return -1
}

func (o *oracle) leads(i int) []float64 {
	d := o.deployments[i]
	if p := o.before(i); p < 0 && o.r.Baseline == dora.BaselineSkipped || p >= 0 && o.r.BaselineGap > 0 && d.finish.Sub(o.deployments[p].finish) > time.Duration(o.r.BaselineGap) {
		return nil
	}
	var all []float64
	for k, id := range d.changes {
		c, ok := o.change(id)
		if !ok || o.shipped(i, k, c.ID) {
			continue
		}
		if o.r.Start == "" && o.brought(i, k, c.ID) {
			continue
		}
		if o.r.Start == "" && len(c.Originals) > 0 {
			var fresh []dora.Commit
			for x, commit := range c.Originals {
				if !o.brought(i, k, commit.ID) && !slices.ContainsFunc(c.Originals[:x], func(y dora.Commit) bool { return y.ID == commit.ID }) {
					fresh = append(fresh, commit)
				}
			}
			if c.Originals = fresh; len(fresh) == 0 {
				continue
			}
		}
		var starts []time.Time
		switch o.r.Start {
		case dora.StartMerged:
			if !c.Merged.IsZero() {
				starts = append(starts, c.Merged)
			}
		case dora.StartChange:
			starts = append(starts, c.Time)
		case dora.StartFirstCommit:
			first := c.Time
			for _, x := range c.Originals {
				if x.Time.Before(first) {
					first = x.Time
				}
			}
			starts = append(starts, first)
		default:
			for _, x := range c.Originals {
				starts = append(starts, x.Time)
			}
			if len(c.Originals) == 0 {
				starts = append(starts, c.Time)
			}
		}
		for _, s := range starts {
			lead := d.finish.Sub(s).Seconds()
			if o.r.LeadRounding == dora.RoundStages {
				if a, b := c.Merged.Sub(s).Seconds(), d.finish.Sub(c.Merged).Seconds(); c.Merged.IsZero() {
					lead = math.Ceil(lead/60) * 60
				} else if a >= 0 || b >= 0 {
					lead = math.Ceil(max(a, 0)/60)*60 + math.Ceil(max(b, 0)/60)*60
				}
			}
			if lead < 0 {
				continue
			}
			if o.r.LeadRounding == dora.RoundMinutes {
				if lead = math.Floor(lead/60) * 60; lead == 0 {
					continue
				}
			}
			all = append(all, lead)
		}
	}
	if o.r.Samples == dora.SamplesOldest && len(all) > 1 {
		all = []float64{slices.Max(all)}
	}
	return all
}

// causes are the deployments that caused an incident.
func (o *oracle) causes(in dora.Incident) []int {
	var all []int
	add := func(i int) {
		if !slices.Contains(all, i) {
			all = append(all, i)
		}
	}
	if o.r.Attribution == "" || o.r.Attribution == dora.AttributionExplicit {
		for i, d := range o.deployments {
			if slices.ContainsFunc(in.CausedBy, func(id string) bool { return slices.Contains(d.ids, id) }) {
				add(i)
			}
		}
		for _, id := range in.Changes {
			c, ok := o.change(id)
			if !ok {
				continue
			}
			holds := func(d deployed) bool {
				return !d.failed && slices.ContainsFunc(d.changes, func(id string) bool {
					x, ok := o.change(id)
					return ok && (x.ID == c.ID || slices.ContainsFunc(x.Originals, func(y dora.Commit) bool { return y.ID == c.ID }))
				})
			}
			i := slices.IndexFunc(o.deployments, func(d deployed) bool { return d.service == in.Service && holds(d) })
			if i < 0 {
				i = slices.IndexFunc(o.deployments, holds)
			}
			if i >= 0 {
				add(i)
			}
		}
	}
	if o.r.Attribution == dora.AttributionLatest {
		for i := len(o.deployments) - 1; i >= 0; i-- {
			if d := o.deployments[i]; !d.failed && d.service == in.Service && d.finish.Before(in.Opened) {
				return []int{i}
			}
		}
	}
	return all
}

// remedied is when the first deployment finished that remedies i, and whether any tried.
func (o *oracle) remedied(i int) (when time.Time, some bool) {
	for j, by := range o.deployments {
		if !slices.Contains(o.blames(j), i) {
			continue
		}
		some = true
		if !by.failed && j != i && !by.finish.Before(o.deployments[i].finish) && (when.IsZero() || by.finish.Before(when)) {
			when = by.finish
		}
	}
	return when, some
}

// blames are the deployments that j remedies.
func (o *oracle) blames(j int) []int {
	by := o.deployments[j]
	if o.r.Blame == dora.BlameNone {
		return nil
	}
	if o.r.Blame == dora.BlameFirst && by.kind == dora.KindRollback && by.version != "" {
		first := -1
		for i := j - 1; i >= 0; i-- {
			d := o.deployments[i]
			if d.service != by.service || d.failed {
				continue
			}
			if d.version == by.version {
				if first >= 0 {
					return []int{first}
				}
				break
			}
			first = i
		}
	}
	var all []int
	for i, d := range o.deployments {
		if slices.ContainsFunc(by.fixes, func(id string) bool { return slices.Contains(d.ids, id) }) {
			all = append(all, i)
		}
	}
	if len(by.fixes) == 0 && o.r.Blame == dora.BlameFirst && by.kind.Remedies() {
		if p := o.before(j); p >= 0 {
			all = append(all, p)
		}
	}
	return all
}

// answer computes the figures of one service, or of all of them for "".
func (o *oracle) answer(service string) answers {
	var a answers
	caused := map[int][]dora.Incident{}
	for _, in := range o.incidents {
		for _, i := range o.causes(in) {
			caused[i] = append(caused[i], in)
		}
	}
	for i, d := range o.deployments {
		if !o.inside(d.finish) || service != "" && d.service != service {
			continue
		}
		_, blamed := o.remedied(i)
		reached := d.failed && len(caused[i]) > 0
		completed := !d.failed || reached
		bad := completed && (len(caused[i]) > 0 || blamed) || d.failed && o.r.Attempts == dora.AttemptsFail
		a.attempts++
		if d.failed && !reached {
			a.attemptsFailed++
		}
		if !d.failed {
			a.n++
			a.rework++
			if d.kind.Remedies() {
				a.reworked++
			}
			a.leads = append(a.leads, o.leads(i)...)
		}
		changed := !d.failed && slices.ContainsFunc(d.changes, func(id string) bool { _, ok := o.change(id); return ok })
		if (completed || o.r.Attempts == dora.AttemptsFail || o.r.Attempts == dora.AttemptsInRate) && (changed || o.r.Denominator != dora.DenominatorChanged) {
			a.divided++
			if bad {
				a.failures++
			}
			if o.r.Numerator == dora.NumeratorIncidents {
				a.k += len(caused[i])
			}
		}
		if bad {
			o.recovery(i, caused[i], &a)
		}
	}
	if o.r.Numerator == "" {
		a.k = a.failures
	}
	o.answerIncidents(service, &a)
	for _, list := range [][]float64{a.leads, a.recoveries, a.open, a.mttr} {
		slices.Sort(list)
	}
	return a
}

func (o *oracle) recovery(i int, caused []dora.Incident, a *answers) {
	d := o.deployments[i]
	var end time.Time
	switch o.r.Recovery {
	case "":
		end, _ = o.remedied(i)
		for k, in := range caused {
			over := in.Resolved
			if !over.IsZero() && over.Before(in.Opened) {
				over = in.Opened
			}
			if k == 0 {
				end = over
			}
			if over.IsZero() || !end.IsZero() && over.After(end) {
				end = over
			}
			if end.IsZero() {
				break
			}
		}
	case dora.RecoveryNext:
		for _, x := range o.deployments[i+1:] {
			if x.service == d.service && !x.failed {
				end = x.finish
				break
			}
		}
	case dora.RecoveryIncident:
		for _, in := range caused {
			if !backwards(in) {
				o.duration(d.finish, in.Resolved, a)
			}
		}
		return
	default:
		return
	}
	o.duration(d.finish, end, a)
}

func (o *oracle) duration(begin, end time.Time, a *answers) {
	switch {
	case end.IsZero():
		a.open = append(a.open, max(0, o.to.Sub(begin).Seconds()))
	case o.r.RecoveryWindow == dora.RecoveryWithin && !end.Before(o.to), end.Before(begin):
	default:
		v := end.Sub(begin).Seconds()
		switch o.r.RecoveryRounding {
		case dora.RoundMinutes:
			v = math.Floor(v/60) * 60
		case dora.RoundHours:
			v = math.Floor(v/3600) * 3600
		}
		a.recoveries = append(a.recoveries, v)
	}
}

func (o *oracle) answerIncidents(service string, a *answers) {
	for _, in := range o.incidents {
		if service != "" && in.Service != service {
			continue
		}
		causes := o.causes(in)
		if o.inside(in.Opened) {
			if len(causes) == 0 {
				a.unattributed++
			}
			if o.r.Numerator == dora.NumeratorAll {
				a.k++
			}
		}
		if !in.Resolved.IsZero() && o.inside(in.Resolved) && !in.Resolved.Before(in.Opened) {
			a.mttr = append(a.mttr, in.Resolved.Sub(in.Opened).Seconds())
		}
		when := in.Resolved
		if when.IsZero() {
			when = in.Opened
		}
		begin := in.Opened
		switch o.r.Recovery {
		case dora.RecoveryOpened:
		case dora.RecoveryAttributed:
			if len(causes) == 0 {
				continue
			}
		case dora.RecoveryEarliest:
			if len(causes) > 0 {
				if last := o.deployments[slices.Max(causes)].finish; last.Before(begin) {
					begin = last
				}
			}
		default:
			continue
		}
		if o.inside(when) && !backwards(in) {
			o.duration(begin, in.Resolved, a)
		}
	}
}
