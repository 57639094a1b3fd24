package changelog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// last finds the last release and the last pre-release of a component, and says why it is those. It reads the view's
// tags, from the highest to the lowest, and whether they are Reachable.
func (v *view) last(history History, policy Policy) {
	v.line = policy.lineOf(history.Branch, v.component)
	v.count(policy)
	at := slices.IndexFunc(v.tags, func(t Tag) bool { return t.counts && t.Version.Prerelease() == "" })
	if at >= 0 {
		v.previous = newest(history.Commits, v.tags[at:])
		v.released = v.boundary(v.tags[at:], v.previous.Version)
	}
	v.previousWhy = v.whyPrevious(policy)
	channel := policy.channel()
	for i, t := range v.tags {
		if v.previous.Version != nil && !t.Version.GreaterThan(v.previous.Version) {
			break
		}
		if !t.Reachable || t.Version.Prerelease() == "" {
			continue
		}
		if name, _ := channelOf(t.Version.Prerelease()); channel == "" || name == channel {
			v.prerelease = newest(history.Commits, v.tags[i:])
			v.tried = v.boundary(v.tags[i:], t.Version)
			break
		}
	}
	if v.prerelease.Version == nil && channel != "" {
		v.tried = v.told(channel)
	}
	v.ignore(policy)
}

// told is the commit of the highest pre-release of a channel, also of one that the last release has overtaken on another branch:
// what that pre-release brought the notes of the channel have told.
func (v *view) told(channel string) []string {
	for _, t := range v.tags {
		if !t.Reachable || t.Version.Prerelease() == "" {
			continue
		}
		if name, _ := channelOf(t.Version.Prerelease()); name == channel {
			return []string{t.Commit}
		}
	}
	return nil
}

// count says of each tag whether it counts, see Reach.
func (v *view) count(policy Policy) {
	for i := range v.tags {
		t := &v.tags[i]
		switch {
		case t.Reachable:
			t.counts = true
		case v.line.compare(t.Version) > 0:
		case policy.Reach == ReachAll,
			policy.Reach == ReachLine && v.line.name != "" && v.line.compare(t.Version) == 0:
			t.counts = true
		case t.Version.Prerelease() == "":
			_, t.counts = v.became(i)
		}
	}
}

// became is the highest pre-release of a final version that can be reached from Head.
func (v *view) became(final int) (Tag, bool) {
	for _, t := range v.tags[final+1:] {
		switch {
		case !sameBase(t.Version, v.tags[final].Version):
			return Tag{}, false
		case t.Reachable && t.Version.Prerelease() != "":
			return t, true
		}
	}
	return Tag{}, false
}

// newest is, of the tags that have the precedence of the first one, the one that comes first in the history. Those
// among the commits come before older ones, and those before tags on other branches.
func newest(commits []Commit, tags []Tag) Tag {
	best, at := tags[0], -1
	for _, t := range tags {
		if len(tags) == 1 || !tags[1].Version.Equal(best.Version) || !t.Version.Equal(best.Version) {
			break
		}
		i := len(commits) + 1
		if t.Reachable {
			if i = slices.IndexFunc(commits, func(c Commit) bool { return c.ID == t.Commit }); i < 0 {
				i = len(commits)
			}
		}
		if t.counts && (at < 0 || i < at) {
			best, at = t, i
		}
	}
	return best
}

// boundary are the commits up to which a version holds the history: those of the tags of its precedence, and, for one on
// another branch, where that begins, or, if the history does not say, its pre-releases.
func (v *view) boundary(tags []Tag, version *semver.Version) []string {
	var ids []string
	elsewhere := false
	for _, t := range tags {
		switch {
		case t.counts && t.Version.Equal(version):
			ids = append(append(ids, t.Commit), t.Fork...)
			elsewhere = elsewhere || !t.Reachable && len(t.Fork) == 0
		case elsewhere && t.Reachable && sameBase(t.Version, version):
			ids = append(ids, t.Commit)
		}
		if !sameBase(t.Version, version) {
			break
		}
	}
	return ids
}

// sameBase reports whether two versions have the same three numbers.
func sameBase(a, b *semver.Version) bool {
	return a.Major() == b.Major() && a.Minor() == b.Minor() && a.Patch() == b.Patch()
}

// whyPrevious is why the last release is the one that it is.
func (v *view) whyPrevious(policy Policy) string {
	if v.previous.Version == nil {
		why := "no release tag can be reached from HEAD"
		if n, highest := v.elsewhere(nil); n > 0 {
			why += fmt.Sprintf(", release tags on other branches: %d, the highest is %s", n, highest)
		}
		return why
	}
	why := v.previous.Name + " is the highest release tag"
	if v.line.name != "" && v.line.compare(v.previous.Version) == 0 {
		why += " of the line " + v.line.name
	}
	at := slices.IndexFunc(v.tags, func(t Tag) bool { return t.Name == v.previous.Name })
	tried, ok := v.became(at)
	switch {
	case v.previous.Reachable:
		why += " that can be reached from HEAD"
	case policy.Reach == ReachAll, policy.Reach == ReachLine && v.line.name != "" && v.line.compare(v.previous.Version) == 0:
		why += " on any branch, and HEAD is not a descendant of it"
	case ok:
		why += ": it is on another branch, but its pre-release " + tried.Name + " can be reached from HEAD"
	}
	if n, _ := v.elsewhere(v.previous.Version); n > 0 {
		why += fmt.Sprintf(", higher ones on other branches: %d", n)
	}
	return why
}

// elsewhere counts the final versions above one that do not count, and names the tag of the highest.
func (v *view) elsewhere(above *semver.Version) (n int, highest string) {
	for _, t := range v.tags {
		if t.counts || t.Version.Prerelease() != "" || above != nil && !t.Version.GreaterThan(above) {
			continue
		}
		if n++; n == 1 {
			highest = t.Name
		}
	}
	return n, highest
}

// ignore adds the versions above the last release that do not count to the tags that have no say.
func (v *view) ignore(policy Policy) {
	before := len(v.ignored)
	for _, t := range v.tags {
		switch {
		case t.counts:
		case v.previous.Version != nil && !t.Version.GreaterThan(v.previous.Version):
		case v.line.compare(t.Version) > 0:
			v.ignored = append(v.ignored, IgnoredTag{Tag: t.Name, Why: "is on another branch, and above the line " + v.line.name})
		case policy.Reach == ReachLine && v.line.name != "":
			v.ignored = append(v.ignored, IgnoredTag{Tag: t.Name, Why: "is on another branch, and not of the line " + v.line.name})
		default:
			v.ignored = append(v.ignored, IgnoredTag{Tag: t.Name, Why: "is on another branch, and by the policy only tags on HEAD and its ancestors count"})
		}
	}
	if len(v.ignored) > before {
		slices.SortFunc(v.ignored, func(a, b IgnoredTag) int { return strings.Compare(a.Tag, b.Tag) })
	}
}
