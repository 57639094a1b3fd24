package gate

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Level is how much a version differs from the one before it, by semantic versioning.
type Level string

const (
	// Same is no difference, or one in the build alone.
	Same Level = "same"
	// Patch is a difference in the third number, or in the pre-release.
	Patch Level = "patch"
	// Minor is a difference in the second number.
	Minor Level = "minor"
	// Major is a difference in the first number, and a first release.
	Major Level = "major"
)

// order is how much a level is; zero for one that there is not.
func (l Level) order() int {
	switch l {
	case Same:
		return 1
	case Patch:
		return 2
	case Minor:
		return 3
	case Major:
		return 4
	}
	return 0
}

// VersionLevel lets versions pass that differ from what runs by little enough: at most in a patch, on
// Fridays, say. It makes no difference between up and down: 2.0.0 to 1.9.0 is Major, too.
type VersionLevel struct {
	// Most is the largest difference that passes.
	Most Level
	// Versions reads the old and the new version from the subject; an old one that is empty is none.
	// Default: from the labels of Replaced (or else of Stable) and Candidate, up to an "@" or a "/".
	Versions func(s Subject) (old, new string)
}

var _ Gate = VersionLevel{}

// Validate reports everything that is wrong with the settings.
func (g VersionLevel) Validate() error {
	p := problems{of: "VersionLevel"}
	if g.Most.order() == 0 {
		p.add("Most", "unknown level %q", string(g.Most))
	}
	return p.err()
}

// Check compares the versions.
func (g VersionLevel) Check(_ context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	versions := g.Versions
	if versions == nil {
		versions = labelled
	}
	old, new := versions(s)
	to, err := semver.NewVersion(new)
	if err != nil {
		return Verdict{}, fmt.Errorf("the new version %q cannot be read: %w", new, err)
	}
	level, what := Major, fmt.Sprintf("%s is a first release", to)
	if old != "" {
		from, err := semver.NewVersion(old)
		if err != nil {
			return Verdict{}, fmt.Errorf("the old version %q cannot be read: %w", old, err)
		}
		level = between(from, to)
		what = fmt.Sprintf("%s to %s", from, to)
	}
	v := Verdict{Outcome: Pass, Reason: fmt.Sprintf("%s: %s, at most %s may be", what, level, g.Most)}
	if level.order() > g.Most.order() {
		v.Outcome = Fail
	}
	return v, nil
}

// labelled are the versions in the labels of a rollout's groups: "1.4.0@9f86d081884c".
func labelled(s Subject) (old, new string) {
	version := func(label string) string {
		label, _, _ = strings.Cut(label, "@")
		label, _, _ = strings.Cut(label, "/")
		return label
	}
	return version(cmp.Or(s.Replaced, s.Stable)), version(s.Candidate)
}

// between is how much two versions differ.
func between(a, b *semver.Version) Level {
	switch {
	case a.Major() != b.Major():
		return Major
	case a.Minor() != b.Minor():
		return Minor
	case a.Patch() != b.Patch(), a.Prerelease() != b.Prerelease():
		return Patch
	}
	return Same
}
