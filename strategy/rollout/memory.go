package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// MaxMemory is how much the gates of a rollout remember together, in bytes of JSON, their names
// included: a Checkpoint stays so small that it can be recorded wherever a stage's can.
const MaxMemory = 768 << 10

// memoryEvery is how often a position is recorded for nothing but what gates remember.
const memoryEvery = time.Minute

// remember keeps what the gates want to be given with the next question. One that has no room beside
// the others has given no verdict, and is asked again with what it remembered before.
func (r *Rollout) remember(verdicts []gate.Verdict) {
	kept := maps.Clone(r.at.Memory) // positions that were handed out share the old one
	if kept == nil {
		kept = map[string]json.RawMessage{}
	}
	size := 0
	for name, memory := range kept {
		size += room(name, memory)
	}
	changed := false
	for i, v := range verdicts {
		old := kept[v.Gate]
		if string(old) == string(v.Memory) {
			continue
		}
		after := size - room(v.Gate, old) + room(v.Gate, v.Memory)
		if after > r.o.memory && v.Outcome != gate.Fail {
			verdicts[i] = gate.Verdict{
				Gate: v.Gate, At: v.At, Outcome: gate.Continue, Down: true, Memory: old,
				Reason: fmt.Sprintf("no verdict: gate %q remembers %d bytes, and with the others that is more than the %d which a rollout records", v.Gate, len(v.Memory), r.o.memory),
			}
			continue
		}
		size, changed = after, true
		if kept[v.Gate] = v.Memory; v.Memory == nil {
			delete(kept, v.Gate)
		}
	}
	if !changed {
		return
	}
	if r.at.Memory, r.unkept = kept, true; len(kept) == 0 {
		r.at.Memory = nil
	}
}

// room is what a memory takes in a position.
func room(name string, memory json.RawMessage) int {
	if memory == nil {
		return 0
	}
	text, _ := json.Marshal(name) // a string can always be written
	return len(text) + len(memory) + len(":,")
}

// keep records what the gates remember, now and then: when an outcome has changed, and each minute. A
// record that is lost is told and made up for: a gate reads again what it has forgotten.
func (r *Rollout) keep(ctx context.Context, h *hold, news bool) {
	now := time.Now()
	if !r.unkept || !news && now.Sub(h.kept) < memoryEvery {
		return
	}
	h.kept = now
	if err := r.record(ctx); err != nil {
		r.tell(h.leg.event(CheckpointLost, err.Error()))
	}
}

// outcomes reports whether two rounds of the same gates came to the same outcomes.
func outcomes(a, b []gate.Verdict) bool {
	return slices.EqualFunc(a, b, func(a, b gate.Verdict) bool { return a.Outcome == b.Outcome })
}

// remembered reports a memory that no gate can have given.
func (c Checkpoint) remembered() error {
	for _, name := range slices.Sorted(maps.Keys(c.Memory)) {
		switch memory := c.Memory[name]; {
		case !json.Valid(memory):
			return fmt.Errorf("Checkpoint.Memory[%q]: it is no JSON", name)
		case len(memory) > gate.MaxMemory:
			return fmt.Errorf("Checkpoint.Memory[%q]: %d bytes, at most %d are allowed", name, len(memory), gate.MaxMemory)
		}
	}
	return nil
}
