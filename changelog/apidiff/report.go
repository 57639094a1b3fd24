package apidiff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/davit-sdk/davit/changelog"
)

// Report is the difference between the APIs of two states of a module. Its JSON can be read back.
type Report struct {
	// Old and New say what was compared: the folder, or the id of the commit.
	Old string `json:"old"`
	New string `json:"new"`
	// Module is the new path of the module.
	Module string `json:"module"`
	// Targets are what it was built for.
	Targets []string `json:"targets"`
	// Compared is how many packages the API has, in both states together.
	Compared int `json:"compared"`
	// Packages are those that differ, by import path.
	Packages []Package `json:"packages"`
}

// Package is how one package differs.
type Package struct {
	// Path is its import path: the new one, or, where it was removed, the old one.
	Path string `json:"path"`
	// Internal says that nobody imports it, but that its types are seen by the API of others.
	Internal bool `json:"internal,omitempty"`
	// Changes are its changes, incompatible ones first, by text.
	Changes []Change `json:"changes"`
}

// Change is one difference.
type Change struct {
	// What is the symbol and what became of it: "Client.Do: removed".
	What string `json:"what"`
	// Incompatible says that it may keep the code of users from compiling.
	Incompatible bool `json:"incompatible,omitempty"`
	// Targets are those that it was seen for, where it was not seen for all.
	Targets []string `json:"targets,omitempty"`
}

// String is the change with its targets.
func (c Change) String() string {
	if len(c.Targets) > 0 {
		return c.What + " (" + strings.Join(c.Targets, "; ") + ")"
	}
	return c.What
}

// Count is how many changes there are of either kind.
func (r Report) Count() (incompatible, compatible int) {
	for _, p := range r.Packages {
		for _, c := range p.Changes {
			if c.Incompatible {
				incompatible++
			} else {
				compatible++
			}
		}
	}
	return incompatible, compatible
}

// Level is the level that the difference has for a stable version: Major, Minor, or None where the APIs are the same.
func (r Report) Level() changelog.Level {
	switch incompatible, compatible := r.Count(); {
	case incompatible > 0:
		return changelog.Major
	case compatible > 0:
		return changelog.Minor
	}
	return changelog.None
}

// Demands is the least level that a release after the previous version must have. Below 1.0.0 it is up to zero, whose
// empty value is changelog.ZeroMinor. Without a previous version it is None: there is nobody to break.
func (r Report) Demands(previous *semver.Version, zero changelog.Zero) changelog.Level {
	level := r.Level()
	switch {
	case previous == nil:
		return changelog.None
	case previous.Major() > 0 || zero == changelog.ZeroStable:
		return level
	case level == changelog.Major:
		return changelog.Minor
	case level == changelog.Minor && zero == changelog.ZeroShift:
		return changelog.Patch
	}
	return level
}

// String tells the changes as text in lines, incompatible ones marked.
func (r Report) String() string {
	var b strings.Builder
	incompatible, compatible := r.Count()
	fmt.Fprintf(&b, "%s: %d incompatible, %d compatible changes\n", r.Module, incompatible, compatible)
	for _, p := range r.Packages {
		fmt.Fprintf(&b, "%s\n", p.Path)
		for _, c := range p.Changes {
			mark := "+"
			if c.Incompatible {
				mark = "!"
			}
			fmt.Fprintf(&b, "  %s %s\n", mark, c)
		}
	}
	return b.String()
}

// worst are the changes that call for the level, each with its package, at most so many.
func (r Report) worst(most int) (all []string, more int) {
	breaking := r.Level() == changelog.Major
	for _, p := range r.Packages {
		for _, c := range p.Changes {
			if c.Incompatible == breaking {
				all = append(all, p.Path+": "+c.String())
			}
		}
	}
	more = max(0, len(all)-most)
	return slices.Clip(all[:len(all)-more]), more
}
