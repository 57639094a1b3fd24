package practice

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/maturity"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/deploy"
)

// course is one release, as far as it was read.
type course struct {
	o        Options
	told     sorted
	state    *ledger.State
	release  maturity.Release
	stages   map[string]*stint
	attempts map[string]attempt // to deploy, by the ids of package delivery
}

// attempt is what package delivery does not tell of a deployment.
type attempt struct {
	name       string
	strategies []maturity.Strategy
	digest     string
	means      maturity.Means
	by         []string
}

// stint is what is known of a stage beside its state.
type stint struct {
	strategies []maturity.Strategy
	first      bool // nothing ran before
	asked      map[string]time.Time
	heard      []stage.Signal
	ignored    map[string]bool // signals that did not count
	waited     bool
	parked     time.Time
	gates      []*answers
}

// answers are those of one gate.
type answers struct {
	gate    string
	refused bool // it is the last word
	last    gate.Outcome
	at      time.Time
	seq     uint64
}

func (c *course) stint(name string) *stint {
	t := c.stages[name]
	if t == nil {
		t = &stint{asked: map[string]time.Time{}, ignored: map[string]bool{}}
		c.stages[name] = t
	}
	return t
}

// apply reads an event.
func (c *course) apply(e ledger.Event) error {
	if err := c.state.Apply(e); err != nil {
		return err
	}
	switch b := e.Body.(type) {
	case ledger.Requested:
		c.attempts = map[string]attempt{}
		c.release = maturity.Release{ID: b.Release.ID, Service: b.Release.Service, By: b.Release.RequestedBy, Began: e.Time, Whole: true}
	case ledger.Noted:
		c.noted(e, b)
	case ledger.Judged:
		c.judged(e, b.Verdict)
	case ledger.Began:
		c.began(e)
	case ledger.Ended:
		c.ended(e, b)
	case ledger.Parked:
		c.stint(e.Stage).parked = e.Time
	case ledger.Signalled:
		c.signalled(e, b.Signal)
	}
	return nil
}

// id is that of a step which the event ends.
func (c *course) id(e ledger.Event) string {
	return fmt.Sprintf("%s/%s@%d", c.release.ID, e.Stage, e.Seq)
}

// add adds a step that the event ends.
func (c *course) add(e ledger.Event, s maturity.Step) {
	s.ID, s.Name, s.To = c.id(e), e.Stage, e.Time
	if s.From.After(s.To) { // clocks of hosts differ
		s.From = time.Time{}
	}
	if node := c.state.Node(e.Stage); node != nil {
		s.Environment = node.Environment
	}
	c.release.Steps = append(c.release.Steps, s)
}

func (c *course) noted(e ledger.Event, b ledger.Noted) {
	switch b.Name {
	case deploy.DetailPlan:
		c.stint(e.Stage).planned(b.Data)
	case deploy.DetailEvent:
		c.rolled(e, b.Data)
	case approval.DetailIgnored:
		var is approval.Ignored
		if json.Unmarshal(b.Data, &is) == nil {
			c.stint(e.Stage).ignored[is.Signal] = true
		}
	}
}

// judged notes the answer of a gate.
func (c *course) judged(e ledger.Event, v gate.Verdict) {
	if v.Muted != "" || v.Gate == "" {
		return
	}
	t := c.stint(e.Stage)
	i := slices.IndexFunc(t.gates, func(a *answers) bool { return a.gate == v.Gate })
	if i < 0 {
		i, t.gates = len(t.gates), append(t.gates, &answers{gate: v.Gate})
	}
	a := t.gates[i]
	if !a.refused {
		a.last, a.at, a.seq, a.refused = v.Outcome, e.Time, e.Seq, v.Outcome == gate.Fail
	}
}

// close tells of the gates of an attempt that is over.
func (c *course) close(e ledger.Event, t *stint) {
	for _, a := range t.gates {
		s := maturity.Step{ID: fmt.Sprintf("%s/%s@%d", c.release.ID, e.Stage, a.seq), Name: a.gate, Kind: maturity.KindGate, To: a.at, Outcome: maturity.Failed}
		switch a.last {
		case gate.Pass:
			s.Outcome = maturity.Done
		case gate.Fail:
			s.Outcome = maturity.Refused
		}
		if node := c.state.Node(e.Stage); node != nil {
			s.Environment = node.Environment
		}
		c.release.Steps = append(c.release.Steps, s)
	}
	t.gates = nil
}

func (c *course) began(e ledger.Event) { c.stint(e.Stage).parked = time.Time{} }

// ended tells what a stage was that ended an attempt.
func (c *course) ended(e ledger.Event, b ledger.Ended) {
	st, node, t := c.state.Stage(e.Stage), c.state.Node(e.Stage), c.stint(e.Stage)
	if e.Attempt == 0 || st.Expanded || st.Copied {
		return
	}
	if b.Outcome == stage.Waiting {
		t.waited = true
		return
	}
	if b.Outcome == stage.Interrupted {
		return
	}
	if b.Parked != "" {
		t.parked = e.Time
	}
	c.close(e, t)
	c.attempted(e, node, t)
	switch {
	case c.o.Manual != nil && c.o.Manual(*node): // what it asks for is the deployment
	case asks(node):
		c.approved(e, st, b, t)
	case c.o.Kind != nil && st.Over():
		if kind := c.o.Kind(*node); kind != "" && kind != maturity.KindOther {
			c.add(e, maturity.Step{Kind: kind, From: st.Started, Outcome: done(b.Outcome)})
		}
	}
	c.stages[e.Stage] = &stint{asked: map[string]time.Time{}, ignored: t.ignored, parked: t.parked}
}

func done(o stage.Outcome) maturity.Outcome {
	if o == stage.Succeeded {
		return maturity.Done
	}
	return maturity.Failed
}

// attempted keeps what is known of an attempt, in case that it was one to deploy.
func (c *course) attempted(e ledger.Event, node *ledger.Stage, t *stint) {
	id := c.release.ID + "/" + e.Stage
	if e.Attempt > 1 {
		id = fmt.Sprintf("%s#%d", id, e.Attempt)
	}
	is := attempt{name: e.Stage, strategies: t.strategies}
	if is.strategies == nil && !t.first && c.o.Strategies != nil {
		is.strategies = c.o.Strategies(*node)
	}
	if slices.ContainsFunc(node.Reads, func(r stage.Ref) bool { return r.Name == stage.Built.String() }) {
		var built stage.Artifact
		if raw, ok := c.state.ValueFor(e.Stage, stage.Built.String()); ok && json.Unmarshal(raw, &built) == nil {
			is.digest = built.Digest
		}
	}
	if is.means = maturity.Machine; c.o.Manual != nil && c.o.Manual(*node) {
		is.means, is.by = maturity.Hand, t.hands()
	}
	c.attempts[id] = is
}
