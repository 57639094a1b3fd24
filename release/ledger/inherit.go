package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/stage"
)

// inputs takes over the inputs that are not given.
func (f *fork) inputs() {
	given := f.new.Inputs
	f.new.Inputs = make(map[string]json.RawMessage, len(f.new.Pipeline.Inputs))
	for _, ref := range f.new.Pipeline.Inputs {
		at := slices.IndexFunc(f.old.Pipeline.Inputs, func(r stage.Ref) bool { return r.Name == ref.Name })
		value, known := given[ref.Name]
		switch {
		case known:
			f.unchanged(ref.Name, value)
		case at < 0:
			f.bad("input %s is missing: release %s had none of that name", ref, f.old.Release.ID)
		case f.old.Pipeline.Inputs[at] != ref:
			f.bad("input %s is missing: in release %s it was %s", ref, f.old.Release.ID, f.old.Pipeline.Inputs[at])
		default:
			value = f.old.Values[ref.Name]
		}
		f.new.Inputs[ref.Name] = value
	}
}

// unchanged reports stages that are taken over and have read another value than that which is given, or have asked
// people, who have seen all there was.
func (f *fork) unchanged(key string, value json.RawMessage) {
	if bytes.Equal(f.old.Values[key], value) {
		return
	}
	for _, node := range f.old.Pipeline.Stages {
		switch {
		case !f.copied[node.Name]:
		case node.readsKey(key):
			f.bad("input %s is not what it was in release %s: stage %s, which is taken over, has read it", key, f.old.Release.ID, node.Name)
		case slices.Contains(node.Traits, stage.Asks):
			f.bad("input %s is not what it was in release %s: stage %s, which is taken over, asks people, and they have agreed to what it was: fork at %s to ask them once more",
				key, f.old.Release.ID, node.Name, node.Name)
		}
	}
}

// readsKey reports whether the stage reads the key, or is made for each of its items.
func (p *Stage) readsKey(key string) bool {
	named := func(r stage.Ref) bool { return r.Name == key }
	return p.Each != nil && named(p.Each.Key) || slices.ContainsFunc(p.Reads, named)
}

// reads checks that stages which run anew find what they read: a stage that was passed over has perhaps
// not set its keys.
func (f *fork) reads() {
	for _, from := range f.new.Pipeline.Stages {
		if !f.copied[from.Name] || f.errs != nil {
			continue
		}
		if st := f.old.Stage(from.Name); st.Outcome == stage.Skipped && st.By == "" {
			continue // what needs it is skipped, too
		}
		for _, w := range from.Writes {
			if _, there := f.old.Values[w.Name]; there {
				continue
			}
			for _, to := range f.new.Pipeline.Stages {
				if !f.copied[to.Name] && !to.Always && to.readsKey(w.Name) {
					f.bad("stage %s reads key %s, which has no value in release %s: stage %s was passed over there", to.Name, w.Name, f.old.Release.ID, from.Name)
				}
			}
		}
	}
}

// differs says what makes a stage hand on other things than it did, or stand for more than it did; empty where
// nothing does.
func differs(was, is *Stage) string {
	switch {
	case was.Each == nil && is.Each != nil:
		return "it was one stage, and is now made for each of several items"
	case was.Each != nil && is.Each == nil:
		return "it was made for each of several items, and is now one stage"
	case was.each() != is.each():
		return fmt.Sprintf("it was made for each of %s, and is now made for each of %s", was.each(), is.each())
	case was.Environment != is.Environment:
		return fmt.Sprintf("its environment was %q, and is now %q", was.Environment, is.Environment)
	}
	for _, trait := range is.Traits {
		// That it builds follows from the keys; and whether it judges, or watches for a while, is a setting of it, while what it asks are its gates.
		if trait != stage.Builds && trait != stage.Judges && !slices.Contains(was.Traits, trait) {
			return fmt.Sprintf("it has come to have the trait %s", trait)
		}
	}
	for _, gate := range is.Gates {
		if !slices.Contains(was.Gates, gate) {
			return fmt.Sprintf("it has come to ask the gate %s", cmp.Or(gate, is.Name))
		}
	}
	for _, ref := range is.Writes {
		at := slices.IndexFunc(was.Writes, func(r stage.Ref) bool { return r.Name == ref.Name })
		switch {
		case at < 0:
			return fmt.Sprintf("it has come to write key %s", ref)
		case was.Writes[at] != ref:
			return fmt.Sprintf("it has come to write key %s, which was %s", ref, was.Writes[at])
		}
	}
	for _, ref := range was.Writes {
		if !slices.Contains(is.Writes, ref) {
			return fmt.Sprintf("it no longer writes key %s", ref)
		}
	}
	return ""
}
