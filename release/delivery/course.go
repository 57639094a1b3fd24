package delivery

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/stage/version"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// course is how far a release was read.
type course struct {
	seq  uint64
	told uint64 // events up to here were told by another feed
	over bool

	state   *ledger.State
	stages  map[string]*stint
	changes []dora.Change
}

// stint is what is known of a stage beside its state.
type stint struct {
	moved   bool             // a rollout was begun, and moved something
	rolls   bool             // a rollout was begun
	rolled  bool             // one was, in an attempt before: a stage that moves rollouts moved nothing without one
	harmed  time.Time        // when it turned back
	outcome rollout.Outcome  // of the rollout as a whole
	lives   *dora.Deployment // that may be undone
	tries   int              // of the undo, that were told
	told    int              // the attempt that was told last
	held    *fact            // an attempt that failed, of which a person says whether it is the last one
}

// fact is a deployment that was found, with what it means for others at its place.
type fact struct {
	place      place
	deployment dora.Deployment
	changes    []dora.Change
	heals      bool // all that was broken there, but not beside it
	// broken is the deployment that does harm from then on, and is not taken back; empty: none does.
	broken string
}

// beside reports whether an incident is of another target of the same deployment: that one of them succeeds does not mend another one.
func (f fact) beside(incident dora.Incident) bool {
	group := f.deployment.Group
	return group != "" && slices.ContainsFunc(incident.CausedBy, func(id string) bool { return strings.HasPrefix(id, group+".") })
}

// apply reads an event, and finds what it tells.
func (r *course) apply(e ledger.Event, o Options) ([]fact, error) {
	if r.state == nil {
		r.state, r.stages = new(ledger.State), map[string]*stint{}
	}
	if err := r.state.Apply(e); err != nil {
		return nil, err
	}
	r.seq = e.Seq
	var facts []fact
	switch b := e.Body.(type) {
	case ledger.Requested:
		if o.Changes != nil {
			r.changes = o.Changes(b.Release)
		}
	case ledger.Noted:
		r.noted(b, e.Stage, o)
	case ledger.Began:
		if t := r.stint(e.Stage); t.held != nil {
			facts, t.held = []fact{*t.held}, nil
		}
	case ledger.Ended:
		facts = r.ended(e, b, o)
	case ledger.UndoEnded:
		facts = r.undone(e, b)
	case ledger.Finished:
		r.over, r.state, r.stages, r.changes = true, nil, nil, nil
	}
	if e.Seq <= r.told {
		return nil, nil
	}
	return facts, nil
}

func (r *course) stint(name string) *stint {
	t := r.stages[name]
	if t == nil {
		t = &stint{}
		r.stages[name] = t
	}
	return t
}

// noted reads what stages show of themselves. A detail that is something else says nothing.
func (r *course) noted(b ledger.Noted, name string, o Options) {
	switch b.Name {
	case deploy.DetailEvent:
		var e rollout.Event
		if json.Unmarshal(b.Data, &e) != nil || e.Kind == "" {
			return
		}
		t := r.stint(name)
		t.rolls = true
		switch {
		case e.Kind == rollout.StepStarted:
			t.moved = true
		case (e.Kind == rollout.GoingBack || e.Kind == rollout.WaveStopped) && t.harmed.IsZero():
			t.harmed = e.At
		case e.Kind == rollout.Ended && e.Region == "":
			t.outcome = e.Outcome
		}
	case version.DetailDecision:
		if o.Changes != nil {
			return
		}
		if changes, ok := decided(b); ok {
			r.changes = changes
		}
	}
}

// decided are the changes of a release, as the stage that decided on its version has shown them; false: this shows something else.
func decided(b ledger.Noted) ([]dora.Change, bool) {
	var d changelog.Decision
	if b.Name != version.DetailDecision || json.Unmarshal(b.Data, &d) != nil {
		return nil, false
	}
	var changes []dora.Change
	for _, lead := range d.Leads() {
		if lead.Commit != "" && !lead.Committed.IsZero() {
			changes = append(changes, dora.Change{ID: lead.Commit, Time: lead.Committed})
		}
	}
	return changes, true
}

// ended finds out whether a stage that ended an attempt was a deployment.
func (r *course) ended(e ledger.Event, b ledger.Ended, o Options) []fact {
	st, node, t := r.state.Stage(e.Stage), r.state.Node(e.Stage), r.stint(e.Stage)
	deploys := t.rolls || !t.rolled && o.Deploys != nil && o.Deploys(*node)
	if e.Attempt == 0 || e.Attempt == t.told || st.Expanded || !deploys {
		return nil
	}
	t.held = nil
	is := r.fact(e, node, o)
	if is.deployment.Started = st.Began; st.Over() {
		is.deployment.Started = st.Started
	}
	reached := t.moved || !t.rolls
	switch b.Outcome {
	case stage.Succeeded:
		if reached {
			t.lives = &is.deployment
			is.deployment.Changes, is.changes, is.heals = ids(r.changes), r.changes, true
			return []fact{is}
		}
		return nil // it runs there already
	case stage.RolledBack, stage.Aborted, stage.Failed, stage.Stranded:
		if reached && (st.Over() || b.Outcome == stage.RolledBack) {
			restored := b.Outcome == stage.RolledBack || b.Outcome == stage.Aborted && t.outcome == rollout.RolledBack
			facts := r.harmed(is, t, restored)
			*t = stint{told: e.Attempt, rolled: t.rolls || t.rolled}
			return facts
		}
		is.deployment.Status = dora.Failure
		if st.Parked != "" {
			t.held = &is
			return nil
		}
		return []fact{is}
	}
	return nil
}

// harmed are a deployment that did harm, and the way back of it, where all was as before then.
func (r *course) harmed(is fact, t *stint, restored bool) []fact {
	way := fact{place: is.place, deployment: is.deployment}
	if !t.harmed.IsZero() {
		is.deployment.Time = t.harmed
	}
	if !restored {
		is.broken = is.deployment.ID
		return []fact{is}
	}
	takesBack(&way.deployment, is.deployment, "/back")
	way.deployment.Started = is.deployment.Time
	return []fact{is, way}
}

// undone is what an attempt to undo a deployment came to.
func (r *course) undone(e ledger.Event, b ledger.UndoEnded) []fact {
	st, node, t := r.state.Stage(e.Stage), r.state.Node(e.Stage), r.stint(e.Stage)
	if t.lives == nil || b.Outcome == stage.Interrupted {
		return nil
	}
	is := r.fact(e, node, Options{})
	takesBack(&is.deployment, *t.lives, "/undo")
	if t.tries++; t.tries > 1 {
		is.deployment.ID = fmt.Sprintf("%s#%d", is.deployment.ID, t.tries)
	}
	is.deployment.Started = st.Undo.Began
	if b.Outcome == stage.Succeeded {
		t.lives = nil
		return []fact{is}
	}
	is.deployment.Status = dora.Failure
	if st.Undo.Over() {
		is.broken, t.lives = t.lives.ID, nil
	}
	return []fact{is}
}

// takesBack makes the way back of a deployment. The ways back of one group are a group of their own: with what they take back
// they would be one deployment, which fixes itself.
func takesBack(way *dora.Deployment, of dora.Deployment, how string) {
	way.ID = of.ID + how
	way.Kind, way.Version, way.Fixes = dora.KindRollback, "", []string{of.ID}
	if way.Group = ""; of.Group != "" {
		way.Group = of.Group + how
	}
}

// fact is a deployment by that stage that ended with the event.
func (r *course) fact(e ledger.Event, node *ledger.Stage, o Options) fact {
	release := r.state.Release
	d := dora.Deployment{ID: release.ID + "/" + e.Stage, Service: release.Service, Environment: node.Environment, Time: e.Time}
	if e.Attempt > 1 {
		d.ID = fmt.Sprintf("%s#%d", d.ID, e.Attempt)
	}
	if o.Kind != nil {
		d.Kind = o.Kind(release)
	}
	if raw, ok := r.state.ValueFor(e.Stage, stage.Version.String()); ok {
		_ = json.Unmarshal(raw, &d.Version) // what is no text is no version
	}
	if node.Of != "" {
		d.Group = release.ID + "/" + node.Of
	}
	return fact{place: place{release.Service, node.Environment}, deployment: d}
}

func ids(changes []dora.Change) []string {
	var all []string
	for _, c := range changes {
		all = append(all, c.ID)
	}
	return all
}
