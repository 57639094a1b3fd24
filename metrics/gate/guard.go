package gate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// Policy says what follows where a gate has nothing to judge by.
type Policy string

const (
	// PolicyHold answers continue, as the gate itself does: the bake goes on, and so does the clock. When the
	// bake is over, the caller's patience runs (rollout.Options.Patience, or that of package stage/gate);
	// at its end a rollout asks a person, and a stage fails. It is what an empty Policy means.
	PolicyHold Policy = "hold"
	// PolicyExtend answers continue, and stops the clock: neither the bake nor the patience gets shorter by
	// time in which nothing was seen. After Guard.Longest of that it is as PolicyHold.
	PolicyExtend Policy = "extend"
	// PolicyAsk answers inconclusive: a rollout asks a person at once, and goes on asking its gates
	// meanwhile. A stage fails; with release.Freeze as its OnFailure, the release asks a person.
	PolicyAsk Policy = "ask"
	// PolicyFail answers fail: a rollout takes the release back.
	PolicyFail Policy = "fail"
)

// severity orders policies from the mildest on; -1 for one that there is not.
func (p Policy) severity() int {
	for i, known := range []Policy{PolicyHold, PolicyExtend, PolicyAsk, PolicyFail} {
		if p == known || p == "" {
			return i
		}
	}
	return -1
}

// Guard says what follows where the gate that it guards has no data, or where nobody can be asked, which
// are two things: a service that gets no request is not measured, and a monitoring system that is down is
// no fault of the release. Without a Guard both are as PolicyHold. Neither ever lets a release pass.
//
// A Guard makes an answer stricter, never milder: what the gate calls a fail stays one. Where both are so
// at once, the stricter policy counts.
type Guard struct {
	Gate Gate
	// NoData is for a source that works and has nothing, or for a group without requests. Default: PolicyHold.
	NoData Policy
	// Down is for a source that cannot be read, a number that is none, and a gate that is broken.
	// Default: PolicyHold.
	Down Policy
	// After is how long it must be so without a break before the policy counts; until then it is as
	// PolicyHold. Each bake begins without data, and a source may well miss a look. Default: 1 min.
	// Below zero: at once.
	After time.Duration
	// Longest is how long the clock is stopped in all by PolicyExtend. Default: 1 h.
	Longest time.Duration
}

// The defaults of a Guard.
const (
	defaultAfter   = time.Minute
	defaultLongest = time.Hour
)

var _ Gate = Guard{}

// Unwrap is the gate.
func (g Guard) Unwrap() Gate { return g.Gate }

// Validate reports everything that is wrong with the settings, and with the gate.
func (g Guard) Validate() error {
	p := problems{of: "Guard"}
	p.gate("Gate", g.Gate)
	for _, policy := range []struct {
		field string
		Policy
	}{{"NoData", g.NoData}, {"Down", g.Down}} {
		if policy.severity() < 0 {
			p.add(policy.field, "unknown policy %q", string(policy.Policy))
		}
	}
	notNegative(&p, "Longest", g.Longest)
	return p.err()
}

// guarded is what a Guard remembers.
type guarded struct {
	// Blind is since when the gate has had nothing to judge by; zero: it has something.
	Blind time.Time `json:"blind,omitzero"`
	// Stopped is since when the clock is stopped; zero: it is not. Spent is for how long it was before.
	Stopped time.Time     `json:"stopped,omitzero"`
	Spent   time.Duration `json:"spent_ns,omitempty"`
	// Gate is what the gate remembers.
	Gate json.RawMessage `json:"gate,omitempty"`
}

// Check asks the gate.
func (g Guard) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	m, lost := recall(s.Memory, func(m guarded) error {
		if m.Spent < 0 {
			return errors.New("it has stopped the clock for less than no time")
		}
		return nil
	})
	if !m.Stopped.IsZero() {
		m.Spent += min(max(s.Now.Sub(m.Stopped), 0), math.MaxInt64-m.Spent)
		m.Stopped = time.Time{}
	}
	inner := s
	inner.Memory = m.Gate
	v := Ask(ctx, g.Gate, inner)
	m.Gate = v.Memory
	if v.blind() && v.Muted == "" {
		g.apply(&v, &m, s)
	} else {
		m.Blind = time.Time{}
	}
	var err error
	if v.Memory, err = remembered(m, m.Blind.IsZero() && m.Spent == 0 && m.Gate == nil); err != nil {
		return Verdict{}, err
	}
	return anew(v, lost), nil
}

// apply makes of an answer without data what the policy says.
func (g Guard) apply(v *Verdict, m *guarded, s Subject) {
	if m.Blind.IsZero() || m.Blind.After(s.Now) {
		m.Blind = s.Now
	}
	policy := PolicyHold
	if v.NoData && g.NoData.severity() > policy.severity() {
		policy = g.NoData
	}
	if v.Down && g.Down.severity() > policy.severity() {
		policy = g.Down
	}
	lasts := s.Now.Sub(m.Blind)
	switch {
	case lasts < cmp.Or(g.After, defaultAfter) || v.Outcome == Fail:
		return
	case policy == PolicyFail:
		v.Outcome, v.Extend = Fail, false
	case policy == PolicyAsk:
		v.Outcome, v.Extend = Inconclusive, false
	case policy == PolicyExtend && v.Outcome == Continue && m.Spent < cmp.Or(g.Longest, defaultLongest):
		v.Extend, m.Stopped = true, s.Now
	default:
		return
	}
	v.Reason = fmt.Sprintf("%s; it is so for %s, and the policy for that is %q", v.Reason, lasts, policy)
}

// remembered is what a gate remembers as it is kept; nothing is forgotten.
func remembered(v any, nothing bool) (json.RawMessage, error) {
	if nothing {
		return nil, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("remember: %w", err)
	}
	return raw, nil
}
