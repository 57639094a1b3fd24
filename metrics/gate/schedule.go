package gate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Schedule says when a gate is asked, and for how long it must agree with itself. Around an All it is
// same-sample agreement: the gates must all be green in one and the same sampling, and in each one after it,
// for at least Green.
//
// It needs no clock: it goes by the times of the questions, and remembers. With each step of a rollout it
// begins anew, but for what Keep retains. A run of answers is broken by any other answer, and where nobody
// has asked for 2 min and for three times the usual wait; a look at which no source could be read does not
// break it, and the time around it does not count. Answers that come between two looks of the gate are those
// of the last one. Where the Schedule or its gate is set in another way than when it last looked, it says so
// once, does not pass at that look, and begins anew; a function of your own that it cannot tell from another
// one needs another Name for that.
type Schedule struct {
	Gate Gate
	// Delay is how long after the begin of the bake the gate is first asked; until then it answers
	// continue. Zero: at once.
	Delay time.Duration
	// Interval is the least time from one look to the next; the last word, at the end of the bake, is
	// always asked for. Zero: each question is a look.
	Interval time.Duration
	// Green is for how long the gate must pass, at each look, before this one does. Zero: one look.
	Green time.Duration
	// Red is for how long the gate must fail, at each look, before this one does. Zero: one look.
	Red time.Duration
	// Timeout is how long after the begin of the bake there must be a pass; from then on whatever is
	// neither that nor a fail is Late. Zero: as long as the caller waits.
	Timeout time.Duration
	// Late is what it answers then: Inconclusive or Fail. Default: Inconclusive.
	Late Outcome
	// Keep is how many looks the verdict shows, in Looks: the latest ones, at most 60. Zero: none.
	Keep int
}

// maxLooks bounds what a Schedule retains.
const maxLooks = 60

var _ Gate = Schedule{}

// Unwrap is the gate.
func (g Schedule) Unwrap() Gate { return g.Gate }

// Validate reports everything that is wrong with the settings, and with the gate.
func (g Schedule) Validate() error {
	p := problems{of: "Schedule"}
	p.gate("Gate", g.Gate)
	notNegative(&p, "Delay", g.Delay)
	notNegative(&p, "Interval", g.Interval)
	notNegative(&p, "Green", g.Green)
	notNegative(&p, "Red", g.Red)
	notNegative(&p, "Timeout", g.Timeout)
	if g.Timeout > 0 && g.Timeout <= g.Delay+g.Green {
		p.add("Timeout", "%s leaves no time for a delay of %s and %s of green", g.Timeout, g.Delay, g.Green)
	}
	switch g.Late {
	case "", Inconclusive, Fail:
	default:
		p.add("Late", "%q is neither %s nor %s", string(g.Late), Inconclusive, Fail)
	}
	if g.Keep < 0 || g.Keep > maxLooks {
		p.add("Keep", "%d is not from 0 to %d", g.Keep, maxLooks)
	}
	return p.err()
}

// scheduled is what a Schedule remembers.
type scheduled struct {
	// Settings are those of the Schedule and its gate: under others it remembers nothing.
	Settings string `json:"settings"`
	Run      run    `json:"run,omitzero"`
	// Last is the last answer of the gate in this step, as it gave it; nil: there is none yet.
	Last  *Verdict `json:"last,omitempty"`
	Looks []Look   `json:"looks,omitempty"`
	// Gate is what the gate remembers.
	Gate json.RawMessage `json:"gate,omitempty"`
}

// Check asks the gate where it is time to, and answers by what it has said so far.
func (g Schedule) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	is := settings(g)
	m, lost := recall(s.Memory, func(m scheduled) error {
		if m.Last != nil && m.Last.plausible() != nil {
			return errors.New("it is no verdict")
		}
		return foreign(m.Settings, is)
	})
	m.Settings = is
	if !m.Run.Step.Equal(s.Since) || m.Last != nil && s.Now.Before(m.Last.At) {
		m.Last = nil
	}
	if begins := s.Since.Add(g.Delay); s.Now.Before(begins) {
		text := fmt.Sprintf("it is asked from %s on", begins.UTC().Format(time.RFC3339))
		v, err := g.verdict(Verdict{Outcome: Continue, Reason: text}, m)
		return anew(v, lost), err
	}
	if m.Last == nil || s.End || s.Now.Sub(m.Last.At) >= g.Interval {
		g.look(ctx, s, &m)
	}
	v, err := g.verdict(g.answer(s, m), m)
	return anew(v, lost), err
}

// verdict is an answer with all that is retained.
func (g Schedule) verdict(v Verdict, m scheduled) (Verdict, error) {
	v.Looks = m.Looks
	var err error
	if v.Memory, err = remembered(m, false); err != nil {
		return Verdict{}, err
	}
	return v, nil
}

// look asks the gate.
func (g Schedule) look(ctx context.Context, s Subject, m *scheduled) {
	inner := s
	inner.Memory = m.Gate
	v := Ask(ctx, g.Gate, inner)
	m.Gate, v.Memory = v.Memory, nil
	said := v.Outcome
	if v.Muted != "" {
		said = v.Muted
	}
	m.Run = m.Run.add(s, said, v.Down)
	l := Look{At: s.Now.UTC(), Outcome: said}
	if len(v.Evidence) > 0 {
		l.Value, l.Measured = v.Evidence[0].Value, true
	}
	m.Last, m.Looks = &v, append(m.Looks, l)
	m.Looks = m.Looks[max(0, len(m.Looks)-g.Keep):]
}

// answer is what the gate said last, as far as it has said so for long enough, and in time.
func (g Schedule) answer(s Subject, m scheduled) Verdict {
	v := *m.Last
	if v.Muted != "" {
		return v
	}
	if ago := s.Now.Sub(v.At); ago > 0 {
		v.Reason += fmt.Sprintf(" (seen %s ago)", ago)
	}
	least := map[Outcome]time.Duration{Pass: g.Green, Fail: g.Red}[v.Outcome]
	if lasted := m.Run.lasted(); lasted < least {
		v.Reason = clip(fmt.Sprintf("%s; it says %s for %s, and must for %s", v.Reason, v.Outcome, lasted, least))
		v.Outcome = Continue
	}
	if decided := v.Outcome == Pass || v.Outcome == Fail; !decided && g.Timeout > 0 && s.Now.Sub(s.Since) >= g.Timeout {
		v.Reason = clip(fmt.Sprintf("there is no pass within %s: %s", g.Timeout, v.Reason))
		v.Outcome, v.Extend, v.Late = cmp.Or(g.Late, Inconclusive), false, true
	}
	return v
}
