package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
)

// Named gives a gate its name within a combination: it is what the gate is called in reasons, and what
// its memory is kept under. Without one it is called by its place, from 0, and its memory is lost where the
// gates are others, or in another order, than they were: it begins anew then, and says so.
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
	if n, ok := As[*Named](f[i]); ok {
		return n.Name
	}
	return strconv.Itoa(i)
}

// shape tells one list of gates from another, by their names and types: what a place means.
func (f family) shape() string {
	h := fnv.New64a()
	for i, g := range f {
		fmt.Fprintf(h, "%q %T;", f.name(i), g)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// named reports whether a gate has a name, and not only a place.
func (f family) named(i int) bool {
	_, value := As[Named](f[i])
	_, pointer := As[*Named](f[i])
	return value || pointer
}

// validate reports everything that is wrong with the gates, each problem with its place.
func (f family) validate(p *problems, field func(i int) string) {
	if len(f) == 0 {
		p.add("", "there is no gate to ask")
	}
	names := map[string]int{}
	for i, g := range f {
		p.gate(field(i), g)
		if absent(g) {
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
	// Shape is that of the list: a place in another one is another gate's.
	Shape string `json:"shape,omitempty"`
	// Of is what each gate remembers, by its name.
	Of map[string]json.RawMessage `json:"of,omitempty"`
	// Next is the gate that is asked first the next time.
	Next int `json:"next,omitempty"`
}

// ask asks all gates about the same moment, one after the other. Where ctx ends meanwhile, those that are
// left give no verdict, and come first the next time: one that hangs does not hide the others for good.
//
// lost is why some of what they remember was lost, or nil.
func (f family) ask(ctx context.Context, s Subject) (verdicts []Verdict, memory json.RawMessage, lost, err error) {
	before, lost := f.recall(s.Memory)
	after := recollection{Shape: f.shape()}
	first := before.Next
	if first < 0 || first >= len(f) {
		first = 0
	}
	cut := false
	verdicts = make([]Verdict, len(f))
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
		return verdicts, nil, lost, nil
	}
	if memory, err = json.Marshal(after); err != nil {
		return nil, nil, nil, fmt.Errorf("remember: %w", err)
	}
	return verdicts, memory, lost, nil
}

// recall is what the gates remember. In a list of another shape that is what is kept under a name.
func (f family) recall(memory json.RawMessage) (recollection, error) {
	m, lost := recall(memory, func(recollection) error { return nil })
	if lost != nil || len(memory) == 0 || m.Shape == f.shape() {
		return m, lost
	}
	kept := recollection{Of: map[string]json.RawMessage{}}
	for i := range f {
		if of, ok := m.Of[f.name(i)]; ok && f.named(i) {
			kept.Of[f.name(i)] = of
		}
	}
	if len(kept.Of) < len(m.Of) {
		lost = errors.New("the gates are others, or in another order, than those that it remembers")
	}
	return kept, lost
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
