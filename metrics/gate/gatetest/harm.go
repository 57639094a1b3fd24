package gatetest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// harmful finds a gate that sees no harm, be it done to all groups or to the candidate alone.
func harmful(c Case) (wrong, skipped string) {
	if _, requests := c.reads(); !requests && c.Bad == nil {
		return "", "the gate counts no requests, and the case does not say what a bad number is"
	}
	if c.want() != gate.Pass {
		return "", "the case is not one in which all is well"
	}
	var last reply
	for _, m := range []mood{harm, candidateHarm} {
		replies, _ := c.play(m)
		if wrong := sound(replies); wrong != "" {
			return fmt.Sprintf("%s, %s", m, wrong), ""
		}
		for _, r := range replies {
			if r.err == nil && (r.Outcome == gate.Fail || r.Muted == gate.Fail) {
				return "", ""
			}
		}
		last = replies[len(replies)-1]
	}
	return fmt.Sprintf("neither where %s nor where %s does it ever fail: %s", harm, candidateHarm, last.text()), ""
}

// turns lets a source go down after the gate has passed. What it does not read again may stand, and so may
// what is shown by all the data that there was: no data more is no harm.
func turns(c Case) (wrong, skipped string) {
	if any, _ := c.reads(); !any {
		return "", nothing
	}
	m := broken
	w := &World{c: c, mood: well}
	g := c.New(w)
	var memory json.RawMessage
	passed := false
	subjects := c.subjects()
	last := subjects[len(subjects)-1]
	for i := range 2 * len(subjects) {
		s := last
		if i < len(subjects) {
			s = subjects[i]
		} else {
			w.turn.Store(&m)
			s.Now, s.End = last.Now.Add(time.Duration(1+i-len(subjects))*c.every()), i == 2*len(subjects)-1
		}
		s.Memory = memory
		before := w.reads.Load()
		r := c.ask(context.Background(), g, s)
		switch wrong := sound([]reply{r}); {
		case wrong != "":
			return fmt.Sprintf("%s, %s", m, wrong), ""
		case i >= len(subjects) && passed && r.passes() && w.reads.Load() > before:
			return fmt.Sprintf("it has passed, and now %s, which it sees, and passes: %s", m, r.text()), ""
		}
		if r.err == nil {
			memory = r.Memory
		}
		passed = passed || r.passes()
	}
	if !passed {
		return "", "it never passes"
	}
	return "", ""
}
