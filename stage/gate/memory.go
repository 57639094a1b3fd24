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
	w.subject.Memory = w.at.Memory
	return nil
}

// extend makes the bake longer, and the patience after it.
func (w *watch) extend(d time.Duration) {
	w.bakeEnd, w.last = w.bakeEnd.Add(d), w.last.Add(d)
}

// remember keeps what the gate wants to be given with the next question, and records it now and then:
// when the outcome has changed, and each minute.
func (w *watch) remember(ctx context.Context, v gate.Verdict, now time.Time) error {
	w.unkept = w.unkept || string(v.Memory) != string(w.at.Memory) || v.Extend
	w.at.Memory, w.subject.Memory = v.Memory, v.Memory
	news := v.Outcome != w.outcome
	w.outcome = v.Outcome
	if !w.unkept || !news && now.Sub(w.kept) < memoryEvery {
		return nil
	}
	w.kept, w.unkept = now, false
	return w.task.Checkpoint(ctx, w.at)
}
