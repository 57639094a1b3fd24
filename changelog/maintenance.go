package changelog

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// noLine is the Policy.Maintenance of those who want no line, whatever the branch is called.
const noLine = "none"

// ErrOutOfRange says that a version is not one of the line that is maintained. The error is a RangeError.
var ErrOutOfRange = errors.New("the version is out of range")

// RangeError is a version that is not one of the line that is maintained. It is ErrOutOfRange.
type RangeError struct {
	// Line is the line: "1.2.x". Range are its versions: ">=1.2.0 <1.3.0".
	Line, Range string
	// Version is the one that is out of range. It is the next one, or, with a Tag, one that was released.
	Version *semver.Version
	Tag     string
	// Begin is, where Version is the first one by Initial, the first version of the line.
	Begin *semver.Version
}

// Error says which version is out of which range, and what to do.
func (e *RangeError) Error() string {
	if e.Tag != "" {
		return fmt.Sprintf("%v: the line %s is %s, and %s is among the ancestors of what shall be released: begin the branch before it, or set Policy.Maintenance to another line",
			ErrOutOfRange, e.Line, e.Range, e.Tag)
	}
	if e.Begin != nil {
		return fmt.Sprintf("%v: the line %s is %s, and nothing was released yet, so that %s would be the first version: set Initial to %s, or another one of the line, or get the tags of its releases",
			ErrOutOfRange, e.Line, e.Range, e.Version, e.Begin)
	}
	return fmt.Sprintf("%v: the line %s is %s, and the commits lead to %s: take out what calls for that, or set Policy.Maintenance to another line",
		ErrOutOfRange, e.Line, e.Range, e.Version)
}

// Unwrap is ErrOutOfRange.
func (e *RangeError) Unwrap() error { return ErrOutOfRange }

// maintained is what a maintenance branch keeps to: all versions of a major number, or of a major and a minor one. Its zero
// value has no name and holds all versions.
type maintained struct {
	name         string
	major, minor uint64
	ofMinor      bool
}

// readLine reads "1.x", "1.x.x" and "1.2.x", with or without a v before it.
func readLine(name string) (maintained, bool) {
	l := maintained{name: name}
	major, rest, _ := strings.Cut(strings.TrimPrefix(name, "v"), ".")
	var ok bool
	if l.major, ok = number(major); !ok {
		return maintained{}, false
	}
	if rest == "x" || rest == "x.x" {
		return l, true
	}
	minor, rest, _ := strings.Cut(rest, ".")
	l.ofMinor = true
	l.minor, ok = number(minor)
	return l, ok && rest == "x"
}

// number reads a number as versions have them.
func number(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil && isAll(text, isDigit) && (text == "0" || text[0] != '0')
}

// lineOf is the line that the policy wants of a component on a branch. A branch in a folder that is called after a
// component, as in "api/1.x", has a line for that component alone.
func (p Policy) lineOf(branch string, c Component) maintained {
	switch p.Maintenance {
	case "":
	case noLine:
		return maintained{}
	default:
		l, _ := readLine(p.Maintenance)
		return l
	}
	folder, name := "", branch
	if i := strings.LastIndexByte(branch, '/'); i >= 0 {
		folder, name = branch[:i], branch[i+1:]
	}
	l, ok := readLine(name)
	if !ok {
		return maintained{}
	}
	for _, other := range p.Components {
		if other.Name != "" && other.Name != c.Name && (folder == other.Name || strings.HasSuffix(folder, "/"+other.Name)) {
			return maintained{}
		}
	}
	return l
}

// compare is -1 for versions below the line, 0 for those in it, and 1 for those above it.
func (l maintained) compare(v *semver.Version) int {
	switch {
	case l.name == "":
		return 0
	case v.Major() != l.major || !l.ofMinor:
		return cmp.Compare(v.Major(), l.major)
	}
	return cmp.Compare(v.Minor(), l.minor)
}

// versions are the versions of the line in words.
func (l maintained) versions() string {
	from, last := fmt.Sprintf(">=%d.%d.0", l.major, l.minor), l.major
	if l.ofMinor {
		last = l.minor
	}
	switch {
	case last == math.MaxUint64 && !l.ofMinor:
		return from
	case last == math.MaxUint64:
		return fmt.Sprintf("%s <%d.0.0", from, l.major+1)
	case l.ofMinor:
		return fmt.Sprintf("%s <%d.%d.0", from, l.major, l.minor+1)
	}
	return fmt.Sprintf("%s <%d.0.0", from, l.major+1)
}

// check fails for a version that is not in the line. The tag is that of a released one.
func (l maintained) check(v *semver.Version, tag string) error {
	if l.compare(v) == 0 {
		return nil
	}
	return &RangeError{Line: l.name, Range: l.versions(), Version: v, Tag: tag}
}
