package dora

// Events are rebuilt from what is kept of them, with times in UTC and defaults written out.

func (h *History) deploymentEvent(i uint32) Deployment {
	d := h.deployed[i]
	e := Deployment{
		ID: h.deployments.String(i), Service: h.words.String(d.service), Environment: h.words.String(d.environment),
		Time: instant(d.finish), Started: instant(d.start), Status: Success, Kind: kinds[d.kind],
		Version: h.words.String(d.version), Group: h.words.String(d.group),
	}
	if d.failed {
		e.Status = Failure
	}
	for _, c := range d.changes.of(h.brought) {
		e.Changes = append(e.Changes, h.changes.String(c))
	}
	for _, f := range d.fixes.of(h.fixed) {
		e.Fixes = append(e.Fixes, h.deployments.String(f))
	}
	return e
}

func (h *History) changeEvent(i uint32) Change {
	e := Change{ID: h.changes.String(i), Time: instant(h.committed[i]), Merged: instant(h.mergedAt(i))}
	if int(i) < len(h.repos) {
		e.Repo = h.words.String(h.repos[i])
	}
	for _, o := range h.behind(i) {
		e.Originals = append(e.Originals, Commit{h.changes.String(o.id), instant(o.at)})
	}
	return e
}

func (h *History) incidentEvent(i uint32) Incident {
	n := h.harm[i]
	e := Incident{ID: h.incidents.String(i), Service: h.words.String(n.service), Opened: instant(n.opened), Resolved: instant(n.resolved)}
	for _, d := range n.causes.of(h.causes) {
		e.CausedBy = append(e.CausedBy, h.deployments.String(d))
	}
	for _, c := range n.changes.of(h.culprits) {
		e.Changes = append(e.Changes, h.changes.String(c))
	}
	return e
}

func (h *History) workEvent(i uint32) Work {
	w := h.worked[i]
	return Work{ID: h.works.String(i), Started: instant(w.started), Done: instant(w.done), Points: w.points, Iteration: h.words.String(w.iteration)}
}
