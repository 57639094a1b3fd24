package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/metrics/dora"
)

// story is what events tell together.
type story struct {
	o       CDEventsOptions
	events  []cdevent
	seen    map[[2]string]bool // source and id
	remarks []Remark
	others  map[string]int

	byID    map[string]*cdevent // by the id of their context
	merged  map[string][]string // the changes of a chain
	drafted []dora.Event
}

func (s *story) remark(e *cdevent, code Code, text string) {
	s.remarks = append(s.remarks, Remark{Code: code, Line: e.line, ID: e.Context.ID, Type: e.Context.Type, Text: text})
}

// take reads an event, and keeps it where it says something about delivery.
func (s *story) take(line int, text []byte) {
	e, err := read(line, text)
	if err != nil {
		s.remark(&e, CodeBroken, oneLine(err))
		return
	}
	if e.kind == "" {
		s.others[e.Context.Type]++
		return
	}
	key := [2]string{e.Context.Source, e.Context.ID}
	if s.seen[key] {
		s.remark(&e, CodeRepeated, "")
		return
	}
	s.seen[key] = true
	s.events = append(s.events, e)
}

// told is what all of them say.
func (s *story) told() Imported {
	s.byID, s.merged = map[string]*cdevent{}, map[string][]string{}
	for i := range s.events {
		e := &s.events[i]
		s.byID[e.Context.ID] = e
		if e.kind == "change.merged" && e.Context.Chain != "" {
			s.merged[e.Context.Chain] = append(s.merged[e.Context.Chain], e.Subject.ID)
		}
	}
	incidents, tickets := subjects{}, subjects{}
	for i := range s.events {
		e := &s.events[i]
		switch kind, _, _ := strings.Cut(e.kind, "."); kind {
		case "change":
			s.change(e)
		case "service":
			s.service(e)
		case "pipelinerun":
			s.run(e)
		case "incident":
			incidents.add(e)
		case "ticket":
			tickets.add(e)
		}
	}
	for _, id := range incidents.ids {
		s.incidents(id, incidents.of[id])
	}
	for _, id := range tickets.ids {
		s.ticket(id, tickets.of[id])
	}
	sorted(s.drafted)
	slices.SortStableFunc(s.remarks, func(a, b Remark) int { return a.Line - b.Line })
	var others []Other
	for _, name := range slices.Sorted(maps.Keys(s.others)) {
		others = append(others, Other{name, s.others[name]})
	}
	return Imported{Events: s.drafted, Remarks: s.remarks, Others: others}
}

// add keeps an event of package dora, where that can take it.
func (s *story) add(e *cdevent, event dora.Event) {
	if err := new(dora.History).Add(event); err != nil {
		s.remark(e, CodeBroken, oneLine(err))
		return
	}
	s.drafted = append(s.drafted, event)
}

// linked are the events that the links of one lead to.
func (s *story) linked(e *cdevent) []*cdevent {
	var all []*cdevent
	for _, l := range e.Context.Links {
		for _, id := range []string{l.Target.ID, l.From.ID} {
			if id == "" {
				continue
			}
			if to := s.byID[id]; to != nil {
				all = append(all, to)
			} else {
				s.remark(e, CodeLooseLink, fmt.Sprintf("%q is not in the input", id))
			}
		}
	}
	return all
}

func (s *story) change(e *cdevent) {
	s.remark(e, CodeNoCommitTime, "")
	s.add(e, dora.Change{
		ID: e.Subject.ID, Time: e.Context.Timestamp, Merged: e.Context.Timestamp, Repo: string(e.Subject.Content.Repository),
	})
}

func (s *story) service(e *cdevent) {
	if e.kind == "service.removed" {
		s.remark(e, CodeRemoved, "")
		return
	}
	d := s.deployment(e)
	d.Service, d.Environment, d.Version = e.Subject.ID, string(e.Subject.Content.Environment), e.Subject.Content.Artifact
	if e.kind == "service.rolledback" {
		d.Kind = dora.KindRollback
		if d.Fixes == nil {
			s.remark(e, CodeNoFixes, "")
		}
	} else if d.Changes == nil {
		s.remark(e, CodeNoChanges, "")
	}
	s.add(e, d)
}

// deployment is one with what it is linked to.
func (s *story) deployment(e *cdevent) dora.Deployment {
	d := dora.Deployment{ID: e.Context.ID, Time: e.Context.Timestamp}
	if e.Context.Chain != "" {
		d.Changes = slices.Clone(s.merged[e.Context.Chain])
	}
	for _, to := range s.linked(e) {
		switch {
		case to.kind == "change.merged":
			d.Changes = append(d.Changes, to.Subject.ID)
		case to.deploys() && e.kind == "service.rolledback":
			d.Fixes = append(d.Fixes, to.Context.ID)
		default:
			s.remark(e, CodeLooseLink, fmt.Sprintf("%q is a %s", to.Context.ID, to.kind))
		}
	}
	d.Changes, d.Fixes = once(d.Changes), once(d.Fixes)
	if e.kind == "service.rolledback" {
		d.Changes = nil // it takes changes back
	}
	return d
}

func (e *cdevent) deploys() bool {
	return e.kind == "service.deployed" || e.kind == "service.upgraded" || e.kind == "service.rolledback"
}

// once is a list without what is in it already, in the order of ids.
func once(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (s *story) run(e *cdevent) {
	name, outcome := e.Subject.Content.Pipeline, e.Subject.Content.Outcome
	place, ok := s.o.Pipelines[name]
	switch outcome {
	case "failure", "error", "success", "cancel":
	default:
		s.remark(e, CodeBroken, fmt.Sprintf("the outcome %q is none", outcome))
		return
	}
	if !ok {
		s.remark(e, CodeNoDeployment, fmt.Sprintf("pipeline %q is not known to deploy", name))
		return
	}
	succeeded := outcome == "success"
	if outcome == "cancel" || succeeded && !place.Succeeds {
		s.remark(e, CodeNoDeployment, outcome)
		return
	}
	d := s.deployment(e)
	d.Service, d.Environment = place.Service, place.Environment
	if !succeeded {
		d.Status = dora.Failure
	} else if d.Changes == nil {
		s.remark(e, CodeNoChanges, "")
	}
	s.add(e, d)
}
