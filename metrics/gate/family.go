package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

// Named gives a gate its name within a combination: it is what the gate is called in reasons, and what
// its memory is kept under. Without one it is called by its place, from 0, so that a release under way
// must not find the gates in another order.
type Named struct {
	Name string
	Gate Gate
}

var _ Gate = Named{}

// Check asks the gate.
func (n Named) Check(ctx context.Context, s Subject) (Verdict, error) {
	if n.Gate == nil {
		return Verdict{}, errNoGate
	}
	return n.Gate.Check(ctx, s)
}

// Unwrap is the gate.
func (n Named) Unwrap() Gate { return n.Gate }

// Validate reports a name that is empty, and everything that is wrong with the gate.
func (n Named) Validate() error {
	p := problems{of: "Named"}
	if n.Name == "" {
		p.add("Name", "is empty")
	}
	p.gate("Gate", n.Gate)
	return p.err()
}

// family are the gates of a combination.
type family []Gate

// name is what the i-th gate is called.
func (f family) name(i int) string {
	if n, ok := As[Named](f[i]); ok {
		return n.Name
	}
	return strconv.Itoa(i)
}

// validate reports everything that is wrong with the gates, each problem with its place.
func (f family) validate(p *problems, field func(i int) string) {
	if len(f) == 0 {
		p.add("", "there is no gate to ask")
	}
	names := map[string]int{}
	for i, g := range f {
		p.gate(field(i), g)
		if g == nil {
			continue
		}
		name := f.name(i)
		if first, twice := names[name]; twice {
			p.add(field(i), "it is called %q, as %s is", name, p.at(field(first)))
		}
		names[name] = i
	}
}

// recollection is what a combination remembers.
type recollection struct {
	// Of is what each gate remembers, by its name.
	Of map[string]json.RawMessage `json:"of,omitempty"`
	// Next is the gate that is asked first the next time.
	Next int `json:"next,omitempty"`
}

// ask asks all gates about the same moment, one after the other. Where ctx ends meanwhile, those that are
// left give no verdict, and come first the next time: one that hangs does not hide the others for good.
func (f family) ask(ctx context.Context, s Subject) ([]Verdict, json.RawMessage, error) {
	var before, after recollection
	if err := recall(s.Memory, &before); err != nil {
		return nil, nil, err
	}
	first := before.Next
	if first < 0 || first >= len(f) {
		first = 0
	}
	cut := false
	verdicts := make([]Verdict, len(f))
	for n := range f {
		i := (first + n) % len(f)
		one := s
		one.Memory = before.Of[f.name(i)]
		switch {
		case n == 0 || ctx.Err() == nil:
			verdicts[i] = Ask(ctx, f[i], one)
		case !cut:
			after.Next, cut = i, true
			fallthrough
		default:
			verdicts[i] = Verdict{Outcome: Continue, Down: true, Reason: "no verdict: there was no time left to ask", At: s.Now, Memory: one.Memory}
		}
		verdicts[i].Gate = f.name(i)
	}
	after.Of = fit(verdicts, before.Of)
	if len(after.Of) == 0 && after.Next == 0 {
		return verdicts, nil, nil
	}
	memory, err := json.Marshal(after)
	if err != nil {
		return nil, nil, fmt.Errorf("remember: %w", err)
	}
	return verdicts, memory, nil
}

// fit are the memories of the gates by their names, as far as they have room in one. A gate whose memory
// has none has given no verdict, unless it says fail, and remembers what it did before.
func fit(verdicts []Verdict, before map[string]json.RawMessage) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	room := MaxMemory - 100 // for what stands around them
	keep := func(name string, memory json.RawMessage) bool {
		text, _ := json.Marshal(name) // a string can always be written
		needs := len(text) + len(memory) + len(":,")
		if memory == nil || needs > room {
			return memory == nil
		}
		all[name], room = memory, room-needs
		return true
	}
	for i, v := range verdicts {
		if keep(v.Gate, v.Memory) {
			continue
		}
		keep(v.Gate, before[v.Gate])
		if v.Outcome != Fail {
			verdicts[i] = Verdict{
				Gate: v.Gate, Outcome: Continue, Down: true, At: v.At,
				Reason: fmt.Sprintf("no verdict: it remembers %d bytes, and all gates together at most %d", len(v.Memory), MaxMemory),
			}
		}
	}
	return all
}
