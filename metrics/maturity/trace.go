package maturity

import (
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

// trace is what package dora is asked for the events behind: a metric of the last days.
type trace struct {
	metric dora.Metric
	days   int
}

// entries are the events behind a figure of a service. Those of all services are asked for at once, where the records of releases tell whose each of them is.
func (f *figures) entries(c Check, service string) []dora.Entry {
	at := trace{metricOf(c.Fact), c.Days}
	split, asked := f.traces[at]
	if !asked {
		split = f.split(at)
		f.traces[at] = split
	}
	if entries, ok := split[service]; ok {
		return entries
	}
	q := f.window(c.Days)
	q.Services = []string{service}
	is, err := f.in.History.Evidence(f.in.Rules, q, dora.About{Metric: at.metric, Service: &service})
	if err != nil {
		return nil // the report knows the service, and so there is no error
	}
	split[service] = is.Entries
	return is.Entries
}

// split gives each service its entries; none, where it is not known of all of them whose they are.
func (f *figures) split(at trace) map[string][]dora.Entry {
	split := map[string][]dora.Entry{}
	if len(f.owners) == 0 {
		return split
	}
	is, err := f.in.History.Evidence(f.in.Rules, f.window(at.days), dora.About{Metric: at.metric})
	if err != nil {
		return split
	}
	for _, e := range is.Entries {
		owner, known := f.owners[e.Deployment]
		if !known && e.Deployment != "" {
			return map[string][]dora.Entry{}
		}
		split[owner] = append(split[owner], e)
	}
	return split
}

// events are the deployments behind a figure: those for it, and those against it.
func (f *figures) events(c Check, service string) (pro, con []ref) {
	if f.in.MaxIDs < 0 {
		return nil, nil
	}
	for _, e := range f.entries(c, service) {
		r := ref{id: e.Deployment}
		switch e.Role {
		case dora.Counted:
			pro = append(pro, r)
			if c.Fact == FactFrequency {
				con = append(con, r)
			}
		case dora.Hit, dora.Censored:
			con = append(con, r)
		case dora.Sample:
			pro, con = append(pro, r), append(con, r)
		}
	}
	return distinct(pro), distinct(con)
}

// date puts events in the order of time, where the records have all of them; else they stay in the order of their ids, without a time.
func (v *view) date(all []ref) {
	times := map[string]time.Time{}
	for i := range v.releases {
		for _, s := range v.releases[i].Steps {
			times[s.ID] = s.To
		}
	}
	if slices.ContainsFunc(all, func(r ref) bool { return times[r.id].IsZero() }) {
		return
	}
	for i := range all {
		all[i].at = times[all[i].id]
	}
	slices.SortStableFunc(all, func(a, b ref) int { return a.at.Compare(b.at) })
}

// distinct are the events with an id, each once; samples of one deployment follow each other.
func distinct(all []ref) []ref {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(r ref) bool {
		was := seen[r.id] || r.id == ""
		seen[r.id] = true
		return was
	})
}
