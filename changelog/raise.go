package changelog

import (
	"fmt"
	"math"

	"github.com/Masterminds/semver/v3"
)

// raise is the version that a level leads to. It reports a number that has no successor.
func raise(v *semver.Version, level Level) (*semver.Version, error) {
	major, minor, patch := v.Major(), v.Minor(), v.Patch()
	part := &patch
	switch level {
	case Major:
		part, minor, patch = &major, 0, 0
	case Minor:
		part, patch = &minor, 0
	}
	if *part == math.MaxUint64 {
		return nil, fmt.Errorf("version %s has no %s version after it: %w", v, level, ErrOverflow)
	}
	*part++
	return semver.New(major, minor, patch, "", ""), nil
}

// difference is the level of the step from one version to a higher one. It is None where there is
// no previous version.
func difference(from, to *semver.Version) Level {
	switch {
	case from == nil:
		return None
	case from.Major() != to.Major():
		return Major
	case from.Minor() != to.Minor():
		return Minor
	}
	return Patch
}
