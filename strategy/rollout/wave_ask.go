package rollout

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// standstill is a pause of all regions, or the end of one.
type standstill struct {
	command
	told bool
}

// inquiry is what a wave asks a person at its end.
type inquiry struct {
	begun    bool      // in this process
	deadline time.Time // zero: none
	answer   command
	told     bool // that it was answered
}

// confer tells what was commanded, and, unless the wave is over, asks a person what it pauses for, once all
// of its regions are well. It returns how long it can wait for news; zero: for ever.
func (w *Waves) confer(ctx context.Context, i int, over bool) (time.Duration, error) {
	now := time.Now()
	w.mu.Lock()
	var events []Event
	if w.at.Paused != w.pause.told {
		w.pause.told = w.at.Paused
		kind := Resumed
		if w.at.Paused {
			kind = Paused
		}
		events = append(events, Event{Kind: kind, Wave: i, By: w.pause.by, Text: w.pause.why})
	}
	var more []Event
	var wait time.Duration
	if !over {
		more, wait = w.inquire(now, i)
	}
	if w.at.Stopped != nil && !w.toldStop {
		w.toldStop = true
		events = append(events, Event{Kind: WaveStopped, Wave: i, Text: w.at.Stopped.text()})
	}
	w.mu.Unlock()
	if len(more) > 0 {
		if err := w.record(ctx); err != nil {
			return 0, err
		}
	}
	for _, e := range append(events, more...) {
		w.tell(e)
	}
	return wait, nil
}

// inquire asks, takes the answer, or the default one. The lock is held.
func (w *Waves) inquire(now time.Time, i int) (events []Event, wait time.Duration) {
	p := w.plan.Waves[i].Pause
	if p == nil || w.turned() || w.halt != nil || w.at.Promoting {
		return nil, 0
	}
	text := p.Reason
	if text == "" {
		text = fmt.Sprintf("go on after wave %d?", i+1)
	}
	event := func(kind EventKind, by, text string) {
		events = append(events, Event{Kind: kind, Wave: i, By: by, Text: text})
	}
	if !w.ask.begun && (!w.at.Asked.IsZero() && !w.at.Granted || w.at.Asked.IsZero() && w.missing(i, (*region).well) == "") {
		if w.ask.begun = true; w.at.Asked.IsZero() {
			w.at.Asked = now
		}
		if p.Deadline > 0 {
			w.ask.deadline = w.at.Asked.Add(p.Deadline)
		}
		event(Asked, "", text)
	}
	switch {
	case w.at.Granted && !w.ask.told:
		w.ask.told = true
		event(Answered, w.ask.answer.by, w.ask.answer.why)
	case w.at.Granted || w.ask.deadline.IsZero() || w.at.Paused:
	case now.Before(w.ask.deadline):
		wait = w.ask.deadline.Sub(now)
	case p.Default == strategy.AnswerResume:
		w.at.Granted, w.ask.told = true, true
		event(Answered, "deadline", "nobody answered in time: "+text)
	default:
		w.stop(nil, fmt.Errorf("nobody answered in time: %s", text))
	}
	return events, wait
}
