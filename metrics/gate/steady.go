package gate

import (
	"encoding/json"
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
	// Every is how long after the look before it the last one came, Before the same of the look before it.
	Every  time.Duration `json:"every_ns,omitempty"`
	Before time.Duration `json:"before_ns,omitempty"`
	// Blind is for how long of it nobody could look, Down whether that is so since the last look.
	Blind time.Duration `json:"blind_ns,omitempty"`
	Down  bool          `json:"down,omitempty"`
}

// defaultGap is how long there may be no look at all within a run: a host may die, and another one go
// on with what is up to a minute old. Where looks are rare, three times their interval is no gap either: of
// the last two waits the shorter one counts, so that one long wait does not make the next one usual.
const defaultGap = 2 * time.Minute

// add adds a look. One that saw nothing (nobody could be asked) is as none, and the time around it does not
// count: nobody knows how it was then.
func (r run) add(s Subject, o Outcome, down bool) run {
	every := s.Now.Sub(r.Seen)
	if r.Seen.IsZero() || !r.Step.Equal(s.Since) {
		every = 0 // there was no look before this one
	}
	if !r.Step.Equal(s.Since) || every < 0 || every > r.gap() || !r.sound() {
		r = run{Step: s.Since, Every: r.Every, Before: r.Before}
	}
	if down {
		r.Down = true
		return r
	}
	if r.Of != o || r.Since.IsZero() {
		r.Of, r.Since, r.Blind, r.Down = o, s.Now, 0, false
	}
	if r.Down {
		r.Blind, r.Down = r.Blind+every, false
	}
	if waited := min(max(every, 0), maxEvery); waited > 0 {
		r.Every, r.Before = waited, r.Every
	}
	r.Seen = s.Now
	return r
}

// gap is how long there may be no look.
func (r run) gap() time.Duration {
	usual := r.Every
	if r.Before > 0 {
		usual = min(usual, r.Before)
	}
	return max(defaultGap, 3*usual)
}

// sound reports whether a run can be one, as add leaves it.
func (r run) sound() bool {
	return !r.Since.After(r.Seen) && r.Blind >= 0 && r.Blind <= r.Seen.Sub(r.Since)
}

// maxEvery bounds the interval that a run takes for that of its looks.
const maxEvery = time.Hour

// lasted is how long the run lasts, from its first look to its last, without the time that nobody saw.
func (r run) lasted() time.Duration { return r.Seen.Sub(r.Since) - r.Blind }

// steadied is what a gate remembers that wants the same answer for some time.
type steadied struct {
	// Settings are those of the gate that remembers it.
	Settings string `json:"settings"`
	Run      run    `json:"run,omitzero"`
}

// steady answers continue until a pass, or a fail, has lasted for some time. g is the gate that answers.
func steady(s Subject, g Gate, least time.Duration, v Verdict) (Verdict, error) {
	if least <= 0 {
		return v, nil
	}
	is := settings(g)
	m, lost := recall(s.Memory, func(m steadied) error { return foreign(m.Settings, is) })
	m.Settings, m.Run = is, m.Run.add(s, v.Outcome, v.Down)
	var err error
	if v.Memory, err = json.Marshal(m); err != nil {
		return Verdict{}, fmt.Errorf("remember: %w", err)
	}
	if decided := v.Outcome == Pass || v.Outcome == Fail; decided && m.Run.lasted() < least {
		v.Reason = fmt.Sprintf("%s; that is %s for %s, and must be so for %s", v.Reason, v.Outcome, m.Run.lasted(), least)
		v.Outcome = Continue
	}
	return anew(v, lost), nil
}
