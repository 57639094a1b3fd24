package changelog

import (
	"slices"

	"github.com/Masterminds/semver/v3"
)

// sight is what all components see of a history.
type sight struct {
	history History
	graph   *graph
	// views are those of the components, in the order of the policy.
	views []*view
	// umbrella is that of the version over all of them, nil for none. It has no commits.
	umbrella *view
	// ignored are the tags that no component reads.
	ignored []IgnoredTag
	// forms are those of the tags with versions that no component reads.
	forms []*otherForm
	// foreign says of each commit whether it belongs to no component.
	foreign []bool
	// reached says which commits the last releases have, and, after each, the last pre-releases; those of the umbrella come last.
	reached reached
}

// view is what one component sees of a history.
type view struct {
	component Component
	format    TagFormat
	// tags are its versions from the highest to the lowest, ignored are the others.
	tags    []Tag
	ignored []IgnoredTag
	// previous is its last final release, and prerelease its last pre-release since. Zero for none.
	previous, prerelease Tag
	previousWhy          string
	// released and tried are the commits that hold what came with them, together with their ancestors.
	released, tried []string
	// passed says that the last release was merged after the last pre-release.
	passed bool
	// line is what a maintenance branch keeps to, and asked the Release-As that counts, nil for none. heard is the commit of one whose
	// pre-release is tagged, "" for none.
	line  maintained
	asked *asked
	heard string
	// raised says why the level is higher than the commits make it, "" where it is not.
	raised string
	// misread says that its releases are tagged in a form that it does not read, nil where they are not.
	misread error
	// since says of each commit of the history whether it has come since previous and belongs to the
	// component, and news whether also since prerelease.
	since, news []bool
	// merged says, for a pre-release, which commits previous brought that prerelease does not have, nil for none.
	merged []bool
}

func (v *view) decision(head string) Decision {
	return Decision{
		Name: v.component.Name, Head: head,
		Previous: v.previous.Version, PreviousTag: v.previous.Name, PreviousWhy: v.previousWhy,
		Prerelease: v.prerelease.Version, PrereleaseTag: v.prerelease.Name,
		IgnoredTags: v.ignored,
	}
}

// initial is the version before which there is none.
func (v *view) initial(policy Policy) *semver.Version {
	if v.component.Initial != nil {
		return v.component.Initial
	}
	if line := readModuleLine(v.component.GoModule); line.lowest > 0 {
		return semver.New(line.lowest, 0, 0, "", "")
	}
	return policy.initial()
}

// unstable reports whether the component is below 1.0.0.
func (v *view) unstable(policy Policy) bool {
	if v.previous.Version != nil {
		return v.previous.Version.Major() == 0
	}
	return v.initial(policy).Major() == 0
}

// views are those of the components, in their order, and of the umbrella, if there is one. They have seen nothing yet.
func (p Policy) views() []*view {
	var all []*view
	for _, c := range p.components() {
		all = append(all, &view{component: c, format: p.formatOf(c)})
	}
	if p.Umbrella != nil {
		all = append(all, &view{component: *p.Umbrella, format: p.formatOf(*p.Umbrella)})
	}
	return all
}

// look finds the tags and the last releases of all components.
func look(history History, policy Policy) (*sight, error) {
	graph, err := graphOf(history.Commits)
	if err != nil {
		return nil, err
	}
	s := &sight{history: history, graph: graph}
	all := policy.views()
	n := len(policy.components())
	if s.views = all[:n:n]; len(all) > n {
		s.umbrella = all[n]
	}
	refs, foreign := share(history.Tags, all)
	s.ignored = foreign
	for i, v := range all {
		v.tags, v.ignored = versions(refs[i], v.format)
		for n, t := range v.tags {
			if _, ok := graph.at[t.Commit]; ok {
				v.tags[n].Reachable = true
			}
		}
		v.last(history, policy)
		v.passed = graph.passes(v)
	}
	return s, nil
}

// all are the views of the components and that of the umbrella.
func (s *sight) all() []*view {
	if s.umbrella == nil {
		return s.views
	}
	return append(slices.Clip(s.views), s.umbrella)
}

// bound finds which commits the last releases and pre-releases have.
func (s *sight) bound() {
	bases := make([][]string, 0, 2*len(s.views)+2)
	for _, v := range s.all() {
		bases = append(bases, v.released, v.tried)
	}
	s.reached = s.graph.reach(bases)
}

// assign finds the commits that have come since the releases of the components that they belong to: all components
// at once, in one walk of the history.
func (s *sight) assign(read *reading, policy Policy) {
	s.bound()
	n := len(s.history.Commits)
	s.foreign = make([]bool, n)
	for _, v := range s.views {
		v.since, v.news = make([]bool, n), make([]bool, n)
		if v.passed && policy.channel() != "" {
			v.merged = make([]bool, n)
		}
	}
	owners, mine := newOwners(policy), make([]bool, len(s.views))
	for i := range s.history.Commits {
		owned := owners.of(&s.history.Commits[i], read.message(i), mine)
		for k, v := range s.views {
			if mine[k] == owned && !s.reached.from(2*k, i) { // its own, or nobody's
				s.foreign[i] = !owned
				v.since[i], v.news[i] = owned, owned && !s.reached.from(2*k+1, i)
			} else if v.merged != nil {
				v.merged[i] = mine[k] && owned && !s.reached.from(2*k+1, i)
			}
		}
	}
}

// unowned are the commits that belong to no component, with why.
func (s *sight) unowned(read *reading, policy Policy) []Skipped {
	var all []Skipped
	paths := policy.NeedsPaths()
	for i := range s.history.Commits {
		c := &s.history.Commits[i]
		if !s.foreign[i] {
			continue
		}
		why := "changes nothing that belongs to a component"
		switch {
		case !paths:
			why = "has the scope of no component"
		case len(c.Paths) == 0:
			why = "changes no file, and so belongs to no component with paths"
		}
		all = append(all, Skipped{Commit: *c, Subject: read.subject(i), Why: why})
	}
	return slices.Clip(all)
}
