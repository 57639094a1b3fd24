package ledger

import (
	"bytes"
	"encoding/json"
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
