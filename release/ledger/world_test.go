package ledger_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// world is a release in a script.
type world struct {
	t        *testing.T
	pipeline ledger.Pipeline
	state    *ledger.State
	events   []ledger.Event
	now      time.Time
	out      strings.Builder
	signals  int
	deaf     bool // the stage that ends has taken none of its signals
}

var epoch = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func (w *world) say(format string, args ...any) { fmt.Fprintf(&w.out, "    "+format+"\n", args...) }

func (w *world) request(words []string) {
	inputs := make(map[string]json.RawMessage)
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		inputs[key] = json.RawMessage(value)
	}
	w.append("", ledger.Requested{
		Release:  stage.Release{ID: "r1", Service: "shop", RequestedBy: "ada", RequestedAt: w.now},
		Pipeline: w.pipeline, Inputs: inputs, Host: "a",
	})
}

// end ends a running stage, which has dealt with all of its signals.
func (w *world) end(name string, e ledger.Ended) {
	st := w.state.Stage(name)
	require.NotNil(w.t, st, "there is no stage %s", name)
	if !w.deaf {
		e.Heard = len(st.Inbox)
	}
	said := e.Outcome
	e = w.state.Settle(name, e, w.now)
	if !w.append(name, e) {
		return
	}
	if e.Outcome != said {
		w.say("%s counts as %s%s", name, e.Outcome, because(e.By, e.Reason))
	}
	w.follows(name, e)
}

// follows says what becomes of a stage that is not over with its end.
func (w *world) follows(name string, e ledger.Ended) {
	if !e.RetryAt.IsZero() {
		w.say("%s is tried again after %s", name, e.RetryAt.Sub(w.now))
	}
	if e.Parked != "" {
		w.say("%s waits for a person: %s", name, e.Parked)
	}
}

func (w *world) endUndo(name string, e ledger.UndoEnded) {
	e = w.state.SettleUndo(name, e, w.now)
	if w.append(name, e) && !e.RetryAt.IsZero() {
		w.say("%s is undone again after %s", name, e.RetryAt.Sub(w.now))
	}
}

func (w *world) obey(name string) {
	for _, c := range ledger.Decide(w.state, w.now).Cancel {
		switch {
		case c.Stage != name:
		case w.state.Stage(name).Running():
			w.end(name, ledger.EndOf(c.Cause, c.Cause))
		default:
			w.endUndo(name, ledger.EndOfUndo(c.Cause, c.Cause))
		}
	}
}

func (w *world) signal(parts []string, why string) {
	w.signals++
	sig := stage.Signal{ID: fmt.Sprintf("s%d", w.signals), Kind: stage.SignalKind(parts[2]), By: parts[0], Why: why, At: w.now}
	if len(parts) == 5 {
		sig.Stage = parts[4]
	}
	if _, err := w.state.Accept(sig); err != nil {
		w.say("refused: %v", err)
		return
	}
	w.append("", ledger.Signalled{Signal: sig})
}

// append appends an event, at the time of the host's clock, but not before that of the last event.
func (w *world) append(name string, b ledger.Body) bool {
	e := ledger.Event{Seq: w.state.Seq + 1, Time: w.now, Stage: name, Body: b}
	if e.Time.Before(w.state.Last) {
		e.Time = w.state.Last
	}
	if st := w.state.Stage(name); st != nil {
		if e.Attempt = st.Attempt; st.Undo.Running() {
			e.Attempt = st.Undo.Attempt
		}
	}
	if err := w.state.Apply(e); err != nil {
		w.say("refused: %v", err)
		return false
	}
	w.events = append(w.events, e)
	return true
}

// decide takes decisions until there is nothing to append.
func (w *world) decide() {
	for {
		d := ledger.Decide(w.state, w.now)
		for _, e := range d.Append {
			require.NoError(w.t, w.state.Apply(e))
			w.events = append(w.events, e)
			w.tell(e)
		}
		if len(d.Append) > 0 {
			continue
		}
		for _, c := range d.Cancel {
			w.say("%s is to end: %v", c.Stage, c.Cause)
		}
		if !d.Wake.IsZero() {
			w.say("decide again after %s", d.Wake.Sub(w.now))
		}
		if w.state.Idle() && !w.state.Over() {
			w.say("nothing runs any more")
		}
		return
	}
}

// tell says what was decided.
func (w *world) tell(e ledger.Event) {
	switch b := e.Body.(type) {
	case ledger.Began:
		if e.Attempt == 1 {
			w.say("%s begins", e.Stage)
		} else {
			w.say("%s begins attempt %d", e.Stage, e.Attempt)
		}
	case ledger.Ended:
		w.say("%s ends as %s%s", e.Stage, b.Outcome, because(b.By, b.Reason))
		w.follows(e.Stage, b)
	case ledger.Parked:
		w.say("%s waits for a person: %s", e.Stage, b.Reason)
	case ledger.Expanded:
		var names []string
		for _, item := range b.Items {
			names = append(names, item.Name)
		}
		w.say("%s is made for %s", e.Stage, strings.Join(names, ", "))
	case ledger.Undoing:
		w.say("what was done is undone%s", because(b.By, b.Reason))
	case ledger.UndoBegan:
		w.say("%s is being undone, attempt %d", e.Stage, e.Attempt)
	case ledger.Finished:
		w.say("the release ends as %s%s", b.Outcome, because(b.By, b.Reason))
	}
}

// review shows the review of the release.
func (w *world) review() {
	review, err := ledger.NewReview(sequence(w.events))
	require.NoError(w.t, err)
	for row := range strings.Lines(review.String()) {
		if row = strings.TrimRight(row, "\n"); row != "" {
			w.say("%s", row)
		}
	}
}

func because(by, reason string) string {
	text := ""
	if by != "" {
		text += " by " + by
	}
	if reason != "" {
		text += ": " + reason
	}
	return text
}

func (w *world) show() {
	for i := range w.state.Stages {
		st := &w.state.Stages[i]
		outcome := string(st.Outcome)
		switch {
		case st.Running():
			outcome = "running"
		case outcome == "":
			outcome = "waiting"
		}
		switch {
		case st.Parked != "":
			outcome += ", parked"
		case !st.RetryAt.IsZero():
			outcome += ", to be tried again"
		case st.Undone():
			outcome += ", undone"
		case st.Undo != nil:
			outcome += ", not undone"
		}
		var inbox []string
		for _, sig := range st.Inbox {
			inbox = append(inbox, fmt.Sprintf("%s by %s", sig.Kind, sig.By))
		}
		line := st.Name + ": " + outcome
		if len(inbox) > 0 {
			line += ", inbox: " + strings.Join(inbox, ", ")
		}
		w.say("%s", line)
	}
	for _, key := range slices.Sorted(maps.Keys(w.state.Values)) {
		w.say("%s = %s", key, w.state.Values[key])
	}
}
