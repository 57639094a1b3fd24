package main

import (
	"slices"

	"github.com/davit-sdk/davit/metrics/trace"
)

// The names by which recordings call the two versions, the first that is there counts.
var (
	candidateNames = []string{"candidate", "canary"}
	baselineNames  = []string{"baseline", "stable", "control"}
)

// arm is one of the two versions: a group with lines of its own, or made up of parts, or both.
type arm struct {
	name  string   // empty: no line was of it
	whole bool     // there are lines of the group itself
	parts []string // the groups that are parts of it, in order
}

// groups are the groups whose lines belong to the arm.
func (a *arm) groups() []string {
	if a.whole {
		return append([]string{a.name}, a.parts...)
	}
	return a.parts
}

// armOf says to which of the names a group belongs.
func armOf(group string, names []string) (name string, isPart bool) {
	if slices.Contains(names, group) {
		return group, false
	}
	if whole, _, isPart := trace.PartOf(group); isPart && slices.Contains(names, whole) {
		return whole, true
	}
	return "", false
}

// chosen is the arm of the first of the names that there are lines of.
func chosen(names, groups []string) *arm {
	for _, name := range names {
		a := &arm{name: name}
		for _, g := range groups {
			a.add(g)
		}
		slices.SortStableFunc(a.parts, func(p, q string) int {
			_, m, _ := trace.PartOf(p)
			_, n, _ := trace.PartOf(q)
			return m - n
		})
		if a.whole || len(a.parts) > 0 {
			return a
		}
	}
	return &arm{}
}

// add takes a group into the arm, if it belongs to it. A part that comes late stands behind the others, so that
// these keep their places.
func (a *arm) add(group string) bool {
	name, isPart := armOf(group, []string{a.name})
	switch {
	case name == "":
		return false
	case !isPart:
		a.whole = true
	case !slices.Contains(a.parts, group):
		a.parts = append(a.parts, group)
	}
	return true
}

// call gives an arm of which there was no line yet the name of the group, if it has one of the names.
func (a *arm) call(group string, names []string) {
	if name, isPart := armOf(group, names); a.name == "" && name != "" {
		a.name, a.whole = name, !isPart
	}
}
