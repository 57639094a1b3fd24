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
		if n := contradictions(sortedKeys(v.times)); n > 0 {
			all = append(all, Anomaly{Code: CodeConflict, ID: id, Count: n})
		}
	}
	return all
}

// contradictions is how many of the texts say something else than the fullest one, beyond leaving its end out.
func contradictions(texts []string) int {
	bare := map[string]bool{}
	ends := map[string]bool{}
	for _, text := range texts {
		var fields map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &fields) != nil {
			continue
		}
		for _, end := range []string{"resolved", "done", "merged"} {
			if v, ok := fields[end]; ok {
				ends[string(v)] = true
				delete(fields, end)
			}
		}
		rest, _ := json.Marshal(fields)
		bare[string(rest)] = true
	}
	return max(len(bare)-1, len(ends)-1, 0)
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
