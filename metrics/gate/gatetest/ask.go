package gatetest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// reply is what a gate answered to one question.
type reply struct {
	gate.Verdict
	err    error
	panics string
	late   bool // it has not answered in time
}

// passes reports whether somebody might take it for a pass.
func (r reply) passes() bool { return r.err == nil && r.Outcome == gate.Pass && r.Muted == "" }

// alike reports whether two replies come to the same, in whatever words.
func (r reply) alike(o reply) bool {
	return r.Outcome == o.Outcome && (r.err == nil) == (o.err == nil) && string(r.Memory) == string(o.Memory)
}

// text is the reply as it can be compared and shown.
func (r reply) text() string {
	raw, err := json.Marshal(r.Verdict)
	if err != nil {
		raw = []byte(err.Error())
	}
	return fmt.Sprintf("%s, memory %.200q, error %v, panic %q", raw, r.Memory, r.err, r.panics)
}

// ask asks once. A gate that does not answer in time is left behind.
func (c Case) ask(ctx context.Context, g gate.Gate, s gate.Subject) reply {
	done := make(chan reply, 1)
	go func() {
		var r reply
		defer func() {
			if p := recover(); p != nil {
				r = reply{panics: fmt.Sprint(p)}
			}
			done <- r
		}()
		r.Verdict, r.err = g.Check(ctx, s)
	}()
	timer := time.NewTimer(c.patience())
	defer timer.Stop()
	select {
	case r := <-done:
		return r
	case <-timer.C:
		return reply{late: true}
	}
}

// play asks once for each look, with the memory of the look before, in a world of a mood.
func (c Case) play(m mood) ([]reply, *World) {
	w := &World{c: c, mood: m}
	return c.through(c.New(w), c.subjects()), w
}

// through asks about one subject after the other. After a reply that is none the memory stays.
func (c Case) through(g gate.Gate, subjects []gate.Subject) []reply {
	var all []reply
	var memory json.RawMessage
	for _, s := range subjects {
		if s.Memory = memory; len(memory) == 0 {
			s.Memory = nil
		}
		r := c.ask(context.Background(), g, s)
		all = append(all, r)
		if r.late || r.panics != "" {
			return all
		}
		if r.err == nil {
			memory = r.Memory
		}
	}
	return all
}

// sound says what is wrong with replies whatever the world is like.
func sound(replies []reply) string {
	for i, r := range replies {
		switch {
		case r.late:
			return fmt.Sprintf("look %d: it has not answered in time", i+1)
		case r.panics != "":
			return fmt.Sprintf("look %d: it panics: %s", i+1, r.panics)
		}
	}
	return ""
}
