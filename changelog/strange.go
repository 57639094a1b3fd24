package changelog

import (
	"fmt"
	"strings"
)

// strange are the tags of a component's final versions that are written in another form than its own, while a history is told.
type strange struct {
	format TagFormat
	tags   map[string][]string // by commit
	met    map[int][]metTag    // by the label that the commit has
}

type metTag struct{ name, commit string }

// strangeTo are the tags of another form that a component may mean. Dates are not taken for versions, and what is tagged in the component's own form,
// too, lacks nothing.
func strangeTo(v *view, other *otherForm) *strange {
	s := &strange{format: other.format, tags: map[string][]string{}, met: map[int][]metTag{}}
	if other.stem != "" && other.stem != stem(v.component.Name) {
		return nil
	}
	for _, t := range other.tags {
		if t.Version.Prerelease() == "" && t.Version.Major() < firstYear && !v.has(t.Version) {
			s.tags[t.Commit] = append(s.tags[t.Commit], t.Name)
		}
	}
	if len(s.tags) == 0 {
		return nil
	}
	return s
}

// meet notes the tags of a commit that belongs to the release of a label.
func (s *strange) meet(c *Commit, label int) {
	for _, name := range s.tags[c.ID] {
		s.met[label] = append(s.met[label], metTag{name, c.ID})
	}
}

// pass leaves what a release that is not told would have said to the one below it.
func (s *strange) pass(label int) {
	s.met[label+1] = append(s.met[label], s.met[label+1]...)
	delete(s.met, label)
}

// tell says what was met in the release of a label, and forgets it.
func (s *strange) tell(label int, t *track, tag string) []Diagnostic {
	met := s.met[label]
	delete(s.met, label)
	if len(met) == 0 {
		return nil
	}
	const most = 3
	var names []string
	for _, m := range met[:min(most, len(met))] {
		names = append(names, m.name)
	}
	said, are, them := strings.Join(names, ", "), "is no release: it has", "it"
	if len(met) > 1 {
		are, them = "are no releases: they have", "them"
	}
	if len(met) > most {
		said += fmt.Sprintf(" and %d more", len(met)-most)
	}
	as := "unreleased"
	if tag != "" {
		as = "part of " + tag
	}
	text := fmt.Sprintf("%s %s the form %s, and not %s; what came with %s is told as %s", said, are, s.format.form(), t.format.form(), them, as)
	if t.name != "" {
		text = "component " + t.name + ": " + text
	}
	return []Diagnostic{{Commit: met[0].commit, Code: CodeOtherFormat, Text: text}}
}
