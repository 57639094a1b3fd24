package dora

import (
	"math"
	"time"
)

type work struct {
	started, done int64
	points        float64
	iteration     uint32
	told          bool
}

// value is the event behind a pointer, as a pointer that is not nil; nil where there is none. Events are
// looked at where they lie: they are large.
func value(e Event) Event {
	switch e := e.(type) {
	case Deployment:
		return &e
	case Change:
		return &e
	case Incident:
		return &e
	case Work:
		return &e
	case Outage:
		return &e
	case Answer:
		return &e
	case *Deployment:
		if e != nil {
			return e
		}
	case *Change:
		if e != nil {
			return e
		}
	case *Incident:
		if e != nil {
			return e
		}
	case *Work:
		if e != nil {
			return e
		}
	case *Outage:
		if e != nil {
			return e
		}
	case *Answer:
		if e != nil {
			return e
		}
	}
	return nil
}

func (h *History) deploy(d *Deployment) error {
	size := len(d.ID)
	for _, id := range d.Fixes {
		size += len(id)
	}
	sizes := 0
	for _, id := range d.Changes {
		sizes += len(id)
	}
	if h.deployments.full(size) || h.changes.full(sizes) || len(h.brought)+len(d.Changes) >= math.MaxUint32 {
		return ErrFull
	}
	i := h.deployments.intern(d.ID)
	h.reach(i)
	if h.deployed[i].finish != never {
		was := h.deploymentEvent(i)
		if !h.wins(telling{'d', i}, version{was, was.Time}, version{*d, d.Time}) {
			return nil
		}
		h.edits++
	}
	kind, _ := kindNumber(d.Kind)
	row := deployment{
		finish: nanos(d.Time), start: nanos(d.Started), kind: kind, failed: d.Status == Failure,
		service: h.words.intern(d.Service), environment: h.words.intern(d.Environment), version: h.word(d.Version), group: h.word(d.Group),
		changes: span{uint32(len(h.brought)), uint32(len(d.Changes))},
	}
	for _, id := range d.Changes {
		h.brought = append(h.brought, h.change(id))
	}
	if len(d.Fixes) > 0 {
		fixes := make([]uint32, len(d.Fixes))
		for k, id := range d.Fixes {
			fixes[k] = h.deployments.intern(id)
			h.reach(fixes[k])
		}
		row.fixes = span{uint32(len(h.fixed)), uint32(len(fixes))}
		h.fixed = append(h.fixed, fixes...)
		h.deployments.next = i + 1
	}
	h.deployed[i] = row
	return nil
}

// reach makes room for a deployment that was named.
func (h *History) reach(i uint32) {
	for len(h.deployed) <= int(i) {
		h.deployed = append(h.deployed, deployment{finish: never, start: never})
	}
}

// change is the number of a change that was named.
func (h *History) change(id string) uint32 {
	i := h.changes.intern(id)
	if int(i) == len(h.committed) {
		h.committed = append(h.committed, never)
	}
	return i
}

func (h *History) commit(c *Change) error {
	size := len(c.ID)
	for _, o := range c.Originals {
		size += len(o.ID)
	}
	if h.changes.full(size) {
		return ErrFull
	}
	i := h.change(c.ID)
	if h.committed[i] != never {
		was := h.changeEvent(i)
		if !h.wins(telling{'c', i}, version{was, was.Time}, version{*c, c.Time}) {
			return nil
		}
		h.edits++
	}
	h.committed[i] = nanos(c.Time)
	if !c.Merged.IsZero() || int(i) < len(h.merged) {
		for len(h.merged) <= int(i) {
			h.merged = append(h.merged, never)
		}
		h.merged[i] = nanos(c.Merged)
	}
	if c.Repo != "" || int(i) < len(h.repos) {
		for len(h.repos) <= int(i) {
			h.repos = append(h.repos, none)
		}
		h.repos[i] = h.word(c.Repo)
	}
	if len(c.Originals) > 0 || int(i) < len(h.squashed) {
		h.squash(i, c.Originals)
	}
	return nil
}

func (h *History) squash(i uint32, commits []Commit) {
	for len(h.squashed) <= int(i) {
		h.squashed = append(h.squashed, 0)
	}
	h.squashed[i] = 0
	if len(commits) > 0 {
		h.squashed[i] = uint32(len(h.originals)) + 1
	}
	for k, o := range commits {
		id := h.change(o.ID)
		h.originals = append(h.originals, original{id, k < len(commits)-1, nanos(o.Time)})
		if h.aliases == nil {
			h.aliases = map[uint32]uint32{}
		}
		// One commit may be behind several changes; which of them it stands for must not depend on their order.
		if was, ok := h.aliases[id]; !ok || string(h.changes.text(i)) < string(h.changes.text(was)) {
			h.aliases[id] = i
		}
	}
	h.changes.next = i + 1
}

func (h *History) harmed(e *Incident) error {
	size, sizes := 0, 0
	for _, id := range e.CausedBy {
		size += len(id)
	}
	for _, id := range e.Changes {
		sizes += len(id)
	}
	if h.incidents.full(len(e.ID)) || h.deployments.full(size) || h.changes.full(sizes) {
		return ErrFull
	}
	i := h.incidents.intern(e.ID)
	if int(i) < len(h.harm) {
		e = h.completed(i, e)
		h.edits++
	} else {
		h.harm = append(h.harm, incident{})
	}
	row := incident{
		opened: nanos(e.Opened), resolved: nanos(e.Resolved), service: h.words.intern(e.Service),
		causes: span{uint32(len(h.causes)), uint32(len(e.CausedBy))}, changes: span{uint32(len(h.culprits)), uint32(len(e.Changes))},
	}
	for _, id := range e.CausedBy {
		d := h.deployments.intern(id)
		h.reach(d)
		h.causes = append(h.causes, d)
	}
	for _, id := range e.Changes {
		h.culprits = append(h.culprits, h.change(id))
	}
	h.harm[i] = row
	return nil
}

func (h *History) work(w *Work) error {
	if h.works.full(len(w.ID)) {
		return ErrFull
	}
	i := h.works.intern(w.ID)
	if int(i) < len(h.worked) {
		was := h.workEvent(i)
		if !h.wins(telling{'w', i}, version{was, was.Done}, version{*w, w.Done}) {
			return nil
		}
		h.edits++
	} else {
		h.worked = append(h.worked, work{})
	}
	h.worked[i] = work{nanos(w.Started), nanos(w.Done), w.Points, h.word(w.Iteration), true}
	return nil
}

// word is the number of a name, none for the empty one.
func (h *History) word(s string) uint32 {
	if s == "" {
		return none
	}
	return h.words.intern(s)
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return t.UnixNano()
}

func instant(n int64) time.Time {
	if n == never {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
