package changelog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// unread reports releases that no component of the policy reads and that change what its versions mean: those of parts of a
// repository that is taken for a whole, and those of a whole that has become parts. It comes after compareForms, and needs the
// decisions.
func (s *sight) unread(policy Policy, decided []Decision) []Diagnostic {
	if len(s.forms) == 0 {
		return nil
	}
	if len(policy.Components) == 0 {
		return s.unreadParts(policy)
	}
	return s.unreadWhole(policy, decided)
}

// unreadParts reports that parts of a whole are released on their own, and more often than the whole, if that is released at all.
func (s *sight) unreadParts(policy Policy) []Diagnostic {
	v := s.views[0]
	if v.misread != nil || v.previous.Version == nil && policy.Initial != nil {
		return nil
	}
	own := otherFormOf(v, s.forms)
	var last []Tag // of each part
	n := 0
	for _, o := range s.forms {
		if o == own || o.stem == "" {
			continue
		}
		later := slices.DeleteFunc(slices.Clone(o.tags), func(t Tag) bool {
			at, ok := s.graph.at[t.Commit]
			return !ok || t.Version.Major() >= firstYear || s.reached.from(0, int(at))
		})
		if n += len(later); len(later) > 0 {
			last = append(last, later[0])
		}
	}
	if n == 0 || n <= len(v.tags) && v.previous.Version != nil {
		return nil
	}
	since := ""
	if v.previous.Version != nil {
		since = " since " + v.previous.Name
	}
	said := fmt.Sprintf("parts of the repository were released%s, such as %s, and the policy takes it for one whole: if they have versions of their own, name them in Components",
		since, someOf(last))
	return []Diagnostic{{Commit: last[0].Commit, Code: CodeOtherFormat, Text: said}}
}

// unreadWhole reports the components that begin anew in a repository that was released as a whole.
func (s *sight) unreadWhole(policy Policy, decided []Decision) []Diagnostic {
	at := slices.IndexFunc(s.forms, func(o *otherForm) bool { return o.stem == "" && o.tags[0].Version.Major() < firstYear })
	if at < 0 || policy.Initial != nil {
		return nil
	}
	last := s.forms[at].tags[0]
	var names, tags []string
	for i, v := range s.views {
		if v.previous.Version == nil && v.component.Initial == nil && v.asked == nil && decided[i].Next != nil {
			names, tags = append(names, v.component.Name), append(tags, v.format.Print(last.Version))
		}
	}
	if len(names) == 0 {
		return nil
	}
	said := fmt.Sprintf("%s is a release of the whole repository that no component reads, and %s begin anew: to go on from it, tag its commit as %s, or say where to begin by Initial",
		last.Name, strings.Join(names, ", "), strings.Join(tags, ", "))
	if len(names) == 1 {
		said = strings.Replace(said, " begin anew", " begins anew", 1)
	}
	return []Diagnostic{{Commit: last.Commit, Code: CodeOtherFormat, Text: said}}
}

// someOf are some of the tags in words.
func someOf(tags []Tag) string {
	const most = 3
	names := make([]string, min(most, len(tags)))
	for i := range names {
		names[i] = tags[i].Name
	}
	return strings.Join(names, ", ")
}

// inOtherForm reports whether a version is tagged in a form that no component reads.
func (s *sight) inOtherForm(version *semver.Version) bool {
	return slices.ContainsFunc(s.forms, func(o *otherForm) bool {
		return slices.ContainsFunc(o.tags, func(t Tag) bool { return t.Version.Equal(version) })
	})
}
