package dora

import (
	"encoding/json"
	"slices"
	"time"
)

// telling is what was told of: a deployment, change, incident or work item, by its number.
type telling struct {
	of     byte
	number uint32
}

// version is one way in which something was told, and when it ended.
type version struct {
	event Event
	ends  time.Time
}

// versions are the ways in which one thing was told. They are all kept, so that what is said of them
// does not depend on their order.
type versions struct {
	times map[string]int // how often each was told
	// Of an incident: the telling that ends last, and of those that name a service, and those that name a cause, the one that does.
	ended, placed, blamed *Incident
}

// wins says whether the later telling of something takes the place of what was there, and notes both.
func (h *History) wins(t telling, was, is version) bool {
	if h.told == nil {
		h.told = map[telling]*versions{}
	}
	v := h.told[t]
	before, after := text(was.event), text(is.event)
	if v == nil {
		v = &versions{times: map[string]int{before: 1}}
		h.told[t] = v
	}
	v.times[after]++
	if !is.ends.Equal(was.ends) {
		return is.ends.After(was.ends)
	}
	return after > before
}

// completed is an incident that was told of before, with what was said now: who tells how it ended need not repeat what caused it. Of
// what is not left out, the telling that ends last counts.
func (h *History) completed(i uint32, is *Incident) *Incident {
	t := telling{'i', i}
	first := h.told[t] == nil
	was := h.incidentEvent(i)
	h.wins(t, version{was, was.Resolved}, version{*is, is.Resolved})
	v := h.told[t]
	if first {
		v.hear(&was)
	}
	v.hear(is)
	all := *v.ended
	if v.placed != nil {
		all.Service = v.placed.Service
	}
	if v.blamed != nil {
		all.CausedBy, all.Changes = v.blamed.CausedBy, v.blamed.Changes
	}
	return &all
}

// hear takes one telling of an incident.
func (v *versions) hear(said *Incident) {
	is := *said
	is.CausedBy, is.Changes = slices.Clone(is.CausedBy), slices.Clone(is.Changes)
	better := func(was *Incident) bool {
		return was == nil || is.Resolved.After(was.Resolved) || is.Resolved.Equal(was.Resolved) && text(is) > text(*was)
	}
	if better(v.ended) {
		v.ended = &is
	}
	if is.Service != "" && better(v.placed) {
		v.placed = &is
	}
	if len(is.CausedBy)+len(is.Changes) > 0 && better(v.blamed) {
		v.blamed = &is
	}
}

// text is an event as JSON, with times in UTC and defaults written out, so that equal events have equal texts.
func text(e Event) string {
	switch x := e.(type) {
	case Deployment:
		x.Time, x.Started = x.Time.UTC(), utc(x.Started)
		if x.Status == "" {
			x.Status = Success
		}
		if x.Kind == "" {
			x.Kind = KindChange
		}
		e = x
	case Change:
		x.Time, x.Merged = x.Time.UTC(), utc(x.Merged)
		x.Originals = slices.Clone(x.Originals)
		for i := range x.Originals {
			x.Originals[i].Time = x.Originals[i].Time.UTC()
		}
		e = x
	case Incident:
		x.Opened, x.Resolved = x.Opened.UTC(), utc(x.Resolved)
		e = x
	case Work:
		x.Started, x.Done = utc(x.Started), utc(x.Done)
		e = x
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err.Error() // not for what validate has seen
	}
	return string(text)
}

// utc keeps a zero time zero.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// repeated tells of what was told more than once.
func (h *History) repeated() []Anomaly {
	var all []Anomaly
	// order: the anomalies are sorted by whoever asks for them
	for t, v := range h.told {
		id := h.idOf(t)
		n := 0
		// order: a sum
		for _, times := range v.times {
			n += times - 1
		}
		if n > 0 {
			all = append(all, Anomaly{Code: CodeRepeated, ID: id, Count: n})
		}
		if n := contradictions(sortedKeys(v.times), t.of == 'i'); n > 0 {
			all = append(all, Anomaly{Code: CodeConflict, ID: id, Count: n})
		}
	}
	return all
}

// contradictions is how many of the texts say something else than the fullest one, beyond leaving out how it ended or, of an incident,
// where it was and what caused it.
func contradictions(texts []string, incident bool) int {
	bare := map[string]bool{}
	said := [3]map[string]bool{{}, {}, {}}
	for _, text := range texts {
		var fields map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &fields) != nil {
			continue
		}
		note := func(i int, names ...string) {
			var all string
			for _, name := range names {
				if v, ok := fields[name]; ok {
					all += name + string(v)
					delete(fields, name)
				}
			}
			if all != "" {
				said[i][all] = true
			}
		}
		note(0, "resolved")
		note(0, "done")
		note(0, "merged")
		if incident {
			note(1, "service")
			note(2, "caused_by", "changes")
		}
		rest, _ := json.Marshal(fields)
		bare[string(rest)] = true
	}
	return max(len(bare)-1, len(said[0])-1, len(said[1])-1, len(said[2])-1, 0)
}

func (h *History) idOf(t telling) string {
	switch t.of {
	case 'd':
		return h.deployments.String(t.number)
	case 'c':
		return h.changes.String(t.number)
	case 'i':
		return h.incidents.String(t.number)
	}
	return h.works.String(t.number)
}
