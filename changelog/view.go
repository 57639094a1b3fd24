package changelog

import "slices"

// sight is what all components see of a history.
type sight struct {
	history History
	graph   *graph
	// views are those of the components, in the order of the policy.
	views []*view
	// ignored are the tags that no component reads.
	ignored []IgnoredTag
	// foreign says of each commit whether it belongs to no component.
	foreign []bool
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
	// line is what a maintenance branch keeps to, and asked the Release-As that counts, nil for none.
	line  maintained
	asked *asked
	// since says of each commit of the history whether it has come since previous and belongs to the
	// component, and news whether also since prerelease.
	since, news []bool
}

func (v *view) decision(head string) Decision {
	return Decision{
		Name: v.component.Name, Head: head,
		Previous: v.previous.Version, PreviousTag: v.previous.Name, PreviousWhy: v.previousWhy,
		Prerelease: v.prerelease.Version, PrereleaseTag: v.prerelease.Name,
		IgnoredTags: v.ignored,
	}
}

// look finds the tags and the last releases of all components.
func look(history History, policy Policy) (*sight, error) {
	graph, err := graphOf(history.Commits)
	if err != nil {
		return nil, err
	}
	s := &sight{history: history, graph: graph}
	for _, c := range policy.components() {
		s.views = append(s.views, &view{component: c, format: policy.formatOf(c)})
	}
	refs := s.share()
	for i, v := range s.views {
		v.tags, v.ignored = versions(refs[i], v.format)
		for n, t := range v.tags {
			if _, ok := graph.at[t.Commit]; ok {
				v.tags[n].Reachable = true
			}
		}
		v.last(history, policy)
	}
	return s, nil
}

// share gives each component the tags that are its own to read or to ignore. Where there are several components, a
// tag is its own if it has a version in the component's form, or if it has almost that form and no other reads it.
func (s *sight) share() [][]Ref {
	if len(s.views) == 1 {
		return [][]Ref{s.history.Tags}
	}
	shares := make([][]Ref, len(s.views))
	for _, ref := range s.history.Tags {
		readers := s.readers(ref.Name)
		for _, i := range readers {
			shares[i] = append(shares[i], ref)
		}
		if len(readers) == 0 {
			s.ignored = append(s.ignored, IgnoredTag{Tag: ref.Name, Why: "is written as no component writes its tags"})
		}
	}
	return shares
}

// readers are the components that a tag concerns.
func (s *sight) readers(tag string) []int {
	var almost []int
	most := 0
	for i, v := range s.views {
		before, _, _ := v.format.parts()
		switch {
		case v.format.holds(tag):
			return []int{i}
		case v.format.nearly(tag) != nil:
			almost = append(almost, i)
		case !v.format.encloses(tag) || len(before) < most:
		case len(before) > most:
			almost, most = []int{i}, len(before)
		default:
			almost = append(almost, i)
		}
	}
	return almost
}

// assign finds the commits that have come since the releases of the components that they belong to: all components
// at once, in one walk of the history.
func (s *sight) assign(read *reading, policy Policy) {
	bases := make([][]string, 0, 2*len(s.views))
	for _, v := range s.views {
		bases = append(bases, v.released, v.tried)
	}
	reached := s.graph.reach(bases)
	n := len(s.history.Commits)
	s.foreign = make([]bool, n)
	for _, v := range s.views {
		v.since, v.news = make([]bool, n), make([]bool, n)
	}
	owners, mine := newOwners(policy), make([]bool, len(s.views))
	for i, c := range s.history.Commits {
		owned := owners.of(c, read.messages[i], mine)
		for k, v := range s.views {
			since := !reached.from(2*k, i)
			v.since[i] = mine[k] && since
			v.news[i] = v.since[i] && !reached.from(2*k+1, i)
			s.foreign[i] = s.foreign[i] || !owned && since
		}
	}
}

// unowned are the commits that belong to no component, with why.
func (s *sight) unowned(read *reading, policy Policy) []Skipped {
	var all []Skipped
	paths := policy.NeedsPaths()
	for i, c := range s.history.Commits {
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
		all = append(all, Skipped{Commit: c, Subject: read.messages[i].Header, Why: why})
	}
	return slices.Clip(all)
}
