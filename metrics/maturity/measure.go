package maturity

import (
	"fmt"
	"math"
	"slices"
)

func (s step) ref() ref { return ref{s.ID, s.To} }

// measure computes the fact of a check.
func (v *view) measure(c Check) figure {
	switch c.Fact {
	case FactAutomated:
		return v.automated(c)
	case FactStrategy:
		return v.strategies(c)
	case FactSameArtifact:
		return v.sameArtifact(c)
	case FactDigest:
		return v.each(c, func(p *poll, s step) { p.say(s.Digest != "", s.ref()) })
	case FactGated:
		return v.each(c, func(p *poll, s step) { s.asked(p, KindGate, true) })
	case FactRefusals:
		return v.refusals(c)
	case FactRollbacks:
		return v.rollbacks(c)
	case FactRollbackSuccess:
		return v.rollbackSuccess(c)
	case FactStep:
		return v.stepBefore(c)
	case FactUnattended:
		return v.each(c, func(p *poll, s step) { s.asked(p, KindApproval, false) })
	case FactAge:
		return v.age()
	case FactHandoffs:
		return v.hands(c, handoffs)
	case FactGroups:
		return v.hands(c, groups)
	case FactApprovalWait:
		return v.approvalWait(c)
	case FactNightWaits:
		return v.nightWaits(c)
	case FactCurrent:
		return v.current()
	}
	return v.dora(c)
}

// within says over which time a check looks, for people.
func within(days int) string {
	if days == 0 {
		return ""
	}
	return fmt.Sprintf(" in %s", count(days, "day"))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (v *view) none(c Check) string { return "no deployment to production is told of" + within(c.Days) }

// each asks each deployment.
func (v *view) each(c Check, ask func(p *poll, s step)) figure {
	p := poll{lacked: "no release says whether that is all"}
	for _, s := range v.deployments(c.Days) {
		ask(&p, s)
	}
	return p.share(c, v.none(c))
}

// asked says whether the release of a deployment has a step of a kind, and whether that is good. That it has none is known of one that is told as a whole.
func (s step) asked(p *poll, kind Kind, good bool) {
	if did := s.release.did(kind); did || s.release.Whole {
		p.say(did == good, s.ref())
		return
	}
	p.missing()
}

func (v *view) automated(c Check) figure {
	p := poll{lacked: "no deployment says who carried it out"}
	for _, s := range v.deployments(c.Days) {
		if s.Means == "" {
			p.missing()
			continue
		}
		p.say(s.Means == Machine, s.ref())
	}
	return p.share(c, v.none(c))
}

func (v *view) strategies(c Check) figure {
	p := poll{lacked: "no deployment says by which strategy"}
	for _, s := range v.deployments(c.Days) {
		if len(s.Strategies) == 0 {
			p.missing()
			continue
		}
		p.say(slices.ContainsFunc(s.Strategies, func(is Strategy) bool { return slices.Contains(c.Strategies, is) }), s.ref())
	}
	return p.share(c, v.none(c))
}

// sameArtifact compares what was deployed where under one version; a release without a version is compared with itself.
func (v *view) sameArtifact(c Check) figure {
	type places struct {
		production   bool
		environments map[string]bool
		digests      map[string]bool
		last         ref
	}
	versions := map[string]*places{}
	var names []string
	since := v.since(c.Days)
	for i := range v.releases {
		r := &v.releases[i]
		name := "version " + r.Version
		if r.Version == "" {
			name = "release " + r.ID
		}
		for _, s := range r.Steps {
			if !s.reached() {
				continue
			}
			at := versions[name]
			if at == nil {
				at = &places{environments: map[string]bool{}, digests: map[string]bool{}}
				versions[name], names = at, append(names, name)
			}
			at.production = at.production || v.production(s.Environment) && !s.To.Before(since)
			at.environments[s.Environment], at.digests[s.Digest] = true, true
			if is := (ref{s.ID, s.To}); is.at.After(at.last.at) || is.at.Equal(at.last.at) && is.id > at.last.id {
				at.last = is
			}
		}
	}
	p := poll{lacked: "no digest is told of"}
	for _, name := range names {
		switch at := versions[name]; {
		case !at.production || len(at.environments) < 2:
		case len(at.digests) > 2 || len(at.digests) == 2 && !at.digests[""]:
			p.no(at.last)
		case at.digests[""]:
			p.missing()
		default:
			p.yes(at.last)
		}
	}
	return p.share(c, "no version is told to have gone through several environments to production"+within(c.Days))
}

// refusals counts the gates that said no.
func (v *view) refusals(c Check) figure {
	return v.times(v.steps(c.Days, KindGate), Refused, "no gate gave an answer"+within(c.Days), func(s step) bool { return s.outcome() == Done || s.outcome() == Refused })
}

// times counts steps with an outcome, of those that are of a kind to have it.
func (v *view) times(steps []step, outcome Outcome, nothing string, counts func(s step) bool) figure {
	var p poll
	for _, s := range steps {
		if counts(s) {
			p.say(s.outcome() == outcome, s.ref())
		}
	}
	if p.f.n == 0 {
		return unknown(nothing)
	}
	f := exactly(float64(p.f.k))
	f.k, f.n, f.pro, f.con = p.f.k, p.f.n, p.f.pro, p.f.con
	return f
}

// rollbacks counts those that succeeded, of all deployments whose releases are told as a whole.
func (v *view) rollbacks(c Check) figure {
	f := v.times(v.steps(c.Days, KindRollback), Done, "", func(s step) bool { return s.outcome() == Done })
	deployments := v.deployments(c.Days)
	if len(deployments) == 0 && !f.known {
		return unknown(v.none(c))
	}
	deployments = slices.DeleteFunc(deployments, func(s step) bool { return !s.release.Whole })
	if len(deployments) == 0 && !f.known {
		return unknown("no release says whether that is all")
	}
	is := exactly(f.value)
	is.k, is.n, is.pro = f.k, max(f.k, len(deployments)), f.pro
	for _, s := range deployments {
		is.con = append(is.con, s.ref())
	}
	return is
}

func (v *view) rollbackSuccess(c Check) figure {
	var p poll
	for _, s := range v.steps(c.Days, KindRollback) {
		p.say(s.outcome() == Done, s.ref())
	}
	return p.share(c, "no way back is told of"+within(c.Days))
}

// stepBefore looks for steps of a kind before the first deployment of each release. A release that has none at all is not told of: somebody may have done it elsewhere.
func (v *view) stepBefore(c Check) figure {
	p := poll{lacked: fmt.Sprintf("no step of kind %q is told of, by whatever name", c.Kind)}
	for _, d := range v.deliveries(c.Days) {
		if !slices.ContainsFunc(d.Steps, func(s Step) bool { return s.Kind == c.Kind && s.ID != d.first.ID }) {
			p.missing()
			continue
		}
		before := slices.ContainsFunc(d.Steps, func(s Step) bool {
			return s.Kind == c.Kind && s.outcome() == Done && !s.To.After(d.first.To) && s.ID != d.first.ID
		})
		p.say(before, ref{d.first.ID, d.first.To})
	}
	return p.share(c, v.none(c))
}

// age is that of the last deployment; where there is none, it is at least that of the records.
func (v *view) age() figure {
	all := slices.DeleteFunc(v.deployments(0), func(s step) bool { return s.outcome() != Done })
	if len(all) > 0 {
		last := all[len(all)-1]
		f := exactly(v.days(last.To))
		f.k, f.n, f.pro, f.con = 1, len(all), []ref{last.ref()}, []ref{last.ref()}
		return f
	}
	if v.Observed.IsZero() || !v.Observed.Before(v.at) {
		return unknown(v.none(Check{}))
	}
	f := exactly(v.days(v.Observed))
	f.n, f.high = 1, math.Inf(1)
	return f
}
