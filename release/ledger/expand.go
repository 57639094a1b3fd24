package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/stage"
)

// MaxItems is how many stages are made of one at most.
const MaxItems = 1000

// items are the items of the list that a stage is made for.
func (s *State) items(node *Stage) ([]stage.Item, error) {
	raw, ok := s.Value(node.Each.Key.Name)
	if !ok {
		return nil, fmt.Errorf("key %s has no value", node.Each.Key.Name)
	}
	var items []stage.Item
	var names []string
	var byName map[string]json.RawMessage
	switch {
	case json.Unmarshal(raw, &names) == nil:
		for _, name := range names {
			items = append(items, stage.Item{Name: name})
		}
	case json.Unmarshal(raw, &byName) == nil:
		for _, name := range slices.Sorted(maps.Keys(byName)) {
			items = append(items, stage.Item{Name: name, Value: byName[name]})
		}
	default:
		return nil, fmt.Errorf("key %s is neither a list of names nor a map", node.Each.Key.Name)
	}
	return items, s.fit(node.Name, items)
}

// fit reports items that no stage can be made for.
func (s *State) fit(name string, items []stage.Item) error {
	if len(items) > MaxItems {
		return fmt.Errorf("there are %d items, at most %d are allowed", len(items), MaxItems)
	}
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		full := name + "." + item.Name
		switch {
		case !stage.ValidName(full):
			return fmt.Errorf("no stage can be made for item %.100q: %.100q is no name of a stage", item.Name, full)
		case seen[item.Name]:
			return fmt.Errorf("item %.100q comes twice", item.Name)
		case s.Stage(full) != nil:
			return fmt.Errorf("no stage can be made for item %q: there is a stage %s", item.Name, full)
		}
		seen[item.Name] = true
	}
	return nil
}

// expand makes a stage for each item.
func (s *State) expand(i int, b Expanded) error {
	st, node := &s.Stages[i], s.Pipeline.Stages[i]
	switch {
	case node.Each == nil || st.Expanded || !s.ready.has(i):
		return fmt.Errorf("no stages can be made of stage %s", st.Name)
	case len(b.Items) == 0:
		return fmt.Errorf("no stage is made of stage %s", st.Name)
	}
	if err := s.fit(st.Name, b.Items); err != nil {
		return err
	}
	st.Expanded, st.Left = true, len(b.Items)
	told, inbox := st.Told, st.Inbox
	s.Pipeline.Stages = slices.Clone(s.Pipeline.Stages) // it may be shared with other releases
	s.places[i].first, s.places[i].made = len(s.Stages), len(b.Items)
	s.Pipeline.Stages = slices.Grow(s.Pipeline.Stages, len(b.Items))
	s.Stages = slices.Grow(s.Stages, len(b.Items))
	s.places = slices.Grow(s.places, len(b.Items))
	for _, item := range b.Items {
		made := node
		made.Each, made.Of, made.Item, made.Name = nil, node.Name, item, node.Name+"."+item.Name
		s.Pipeline.Stages = append(s.Pipeline.Stages, made)
		s.Stages = append(s.Stages, StageState{Name: made.Name, Told: told, Inbox: slices.Clone(inbox)})
		s.add(made.Name, i)
	}
	s.file(i)
	return nil
}

// add enters a stage that was made of another one.
func (s *State) add(name string, of int) {
	i := len(s.places)
	s.index[name] = i
	s.places = append(s.places, place{of: of, alarm: -1})
	s.open++
	s.file(i)
}

// made yields the places of the stages that were made of one.
func (s *State) made(i int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		first, n := s.places[i].first, s.places[i].made
		for j := first; j < first+n && yield(j); j++ {
		}
	}
}

// gather makes one value of the values that stages made of one have written: an object by the names
// of their items.
func (s *State) gather(i int) {
	if s.gathered(i) > MaxGathered {
		return
	}
	for _, ref := range s.Pipeline.Stages[i].Writes {
		values := make(map[string]json.RawMessage)
		for j := range s.made(i) {
			if raw, ok := s.Stages[j].values[ref.Name]; ok {
				values[s.Pipeline.Stages[j].Item.Name] = raw
			}
		}
		var all bytes.Buffer
		all.WriteByte('{')
		for n, name := range slices.Sorted(maps.Keys(values)) {
			if n > 0 {
				all.WriteByte(',')
			}
			fmt.Fprintf(&all, "%q:%s", name, values[name])
		}
		all.WriteByte('}')
		s.set(ref.Name, all.Bytes())
	}
}

// together is how a stage ended of which others were made: stranded if one of them is, else as the
// first that did not go well, skipped if all of them are: by a person, if one of them is.
func (s *State) together(i int) Ended {
	e := Ended{Outcome: stage.Skipped, Reason: "all of its stages were skipped"}
	first, done := -1, false
	for j := range s.made(i) {
		st := &s.Stages[j]
		switch st.Outcome {
		case stage.Skipped:
			if e.By == "" {
				e.By = st.By
			}
		case stage.Succeeded:
			done = true
		default:
			stranded := st.Outcome == stage.Stranded
			if was := first >= 0 && s.Stages[first].Outcome == stage.Stranded; first < 0 || stranded && !was ||
				stranded == was && st.endSeq < s.Stages[first].endSeq {
				first = j
			}
		}
	}
	switch {
	case first >= 0:
		st := &s.Stages[first]
		e = Ended{Outcome: st.Outcome, By: st.By, Reason: strings.TrimSuffix("stage "+st.Name+": "+st.Reason, ": ")}
	case done:
		e = Ended{Outcome: stage.Succeeded}
	}
	if size := s.gathered(i); size > MaxGathered {
		e = Ended{Outcome: stage.Failed, Reason: fmt.Sprintf("the values of its items have %d bytes together, at most %d are allowed", size, MaxGathered)}
	}
	return e
}

// MaxGathered bounds the values that stages made of one hand on together, in bytes.
const MaxGathered = 16 << 20

// gathered is the size of what stages made of one hand on.
func (s *State) gathered(i int) int {
	size := 0
	for j := range s.made(i) {
		// order: it is a sum
		for _, raw := range s.Stages[j].values {
			size += len(raw)
		}
	}
	return size
}
