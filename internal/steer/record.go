package steer

import (
	"context"
	"errors"
	"strings"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// The names under which stages record details.
const (
	// DetailPlan is the plan as a table: a JSON string.
	DetailPlan = "rollout-plan"
	// DetailEvent is a rollout.Event, without the failures that were told before.
	DetailEvent = "rollout-event"
)

// Recorder records what happens in a rollout, for whoever looks on. Its methods are called by one goroutine
// at a time.
type Recorder struct {
	// Task is the stage's.
	Task *stage.Task
	// Context lives on when the stage is cancelled, since the way back is recorded too.
	Context context.Context
	// Notify is told every event first. Nil: nobody is.
	Notify func(rollout.Event)
	// Lost is the first record that was not kept. It does not steer the rollout, which has its checkpoints
	// for that; it is to be reported at the end.
	Lost error
}

// Tell records an event, its verdict, and how far the stage is.
func (r *Recorder) Tell(e rollout.Event, p stage.Progress) {
	if r.Notify != nil {
		r.Notify(e)
	}
	if e.Observed != nil {
		seen := *e.Observed
		seen.Pools = nil
		for _, p := range e.Observed.Pools {
			p.Failures = nil
			seen.Pools = append(seen.Pools, p)
		}
		e.Observed = &seen
	}
	err := r.Task.Detail(r.Context, DetailEvent, e)
	if e.Verdict != nil {
		v := *e.Verdict
		if e.Region != "" {
			v.Gate = e.Region + "/" + v.Gate
		}
		err = errors.Join(err, r.Task.Evidence(r.Context, v))
	}
	err = errors.Join(err, r.Task.Progress(r.Context, p))
	if err != nil && r.Lost == nil {
		r.Lost = err
		r.Task.Logger().Error("what happened could not be recorded", "error", err)
	}
}

// Text is an event in a few words.
func Text(e rollout.Event) string {
	text := string(e.Kind) + ": " + e.Text
	if e.Region != "" {
		text = e.Region + ": " + text
	}
	if e.Back {
		text = "way back: " + text
	}
	return clip(text, 500)
}

// Clip keeps a table below what a detail may hold.
func Clip(table string) string {
	const most = stage.MaxDetail / 2
	if len(table) <= most {
		return table
	}
	return clip(table, most) + "\n"
}

func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// Revision is what the stage is to bring, as an earlier stage has told.
func Revision(t *stage.Task) (strategy.Revision, stage.Artifact, error) {
	version, err := stage.Version.Get(t)
	if err != nil {
		return strategy.Revision{}, stage.Artifact{}, err
	}
	artifact, err := stage.Built.Get(t)
	if err != nil {
		return strategy.Revision{}, stage.Artifact{}, err
	}
	return strategy.Revision{Version: version, Digest: artifact.Digest}, artifact, nil
}

// Reads are the version and the artifact.
func Reads() []stage.Ref { return []stage.Ref{stage.Version.Ref(), stage.Built.Ref()} }
