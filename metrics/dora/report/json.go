package report

import (
	"encoding/json"
	"io"

	"github.com/davit-sdk/davit/metrics/dora"
)

// JSON writes the report as one object: its fields as dora.Report has them, with "time_zone" and, where there is one, "comparison". Of
// the recoveries, it says how many have not ended also where that is none. Durations are in seconds. What there is no data for is
// absent.
func JSON(w io.Writer, r *dora.Report, o Options) error {
	o, err := o.ready(r)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(documentOf(r, o), "", "  ")
	if err != nil {
		return err
	}
	return deliver(w, append(text, '\n'))
}

// document is a report as JSON; its fields stand before those of the report with the same name.
type document struct {
	*dora.Report
	TimeZone   string           `json:"time_zone"`
	Recovery   *recovery        `json:"failed_deployment_recovery,omitempty"`
	Services   []service        `json:"services,omitempty"`
	Weeks      []week           `json:"weeks,omitempty"`
	Comparison *dora.Comparison `json:"comparison,omitempty"`
}

type service struct {
	*dora.Service
	Recovery *recovery `json:"failed_deployment_recovery,omitempty"`
	Weeks    []week    `json:"weeks,omitempty"`
}

type week struct {
	*dora.Week
	Recovery *recovery `json:"failed_deployment_recovery,omitempty"`
}

// recovery says how many are censored: 0 is said, too, since it is known.
type recovery struct {
	*dora.Durations
	Censored int `json:"censored"`
}

func documentOf(r *dora.Report, o Options) document {
	d := document{
		Report: r, TimeZone: r.From.Location().String(), Recovery: recoveryOf(r.FailedDeploymentRecovery), Weeks: weeksOf(r.Weeks), Comparison: o.Comparison,
	}
	for i := range r.Services {
		s := &r.Services[i]
		d.Services = append(d.Services, service{s, recoveryOf(s.FailedDeploymentRecovery), weeksOf(s.Weeks)})
	}
	return d
}

func weeksOf(all []dora.Week) []week {
	weeks := make([]week, len(all))
	for i := range all {
		weeks[i] = week{&all[i], recoveryOf(all[i].Recovery)}
	}
	return weeks
}

func recoveryOf(d *dora.Durations) *recovery {
	if d == nil {
		return nil
	}
	return &recovery{d, d.Censored}
}
