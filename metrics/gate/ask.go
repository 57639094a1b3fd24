package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Ask asks a gate, and takes no answer for a verdict that is none. It is how rollouts, stages and
// combinations of gates ask.
//
// What comes back always has one of the four outcomes. Where the gate returns an error, panics, or
// answers what nobody can record or believe (an unknown outcome, a number that is none, a pass without
// data, a memory above MaxMemory), that is Continue with Down, and the reason begins with "no verdict".
// Memory is then the one that it was asked with. The caller keeps Memory in any case.
//
// A fail is not lost for that: of one that cannot be recorded as it is, Ask leaves out what is too much or no
// number, says so in the reason, and where it is the memory keeps the one that the gate was asked with.
func Ask(ctx context.Context, g Gate, s Subject) (v Verdict) {
	none := func(err error) Verdict {
		return Verdict{Outcome: Continue, Reason: "no verdict: " + err.Error(), Down: true, At: s.Now, Memory: s.Memory}
	}
	defer func() {
		if p := recover(); p != nil {
			v = none(fmt.Errorf("the gate panicked: %v", p))
		}
	}()
	if absent(g) {
		return none(errNoGate)
	}
	v, err := g.Check(ctx, s)
	if err != nil {
		return none(err)
	}
	v.At = s.Now
	remembered, err := memory(v.Memory)
	if err == nil {
		v.Memory = remembered
		err = v.plausible()
	}
	if err == nil {
		return v
	}
	if v.Outcome == Fail && v.Muted == "" {
		if kept := v.recordable(s.Memory, err); kept.plausible() == nil {
			return kept
		}
	}
	return none(err)
}

// recordable is a fail without what cannot be recorded, and says what that is.
func (v Verdict) recordable(before json.RawMessage, problem error) Verdict {
	v.Reason = clip(fmt.Sprintf("%s (not all of it can be recorded: %s)", clip(v.Reason), problem))
	v.Looks = nil
	var err error
	if v.Memory, err = memory(v.Memory); err != nil {
		v.Memory = before
	}
	v.Evidence = slices.DeleteFunc(slices.Clone(v.Evidence), func(e Evidence) bool {
		return !finite(e.Value) || !finite(e.Limit) || !finite(e.Odds)
	})
	for len(v.Evidence) > 0 && v.plausible() != nil {
		v.Evidence = v.Evidence[:len(v.Evidence)-1]
	}
	return v
}

var errNoGate = errors.New("there is no gate to ask")

// plausible reports what makes a verdict none.
func (v Verdict) plausible() error {
	if !known(v.Outcome) || v.Muted != "" && !known(v.Muted) {
		return fmt.Errorf("unknown outcome %q", v.Outcome)
	}
	if v.Outcome == Pass && v.Muted == "" && (v.NoData || v.Down) {
		return errors.New("the gate passes, and says that it has no data")
	}
	for _, e := range v.Evidence {
		if !finite(e.Value) || !finite(e.Limit) || !finite(e.Odds) {
			return fmt.Errorf("the evidence is no number: %s: %v, asked for %s %v", e.What, e.Value, e.Rule, e.Limit)
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("the verdict cannot be written down: %w", err)
	}
	if len(text) > MaxVerdict {
		return fmt.Errorf("the verdict has %d bytes, at most %d are allowed", len(text), MaxVerdict)
	}
	return nil
}

func known(o Outcome) bool {
	switch o {
	case Pass, Fail, Continue, Inconclusive:
		return true
	}
	return false
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// memory is a memory as it is recorded, in its shortest form. Null forgets.
func memory(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if !utf8.Valid(raw) {
		return nil, errors.New("what the gate remembers is not UTF-8, and so no JSON")
	}
	short, err := json.Marshal(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("what the gate remembers is no JSON: %w", err)
	case len(short) > MaxMemory:
		return nil, fmt.Errorf("the gate remembers %d bytes, at most %d are allowed", len(short), MaxMemory)
	case bytes.Equal(short, []byte("null")):
		return nil, nil
	}
	return short, nil
}
