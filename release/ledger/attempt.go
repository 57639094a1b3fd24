package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
)

// begin begins an attempt of a stage.
func (s *State) begin(i int, e Event) error {
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	if !s.ready.has(i) || st.Parked != "" || st.Expanded || node.Each != nil {
		return fmt.Errorf("stage %s cannot begin", st.Name)
	}
	if e.Attempt != st.Attempt+1 {
		return fmt.Errorf("stage %s begins attempt %d after %d", st.Name, e.Attempt, st.Attempt)
	}
	switch {
	case st.Outcome == stage.Waiting && !node.Always && st.cut == "":
		st.cut = s.halted()
	case st.Outcome != stage.Waiting && node.Effect == stage.Pure:
		st.Checkpoint, st.Heard = nil, 0
	}
	if st.Started.IsZero() || st.again {
		st.Started = e.Time
	}
	st.Attempt, st.Began, st.Ended, st.Outcome, st.Reason, st.By = e.Attempt, e.Time, time.Time{}, "", "", ""
	st.RetryAt, st.Until, st.again, st.seen = time.Time{}, time.Time{}, false, len(st.Inbox)
	return nil
}

// end ends an attempt of a stage, or the stage.
func (s *State) end(i int, e Event, b Ended) error {
	st := &s.Stages[i]
	switch {
	case st.Over(), st.Expanded && st.Left > 0, e.Attempt != st.Attempt, s.places[i].before > 0:
		return fmt.Errorf("attempt %d of stage %s is not running", e.Attempt, st.Name)
	case b.Heard < 0 || b.Heard > len(st.Inbox):
		return fmt.Errorf("stage %s has dealt with %d of %d signals", st.Name, b.Heard, len(st.Inbox))
	case !slices.Contains(stage.Outcomes(), b.Outcome):
		return fmt.Errorf("stage %s ends as %q, which is no outcome", st.Name, b.Outcome)
	case !st.Running() && !settled(b.Outcome):
		return fmt.Errorf("stage %s ends as %s and does not run", st.Name, b.Outcome)
	case e.Attempt == 0 && !st.Expanded && b.Outcome != stage.Skipped && b.Outcome != stage.Aborted && b.Outcome != stage.Failed:
		return fmt.Errorf("stage %s ends as %s and has never run", st.Name, b.Outcome)
	}
	if b.Outcome == stage.Failed && st.Running() {
		st.Failures++
	}
	if st.known = b.Heard; b.Heard <= st.taken {
		// It waits though it has taken none of the signals that it found: they do not wake it again.
		st.known = max(b.Heard, st.seen)
	}
	st.Ended, st.Outcome, st.Reason, st.By, st.endSeq = e.Time, b.Outcome, b.Reason, b.By, e.Seq
	st.Parked, st.RetryAt, st.Until, st.taken = b.Parked, b.RetryAt, b.Until, b.Heard
	st.iced = !st.Over() && (st.iced || b.Parked != "" && b.Outcome != stage.Interrupted)
	for _, v := range b.Evidence {
		st.judge(v)
	}
	if st.Expanded {
		s.gather(i)
	}
	return nil
}

// copied ends a stage that was done in another release.
func (s *State) copied(st *StageState, e Event, b Copied) error {
	if s.Forked == nil || st.Attempt > 0 || st.Over() || b.Outcome != stage.Succeeded && b.Outcome != stage.Skipped {
		return fmt.Errorf("stage %s cannot be taken over from another release as %q", st.Name, b.Outcome)
	}
	for _, key := range slices.Sorted(maps.Keys(b.Values)) {
		s.set(key, b.Values[key])
	}
	st.Ended, st.Outcome, st.Reason, st.By, st.endSeq, st.Copied = e.Time, b.Outcome, b.Reason, b.By, e.Seq, true
	return nil
}

// judge keeps a verdict in place of the former one of its gate.
func (s *StageState) judge(v gate.Verdict) {
	i := slices.IndexFunc(s.Evidence, func(old gate.Verdict) bool { return old.Gate == v.Gate })
	if i < 0 {
		s.Evidence = append(s.Evidence, v)
		return
	}
	s.Evidence[i] = v
}

// wrote keeps a value that a stage hands on; one of a stage that was made of another waits for the others.
func (s *State) wrote(st *StageState, node *Stage, e Event, b Wrote) error {
	if !st.Running() || e.Attempt != st.Attempt {
		return fmt.Errorf("attempt %d of stage %s is not running", e.Attempt, st.Name)
	}
	if !slices.ContainsFunc(node.Writes, func(r stage.Ref) bool { return r.Name == b.Key }) {
		return fmt.Errorf("stage %s does not write key %s", st.Name, b.Key)
	}
	if node.Of != "" {
		if st.values == nil {
			st.values = make(map[string]json.RawMessage)
		}
		st.values[b.Key] = b.Value
		return nil
	}
	s.set(b.Key, b.Value)
	return nil
}

func (s *State) set(key string, value json.RawMessage) {
	if s.Values == nil {
		s.Values = make(map[string]json.RawMessage)
	}
	s.Values[key] = value
}
