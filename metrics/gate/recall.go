package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// recall is what a gate remembers. What it did not write itself, or did under other settings, as check says,
// is as nothing, and the error says why: the gate begins anew then, and tells so by anew.
func recall[T any](memory json.RawMessage, check func(T) error) (T, error) {
	var m, nothing T
	if len(memory) == 0 {
		return nothing, nil
	}
	d := json.NewDecoder(bytes.NewReader(memory))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nothing, fmt.Errorf("what it remembers cannot be read: %w", err)
	}
	if d.InputOffset() != int64(len(memory)) {
		return nothing, errors.New("what it remembers cannot be read: there is more than one value")
	}
	if err := check(m); err != nil {
		return nothing, fmt.Errorf("what it remembers is not its own: %w", err)
	}
	return m, nil
}

// foreign reports a memory of other settings than those that there are.
func foreign(of, is string) error {
	if of != is {
		return fmt.Errorf("it was set in another way then (%q, and now %q)", clip(of), is)
	}
	return nil
}

// anew tells in a verdict that the gate has lost its memory. Nothing passes at such a look; what it sees from
// then on counts again.
func anew(v Verdict, lost error) Verdict {
	if lost == nil {
		return v
	}
	if v.Outcome == Pass && v.Muted == "" {
		v.Outcome = Continue
	}
	v.Reason = clip(fmt.Sprintf("it begins anew, since %s; now: %s", lost, v.Reason))
	return v
}
