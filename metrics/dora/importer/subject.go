package importer

import (
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/metrics/dora"
)

// subjects are the events of each subject, the subjects in the order in which they came up.
type subjects struct {
	ids []string
	of  map[string][]*cdevent
}

func (s *subjects) add(e *cdevent) {
	if s.of == nil {
		s.of = map[string][]*cdevent{}
	}
	if s.of[e.Subject.ID] == nil {
		s.ids = append(s.ids, e.Subject.ID)
	}
	s.of[e.Subject.ID] = append(s.of[e.Subject.ID], e)
}

// byTime sorts the events of a subject; of the same time, what opens comes before what ends.
func byTime(events []*cdevent) {
	slices.SortStableFunc(events, func(a, b *cdevent) int {
		if c := a.Context.Timestamp.Compare(b.Context.Timestamp); c != 0 {
			return c
		}
		if a.kind != b.kind {
			return slices.Index(kinds, a.kind) - slices.Index(kinds, b.kind)
		}
		if a.Context.ID < b.Context.ID {
			return -1
		}
		return 1
	})
}

// incidents makes those that one subject tells of: the same alert may go off again and again.
func (s *story) incidents(id string, events []*cdevent) {
	byTime(events)
	var opened *cdevent
	var is dora.Incident
	n := 0
	over := func() {
		if opened == nil {
			return
		}
		is.CausedBy, is.Changes = once(is.CausedBy), once(is.Changes)
		if is.Service == "" {
			s.remark(opened, CodeNoService, "")
		}
		if is.CausedBy == nil && is.Changes == nil {
			s.remark(opened, CodeNoCause, "")
		}
		s.add(opened, is)
		opened = nil
	}
	for _, e := range events {
		where := string(e.Subject.Content.Environment)
		if !s.o.counts(where) && (where != "" || opened == nil) {
			s.remark(e, CodeElsewhere, fmt.Sprintf("environment %q", where))
			continue
		}
		if e.kind == "incident.resolved" {
			if opened == nil {
				s.remark(e, CodeNotOpened, "")
				continue
			}
			is.Resolved = e.Context.Timestamp
			s.about(e, &is)
			over()
			continue
		}
		if opened == nil {
			opened = e
			if n++; n == 1 {
				is = dora.Incident{ID: id, Opened: e.Context.Timestamp}
			} else {
				is = dora.Incident{ID: fmt.Sprintf("%s#%d", id, n), Opened: e.Context.Timestamp}
			}
		}
		s.about(e, &is)
	}
	over()
}

// counts says whether an incident in an environment does.
func (o CDEventsOptions) counts(environment string) bool {
	if len(o.Environments) == 0 {
		return dora.Rules{}.IsProduction(environment)
	}
	return slices.Contains(o.Environments, environment)
}

// about is what an event says of an incident beside that there is one.
func (s *story) about(e *cdevent, is *dora.Incident) {
	if is.Service == "" {
		is.Service = string(e.Subject.Content.Service)
	}
	for _, to := range s.linked(e) {
		switch {
		case e.kind != "incident.resolved" && to.deploys():
			is.CausedBy = append(is.CausedBy, to.Context.ID)
		case e.kind != "incident.resolved" && to.kind == "change.merged":
			is.Changes = append(is.Changes, to.Subject.ID)
		case to.Subject.ID != e.Subject.ID:
			s.remark(e, CodeLooseLink, fmt.Sprintf("%q is a %s", to.Context.ID, to.kind))
		}
	}
}

// ticket makes the work item of one subject.
func (s *story) ticket(id string, events []*cdevent) {
	byTime(events)
	w := dora.Work{ID: id}
	for _, e := range events {
		if m := e.Subject.Content.Milestone; m != "" {
			w.Iteration = m
		}
		switch e.kind {
		case "ticket.created":
			if s.o.StartedWhenCreated && w.Started.IsZero() {
				w.Started = e.Context.Timestamp
			}
		case "ticket.closed":
			w.Done = e.Context.Timestamp
		}
	}
	s.add(events[0], w)
}
