package changelog

import (
	"errors"
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"
)

// ErrReleaseAs says that the newest Release-As does not hold a version.
var ErrReleaseAs = errors.New("Release-As without a version")

// asked is the Release-As that counts.
type asked struct {
	// at is where its commit stands among the commits, and commit its id.
	at     int
	commit string
	// version is what it says, nil where err says that it is none.
	version *semver.Version
	err     error
}

// asks gives a commit that says Release-As the level of the step to that version. The first one that is asked, which is
// the newest, counts. One whose pre-release is tagged already has had its say, and with it all that are older: it took their place.
func (v *view) asks(at int, c *Commit, requested []Requested, level Level, rule string, policy Policy) (Level, string) {
	if len(requested) == 0 || policy.ReleaseAs == Disregard {
		return level, rule
	}
	counts := requested[len(requested)-1] // where commits were squashed, the last one is the newest
	for _, r := range requested {
		if !r.MidBody {
			counts = r
		}
	}
	text := counts.Version
	switch {
	case v.asked != nil:
		return level, fmt.Sprintf("%s; its Release-As: %s is older than that of %s", rule, text, shortID(v.asked.commit))
	case v.heard != "":
		return level, fmt.Sprintf("%s; its Release-As: %s is older than that of %s, which was followed", rule, text, shortID(v.heard))
	}
	version, err := semver.StrictNewVersion(text)
	if err != nil {
		v.asked = &asked{at: at, commit: c.ID, err: fmt.Errorf("%w: commit %s says %s: %w; let a newer commit say another one",
			ErrReleaseAs, shortID(c.ID), inQuotes(text), lowered(err))}
		return max(level, Patch), rule + ", and its Release-As is no version"
	}
	for _, t := range v.tags {
		if t.Reachable && t.Version.Prerelease() != "" && t.Version.Equal(version) {
			v.heard = c.ID
			return level, fmt.Sprintf("%s; its Release-As: %s was followed by %s", rule, text, t.Name)
		}
	}
	v.asked = &asked{at: at, commit: c.ID, version: version}
	from := v.previous.Version
	if from == nil {
		from = semver.New(0, 0, 0, "", "")
	}
	return difference(from, version), "Release-As: " + version.String()
}

// unheard reports the requests for a version that are for no component, until one is released.
func (s *sight) unheard(read *reading, policy Policy) (found []Diagnostic) {
	if policy.ReleaseAs == Disregard {
		return nil
	}
	for i := range read.commits {
		m := read.message(i)
		if m == nil || len(m.requested) == 0 || !s.foreign[i] || slices.ContainsFunc(s.released(), func(k int) bool { return s.reached.from(2*k, i) }) {
			continue
		}
		last := m.requested[len(m.requested)-1]
		found = append(found, Diagnostic{
			Commit: read.commits[i].ID, Code: CodeUnheard, Span: last.Span,
			Text: "Release-As: " + excerpt(last.Version) + " is for no component, as the commit belongs to none: give it the scope of one, by Scopes, or change a file of one with it",
		})
	}
	return found
}

// released are the places of the components that were released.
func (s *sight) released() (all []int) {
	for k, v := range s.views {
		if v.previous.Version != nil {
			all = append(all, k)
		}
	}
	return all
}
