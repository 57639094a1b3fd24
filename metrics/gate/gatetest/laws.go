package gatetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

func laws() []law {
	return []law{
		{"valid", valid},
		{"pass", pass},
		{"verdict", verdict},
		{"nodata", noData},
		{"silent", silence},
		{"down", down},
		{"nan", nan},
		{"harm", harmful},
		{"turn", turns},
		{"cancel", cancels},
		{"same", same},
		{"older", older},
		{"garbage", garbage},
		{"concurrent", concurrent},
	}
}

func valid(c Case) (wrong, skipped string) {
	if err := gate.Validate(c.New(&World{c: c, mood: well})); err != nil {
		return err.Error(), ""
	}
	return "", ""
}

func pass(c Case) (wrong, skipped string) {
	replies, _ := c.play(well)
	if wrong := sound(replies); wrong != "" {
		return wrong, ""
	}
	if last := replies[len(replies)-1]; last.err != nil || last.Outcome != c.want() {
		return fmt.Sprintf("all is well, and after %d looks it does not say %s: %s", len(replies), c.want(), last.text()), ""
	}
	return "", ""
}

// verdict looks at each reply as whoever asks gates does.
func verdict(c Case) (wrong, skipped string) {
	for _, m := range []mood{well, empty, broken, absurd, harm} {
		replies, _ := c.play(m)
		if wrong := sound(replies); wrong != "" {
			return fmt.Sprintf("%s, %s", m, wrong), ""
		}
		for i, r := range replies {
			if r.err != nil {
				if r.Outcome != "" {
					return fmt.Sprintf("%s, look %d: it gives an error and an outcome: %s", m, i+1, r.text()), ""
				}
				continue
			}
			v := gate.Ask(context.Background(), gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) { return r.Verdict, nil }), gate.Subject{})
			if v.Down && !r.Down || v.Reason == "" || v.Reason != r.Reason {
				return fmt.Sprintf("%s, look %d: %s: %s", m, i+1, v.Reason, r.text()), ""
			}
		}
	}
	return "", ""
}

// reads reports whether the gate reads the world at all, and whether it counts requests.
func (c Case) reads() (anything, requests bool) {
	_, w := c.play(well)
	return w.reads.Load() > 0, w.heard.Load() > 0
}

const nothing = "the gate reads nothing"

// never says where a gate passes, or fails to answer, in a world that is not well.
func never(c Case, m mood) (last reply, wrong string) {
	replies, _ := c.play(m)
	if wrong := sound(replies); wrong != "" {
		return reply{}, fmt.Sprintf("%s, %s", m, wrong)
	}
	for i, r := range replies {
		if r.passes() {
			return r, fmt.Sprintf("%s, and it passes at look %d: %s", m, i+1, r.text())
		}
	}
	return replies[len(replies)-1], ""
}

func noData(c Case) (wrong, skipped string) {
	if any, _ := c.reads(); !any {
		return "", nothing
	}
	last, wrong := never(c, empty)
	if wrong == "" && (last.err != nil || !last.NoData || last.Down) {
		wrong = fmt.Sprintf("%s, and it does not say so by NoData alone: %s", empty, last.text())
	}
	return wrong, ""
}

func silence(c Case) (wrong, skipped string) {
	if _, requests := c.reads(); !requests {
		return "", "the gate counts no requests"
	}
	_, wrong = never(c, silent)
	return wrong, ""
}

func down(c Case) (wrong, skipped string) {
	if any, _ := c.reads(); !any {
		return "", nothing
	}
	for _, m := range []mood{broken, unknownGroup, unknownMetric} {
		last, wrong := never(c, m)
		if wrong == "" && last.err == nil && (!last.Down || last.NoData) {
			wrong = fmt.Sprintf("%s, and it says so neither by an error nor by Down alone: %s", m, last.text())
		}
		if wrong != "" {
			return wrong, ""
		}
	}
	return "", ""
}

func nan(c Case) (wrong, skipped string) {
	if any, _ := c.reads(); !any {
		return "", nothing
	}
	for _, m := range []mood{absurd, infinite, abysmal} {
		if _, wrong := never(c, m); wrong != "" {
			return wrong, ""
		}
	}
	return "", ""
}

// cancels asks with a context that has ended, and with one that ends while the source hangs.
func cancels(c Case) (wrong, skipped string) {
	if any, _ := c.reads(); !any {
		return "", nothing
	}
	s := c.subjects()[0]
	for _, after := range []time.Duration{0, 5 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(context.Background(), after)
		r := c.ask(ctx, c.New(&World{c: c, mood: stuck}), s)
		cancel()
		switch {
		case r.late:
			return fmt.Sprintf("its context has ended after %s, and it has not returned %s later", after, c.patience()), ""
		case r.panics != "":
			return "it panics: " + r.panics, ""
		case r.passes():
			return "its context has ended, its source hangs, and it passes: " + r.text(), ""
		}
	}
	return "", ""
}

func same(c Case) (wrong, skipped string) {
	g := c.New(&World{c: c, mood: well})
	other := c.New(&World{c: c, mood: well})
	var memory json.RawMessage
	for i, s := range c.subjects() {
		s.Memory = memory
		a, b, anew := c.ask(context.Background(), g, s), c.ask(context.Background(), g, s), c.ask(context.Background(), other, s)
		if wrong := sound([]reply{a, b, anew}); wrong != "" {
			return wrong, ""
		}
		if a.text() != b.text() {
			return fmt.Sprintf("look %d: asked twice, it says %s, and then %s", i+1, a.text(), b.text()), ""
		}
		if a.text() != anew.text() {
			return fmt.Sprintf("look %d: it says %s, and one that is made anew, with the same memory, says %s", i+1, a.text(), anew.text()), ""
		}
		memory = a.Memory
	}
	return "", ""
}

// older gives a gate, at each look, what it remembered two looks before: as a host does that takes over from
// another one.
func older(c Case) (wrong, skipped string) {
	g := c.New(&World{c: c, mood: well})
	memories := []json.RawMessage{nil}
	remembers := false
	for i, s := range c.subjects() {
		s.Memory = memories[i]
		r := c.ask(context.Background(), g, s)
		if wrong := sound([]reply{r}); wrong != "" {
			return wrong, ""
		}
		memories, remembers = append(memories, r.Memory), remembers || r.Memory != nil
	}
	if !remembers {
		return "", "the gate remembers nothing"
	}
	for i, s := range c.subjects() {
		s.Memory = memories[max(0, i-2)]
		r := c.ask(context.Background(), g, s)
		if wrong := sound([]reply{r}); wrong != "" {
			return wrong, ""
		}
		if r.err != nil || r.Down {
			return fmt.Sprintf("look %d: with what it remembered two looks before it gives no verdict: %s", i+1, r.text()), ""
		}
	}
	return "", ""
}

// rubbish is what nobody remembers.
var rubbish = []string{"{", "[]", "0", "true", `"x"`, `{"unheard-of":{"of":1}}`, "{}{}", "\x00\xff", `[[[[[[`, `{"\ud800":1e999}`}

func garbage(c Case) (wrong, skipped string) {
	replies, _ := c.play(well)
	if wrong := sound(replies); wrong != "" {
		return wrong, ""
	}
	memory := json.RawMessage(nil)
	for _, r := range replies {
		if r.Memory != nil {
			memory = r.Memory
		}
	}
	if memory == nil {
		return "", "the gate remembers nothing"
	}
	bad := []json.RawMessage{memory[:len(memory)/2], append(memory[:len(memory):len(memory)], memory...)}
	for _, text := range rubbish {
		bad = append(bad, json.RawMessage(text))
	}
	for _, s := range c.subjects() {
		anew := c.ask(context.Background(), c.New(&World{c: c, mood: well}), s)
		for _, memory := range bad {
			s.Memory = memory
			r := c.ask(context.Background(), c.New(&World{c: c, mood: well}), s)
			if wrong := sound([]reply{r}); wrong != "" {
				return fmt.Sprintf("with the memory %.100q, %s", memory, wrong), ""
			}
			if r.passes() && !(anew.passes() && json.Valid(memory)) {
				return fmt.Sprintf("with the memory %.100q it passes: %s", memory, r.text()), ""
			}
		}
	}
	return "", ""
}

// concurrent asks one gate for several releases at once.
func concurrent(c Case) (wrong, skipped string) {
	g := c.New(&World{c: c, mood: well})
	alone, _ := c.play(well)
	const many = 4
	var all [many][]reply
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() { all[i] = c.through(g, c.subjects()) })
	}
	group.Wait()
	for _, replies := range all {
		if wrong := sound(replies); wrong != "" {
			return wrong, ""
		}
		for i := range replies {
			if i >= len(alone) || !replies[i].alike(alone[i]) {
				return fmt.Sprintf("look %d: among others it says %s, and alone %s", i+1, replies[i].text(), alone[min(i, len(alone)-1)].text()), ""
			}
		}
	}
	return "", ""
}
