package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Level is how likely or how bad something is.
type Level string

const (
	Low    Level = "low"
	Medium Level = "medium"
	High   Level = "high"
)

// Risk is something that may go wrong.
type Risk struct {
	// Name names it in the plan. It has the form of a stage's name.
	Name string `json:"name"`
	// Text says what may happen, for people.
	Text string `json:"text,omitempty"`
	// Likelihood is how likely it is, Impact how bad.
	Likelihood Level `json:"likelihood"`
	Impact     Level `json:"impact"`
	// Trigger is what shows that it has come.
	Trigger Trigger `json:"trigger,omitzero"`
	// Mitigation is what is done then.
	Mitigation Mitigation `json:"mitigation,omitzero"`
}

// Trigger is something in the events of a release. It is one of three: a stage that ends in some way, a gate that says something, or a stage
// that takes longer than it should.
type Trigger struct {
	// Stage is the stage.
	Stage string `json:"stage,omitempty"`
	// Ends are the outcomes that trigger.
	Ends []stage.Outcome `json:"ends,omitempty"`
	// Gate is the name of a gate, and Says what it says in some stage, or in Stage where that is set.
	Gate string       `json:"gate,omitempty"`
	Says gate.Outcome `json:"says,omitempty"`
	// Longer is how long the stage may take, with its waits. It triggers when the stage is under way for longer.
	Longer time.Duration `json:"longer_ns,omitempty"`
}

// Mitigation is what is done about a risk that has come. It is one of three: a signal, a stage of the pipeline, or a person or group.
type Mitigation struct {
	// Signal is sent by itself, to the stage To, or to the whole release. To approve, resume, promote, retry or withdraw is a person's decision, and
	// so is to skip a stage that asks people or gates, deploys progressively, waits for its time, or is a criterion.
	Signal stage.SignalKind `json:"signal,omitempty"`
	To     string           `json:"to,omitempty"`
	// Stage is a stage of the pipeline that runs when the trigger's stage has ended so, and otherwise not: see package enact.
	Stage string `json:"stage,omitempty"`
	// Who is told, a person or a group.
	Who string `json:"who,omitempty"`
	// Do says what is to be done.
	Do string `json:"do,omitempty"`
}

// byItself reports whether nobody has to do anything.
func (m Mitigation) byItself() bool { return m.Signal != "" || m.Stage != "" }

// forbidden says why the signal is a person's decision, given the stage that it is for; empty where a plan may send it. Nothing that a plan does
// by itself lets a release pass what holds it back: neither people who are asked, nor gates, nor calendars.
func (m Mitigation) forbidden(to *ledger.Stage) string {
	switch m.Signal {
	case stage.Approve, stage.Resume, stage.Promote, stage.Retry, stage.Withdraw:
		return fmt.Sprintf("to %s is a person's decision", m.Signal)
	case stage.SkipStage:
	default:
		return ""
	}
	if to == nil {
		return ""
	}
	for _, hold := range []struct {
		is   bool
		what string
	}{
		{slices.Contains(to.Traits, stage.Asks) || slices.Contains(to.Traits, stage.FourEyes), "asks people"},
		{len(to.Gates) > 0, "asks gates"},
		{slices.Contains(to.Traits, stage.Progressive), "goes on when gates or people say so"},
		{slices.Contains(to.Traits, stage.Holds), "waits for its time"},
		{to.Criterion != "", "is a criterion of the release"},
	} {
		if hold.is {
			return fmt.Sprintf("stage %s %s, and to %s it is a person's decision", to.Name, hold.what, m.Signal)
		}
	}
	return ""
}

// String is the trigger in words.
func (t Trigger) String() string {
	switch {
	case len(t.Ends) > 0:
		var ends []string
		for _, o := range t.Ends {
			ends = append(ends, string(o))
		}
		return t.Stage + " ends as " + strings.Join(ends, " or ")
	case t.Gate != "" && t.Stage != "":
		return fmt.Sprintf("gate %s says %s in %s", t.Gate, t.Says, t.Stage)
	case t.Gate != "":
		return fmt.Sprintf("gate %s says %s", t.Gate, t.Says)
	case t.Longer > 0:
		return fmt.Sprintf("%s takes longer than %s", t.Stage, t.Longer.Round(time.Second))
	}
	return "-"
}

// String is the mitigation in words.
func (m Mitigation) String() string {
	words := "-"
	switch {
	case m.Signal != "" && m.To != "":
		words = fmt.Sprintf("%s %s, by itself", m.Signal, m.To)
	case m.Signal != "":
		words = fmt.Sprintf("%s the release, by itself", m.Signal)
	case m.Stage != "":
		words = fmt.Sprintf("stage %s, by itself", m.Stage)
	case m.Who != "":
		words = m.Who
	}
	return strings.TrimSuffix(words+": "+m.Do, ": ")
}
