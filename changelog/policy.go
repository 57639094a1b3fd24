package changelog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/hashicorp/go-multierror"
)

// Policy answers what the specifications leave open. Its zero value is a sound default. In JSON a
// level is its name.
type Policy struct {
	// Types are the levels of further types, or other levels for known ones. Names are in lower
	// case. By default feat is minor; fix, perf and revert are patch; build, chore, ci, docs,
	// refactor, style and test are none. A breaking change is major whatever its type.
	Types map[string]Level `json:"types,omitempty"`
	// Unknown is the level of a type that is neither known nor in Types. Default: None.
	Unknown Level `json:"unknown,omitzero"`
	// Free is the level of a message that is not conventional. Default: None.
	Free Level `json:"free,omitzero"`
	// Initial is the first version, when there is no release yet. Default: 0.1.0.
	Initial *semver.Version `json:"initial,omitempty"`
	// Zero says what the levels mean before 1.0.0. Default: ZeroMinor.
	Zero Zero `json:"zero,omitempty"`
	// Tags is how versions are written as tags. Default: "v{version}".
	Tags TagFormat `json:"tags,omitempty"`
}

// Zero says what the levels mean before 1.0.0, where anything may change at any time.
type Zero string

const (
	// ZeroMinor makes a breaking change a minor release: 0.1.2 to 0.2.0. The others stay what
	// they are. It is the default.
	ZeroMinor Zero = "minor"
	// ZeroShift makes a breaking change a minor release, and all others patch releases.
	ZeroShift Zero = "shift"
	// ZeroStable makes no difference: a breaking change leads to 1.0.0.
	ZeroStable Zero = "stable"
)

// defaultLevels are the levels of the types that everybody knows.
var defaultLevels = map[string]Level{
	"feat": Minor,
	"fix":  Patch, "perf": Patch, "revert": Patch,
	"build": None, "chore": None, "ci": None, "docs": None, "refactor": None, "style": None, "test": None,
}

// Validate reports everything that is wrong with the policy, each problem with its field.
func (p Policy) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	for _, name := range slices.Sorted(maps.Keys(p.Types)) {
		if typeLength(name) != len(name) || name == "" || strings.ToLower(name) != name {
			bad("Types[%q]: not a type in lower case", name)
		}
		if l := p.Types[name]; !l.valid() {
			bad("Types[%q]: %s is no level", name, l)
		}
	}
	if !p.Unknown.valid() {
		bad("Unknown: %s is no level", p.Unknown)
	}
	if !p.Free.valid() {
		bad("Free: %s is no level", p.Free)
	}
	if v := p.Initial; v != nil && (v.Prerelease() != "" || v.Metadata() != "") {
		bad("Initial: %s must be three numbers and no more", v)
	}
	switch p.Zero {
	case "", ZeroMinor, ZeroShift, ZeroStable:
	default:
		bad("Zero: %q is none of %q, %q and %q", p.Zero, ZeroMinor, ZeroShift, ZeroStable)
	}
	if err := p.Tags.Validate(); err != nil {
		bad("Tags: %w", err)
	}
	return errs.ErrorOrNil()
}

func (p Policy) initial() *semver.Version {
	if p.Initial != nil {
		return p.Initial
	}
	return semver.New(0, 1, 0, "", "")
}

// levelOf is the level of a message and the rule that gives it, before the Zero policy.
func (p Policy) levelOf(m Message) (Level, string) {
	switch {
	case m.Breaking():
		return Major, "a breaking change is major"
	case m.Kind == Merging, m.Kind == Autosquash:
		return None, m.Diagnostics[0].Text
	case m.Kind == Free:
		return p.Free, fmt.Sprintf("%s, which is %s", m.whyFree(), p.Free)
	}
	name := m.Type
	if m.Kind == Reverting {
		if again, ok := m.bringsBack(); ok {
			l, rule := p.levelOf(again)
			return l, "brings back what was taken back: " + rule
		}
		name = "revert"
	}
	if l, ok := p.Types[name]; ok {
		return l, fmt.Sprintf("%s is %s", name, l)
	}
	if l, ok := defaultLevels[name]; ok {
		return l, fmt.Sprintf("%s is %s", name, l)
	}
	return p.Unknown, fmt.Sprintf("%s is a type that the policy does not know, which is %s", excerpt(name), p.Unknown)
}

// whyFree is why the message is not conventional.
func (m Message) whyFree() string {
	for _, d := range m.Diagnostics {
		if d.Code == CodeHeader || d.Code == CodeEmpty {
			if m.breakingFooter() {
				return d.Text + "; its " + breakingSpaced + " is not counted"
			}
			return d.Text
		}
	}
	return "not a conventional commit"
}

// below applies the Zero policy to a level and its rule.
func (z Zero) below(l Level, rule string) (Level, string) {
	switch {
	case l == Major && z != ZeroStable:
		return Minor, rule + ", minor below 1.0.0"
	case l == Minor && z == ZeroShift:
		return Patch, rule + ", patch below 1.0.0"
	}
	return l, rule
}
