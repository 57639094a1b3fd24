package board

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// card is a release on the page.
func card(r *ledger.Review, now time.Time, forecast func(*ledger.State, time.Time) (Forecast, bool)) Card {
	s := r.State
	c := Card{
		Release: s.Release.ID, Service: s.Release.Service, RequestedBy: s.Release.RequestedBy, Began: r.Began.UTC(), Ended: s.Ended.UTC(), Outcome: r.Outcome(),
		By: s.By, Reason: s.Reason, Stages: len(s.Stages), Undoing: s.Undoing != nil && !s.Over(),
	}
	if s.Ended.IsZero() {
		c.Ended = time.Time{}
	}
	c.Version, _ = ledger.Value(s, stage.Version)
	open := questions(r)
	for i := range s.Stages {
		if s.Stages[i].Over() {
			c.StagesDone++
		}
		if e := s.Pipeline.Stages[i].Environment; e != "" && !slices.Contains(c.Environments, e) {
			c.Environments = append(c.Environments, e)
		}
		if item, ok := itemOf(&s.Stages[i], &s.Pipeline.Stages[i], open); ok {
			c.Items = append(c.Items, item)
		}
	}
	if s.Paused != nil && !s.Over() {
		c.Items = append(c.Items, Item{Section: Waiting, What: "resume, paused by " + s.Paused.By, Text: s.Paused.Why, Since: s.Paused.At.UTC()})
	}
	if s.Over() {
		c.Items = slices.DeleteFunc(c.Items, func(i Item) bool { return i.Section != Attention })
	} else if s.Interrupted != nil && s.Idle() {
		c.Items = append(c.Items, Item{Section: Running, What: "waits for a host", Text: s.Interrupted.Reason, Since: s.Last.UTC()})
	}
	slices.SortStableFunc(c.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(slices.Index(Sections(), a.Section), slices.Index(Sections(), b.Section)), a.Since.Compare(b.Since))
	})
	c.Section = sectionOf(s, c.Items)
	if forecast != nil && !s.Over() {
		if f, ok := forecast(s, now); ok {
			if math.IsNaN(f.Share) || math.IsInf(f.Share, 0) { // of none of none, for example; JSON has no word for it
				f.Share = -1
			}
			c.Forecast = &f
		}
	}
	return c
}

// sectionOf is where a release is shown.
func sectionOf(s *ledger.State, items []Item) Section {
	switch {
	case s.Outcome == stage.Stranded, len(items) > 0 && items[0].Section == Attention:
		return Attention
	case s.Over():
		return Done
	case len(items) > 0 && items[0].Section == Waiting:
		return Waiting
	}
	return Running
}

// itemOf is what is to be said of a stage; false where that is nothing.
func itemOf(st *ledger.StageState, node *ledger.Stage, open map[string]question) (Item, bool) {
	i := Item{Stage: st.Name, Environment: node.Environment, Section: Running}
	switch q, asks := open[st.Name]; {
	case st.Undo != nil && st.Undo.Over() && st.Undo.Outcome != stage.Succeeded:
		i.Section, i.What, i.Text, i.Since = Attention, "could not be undone", st.Undo.Reason, st.Undo.Ended
	case st.Over() && st.Outcome == stage.Stranded:
		i.Section, i.What, i.Text, i.Since = Attention, "is stranded", st.Reason, st.Ended
	case st.Parked != "":
		i.Section, i.What, i.Text, i.Since = Attention, "retry, skip or abort", st.Parked, st.Ended
	case st.Undo.Running():
		i.What, i.Since = "is being undone", st.Undo.Began
	case st.Over() && st.Undo != nil && !st.Undo.RetryAt.IsZero():
		i.What, i.Text, i.Since, i.Until = "to be undone again", st.Undo.Reason, st.Undo.Ended, st.Undo.RetryAt
	case st.Over():
		return Item{}, false
	case st.Outcome == stage.Waiting && people(node):
		i.Section, i.What, i.Text, i.Since, i.Until = Waiting, answers(node), st.Reason, st.Started, st.Until
	case st.Outcome == stage.Waiting:
		i.What, i.Text, i.Since, i.Until = "waits", st.Reason, st.Started, st.Until
	case !st.RetryAt.IsZero():
		i.What, i.Text, i.Since, i.Until = "to be tried again", st.Reason, st.Ended, st.RetryAt
	case st.Running() && asks:
		i.Section, i.What, i.Text, i.Since = Waiting, answers(node), q.text, q.since
	case st.Running():
		i.What, i.Text, i.Since = "runs", st.Progress.Text, st.Started
	default:
		return Item{}, false
	}
	i.Since, i.Until = utc(i.Since), utc(i.Until)
	return i, true
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// people reports whether a stage that waits does so for people.
func people(node *ledger.Stage) bool {
	return slices.Contains(node.Traits, stage.Asks) || slices.Contains(node.Listens, stage.Approve) && !slices.Contains(node.Traits, stage.Holds)
}

// answers are what people may say, of the answers that a stage listens for.
func answers(node *ledger.Stage) string {
	var words []string
	for _, k := range []stage.SignalKind{stage.Approve, stage.Reject} {
		if slices.Contains(node.Listens, k) {
			words = append(words, string(k))
		}
	}
	if len(words) == 0 {
		return "an answer"
	}
	return strings.Join(words, " or ")
}

// question is what a rollout asks people.
type question struct {
	region, text string
	since        time.Time
}

// rolloutEvent is the detail in which stages tell what their rollouts do, and these are the kinds of it that matter here.
const (
	rolloutEvent = "rollout-event"

	asked     = "asked"
	answered  = "answered"
	goingBack = "going back"
	ended     = "ended"
)

// questions are those that are open, the first one of each stage. What an attempt asked that failed is asked no longer; what one asked that a host left
// behind is, as the next one goes on where that was.
func questions(r *ledger.Review) map[string]question {
	open := map[string][]question{}
	failed := map[string]time.Time{} // when the last attempt of a stage ended that is not gone on with
	for _, a := range r.Attempts {
		if !a.Undo && a.Outcome != stage.Interrupted {
			failed[a.Stage] = a.Ended
		}
	}
	for _, d := range r.Details {
		var e struct {
			Kind   string `json:"kind"`
			Region string `json:"region"`
			Text   string `json:"text"`
		}
		if d.Name != rolloutEvent || !d.Time.After(failed[d.Stage]) || json.Unmarshal(d.Data, &e) != nil {
			continue
		}
		same := func(q question) bool { return q.region == e.Region }
		switch e.Kind {
		case asked:
			if !slices.ContainsFunc(open[d.Stage], same) { // a host that takes over asks again
				open[d.Stage] = append(open[d.Stage], question{e.Region, e.Text, d.Time})
			}
		case answered, goingBack, ended:
			open[d.Stage] = slices.DeleteFunc(open[d.Stage], same)
		}
	}
	firsts := map[string]question{}
	// order: each stage is looked at by itself
	for name, list := range open {
		if len(list) > 0 {
			firsts[name] = list[0]
		}
	}
	return firsts
}
