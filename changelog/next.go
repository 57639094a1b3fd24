package changelog

import (
	"errors"
	"fmt"
	"math"

	"github.com/Masterminds/semver/v3"
)

var (
	// ErrTaken says that the next version is tagged already: on a commit that the one to be released
	// does not descend from, or by a tag that differs from the tag format in its v alone.
	ErrTaken = errors.New("the next version is taken")
	// ErrPrerelease says that the previous version has a pre-release part. The level of a release
	// is that of everything since the last version without one.
	ErrPrerelease = errors.New("the previous version is a pre-release")
)

// Next decides which version comes after history.Previous, and says why.
//
// The level is the highest that any commit has by the policy. A revert and what it takes back
// cancel each other when both are among the commits, and a revert that was itself taken back takes
// nothing back. A revert names what it takes back by id, or, without one, quotes the header of a
// single commit. The revert of a merge takes back what the merge brought. A reachable pre-release above the version that the level gives raises it to that
// pre-release's final version.
func Next(history History, policy Policy) (Decision, error) {
	if err := policy.Validate(); err != nil {
		return Decision{}, fmt.Errorf("policy: %w", err)
	}
	previous := history.Previous.Version
	if previous != nil && previous.Prerelease() != "" {
		return Decision{}, fmt.Errorf("%w: %s; give the last version without a pre-release part, and all commits since",
			ErrPrerelease, previous)
	}
	d := Decision{
		Head: history.Head, Previous: previous, PreviousTag: history.Previous.Name,
		PreviousWhy: history.PreviousWhy, IgnoredTags: history.Ignored,
	}
	d.weigh(history.Commits, policy)
	if err := d.choose(history, policy); err != nil {
		return Decision{}, err
	}
	return d, nil
}

// weigh gives every commit its level, and the decision the highest of them.
func (d *Decision) weigh(commits []Commit, policy Policy) {
	zero := d.Previous == nil && policy.initial().Major() == 0 || d.Previous != nil && d.Previous.Major() == 0
	messages := make([]Message, len(commits))
	for i, c := range commits {
		messages[i] = Parse(c.Text)
	}
	gone := cancel(commits, messages)
	for i, c := range commits {
		m := messages[i]
		for _, note := range m.Diagnostics {
			note.Commit = c.ID
			d.Diagnostics = append(d.Diagnostics, note)
		}
		if gone.unclear[i] {
			d.Diagnostics = append(d.Diagnostics, Diagnostic{
				Commit: c.ID, Code: CodeUnclearRevert, Span: Span{End: len(m.Header)},
				Text: `several commits have the header that this revert quotes, so it takes none back: add "This reverts commit …"`,
			})
		}
		if why := gone.why(i); why != "" {
			d.Skipped = append(d.Skipped, Skipped{Commit: c, Subject: m.Header, Why: why, Cancelled: true})
			continue
		}
		level, rule := policy.levelOf(m)
		if zero {
			level, rule = policy.Zero.below(level, rule)
		}
		if level == None {
			d.Skipped = append(d.Skipped, Skipped{Commit: c, Subject: m.Header, Why: rule})
			continue
		}
		d.Reasons = append(d.Reasons, Reason{Commit: c, Subject: m.Header, Rule: rule, Level: level})
		d.Level = max(d.Level, level)
	}
}

// why is why a commit is cancelled, "" when it is not.
func (c *cancellation) why(i int) string {
	switch {
	case c.by[i] >= 0:
		return "taken back by " + shortID(c.commits[c.by[i]].ID)
	case c.of[i] >= 0 && !c.left[i]:
		return "takes back " + shortID(c.commits[c.of[i]].ID) + ", which was not released either"
	}
	return ""
}

// choose sets the next version from the level.
func (d *Decision) choose(history History, policy Policy) error {
	if d.Level == None {
		d.Why = "nothing to release: no commit calls for a version"
		return nil
	}
	var next *semver.Version
	if d.Previous == nil {
		next = policy.initial()
		d.Why = fmt.Sprintf("the first version is %s by the policy", next)
	} else {
		var err error
		if next, err = raise(d.Previous, d.Level); err != nil {
			return err
		}
		d.Why = fmt.Sprintf("the highest level of all commits since %s is %s", d.Previous, d.Level)
	}
	for _, tag := range history.Tags {
		if tag.Reachable && tag.Version.GreaterThan(next) {
			next = semver.New(tag.Version.Major(), tag.Version.Minor(), tag.Version.Patch(), "", "")
			d.Why = fmt.Sprintf("the pre-release %s goes before", tag.Name)
			d.Level = max(d.Level, difference(d.Previous, next))
		}
	}
	for _, tag := range history.Tags {
		if tag.Version.Equal(next) {
			return fmt.Errorf("%w: %s is tagged as %s at %s, which is not an ancestor of what shall be released",
				ErrTaken, next, tag.Name, shortID(tag.Commit))
		}
	}
	for _, tag := range history.Ignored {
		if v := policy.Tags.nearly(tag.Tag); v != nil && v.Equal(next) {
			return fmt.Errorf("%w: there is a tag %s, which has no say: %s; rename it, or set the tag format of the policy",
				ErrTaken, tag.Tag, tag.Why)
		}
	}
	d.Next, d.NextTag = next, policy.Tags.Print(next)
	return nil
}

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
		return nil, fmt.Errorf("version %s has no %s version after it: the number is the largest there is", v, level)
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

// shortID is an id as people read it.
func shortID(id string) string { return id[:min(len(id), 10)] }
