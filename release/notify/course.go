package notify

import (
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// course is a release as far as it was read: the fold of its events, and what notifications need beside that.
type course struct {
	deploys  func(ledger.Stage) bool
	severity func(Occurrence) Severity

	state        *ledger.State
	environments []string
	areas        map[string][]string // of stages that name no environment: those of the stages behind them
	version      string              // as of the values at that sequence number
	previous     string
	artifact     *stage.Artifact
	asks         map[string]*ask // by stage, and region of a rollout
	moved        map[string]bool // stages with a rollout: whether it moved anything
	waiting      map[string]bool // stages of which a wait was told
	verdicts     map[[2]string]gate.Outcome
}

// askKey tells the questions of a release apart.
func askKey(stage, region string) string {
	if region == "" {
		return stage
	}
	return stage + "/" + region
}

// ask is a question to people that is open.
type ask struct {
	occurrence Occurrence
	rollout    bool        // it is a rollout that asks, while its stage runs
	answers    []time.Time // when somebody said something about it
}

func newCourse(deploys func(ledger.Stage) bool, severity func(Occurrence) Severity) *course {
	return &course{
		deploys: deploys, severity: severity, state: new(ledger.State),
		asks: map[string]*ask{}, moved: map[string]bool{}, waiting: map[string]bool{}, verdicts: map[[2]string]gate.Outcome{},
	}
}

// apply takes in the next event, and says what happened by it, if that is anything to tell people.
func (c *course) apply(e ledger.Event) (Occurrence, bool, error) {
	var was ledger.StageState
	if st := c.state.Stage(e.Stage); st != nil {
		was = *st
	}
	if err := c.state.Apply(e); err != nil {
		return Occurrence{}, false, err
	}
	switch b := e.Body.(type) {
	case ledger.Requested:
		for _, s := range b.Pipeline.Stages {
			if s.Environment != "" && !slices.Contains(c.environments, s.Environment) {
				c.environments = append(c.environments, s.Environment)
			}
		}
		c.areas = areas(b.Pipeline.Stages)
		c.values()
	case ledger.Wrote, ledger.Copied:
		c.values()
	}
	o := c.blank(e)
	if !c.tell(&o, e, was) {
		return Occurrence{}, false, nil
	}
	c.judge(&o)
	if a := c.asks[askKey(o.Stage, o.Region)]; o.Kind.Asks() && a != nil {
		a.occurrence = o
	}
	return o, true, nil
}

// areas are the environments of the stages behind each stage, in the order of the pipeline: those that need it, and those that need these.
func areas(stages []ledger.Stage) map[string][]string {
	needs := make(map[string][]string, len(stages))
	for _, s := range stages {
		needs[s.Name] = s.Needs
	}
	all := map[string][]string{}
	for _, s := range stages {
		if s.Environment == "" {
			continue
		}
		seen := map[string]bool{}
		for before := slices.Clone(s.Needs); len(before) > 0; {
			name := before[0]
			before = before[1:]
			if seen[name] {
				continue
			}
			seen[name] = true
			if !slices.Contains(all[name], s.Environment) {
				all[name] = append(all[name], s.Environment)
			}
			before = append(before, needs[name]...)
		}
	}
	return all
}

// judge gives the occurrence its severity.
func (c *course) judge(o *Occurrence) {
	o.Severity = o.Kind.Severity()
	if c.severity != nil {
		o.Severity = min(max(c.severity(*o), Info), Urgent)
	}
}

// values reads what stages have handed on. What does not fit is not shown.
func (c *course) values() {
	c.version, _ = ledger.Value(c.state, stage.Version)
	c.previous, _ = ledger.Value(c.state, stage.Previous)
	if built, err := ledger.Value(c.state, stage.Built); err == nil {
		c.artifact = &built
	}
}

// blank is an occurrence with all that is known without its kind.
func (c *course) blank(e ledger.Event) Occurrence {
	o := Occurrence{
		Seq: e.Seq, Time: e.Time.UTC(), Release: c.state.Release, Pipeline: c.state.Pipeline.Name, Stage: e.Stage, Attempt: e.Attempt, By: e.By(),
		Version: c.version, Previous: c.previous, Artifact: c.artifact,
	}
	if s, ok := e.Body.(ledger.Signalled); ok {
		o.Stage = s.Signal.Stage
	}
	if o.Stage == "" {
		o.Environments = c.environments
		return o
	}
	if node := c.state.Node(o.Stage); node != nil {
		if o.Environment = node.Environment; o.Environment == "" {
			o.Environments = c.areas[node.Name]
			if node.Of != "" && len(o.Environments) == 0 {
				o.Environments = c.areas[node.Of]
			}
			if len(o.Environments) == 0 {
				o.Environments = c.environments
			}
		}
		moved, rolls := c.moved[o.Stage]
		o.Deploys = moved || !rolls && slices.Contains(node.Traits, stage.Deploys) || c.deploys != nil && c.deploys(*node)
	}
	return o
}
