package maturity

import (
	"cmp"
	"slices"
	"time"
)

// view is what is known of one service before a time.
type view struct {
	Service
	at         time.Time
	releases   []Release // with the steps that ended before it; the oldest first, of both
	people     map[string]Person
	production func(environment string) bool
	figures    *figures
}

// views are those of all services that the input names, by name.
func views(in Input, figures *figures) []*view {
	known := map[string]*view{}
	var all []*view
	people := map[string]Person{}
	for _, is := range in.People {
		people[named(is.Name)] = is
	}
	find := func(name string) *view {
		v := known[name]
		if v == nil {
			v = &view{Service: Service{Name: name}, at: in.At, people: people, production: in.Rules.IsProduction, figures: figures}
			known[name], all = v, append(all, v)
		}
		return v
	}
	for _, s := range in.Services {
		find(s.Name).Service = s
	}
	for _, d := range in.Declarations {
		if d.Service != "" {
			find(d.Service)
		}
	}
	for _, name := range figures.services() {
		find(name)
	}
	for _, r := range in.Releases {
		v := find(r.Service)
		r.Steps = slices.Clone(r.Steps)
		r.Steps = slices.DeleteFunc(r.Steps, func(s Step) bool { return !s.To.Before(in.At) })
		slices.SortFunc(r.Steps, func(a, b Step) int { return cmp.Or(a.To.Compare(b.To), cmp.Compare(a.ID, b.ID)) })
		v.releases = append(v.releases, r)
	}
	for _, v := range all {
		slices.SortFunc(v.releases, func(a, b Release) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.ID, b.ID)) })
	}
	slices.SortFunc(all, func(a, b *view) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// since is where the last days begin.
func (v *view) since(days int) time.Time {
	if days == 0 {
		return time.Time{}
	}
	return v.at.Add(-time.Duration(days) * 24 * time.Hour)
}

// step is a step with the release that it is a part of.
type step struct {
	*Step
	release *Release
}

// steps are those of some kind that ended in the last days, in production.
func (v *view) steps(days int, kind Kind) []step {
	var all []step
	since := v.since(days)
	for i := range v.releases {
		r := &v.releases[i]
		for k := range r.Steps {
			if s := &r.Steps[k]; s.Kind == kind && !s.To.Before(since) && (kind == KindGate || kind == KindApproval || v.production(s.Environment)) {
				all = append(all, step{s, r})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b step) int { return cmp.Or(a.To.Compare(b.To), cmp.Compare(a.ID, b.ID)) })
	return all
}

// deployments are those that reached users of production in the last days.
func (v *view) deployments(days int) []step {
	return slices.DeleteFunc(v.steps(days, KindDeploy), func(s step) bool { return !s.reached() })
}

// reached says whether users saw what was deployed.
func (s Step) reached() bool {
	return s.Kind == KindDeploy && (s.outcome() == Done || s.outcome() == TakenBack)
}

// delivery is a release with its deployments of the last days.
type delivery struct {
	*Release
	first, last *Step
}

// deliveries are the releases that have a deployment in the last days.
func (v *view) deliveries(days int) []delivery {
	var all []delivery
	at := map[*Release]int{}
	for _, s := range v.deployments(days) {
		i, ok := at[s.release]
		if !ok {
			i = len(all)
			at[s.release], all = i, append(all, delivery{Release: s.release, first: s.Step})
		}
		all[i].last = s.Step
	}
	return all
}

// did says whether a release has a step of a kind.
func (r *Release) did(kind Kind) bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Kind == kind })
}

// party is the group that somebody belongs to, by whatever name.
func (v *view) party(name string) string {
	if group := v.people[named(name)].Group; group != "" {
		return "group " + group
	}
	return "person " + named(name)
}
