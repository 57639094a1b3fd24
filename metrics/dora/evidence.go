package dora

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Metric is a figure, by its name in JSON.
type Metric string

// The metrics that Evidence and Compare know.
const (
	DeploymentFrequency      Metric = "deployment_frequency"
	LeadTime                 Metric = "lead_time"
	ChangeFailureRate        Metric = "change_failure_rate"
	FailedDeploymentRecovery Metric = "failed_deployment_recovery"
	ReworkRate               Metric = "rework_rate"
	MTTR                     Metric = "mttr"
	AttemptFailureRate       Metric = "attempt_failure_rate"
	Unattributed             Metric = "unattributed"
	// CycleTimes are of the changes of Metrics.CycleTime.
	CycleTimes Metric = "cycle_time"
	// Available is Metrics.Availability, by outages.
	Available Metric = "availability"
	// DowntimePerRelease and BudgetUsed are by outages, too.
	DowntimePerRelease Metric = "downtime_per_release"
	BudgetUsed         Metric = "error_budget"
	// OutsideHours is of all services together.
	OutsideHours Metric = "outside_hours"
	// Velocities are of the items of Report.Velocity, WorkTimes those of Report.WorkTime.
	Velocities Metric = "velocity"
	WorkTimes  Metric = "work_time"
	// AnswersCSAT and AnswersNPS are of answers, which have no ids but when they were given.
	AnswersCSAT Metric = "csat"
	AnswersNPS  Metric = "nps"
)

var known = []Metric{
	DeploymentFrequency, LeadTime, ChangeFailureRate, FailedDeploymentRecovery, ReworkRate, MTTR, AttemptFailureRate, Unattributed,
	CycleTimes, Available, DowntimePerRelease, BudgetUsed, OutsideHours, Velocities, WorkTimes, AnswersCSAT, AnswersNPS,
}

// Role is what an event is to a figure.
type Role string

const (
	// Counted is among the n, and not among the k.
	Counted Role = "counted"
	// Hit is among the k, and the n.
	Hit Role = "hit"
	// Sample is a duration of the distribution.
	Sample Role = "sample"
	// Censored has not ended yet.
	Censored Role = "censored"
	// Excluded would belong to the figure, and does not count for it: Why says the reason.
	Excluded Role = "excluded"
	// Linked says why another event is a hit: an incident that a deployment caused, or a deployment that remedies it.
	Linked Role = "linked"
)

// About says which figure is asked for.
type About struct {
	Metric Metric
	// Service is a service's name; nil: all services together.
	Service *string
	// Week is an instant in the week asked for; zero: the whole window.
	Week time.Time
}

// Evidence is what stands behind a figure, event by event.
type Evidence struct {
	Metric  Metric  `json:"metric"`
	Entries []Entry `json:"entries"`
}

// Entry is what one event is to a figure.
type Entry struct {
	Role Role `json:"role"`
	// Deployment, Change and Incident are ids, as far as the entry is about one.
	Deployment string `json:"deployment,omitempty"`
	Change     string `json:"change,omitempty"`
	Incident   string `json:"incident,omitempty"`
	// Work is the id of a work item.
	Work string `json:"work,omitempty"`
	// At is when an outage began, or an answer was given, neither of which has an id; Service is that of the outage.
	At      time.Time `json:"at,omitzero"`
	Service string    `json:"service,omitempty"`
	// Remedy is the id of the deployment that remedies Deployment.
	Remedy string `json:"remedy,omitempty"`
	// Seconds is the duration of a sample, or how long what has not ended has lasted.
	Seconds Figure `json:"seconds,omitzero"`
	Why     string `json:"why,omitempty"`
}

// Evidence answers the events behind a figure of the report for the same rules and query, by deployment, change and incident.
func (h *History) Evidence(r Rules, q Query, about About) (Evidence, error) {
	if !slices.Contains(known, about.Metric) {
		return Evidence{}, fmt.Errorf("no evidence for the metric %q; there is some for %q", about.Metric, known)
	}
	f, err := h.fold(r, q, forEvidence)
	if err != nil {
		return Evidence{}, err
	}
	service, from, to := none, f.w.from, f.w.to
	if about.Service != nil {
		i := h.words.find(*about.Service)
		if i == none || f.rank[i] == none {
			return Evidence{}, fmt.Errorf("%w %q", ErrUnknownService, *about.Service)
		}
		service = f.rank[i]
	}
	if !about.Week.IsZero() {
		at := nanos(about.Week)
		if !f.w.has(at) && at != f.w.from {
			return Evidence{}, fmt.Errorf("the week of %s is not in the window", about.Week.Format(time.DateOnly))
		}
		w := f.w.week(at)
		from, to = max(f.w.weeks[w], from), min(f.w.weeks[w+1], to)
	}
	e := Evidence{Metric: about.Metric, Entries: []Entry{}}
	for i := range f.trace.entries {
		x := &f.trace.entries[i]
		if metricNames[x.metric] != about.Metric || x.at < from || x.at >= to || about.Service != nil && x.service != service && (x.of != 'o' || x.service != none) {
			continue
		}
		e.Entries = append(e.Entries, f.entry(x))
	}
	if about.Metric == ChangeFailureRate {
		for _, l := range f.links {
			if u := &f.units[l.unit]; u.finish >= from && u.finish < to && (about.Service == nil || u.service == service) {
				e.Entries = append(e.Entries, f.linked(l))
			}
		}
	}
	slices.SortFunc(e.Entries, compareEntries)
	return e, nil
}

func compareEntries(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Deployment, b.Deployment), cmp.Compare(a.Change, b.Change), cmp.Compare(a.Incident, b.Incident),
		cmp.Compare(a.Work, b.Work), a.At.Compare(b.At), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Remedy, b.Remedy), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Seconds.float(), b.Seconds.float()))
}

func (f *fold) entry(x *entry) Entry {
	h := f.h
	e := Entry{Role: roleNames[x.role], Why: reasons[x.why]}
	if x.unit != nil {
		e.Deployment = h.deployments.String(x.unit.first)
	}
	switch {
	case x.of == 'c':
		e.Change = h.changes.String(x.other)
	case x.of == 'i' && x.other != none:
		e.Incident = h.incidents.String(x.other)
	case x.of == 'w':
		e.Work = h.works.String(x.other)
	case x.of == 'o':
		e.At, e.Service = instant(h.outages[x.other].from), h.words.String(h.outages[x.other].service)
	case x.of == 'a':
		e.At = instant(h.answers[x.other].at)
	case x.of == 'd' && x.role == roleLink:
		e.Remedy = h.deployments.String(x.other)
	}
	if x.role == roleSample || x.role == roleCensored {
		e.Seconds = Known(float64(x.value) / 1e9)
	}
	return e
}

// LeadTimes answers all lead times of the window in seconds, ascending.
func (h *History) LeadTimes(r Rules, q Query) ([]float64, error) {
	q.Brief = true
	f, err := h.fold(r, q, forReport)
	if err != nil {
		return nil, err
	}
	slices.Sort(f.leads)
	times := make([]float64, len(f.leads))
	for i, v := range f.leads {
		times[i] = float64(v) / 1e9
	}
	return times, nil
}
