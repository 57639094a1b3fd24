package stagetest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
)

func laws() []law {
	return []law{
		{name: "declared", once: true, check: declared},
		{name: "valid", once: true, check: valid},
		{name: "outcome", check: outcome},
		{name: "undeclared", check: undeclared},
		{name: "writes", check: writes},
		{name: "missing", check: missing},
		{name: "cancel", check: cancels},
		{name: "again", check: again},
		{name: "goroutines", check: leaves},
		{name: "progress", check: progress},
		{name: "evidence", check: evidence},
		{name: "size", check: size},
		{name: "secrets", check: secrets},
		{name: "pure", check: pure},
		{name: "wakes", check: wakes},
		{name: "signals", check: signals},
		{name: "undo", check: undoes},
		{name: "undone", check: undone},
		{name: "undocut", check: undoesCut},
		{name: "undocancel", check: undoCancels},
	}
}

// situation is a fresh stage with a fresh host.
func situation(new func() stage.Stage, c Case) (stage.Stage, *Host) {
	s := new()
	h := NewHost(s, c.Inputs...)
	if c.Prepare != nil {
		c.Prepare(h)
	}
	for _, sig := range c.Signals {
		h.Send(sig.Kind, sig.By, sig.Why)
	}
	return s, h
}

// once runs a fresh stage to its end, or, where it waits, cancels it after a moment.
func once(new func() stage.Stage, c Case) (*Host, attempt) {
	s, h := situation(new, c)
	return h, run(h, s, c, c.end())
}

// end is when the stage is cancelled: after a moment, where it waits, and else not before its patience
// is over.
func (c Case) end() time.Duration {
	if c.Waits {
		return 50 * time.Millisecond
	}
	return -1
}

func declared(new func() stage.Stage, _ Case) (wrong []string, skipped string) {
	s := new()
	for _, kind := range []struct {
		name string
		refs func(stage.Stage) []stage.Ref
	}{{"Reads", stage.Reads}, {"Writes", stage.Writes}} {
		refs := kind.refs(s)
		seen := make(map[string]bool)
		for _, r := range refs {
			if err := r.Validate(); err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %v", kind.name, err))
			}
			if seen[r.Name] {
				wrong = append(wrong, fmt.Sprintf("%s names %s twice", kind.name, r.Name))
			}
			seen[r.Name] = true
		}
		if !slices.Equal(refs, kind.refs(s)) {
			wrong = append(wrong, kind.name+" does not answer the same each time")
		}
	}
	kinds := stage.Listens(s)
	for _, k := range kinds {
		if !k.Heard() {
			wrong = append(wrong, fmt.Sprintf("Listens: %q is no signal for a stage to take", k))
		}
	}
	if !slices.Equal(kinds, stage.Listens(s)) {
		wrong = append(wrong, "Listens does not answer the same each time")
	}
	return append(wrong, named(s)...), ""
}

// named looks at what is declared by name.
func named(s stage.Stage) (wrong []string) {
	names := stage.Secrets(s)
	for i, name := range names {
		if name == "" {
			wrong = append(wrong, "Secrets: a name is empty")
		}
		if slices.Contains(names[:i], name) {
			wrong = append(wrong, fmt.Sprintf("Secrets names %s twice", name))
		}
	}
	if !slices.Equal(names, stage.Secrets(s)) {
		wrong = append(wrong, "Secrets does not answer the same each time")
	}
	if !slices.Equal(stage.Gates(s), stage.Gates(s)) {
		wrong = append(wrong, "Gates does not answer the same each time")
	}
	traits := stage.Traits(s)
	for i, t := range traits {
		if !slices.Contains(stage.AllTraits(), t) {
			wrong = append(wrong, fmt.Sprintf("Traits: there is no trait %q", t))
		}
		if slices.Contains(traits[:i], t) {
			wrong = append(wrong, fmt.Sprintf("Traits names %s twice", t))
		}
	}
	if !slices.Equal(traits, stage.Traits(s)) {
		wrong = append(wrong, "Traits does not answer the same each time")
	}
	if e := stage.EffectOf(s); !slices.Contains(stage.Effects(), e) {
		wrong = append(wrong, fmt.Sprintf("Effect: there is no class %q", e))
	} else if e != stage.EffectOf(s) {
		wrong = append(wrong, "Effect does not answer the same each time")
	}
	return wrong
}

func valid(new func() stage.Stage, _ Case) (wrong []string, skipped string) {
	v, ok := stage.As[stage.Validator](new())
	if !ok {
		return nil, "the stage has no method Validate"
	}
	if err := v.Validate(); err != nil {
		wrong = append(wrong, err.Error())
	}
	return wrong, ""
}

func outcome(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	if c.Waits {
		return nil, "the stage waits"
	}
	_, a := once(new, c)
	switch {
	case a.panics != "":
		return []string{"it panics: " + a.panics}, ""
	case a.stuck:
		return []string{fmt.Sprintf("it has not ended within %s", c.patience())}, ""
	}
	if got := stage.OutcomeOf(a.err); got != c.want() {
		return []string{fmt.Sprintf("it ended as %s, not as %s (error: %v)", got, c.want(), a.err)}, ""
	}
	return nil, ""
}

func undeclared(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	h, _ := once(new, c)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, err := range h.denied {
		wrong = append(wrong, err.Error())
	}
	return wrong, ""
}

func writes(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	refs := stage.Writes(new())
	if len(refs) == 0 {
		return nil, "the stage declares nothing to write"
	}
	h, a := once(new, c)
	if a.stuck || a.panics != "" || a.err != nil {
		return nil, "the stage does not succeed"
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range refs {
		if _, set := h.values[r.Name]; !set {
			wrong = append(wrong, fmt.Sprintf("it succeeded without setting %s", r))
		}
	}
	return wrong, ""
}

func missing(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	if s := new(); len(stage.Reads(s)) == 0 && len(stage.Secrets(s)) == 0 {
		return nil, "the stage declares nothing to read"
	}
	c.Inputs = nil
	_, a := once(new, c)
	switch {
	case a.panics != "":
		wrong = append(wrong, "it panics: "+a.panics)
	case stage.OutcomeOf(a.err) == stage.Succeeded && !a.stuck:
		wrong = append(wrong, "it succeeds")
	}
	return wrong, ""
}

// cancels cancels before the stage begins, and at several moments after.
func cancels(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	for _, at := range cuts {
		s, h := situation(new, c)
		a := run(h, s, c, at)
		switch {
		case a.stuck:
			return []string{fmt.Sprintf("cancelled %s after its begin, it has not returned within %s", at, c.patience())}, ""
		case a.panics != "" && a.cut:
			return []string{fmt.Sprintf("cancelled %s after its begin, it panics: %s", at, a.panics)}, ""
		case c.Waits && a.err == nil && a.panics == "":
			return []string{fmt.Sprintf("it waits for something that does not come, but cancelled %s after its begin, it succeeds", at)}, ""
		}
	}
	return nil, ""
}

func again(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	if c.Waits {
		return nil, "the stage waits"
	}
	s, h := situation(new, c)
	first := run(h, s, c, -1)
	if first.stuck || first.panics != "" {
		return nil, "the stage does not end"
	}
	h.mu.Lock()
	before := h.values
	h.mu.Unlock()
	effects := c.effects()
	second := run(h, new(), c, -1)
	switch was, is := stage.OutcomeOf(first.err), stage.OutcomeOf(second.err); {
	case second.panics != "":
		return []string{"it panics: " + second.panics}, ""
	case second.stuck:
		return []string{fmt.Sprintf("it has not ended within %s", c.patience())}, ""
	case was != is:
		return []string{fmt.Sprintf("it ended as %s at first, and as %s then (error: %v)", was, is, second.err)}, ""
	}
	if more := c.effects() - effects; first.err == nil && more != 0 {
		wrong = append(wrong, fmt.Sprintf("it had succeeded, and then worked again: %d further effects", more))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if !bytes.Equal(before[name], h.values[name]) {
			wrong = append(wrong, fmt.Sprintf("it set %s to %s at first, and to %s then", name, before[name], h.values[name]))
		}
	}
	return wrong, ""
}

// leaves looks for goroutines after the stage has ended by itself, after it was cancelled, and after
// what was done is undone.
func leaves(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	for _, at := range []time.Duration{-1, 20 * time.Millisecond} {
		if at < 0 && c.Waits {
			continue
		}
		s, h := situation(new, c)
		a := run(h, s, c, at)
		if a.stuck {
			return nil, "the stage does not end"
		}
		for _, place := range a.left() {
			wrong = append(wrong, "it leaves a goroutine behind: "+place)
		}
		if b := undo(h, s, c, -1); stage.CanUndo(s) && !b.stuck {
			for _, place := range b.left() {
				wrong = append(wrong, "its Undo leaves a goroutine behind: "+place)
			}
		}
		if len(wrong) > 0 {
			break
		}
	}
	return wrong, ""
}

func progress(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	h, _ := once(new, c)
	shown := h.Shown()
	if len(shown) == 0 {
		return nil, "the stage shows no progress"
	}
	for i := 1; i < len(shown); i++ {
		was, is := shown[i-1], shown[i]
		if was.Total == is.Total && is.Done < was.Done {
			wrong = append(wrong, fmt.Sprintf("of %v, it had done %v and then %v (%s)", is.Total, was.Done, is.Done, is.Text))
		}
	}
	return wrong, ""
}

func evidence(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	h, a := once(new, c)
	verdicts := h.Verdicts()
	if said, ok := asError(a.err); ok {
		verdicts = append(verdicts, said.Evidence...)
	}
	if len(verdicts) == 0 {
		return nil, "the stage has no evidence"
	}
	for i, v := range verdicts {
		if v.Gate == "" {
			wrong = append(wrong, fmt.Sprintf("verdict %d (%s) does not name its gate", i+1, v.Outcome))
		}
		if v.Reason == "" {
			wrong = append(wrong, fmt.Sprintf("verdict %d (%s) gives no reason", i+1, v.Outcome))
		}
	}
	return wrong, ""
}
