package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// Check reports everything that is wrong with the pipeline as a whole, each problem with the name of
// its stage. The error is a *multierror.Error. A pipeline that passes has only stages that can begin,
// and each value that a stage reads has exactly one writer, which comes before it.
func (p Pipeline) Check() error { return p.checked().errs.ErrorOrNil() }

// checked is the pipeline with all that is wrong with it, and, where nothing is, its stages as data. Each
// stage is asked once what it declares.
func (p Pipeline) checked() *checker {
	framed := p.framed()
	c := &checker{Pipeline: framed, place: p.place, byName: make(map[string]int, len(framed.Stages)), outlines: make([]ledger.Stage, len(framed.Stages))}
	if !stage.ValidName(p.Name) {
		c.bad("Pipeline.Name: %q is no name: lower-case letters, digits and inner dashes or dots", p.Name)
	}
	if len(p.Stages) == 0 {
		c.bad("Pipeline.Stages: there is none")
	}
	if p.Parallel < 0 {
		c.bad("Pipeline.Parallel: %d is below zero", p.Parallel)
	}
	for i, s := range c.Stages {
		c.asking(s, func() { c.stage(i, s) })
	}
	switch p.OnAbort {
	case "", Undo, Stop:
	default:
		c.bad("Pipeline.OnAbort: %q is neither %s nor %s", p.OnAbort, Undo, Stop)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Former)) {
		if _, still := c.byName[name]; still || p.Former[name] == nil || !stage.ValidName(name) {
			c.bad("Pipeline.Former: %q is no stage that the pipeline had once and has no more", name)
			continue
		}
		former := Stage{Name: name, Do: p.Former[name]}
		c.asking(former, func() {
			c.valid(former)
			_, _ = stage.Reads(former.Do), stage.Writes(former.Do) // they are asked when a release is taken up
		})
	}
	c.needs()
	c.conditions()
	c.cycle()
	if len(c.panicked) == 0 {
		c.keys()
	}
	return c
}

// asking asks a stage about itself: one that panics has something wrong with it, as any other. What it
// reads and writes is then not known.
func (c *checker) asking(s Stage, ask func()) {
	defer func() {
		if value := recover(); value != nil {
			c.panicked = append(c.panicked, s.Name)
			c.bad("stage %s: panics when it is asked what it declares: %v", s.Name, value)
		}
	}()
	ask()
}

type checker struct {
	Pipeline
	place    func(i int) string // where a stage stands in the pipeline that was written
	byName   map[string]int
	outlines []ledger.Stage // as far as the stages could be asked
	errs     *multierror.Error

	panicked []string
}

func (c *checker) bad(format string, args ...any) {
	c.errs = multierror.Append(c.errs, fmt.Errorf(format, args...))
}

func (c *checker) stage(i int, s Stage) {
	if !stage.ValidName(s.Name) {
		c.bad("%s.Name: %q is no name: lower-case letters, digits and inner dashes or dots", c.place(i), s.Name)
	}
	if other, twice := c.byName[s.Name]; twice {
		c.bad("stage %s: %s and %s have the same name", s.Name, c.place(other), c.place(i))
	} else {
		c.byName[s.Name] = i
	}
	if s.Do == nil {
		c.bad("stage %s: Do: there is nothing to do", s.Name)
		return
	}
	c.valid(s)
	c.outlines[i] = s.outline() // what it reads and writes is looked at with all others, by keys
	c.outlines[i].Check(c.bad)
	for _, kind := range c.outlines[i].Listens {
		if !kind.Heard() {
			c.bad("stage %s: listens for %q, which is not for a stage to take", s.Name, kind)
		}
	}
}

// valid reports what the stage says about its own settings.
func (c *checker) valid(s Stage) {
	v, ok := stage.As[stage.Validator](s.Do)
	if !ok {
		return
	}
	if err := v.Validate(); err != nil {
		for _, err := range flatten(err) {
			c.bad("stage %s: %w", s.Name, err)
		}
	}
}

// flatten are the problems in an error that reports several.
func flatten(err error) []error {
	if many, ok := err.(interface{ WrappedErrors() []error }); ok {
		return many.WrappedErrors()
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}

func (c *checker) needs() {
	for _, s := range c.Stages {
		for i, need := range s.Needs {
			_, known := c.byName[need]
			switch {
			case need == s.Name:
				c.bad("stage %s: needs itself", s.Name)
			case !known:
				c.bad("stage %s: needs %q, which there is not", s.Name, need)
			case slices.Contains(s.Needs[:i], need):
				c.bad("stage %s: needs %s twice", s.Name, need)
			}
		}
	}
}

// conditions reports conditions that cannot come true: a bad end that ends the release, too.
func (c *checker) conditions() {
	for _, s := range c.Stages {
		for _, w := range s.When {
			i, known := c.byName[w.Stage]
			if !known || s.Always {
				continue
			}
			from := ledger.Stage{OnFailure: c.Stages[i].OnFailure}
			if len(w.Is) > 0 && !slices.ContainsFunc(w.Is, func(o stage.Outcome) bool { return !from.Spoils(o) }) {
				c.bad("stage %s: When: it never runs, as the release goes no further when %s: it must be Always, or OnFailure of %s must be %s",
					s.Name, w, w.Stage, GoOn)
			}
		}
	}
}

// cycle reports each cycle of stages once, as the path around it.
func (c *checker) cycle() {
	const (
		unseen = iota
		onPath
		finished
	)
	mark := make([]int, len(c.Stages))
	var path []string
	var visit func(i int)
	visit = func(i int) {
		name := c.Stages[i].Name
		mark[i] = onPath
		path = append(path, name)
		for _, need := range c.Stages[i].Needs {
			j, known := c.byName[need]
			if !known || j == i {
				continue
			}
			switch mark[j] {
			case unseen:
				visit(j)
			case onPath:
				round := append(slices.Clone(path[slices.Index(path, need):]), need)
				slices.Reverse(round)
				c.bad("stage %s: is part of a cycle: %s", need, strings.Join(round, " -> "))
			}
		}
		path = path[:len(path)-1]
		mark[i] = finished
	}
	for i := range c.Stages {
		if mark[i] == unseen {
			visit(i)
		}
	}
}

// keys checks that each key has one writer and one type, and that readers come after the writer.
func (c *checker) keys() {
	type origin struct {
		ref   stage.Ref
		stage int // -1: an input
	}
	writers := make(map[string]origin)
	for _, r := range c.Inputs {
		if err := r.Validate(); err != nil {
			c.bad("Pipeline.Inputs: %w", err)
		}
		if other, twice := writers[r.Name]; twice {
			c.bad("Pipeline.Inputs: %s", doubled(other.ref, r))
		}
		writers[r.Name] = origin{r, -1}
	}
	for i, s := range c.Stages {
		for _, w := range c.outlines[i].Writes {
			if err := w.Validate(); err != nil {
				c.bad("stage %s: writes %w", s.Name, err)
				continue
			}
			if s.Each != nil { // the values of all items together
				w.Type = "map[string]" + w.Type
			}
			other, taken := writers[w.Name]
			switch {
			case !taken:
				writers[w.Name] = origin{w, i}
			case other.stage < 0:
				c.bad("stage %s: writes key %s, which is an input of the pipeline", s.Name, w.Name)
			case other.stage != i:
				c.bad("stage %s: writes key %s, which %s writes too", s.Name, w.Name, c.Stages[other.stage].Name)
			case other.ref != w:
				c.bad("stage %s: writes: %s", s.Name, doubled(other.ref, w))
			}
		}
	}
	for i, s := range c.Stages {
		reads := c.outlines[i].Reads
		if s.Each != nil {
			if t := s.Each.Key.Type; t != "[]string" && !strings.HasPrefix(t, "map[string]") {
				c.bad("stage %s: Each.Key: %s is neither a []string nor a map from strings", s.Name, s.Each.Key)
			}
			reads = append(slices.Clone(reads), s.Each.Key)
		}
		if len(reads) == 0 {
			continue
		}
		upstream := c.upstream(i)
		for _, r := range reads {
			from, written := writers[r.Name]
			switch {
			case !written:
				c.bad("stage %s: reads key %s, which nobody writes", s.Name, r.Name)
			case from.ref.Type != r.Type:
				c.bad("stage %s: reads key %s as %s, but it is a %s", s.Name, r.Name, r.Type, from.ref.Type)
			case from.stage < 0:
			case !upstream[from.stage]:
				c.bad("stage %s: reads key %s of stage %s, but does not need that stage", s.Name, r.Name, c.Stages[from.stage].Name)
			case c.Stages[from.stage].OnFailure == GoOn && !s.Always:
				c.bad("stage %s: reads key %s of stage %s, which is allowed to fail", s.Name, r.Name, c.Stages[from.stage].Name)
			}
		}
	}
}

// doubled says how a key is named twice.
func doubled(a, b stage.Ref) string {
	if a.Type == b.Type {
		return "key " + a.Name + " comes twice"
	}
	return fmt.Sprintf("key %s comes twice, as %s and as %s", a.Name, a.Type, b.Type)
}

// upstream are the stages that come before the i-th one, by its needs and by theirs.
func (c *checker) upstream(i int) map[int]bool {
	seen := make(map[int]bool)
	var visit func(i int)
	visit = func(i int) {
		for _, need := range c.Stages[i].Needs {
			if j, known := c.byName[need]; known && !seen[j] {
				seen[j] = true
				visit(j)
			}
		}
	}
	visit(i)
	return seen
}

// order are the stages' indexes such that each comes after what it needs, and otherwise as they were
// written. It is for a pipeline that passes.
func (c *checker) order() []int {
	order := make([]int, 0, len(c.Stages))
	placed := make([]bool, len(c.Stages))
	for again := true; again; {
		again = false
	next:
		for i := range c.Stages {
			if placed[i] {
				continue
			}
			for _, need := range c.Stages[i].Needs {
				if !placed[c.byName[need]] {
					continue next
				}
			}
			placed[i], again = true, true
			order = append(order, i)
		}
	}
	return order
}
