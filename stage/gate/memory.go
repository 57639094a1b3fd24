package gate

import (
	"context"
	"encoding/json"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
)

// memoryEvery is how often a checkpoint is made for nothing but what the gate remembers.
const memoryEvery = time.Minute

// position is the stage's checkpoint.
type position struct {
	// Memory is what the gate remembers.
	Memory json.RawMessage `json:"memory,omitempty"`
	// Extended is for how long the gate has asked not to count the time.
	Extended time.Duration `json:"extended_ns,omitempty"`
	// Stopped is when the gate asked not to count the time from there on; zero: it does count.
	Stopped time.Time `json:"stopped,omitzero"`
}

// restore goes on from the last checkpoint.
func (w *watch) restore(t *stage.Task) error {
	if _, err := t.Restore(&w.at); err != nil {
		return err
	}
	if w.at.Extended < 0 {
		w.at.Extended = 0
	}
	w.extend(w.at.Extended)
	if w.at.Stopped.After(time.Now()) {
		w.at.Stopped = time.Now() // the clock of the host before is ahead
	}
	w.asked, w.extended = w.at.Stopped, !w.at.Stopped.IsZero()
	w.subject.Memory = w.at.Memory
	return nil
}

// extend makes the bake longer, and the patience after it.
func (w *watch) extend(d time.Duration) {
	w.bakeEnd, w.last = w.bakeEnd.Add(d), w.last.Add(d)
}

// remember keeps what the gate wants to be given with the next question, and records it now and then:
// when the outcome has changed, or whether the clock stands still, and each minute.
func (w *watch) remember(ctx context.Context, v gate.Verdict, now time.Time) error {
	w.unkept = w.unkept || string(v.Memory) != string(w.at.Memory) || v.Extend
	w.at.Memory, w.subject.Memory = v.Memory, v.Memory
	turned := v.Extend == w.at.Stopped.IsZero() // the clock stops, or goes on
	w.unkept = w.unkept || turned
	news := turned || v.Outcome != w.outcome
	if w.at.Stopped = (time.Time{}); v.Extend {
		w.at.Stopped = now.UTC()
	}
	w.outcome = v.Outcome
	if !w.unkept || !news && now.Sub(w.kept) < memoryEvery {
		return nil
	}
	w.kept, w.unkept = now, false
	return w.task.Checkpoint(ctx, w.at)
}
