package changelog

import (
	"errors"
	"fmt"

	"github.com/Masterminds/semver/v3"
)

var (
	// ErrTaken says that the next version is tagged already: on a commit that the one to be released
	// does not descend from, or by a tag that differs from the tag format in its v alone. It also says so of a
	// pre-release whose final version is tagged.
	ErrTaken = errors.New("the next version is taken")
	// ErrLower says that the next version would not be above one that is tagged: after a Release-As of too low a
	// version, a switch back from rc to beta, or where all releases are on other branches.
	ErrLower = errors.New("the next version is not above the last one")
)

// validateChoice reports what is wrong with the fields by which versions are chosen.
func (p Policy) validateChoice(bad func(format string, args ...any)) {
	switch p.ReleaseAs {
	case "", Obey, Disregard:
	default:
		bad("ReleaseAs: %q is neither %q nor %q", p.ReleaseAs, Obey, Disregard)
	}
	switch p.Reach {
	case "", ReachAncestors, ReachAll, ReachLine:
	default:
		bad("Reach: %q is none of %q, %q and %q", p.Reach, ReachAncestors, ReachAll, ReachLine)
	}
	if p.Channel != "" {
		if err := checkChannel(p.Channel); err != nil {
			bad("Channel: %w", err)
		}
	}
	if _, ok := readLine(p.Maintenance); !ok && p.Maintenance != "" && p.Maintenance != noLine {
		bad("Maintenance: %q is neither %q nor a line such as %q and %q", p.Maintenance, noLine, "1.x", "1.2.x")
	}
}

// choose sets the next version from the level. Without one, Why is the reason: there is nothing to release, or it is
// the error.
func (d *Decision) choose(v *view, policy Policy) error {
	if v.misread != nil && v.asked == nil {
		d.Level, d.Why = None, "no version: "+v.misread.Error()
		return v.misread
	}
	channel := policy.channel()
	// Final makes of a pre-release what it is for, and a revert of what a pre-release has needs another one, also where
	// nothing is left since the last release.
	pending := v.prerelease.Version != nil && (policy.Final || channel != "" && d.fresh(v))
	switch {
	case d.Level == None && v.asked == nil && !pending:
		d.Why = "nothing to release: no commit calls for a version"
		return nil
	case channel != "" && !d.fresh(v):
		d.Level = None
		d.Why = fmt.Sprintf("nothing to release: no commit since %s calls for a version", v.prerelease.Name)
		return nil
	}
	next, why, err := v.after(d.Level, channel, policy)
	if err == nil {
		err = v.admits(next)
	}
	if err != nil {
		d.Why = "no version: " + err.Error()
		return err
	}
	d.Next, d.NextTag, d.Why = next, v.format.Print(next), why
	d.Channel, _ = channelOf(next.Prerelease())
	// Who asks for a lower version does not take back what breaks: whoever asks people by the level has to know.
	d.Level = max(d.Level, difference(d.Previous, next))
	if channel == "" && d.Channel == "" && v.prerelease.Version != nil {
		d.Why += v.whyFinal(next, d.fresh(v))
	}
	return nil
}

// after is the version that a level leads to, on a channel if that is named, and why.
func (v *view) after(level Level, channel string, policy Policy) (*semver.Version, string, error) {
	base, why, err := v.base(level, policy)
	if err != nil {
		return nil, "", err
	}
	if v.asked != nil {
		if base.Prerelease() != "" && !policy.Final {
			return base, why, nil
		}
		base = finalOf(base)
	} else if p := v.highest(); p.Version != nil && p.Version.GreaterThan(base) {
		base, why = finalOf(p.Version), fmt.Sprintf("the pre-release %s goes before", p.Name)
	}
	if channel == "" {
		return base, why, nil
	}
	next, count, err := v.onChannel(base, channel)
	if v.passed {
		count += fmt.Sprintf("; %s, which %s does not have, has come since", v.previous.Name, v.prerelease.Name)
	}
	return next, why + "; " + count, err
}

// base is the version before channels and pre-releases have a say.
func (v *view) base(level Level, policy Policy) (*semver.Version, string, error) {
	switch {
	case v.asked != nil:
		return v.asked.version, fmt.Sprintf("commit %s says Release-As: %s", shortID(v.asked.commit), v.asked.version), v.asked.err
	case v.previous.Version == nil:
		first := v.initial(policy)
		return first, fmt.Sprintf("the first version is %s by the policy", first), nil
	case level == None:
		return v.previous.Version, "", nil
	}
	next, err := raise(v.previous.Version, level)
	if v.raised != "" {
		return next, v.raised, err
	}
	return next, fmt.Sprintf("the highest level of all commits since %s is %s", v.previous.Version, level), err
}

// highest is the highest tag among the ancestors.
func (v *view) highest() Tag {
	for _, t := range v.tags {
		if t.Reachable {
			return t
		}
	}
	return Tag{}
}

func finalOf(v *semver.Version) *semver.Version {
	return semver.New(v.Major(), v.Minor(), v.Patch(), "", "")
}

// whyFinal is what a final version has to do with the last pre-release.
func (v *view) whyFinal(next *semver.Version, fresh bool) string {
	switch {
	case !sameBase(next, v.prerelease.Version):
		return ""
	case fresh:
		return fmt.Sprintf("; what has come since %s is released with it", v.prerelease.Name)
	}
	return fmt.Sprintf("; %s becomes final as it is", v.prerelease.Name)
}

// admits fails for a version that cannot be released.
func (v *view) admits(next *semver.Version) error {
	if p := v.previous; p.Version != nil && v.line.compare(p.Version) > 0 {
		return v.line.check(p.Version, p.Name)
	}
	if err := v.line.check(next, ""); err != nil {
		var out *RangeError
		if v.previous.Version == nil && v.asked == nil && v.highest().Version == nil && errors.As(err, &out) {
			out.Begin = semver.New(v.line.major, v.line.minor, 0, "", "")
		}
		return err
	}
	if err := v.above(next); err != nil {
		return err
	}
	return v.free(next)
}

// above fails for a version that is not above all that it has among its ancestors.
func (v *view) above(next *semver.Version) error {
	from := ""
	if v.asked != nil {
		from = fmt.Sprintf(", as commit %s says by Release-As,", shortID(v.asked.commit))
	}
	for _, t := range v.tags {
		counts := t.Reachable || t.counts && t.Version.Prerelease() == ""
		if counts && !next.GreaterThan(t.Version) {
			return fmt.Errorf("%w: %s%s does not come after %s%s", ErrLower, next, from, t.Name, higher(next, t.Version))
		}
	}
	if v.previous.Version != nil || v.asked != nil {
		return nil
	}
	for _, t := range v.tags {
		if t.Version.Prerelease() == "" && v.line.compare(t.Version) <= 0 && t.Version.GreaterThan(next) {
			return fmt.Errorf("%w: no release can be reached from HEAD, and %s would be lower than %s on another branch: let the tags of other branches count by Policy.Reach, or say where to begin by Policy.Initial or Release-As",
				ErrLower, next, t.Name)
		}
	}
	return nil
}

// higher is how to get above a version, where that is a matter of channels.
func higher(next, than *semver.Version) string {
	if !sameBase(next, than) || next.Prerelease() == "" || than.Prerelease() == "" {
		return ""
	}
	channel, _ := channelOf(next.Prerelease())
	other, _ := channelOf(than.Prerelease())
	return fmt.Sprintf(": pre-releases of %s sort below those of %s, so that none can follow before the next version", channel, other)
}

// free fails when a version is tagged already.
func (v *view) free(next *semver.Version) error {
	for _, t := range v.tags {
		if t.Version.Equal(next) || next.Prerelease() != "" && t.Version.Prerelease() == "" && sameBase(t.Version, next) {
			return fmt.Errorf("%w: %s is tagged as %s at %s, which is not an ancestor of what shall be released: merge that, or ask for another version by Release-As",
				ErrTaken, finalOrNot(next, t.Version), t.Name, shortID(t.Commit))
		}
	}
	for _, t := range v.ignored {
		if almost := v.format.nearly(t.Tag); almost != nil && almost.Equal(next) {
			return fmt.Errorf("%w: there is a tag %s, which has no say: %s; rename it, or set the tag format of the policy",
				ErrTaken, t.Tag, t.Why)
		}
	}
	return nil
}

// finalOrNot is what of a version is taken by another: the version itself, or the final one of a pre-release.
func finalOrNot(next, taken *semver.Version) string {
	if next.Equal(taken) {
		return next.String()
	}
	return fmt.Sprintf("%s, of which %s would be a pre-release,", taken, next)
}
