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

// Action is what is to be done, since a risk has come.
type Action struct {
	// ID is the same for one risk of one plan, however often it is told.
	ID      string `json:"id"`
	Plan    string `json:"plan"`
	Release string `json:"release"`
	Risk    string `json:"risk"`
	// At is when the trigger came, and Why what it was, in at most 4 KiB.
	At  time.Time `json:"at"`
	Why string    `json:"why"`
	// Signal is what is to be sent to the release; nil where nothing is. Its ID is that of the action.
	Signal *stage.Signal `json:"signal,omitempty"`
	// Stage is the stage of the pipeline that runs now, by itself.
	Stage string `json:"stage,omitempty"`
	// Tell are the people who are told, and Do is what they are to do.
	Tell []string `json:"tell,omitempty"`
	Do   string   `json:"do,omitempty"`
	// Refused says why the signal of the mitigation is not sent, so that people are told instead; empty where there is none, or it is sent.
	Refused string `json:"refused,omitempty"`
}

// String is the action in one line.
func (a Action) String() string {
	what := "stage " + a.Stage + " runs"
	switch {
	case a.Signal != nil:
		what = "signal " + string(a.Signal.Kind)
		if a.Signal.Stage != "" {
			what += " to " + a.Signal.Stage
		}
	case len(a.Tell) > 0:
		what = "tell " + strings.Join(a.Tell, ", ") + ": " + a.Do
	}
	return fmt.Sprintf("%s: risk %s has come (%s): %s", a.Release, a.Risk, a.Why, what)
}

// Watch follows a release by its events, and tells which risks of the plan have come. The same events give the same actions: a watch that is
// made anew after a restart knows what the one before knew. Make one with NewWatch.
type Watch struct {
	plan  Plan
	state ledger.State
	come  map[string]Action // by risk
	sent  map[string]bool   // IDs of signals that are recorded
}

// NewWatch watches a release for the risks of a plan.
func NewWatch(p Plan) *Watch {
	return &Watch{plan: p, come: make(map[string]Action), sent: make(map[string]bool)}
}

// State is where the release stands. It belongs to the watch.
func (w *Watch) State() *ledger.State { return &w.state }

// Apply takes one event further. The error is ledger.ErrBroken.
func (w *Watch) Apply(e ledger.Event) error {
	w.late(e.Time) // what was late before this event
	if err := w.state.Apply(e); err != nil {
		return fmt.Errorf("release %s: %w", w.state.Release.ID, err)
	}
	if s, ok := e.Body.(ledger.Signalled); ok {
		w.sent[s.Signal.ID] = true
	}
	for _, r := range w.plan.Risks {
		if why := w.triggered(r.Trigger, e); why != "" {
			w.comes(r, e.Time, why)
		}
	}
	return nil
}

// triggered says why an event triggers; empty where it does not.
func (w *Watch) triggered(t Trigger, e ledger.Event) string {
	st := w.state.Stage(e.Stage)
	if st == nil {
		return ""
	}
	here := t.Stage == "" || t.Stage == e.Stage || t.Stage == w.state.Node(e.Stage).Of
	if !here {
		return ""
	}
	var verdicts []gate.Verdict
	switch b := e.Body.(type) {
	case ledger.Judged:
		verdicts = []gate.Verdict{b.Verdict}
	case ledger.Ended:
		verdicts = b.Evidence
		if slices.Contains(t.Ends, st.Outcome) && (st.Over() || st.Parked != "") {
			return strings.TrimSuffix(fmt.Sprintf("stage %s ended as %s: %s", e.Stage, st.Outcome, st.Reason), ": ")
		}
	}
	for _, v := range verdicts {
		if t.Gate != "" && (v.Gate == t.Gate || strings.HasSuffix(v.Gate, "/"+t.Gate)) && v.Outcome == t.Says {
			return fmt.Sprintf("gate %s says %s: %s", v.Gate, v.Outcome, v.Reason)
		}
	}
	return ""
}

// late finds the stages that take longer than they may at a time.
func (w *Watch) late(now time.Time) {
	for _, r := range w.plan.Risks {
		if at, there := w.due(r.Trigger); there && !at.After(now) {
			w.comes(r, at, fmt.Sprintf("stage %s takes longer than %s", r.Trigger.Stage, r.Trigger.Longer))
		}
	}
}

// due is when a stage that is under way will have taken too long.
func (w *Watch) due(t Trigger) (time.Time, bool) {
	st := w.state.Stage(t.Stage)
	if t.Longer <= 0 || st == nil || st.Over() {
		return time.Time{}, false
	}
	started := st.Started
	if st.Expanded { // it does not run itself: it is under way since the first of those that were made of it
		for i := range w.state.Stages {
			of := &w.state.Stages[i]
			if w.state.Pipeline.Stages[i].Of == t.Stage && !of.Started.IsZero() && (started.IsZero() || of.Started.Before(started)) {
				started = of.Started
			}
		}
	}
	if started.IsZero() {
		return time.Time{}, false
	}
	return started.Add(t.Longer), true
}

// comes notes that a risk has come, once.
func (w *Watch) comes(r Risk, at time.Time, why string) {
	if _, already := w.come[r.Name]; already || w.state.Over() {
		return
	}
	m := r.Mitigation
	a := Action{
		ID: "risk:" + w.plan.Name + "/" + r.Name, Plan: w.plan.Name, Release: w.state.Release.ID, Risk: r.Name,
		At: at.UTC(), Why: brief(why), Stage: m.Stage, Do: m.Do,
	}
	if m.Signal != "" {
		a.Signal = &stage.Signal{ID: a.ID, Kind: m.Signal, Stage: m.To, By: "plan " + w.plan.Name, Why: "risk " + r.Name + ": " + a.Why}
		to := w.state.Node(m.To)
		why := m.forbidden(to)
		if to == nil && m.Signal == stage.SkipStage {
			why = fmt.Sprintf("the release has no stage %q", m.To)
		}
		if why != "" {
			a = w.Refuse(a, why)
		}
	}
	if g := w.plan.group(m.Who); g != nil {
		a.Tell = slices.Clone(g.People)
	} else if m.Who != "" {
		a.Tell = []string{m.Who}
	}
	w.come[r.Name] = a
}

// Refuse is what is done in place of an action whose signal was refused: whoever decides to go back, or else the owner, is told that nobody does
// it by itself. It has an ID of its own.
func (w *Watch) Refuse(a Action, why string) Action {
	who := w.plan.Rollback.Decides
	if who == "" {
		who = w.plan.Owner
	}
	what := string(a.Signal.Kind)
	if a.Signal.Stage != "" {
		what += " " + a.Signal.Stage
	}
	a.ID, a.Refused, a.Signal = a.ID+"/refused", brief(why), nil
	a.Do = strings.TrimSuffix(fmt.Sprintf("decide: to %s was refused (%s), and nothing is done by itself: %s", what, a.Refused, a.Do), ": ")
	if who != "" {
		a.Tell = []string{who}
	}
	return a
}

// Come are the actions of all risks that have come by a time, in the order of the plan.
func (w *Watch) Come(now time.Time) []Action {
	if !w.state.Over() {
		w.late(now)
	}
	var all []Action
	for _, r := range w.plan.Risks {
		if a, has := w.come[r.Name]; has {
			all = append(all, a)
		}
	}
	return all
}

// Due are those of Come that somebody outside has to do: signals that are not recorded yet, while the release is not over, and people to be
// told. Whoever is told is so at least once: after a restart again, under the same ID.
func (w *Watch) Due(now time.Time) []Action {
	return slices.DeleteFunc(w.Come(now), func(a Action) bool {
		return a.Stage != "" || a.Signal != nil && (w.sent[a.ID] || w.state.Over())
	})
}

// Wake is when to ask again though no event has come; zero: there is no such time.
func (w *Watch) Wake() time.Time {
	var first time.Time
	for _, r := range w.plan.Risks {
		if _, has := w.come[r.Name]; has || w.state.Over() {
			continue
		}
		if at, there := w.due(r.Trigger); there && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
