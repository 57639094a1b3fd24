package prometheus

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PoolLabels are the values that placeholders stand for where Options.Labels says nothing, made of a group's
// label, as strategy.Pool writes it ("1.1.0@9f86d081884c/baseline"):
//
//	group     the label as it is
//	revision  without "/baseline": 1.1.0@9f86d081884c
//	version   what stands before the last @: 1.1.0
//	digest    what stands behind it, twelve digits at most: 9f86d081884c; empty where there is none
//	baseline  "true" for a pool of baseline instances, "false" for any other
//
// A template with a placeholder that is empty for a group is not asked for it: the answer is an error. So {digest} is
// for hosts whose revisions all have one.
//
// A baseline has the version of the stable group: templates that name neither {group} nor {baseline} read both
// as one.
func PoolLabels(group string) map[string]string {
	revision, baseline := strings.CutSuffix(group, "/baseline")
	version, digest := revision, ""
	if i := strings.LastIndexByte(revision, '@'); i >= 0 {
		version, digest = revision[:i], revision[i+1:]
	}
	return map[string]string{
		"group": group, "revision": revision, "version": version, "digest": digest, "baseline": fmt.Sprint(baseline),
	}
}

// labeller says what placeholders stand for.
type labeller func(group string) map[string]string

func newLabeller(of func(string) map[string]string) labeller {
	if of == nil {
		return PoolLabels
	}
	return of
}

// sample is a group that nobody has, by which templates are tried.
const sample = "0.0.0@000000000000"

// of are the values for a group.
func (l labeller) of(group string) values { return values(maps.Clone(l(group))) }

// known are the names of placeholders that can be filled in.
func (l labeller) known() []string { return slices.Sorted(maps.Keys(l(sample))) }

// check reports placeholders that cannot be filled in.
func (l labeller) check(t template) error {
	known := l.known()
	for _, name := range t.names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("nothing can be filled in for {%s}; there are {%s}", name, strings.Join(known, "}, {"))
		}
	}
	return nil
}
