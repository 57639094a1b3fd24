package tags

import (
	"github.com/Masterminds/semver/v3"

	"github.com/davit-sdk/davit/changelog"
)

// listing are the tags of a repository, as the policy shall read them.
type listing struct {
	all  []changelog.Ref
	refs []changelog.Ref
	// names are those of the tags that are read under another name.
	names map[string]string
	// twice are the tags of versions that another tag has, too.
	twice map[string]bool
}

// list reads 1.2.3 as v1.2.3 where the policy leaves open how versions are written: many repositories have changed from one to the other.
func list(refs []changelog.Ref, policy changelog.Policy) listing {
	l := listing{all: refs, refs: refs, names: map[string]string{}, twice: map[string]bool{}}
	if policy.Tags != "" || len(policy.Components) > 0 {
		return l
	}
	commits := map[string]bool{}
	for _, ref := range refs {
		commits[ref.Name] = ref.Commit != ""
	}
	l.refs = nil
	for _, ref := range refs {
		if _, err := semver.StrictNewVersion(ref.Name); err == nil && ref.Commit != "" {
			if commits["v"+ref.Name] {
				l.twice[ref.Name] = true
				continue
			}
			l.names["v"+ref.Name] = ref.Name
			ref.Name = "v" + ref.Name
		}
		l.refs = append(l.refs, ref)
	}
	return l
}

// name is how a tag is called in the repository.
func (l listing) name(tag string) string {
	if name, ok := l.names[tag]; ok {
		return name
	}
	return tag
}

// tips are the commits to begin at, each once: what was checked out, and what tags point at.
func (l listing) tips(head string) []string {
	tips, seen := []string{head}, map[string]bool{head: true}
	for _, ref := range l.refs {
		if ref.Commit != "" && !seen[ref.Commit] {
			seen[ref.Commit], tips = true, append(tips, ref.Commit)
		}
	}
	return tips
}
