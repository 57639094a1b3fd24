package practice

import (
	"encoding/json"
	"strings"

	"github.com/davit-sdk/davit/metrics/maturity"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// strategies are the names that plans have, and what they mean.
var strategies = map[string]maturity.Strategy{
	"Rolling": maturity.Rolling, "BlueGreen": maturity.BlueGreen, "Canary": maturity.Canary, "Waves": maturity.Waves, "Native": maturity.Native, "Recreate": maturity.Recreate,
}

// planned reads the strategies out of a plan that was recorded as a table: its first line, and in that of waves the first line of each region's plan.
// Where nothing ran before, there was nothing to replace, by whatever strategy.
func (t *stint) planned(data json.RawMessage) {
	var table string
	if json.Unmarshal(data, &table) != nil {
		return
	}
	t.strategies = nil
	waves := strings.HasPrefix(table, "Waves: ")
	for line := range strings.Lines(table) {
		name, rest, _ := strings.Cut(line, ": ")
		is, known := strategies[name]
		if !known || is != maturity.Waves && !strings.Contains(rest, " -> ") {
			if !waves {
				break // the first line says it
			}
			continue
		}
		if strings.HasPrefix(rest, "none -> ") {
			t.first = true
			continue
		}
		t.strategies = append(t.strategies, is)
	}
	t.strategies = each(t.strategies)
}

// each are the strategies, each once.
func each(all []maturity.Strategy) []maturity.Strategy {
	var once []maturity.Strategy
	seen := map[maturity.Strategy]bool{}
	for _, s := range all {
		if !seen[s] {
			seen[s], once = true, append(once, s)
		}
	}
	return once
}

// rolled reads an event of a rollout: how long it waited for an answer.
func (c *course) rolled(e ledger.Event, data json.RawMessage) {
	var is rollout.Event
	if json.Unmarshal(data, &is) != nil || is.Kind == "" {
		return
	}
	if st := c.state.Stage(e.Stage); st == nil || st.Undo != nil {
		return
	}
	t := c.stint(e.Stage)
	switch is.Kind {
	case rollout.Asked:
		if t.asked[is.Region].IsZero() { // it is told again after a restart of the host
			t.asked[is.Region] = is.At
		}
	case rollout.Answered:
		c.answered(e, t, is, maturity.Done)
	case rollout.GoingBack, rollout.WaveStopped, rollout.Ended:
		c.answered(e, t, is, maturity.Refused)
	}
}

// answered tells of a question that is over. Nobody has answered where the gates did, or a deadline.
func (c *course) answered(e ledger.Event, t *stint, is rollout.Event, outcome maturity.Outcome) {
	asked := t.asked[is.Region]
	if asked.IsZero() || is.Kind == rollout.Ended && is.Outcome == rollout.Interrupted {
		return
	}
	delete(t.asked, is.Region)
	s := maturity.Step{Kind: maturity.KindApproval, From: asked, Outcome: outcome}
	if is.By != "" && is.By != "deadline" {
		s.By = []string{is.By}
	} else {
		s.Outcome = maturity.Failed
	}
	c.add(e, s)
}
