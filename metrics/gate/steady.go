package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// run is for how long a gate has said the same, as far as it was asked. It is remembered.
type run struct {
	// Step is when the bake of the step began: a run does not go over into the next step.
	Step time.Time `json:"step,omitzero"`
	// Of is the outcome, Since when it was first given, Seen when it was last.
	Of    Outcome   `json:"of,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Seen  time.Time `json:"seen,omitzero"`
	// Every is how long after the look before it the last one came.
	Every time.Duration `json:"every_ns,omitempty"`
}

// defaultGap is how long there may be no look at all within a run: a host may die, and another one go
// on with what is up to a minute old. Where looks are rare, three times their interval is no gap either.
const defaultGap = 2 * time.Minute

// add adds a look. One that saw nothing (nobody could be asked) is as none.
func (r run) add(s Subject, o Outcome, down bool) run {
	every := s.Now.Sub(r.Seen)
	if r.Seen.IsZero() || !r.Step.Equal(s.Since) {
		every = 0 // there was no look before this one
	}
	if !r.Step.Equal(s.Since) || every < 0 || every > max(defaultGap, 3*r.Every) || r.Since.After(r.Seen) {
		r = run{Step: s.Since, Every: r.Every}
	}
	if down {
		return r
	}
	if r.Of != o || r.Since.IsZero() {
		r.Of, r.Since = o, s.Now
	}
	r.Seen, r.Every = s.Now, min(max(every, 0), maxEvery)
	return r
}

// maxEvery bounds the interval that a run takes for that of its looks.
const maxEvery = time.Hour

// lasted is how long the run lasts, from its first look to its last.
func (r run) lasted() time.Duration { return r.Seen.Sub(r.Since) }

// steady answers continue until a pass, or a fail, has lasted for some time.
func steady(s Subject, least time.Duration, v Verdict) (Verdict, error) {
	if least <= 0 {
		return v, nil
	}
	var r run
	if err := recall(s.Memory, &r); err != nil {
		return Verdict{}, err
	}
	r = r.add(s, v.Outcome, v.Down)
	var err error
	if v.Memory, err = json.Marshal(r); err != nil {
		return Verdict{}, fmt.Errorf("remember: %w", err)
	}
	if v.Outcome != Pass && v.Outcome != Fail || r.lasted() >= least {
		return v, nil
	}
	v.Reason = fmt.Sprintf("%s; that is %s for %s, and must be so for %s", v.Reason, v.Outcome, r.lasted(), least)
	v.Outcome = Continue
	return v, nil
}

// recall reads what a gate remembers into the zero value that v points to. What it did not write itself
// gives no verdict.
func recall(memory json.RawMessage, v any) error {
	if len(memory) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(memory))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("what it remembers cannot be read: %w", err)
	}
	if d.InputOffset() != int64(len(memory)) {
		return errors.New("what it remembers cannot be read: there is more than one value")
	}
	return nil
}
