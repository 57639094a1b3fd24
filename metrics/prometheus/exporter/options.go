package exporter

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Options set a Collector up. The zero value is ready to use.
type Options struct {
	// Namespace is the first word of all names. Default: "davit".
	Namespace string
	// Labels are constant labels of all metrics. Nil: none.
	Labels map[string]string
	// Deploys says which stages are deployments, beside those that have moved a rollout, as package stage/deploy does:
	// stages that run a command, for example. Nil: none.
	Deploys func(s ledger.Stage) bool
	// Committed are the times at which the commits of a release were made, for their lead time. Nil: those that the
	// release's stages have recorded, as package stage/version does.
	Committed func(r stage.Release) []time.Time
	// Durations are the bounds of the histograms of releases, stages and rollouts, Deliveries those of lead times
	// and of times to restore; both in seconds, ascending. Default: a second to a day, and a minute to 30 days.
	Durations, Deliveries []float64
	// MaxValues is how many values a label has before all further ones are "other". Default: 200.
	MaxValues int
}

var word = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (o Options) withDefaults() Options {
	o.Namespace = cmp.Or(o.Namespace, "davit")
	o.MaxValues = cmp.Or(o.MaxValues, 200)
	if len(o.Durations) == 0 {
		o.Durations = []float64{1, 5, 15, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600}
	}
	if len(o.Deliveries) == 0 {
		const day = 24 * 3600
		o.Deliveries = []float64{60, 300, 900, 3600, 4 * 3600, 12 * 3600, day, 3 * day, 7 * day, 14 * day, 30 * day}
	}
	return o
}

// Validate reports everything that is wrong with the options, each problem with its field.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs *multierror.Error
	bad := func(format string, args ...any) {
		errs = multierror.Append(errs, fmt.Errorf("Options."+format, args...))
	}
	if !word.MatchString(o.Namespace) {
		bad("Namespace: %q is no word of letters, digits and _", o.Namespace)
	}
	own := []string{"service", "pipeline", "stage", "environment", "gate", "outcome", "kind", "role", "cause", "le"}
	for name := range o.Labels {
		if !word.MatchString(name) || len(name) > 1 && name[:2] == "__" {
			bad("Labels: %q is not the name of a label", name)
		}
		if slices.Contains(own, name) {
			bad("Labels: %q is a label of the metrics themselves", name)
		}
	}
	for _, h := range []struct {
		field  string
		bounds []float64
	}{{"Durations", o.Durations}, {"Deliveries", o.Deliveries}} {
		for i, b := range h.bounds {
			if !(b > 0) || i > 0 && !(b > h.bounds[i-1]) {
				bad("%s[%d]: %v is not above zero and all before it", h.field, i, b)
			}
		}
	}
	if o.MaxValues < 1 {
		bad("MaxValues: %d is below 1", o.MaxValues)
	}
	return errs.ErrorOrNil()
}

// series are all metrics.
type series struct {
	begun, ended, takeovers, interruptions *prometheus.CounterVec
	underWay                               *prometheus.GaugeVec
	release                                *prometheus.HistogramVec

	stages, retries, undos *prometheus.CounterVec
	stage                  *prometheus.HistogramVec
	waited                 *prometheus.CounterVec
	waiting                *prometheus.GaugeVec

	verdicts, unanswered *prometheus.CounterVec

	rollouts, rolloutEvents, rollbacks *prometheus.CounterVec
	rollout                            *prometheus.HistogramVec
	rolling, step, steps               *prometheus.GaugeVec
	share, replicas, available         *prometheus.GaugeVec
	deployments                        *prometheus.CounterVec
	lead, restore                      *prometheus.HistogramVec
	deployed                           *prometheus.GaugeVec
	all                                []prometheus.Collector
}

func newSeries(o Options) *series {
	s := &series{}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: o.Namespace, Name: name, Help: help, ConstLabels: o.Labels}, labels)
		s.all = append(s.all, v)
		return v
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: o.Namespace, Name: name, Help: help, ConstLabels: o.Labels}, labels)
		s.all = append(s.all, v)
		return v
	}
	histogram := func(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: o.Namespace, Name: name, Help: help, ConstLabels: o.Labels, Buckets: bounds}, labels)
		s.all = append(s.all, v)
		return v
	}
	s.begun = counter("releases_begun_total", "Releases that were begun.", "service", "pipeline")
	s.ended = counter("releases_ended_total", "Releases that are over, by outcome.", "service", "pipeline", "outcome")
	s.underWay = gauge("releases_under_way", "Releases that are not over.", "service", "pipeline")
	s.release = histogram("release_duration_seconds", "How long releases took, from their request to their end.", o.Durations, "service", "pipeline", "outcome")
	s.takeovers = counter("release_takeovers_total", "How often another host took a release over.", "service", "pipeline")
	s.interruptions = counter("release_interruptions_total", "How often a host that stopped interrupted a release.", "service", "pipeline")

	s.stages = counter("stages_ended_total", "Stages that are over, by outcome.", "service", "pipeline", "stage", "environment", "outcome")
	s.stage = histogram("stage_duration_seconds", "How long stages took, from their first attempt to their end, with all that they waited for.", o.Durations, "service", "pipeline", "stage", "outcome")
	s.retries = counter("stage_retries_total", "Attempts of stages that followed a failed one.", "service", "pipeline", "stage")
	s.undos = counter("stage_undos_total", "Stages that were undone, by how that ended.", "service", "pipeline", "stage", "outcome")
	s.waited = counter("people_wait_seconds_total", "Time for which people were waited for, once they have answered, by what for: approval (a stage that listens), parked (a stage that failed), paused (a release or a rollout), decision (a question of a rollout).", "service", "environment", "cause")
	s.waiting = gauge("people_waited_for", "How many answers of people are waited for now, by what for.", "service", "environment", "cause")

	s.verdicts = counter("gate_verdicts_total", "Verdicts of gates, by outcome.", "service", "environment", "gate", "outcome")
	s.unanswered = counter("gate_unanswered_total", "Verdicts of gates that had nothing to judge by: down (nobody could be asked), no_data.", "service", "environment", "gate", "cause")

	s.rollouts = counter("rollouts_ended_total", "Rollouts that ended, by outcome; an interrupted one goes on.", "service", "environment", "outcome")
	s.rollout = histogram("rollout_duration_seconds", "How long rollouts took, from their first step to their end.", o.Durations, "service", "environment", "outcome")
	s.rolloutEvents = counter("rollout_events_total", "What happened in rollouts, by kind: step_done, degraded, drifted, instance_failed, and all others.", "service", "environment", "kind")
	s.rollbacks = counter("rollbacks_total", "How often a rollout turned back.", "service", "environment")
	s.rolling = gauge("rollouts_under_way", "Rollouts that move or hold something now.", "service", "environment")
	s.step = gauge("rollout_step", "The step at which the last rollout is, or was, from 1; on the way back that of the way back.", "service", "environment")
	s.steps = gauge("rollout_steps", "How many steps the last rollout has, or its way back.", "service", "environment")
	s.share = gauge("rollout_share_ratio", "The part of the traffic that a role is meant to get, from 0 to 1.", "service", "environment", "role")
	s.replicas = gauge("rollout_replicas", "How many instances a role is meant to have.", "service", "environment", "role")
	s.available = gauge("rollout_available_replicas", "How many instances of a role were available when they were looked at last.", "service", "environment", "role")

	s.deployments = counter("deployments_total", "Deployments that reached an environment (succeeded), those that were taken back or stuck (failed), and those that had succeeded and were undone later on (undone, beside succeeded).", "service", "environment", "outcome")
	s.deployed = gauge("last_deployment_timestamp_seconds", "When the last deployment succeeded, in seconds since 1970.", "service", "environment")
	s.lead = histogram("lead_time_seconds", "From a commit to its deployment, for each commit.", o.Deliveries, "service", "environment")
	s.restore = histogram("time_to_restore_seconds", "From when a deployment was seen to do harm until the service was as before, or deployed anew.", o.Deliveries, "service", "environment")
	return s
}
