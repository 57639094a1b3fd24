package changelog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// TagFormat is how versions are written as tags: a text with {version} in it. Empty: "v{version}".
//
// Print and Parse are inverses of each other.
type TagFormat string

const versionMark = "{version}"

func (f TagFormat) parts() (before, after string, ok bool) {
	if f == "" {
		f = "v" + versionMark
	}
	return strings.Cut(string(f), versionMark)
}

// Validate reports a format that does not hold {version} exactly once, and one whose tags git would refuse.
func (f TagFormat) Validate() error {
	before, after, ok := f.parts()
	if !ok || strings.Contains(after, versionMark) {
		return fmt.Errorf("tag format %q: must hold %s once", string(f), versionMark)
	}
	if why := refusal(before + "1.2.3" + after); why != "" {
		return fmt.Errorf("tag format %q: git takes no tag that %s", string(f), why)
	}
	return nil
}

// refusal is why git refuses the name of a tag, by the rules of git-check-ref-format. "" if it takes it.
func refusal(name string) string {
	switch {
	case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("~^:?*[\\", r) }):
		return `has a space, a control character, or one of ~^:?*[\ in it`
	case strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.Contains(name, "//"):
		return `has .., @{ or // in it`
	case strings.HasPrefix(name, "-"):
		return "begins with a hyphen"
	case strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") || strings.HasSuffix(name, "."):
		return "begins or ends with a slash, or ends with a dot"
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return "has a part that begins with a dot or ends with .lock"
		}
	}
	return ""
}

// Print is the tag of a version: "v1.2.3".
func (f TagFormat) Print(v *semver.Version) string {
	before, after, _ := f.parts()
	return before + v.String() + after
}

// Parse is the version of a tag. It is strict: three numbers without leading zeros, so that "v1"
// and "v1.02.3" are no versions.
func (f TagFormat) Parse(tag string) (*semver.Version, error) {
	before, after, _ := f.parts()
	text, ok := strings.CutPrefix(tag, before)
	if ok {
		text, ok = strings.CutSuffix(text, after)
	}
	if !ok || text == "" || !isDigit(text[0]) {
		return nil, fmt.Errorf("tag %q does not have the form %s%s%s", tag, before, versionMark, after)
	}
	v, err := semver.StrictNewVersion(text)
	if err != nil {
		return nil, fmt.Errorf("tag %q: %q is not a semantic version: %w", tag, text, lowered(err))
	}
	return v, nil
}

// nearly is the version of a tag that differs from the format by its v alone: 1.3.0 where v1.3.0 is
// the form, or the other way round. Nil for all others.
func (f TagFormat) nearly(tag string) *semver.Version {
	before, after, _ := f.parts()
	if after != "" || before != "" && before != "v" {
		return nil
	}
	v, err := semver.StrictNewVersion(strings.TrimPrefix(tag, "v"))
	if err != nil {
		return nil
	}
	return v
}

// holds reports whether a tag has the form of the format.
func (f TagFormat) holds(tag string) bool {
	before, after, _ := f.parts()
	text, ok := form{before, after}.text(tag)
	if !ok {
		return false
	}
	_, err := semver.StrictNewVersion(text)
	return err == nil
}

// lowered gives an error of semver, which begins with a capital, the shape of ours.
func lowered(err error) error {
	text := err.Error()
	return errors.New(strings.ToLower(text[:1]) + text[1:])
}

// Tag is a tag that holds a version.
type Tag struct {
	// Name is the whole tag, and Version the version in it. A zero Tag has no Version.
	Name    string          `json:"tag"`
	Version *semver.Version `json:"version"`
	// Commit is what the tag points at.
	Commit string `json:"commit,omitempty"`
	// Reachable says that Commit is among the ancestors of what shall be released, or is it. It
	// may be left out for versions that are lower than the last release.
	Reachable bool `json:"reachable,omitempty"`
	// Fork are the newest common ancestors of Commit and what shall be released, as Ref has them.
	Fork []string `json:"fork,omitempty"`
	// counts says that it counts by the policy's Reach.
	counts bool
}

// IgnoredTag is a tag that has no say in the next version.
type IgnoredTag struct {
	Tag string `json:"tag"`
	Why string `json:"why"`
}

// versions are the tags that hold a version, from the highest to the lowest, and the others.
func versions(refs []Ref, format TagFormat) (tags []Tag, ignored []IgnoredTag) {
	tags = make([]Tag, 0, len(refs))
	for _, ref := range refs {
		version, err := format.Parse(ref.Name)
		switch {
		case err != nil:
			ignored = append(ignored, IgnoredTag{Tag: ref.Name, Why: err.Error()})
		case ref.Commit == "":
			ignored = append(ignored, IgnoredTag{Tag: ref.Name, Why: "points at a " + ref.Object + ", not at a commit"})
		default:
			tags = append(tags, Tag{Name: ref.Name, Version: version, Commit: ref.Commit, Reachable: ref.Reachable, Fork: ref.Fork})
		}
	}
	slices.SortFunc(tags, func(a, b Tag) int {
		if c := b.Version.Compare(a.Version); c != 0 {
			return c
		}
		return strings.Compare(b.Name, a.Name)
	})
	slices.SortFunc(ignored, func(a, b IgnoredTag) int { return strings.Compare(a.Tag, b.Tag) })
	return tags, ignored
}
