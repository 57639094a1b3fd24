package ledger

import (
	"slices"

	"github.com/davit-sdk/davit/stage"
)

// book is what a state keeps at hand, so that a decision costs as much as there is to decide, and not
// as much as the pipeline is long. All of it follows from the events.
type book struct {
	index  map[string]int // from a stage's name to its place
	behind [][]int        // the stages that need a stage
	before []int          // how many of the stages that a stage needs are not over
	open   int            // stages that are not over
	// ready are the stages that could begin, running those that run or are being undone: places in
	// the order of the pipeline.
	ready, running []int
	// frozen counts the stages at which the release is frozen, begun those that have begun, are not
	// over and do not run always.
	frozen, begun int
	// spoilt is the first stage in time that ended in a way which ends the release, and a stranded
	// one before all others; undo is the first one that wants to have undone what was done. -1: none.
	spoilt, undo int
	// passed says that a stage has begun which is irreversible.
	passed string
}

// newBook is the book of a pipeline none of whose stages has begun.
func newBook(p Pipeline) book {
	n := len(p.Stages)
	b := book{index: make(map[string]int, n), behind: make([][]int, n), before: make([]int, n), open: n, spoilt: -1, undo: -1}
	for i, s := range p.Stages {
		b.index[s.Name] = i
		for _, need := range s.Needs {
			j := b.index[need]
			b.behind[j] = append(b.behind[j], i)
		}
		b.before[i] = len(s.Needs)
		if len(s.Needs) == 0 {
			b.ready = append(b.ready, i)
		}
	}
	return b
}

func insert(list []int, i int) []int {
	at, found := slices.BinarySearch(list, i)
	if found {
		return list
	}
	return slices.Insert(list, at, i)
}

func remove(list []int, i int) []int {
	at, found := slices.BinarySearch(list, i)
	if !found {
		return list
	}
	return slices.Delete(list, at, at+1)
}

// add enters a stage that was made of another one.
func (b *book) add(name string) {
	i := len(b.before)
	b.index[name] = i
	b.behind, b.before = append(b.behind, nil), append(b.before, 0)
	b.open++
	b.ready = append(b.ready, i)
}

// enter files a stage after an event of it. was is how it stood before.
func (s *State) enter(i int, was StageState) {
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	runs := st.Running() || st.Undo.Running()
	over := st.Over()
	if runs {
		s.running = insert(s.running, i)
	} else {
		s.running = remove(s.running, i)
	}
	switch {
	case over, runs, st.Expanded && st.Left > 0:
		s.ready = remove(s.ready, i)
	case s.before[i] == 0:
		s.ready = insert(s.ready, i)
	}
	count := func(n *int, before, after bool) {
		switch {
		case after && !before:
			*n++
		case before && !after:
			*n--
		}
	}
	count(&s.frozen, was.iced, st.iced)
	count(&s.begun, was.Begun() && !node.Always, st.Begun() && !node.Always)
	if st.Attempt > 0 && node.Irreversible && s.passed == "" {
		s.passed = st.Name
	}
	if over && !was.Over() {
		s.settle(i)
	}
}

// settle files a stage that is over.
func (s *State) settle(i int) {
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	s.open--
	for _, j := range s.behind[i] {
		if s.before[j]--; s.before[j] == 0 {
			s.ready = insert(s.ready, j)
		}
	}
	if node.Of != "" {
		j := s.index[node.Of]
		if s.Stages[j].Left--; s.Stages[j].Left == 0 {
			s.ready = insert(s.ready, j)
		}
	}
	if !node.Spoils(st.Outcome) {
		return
	}
	if s.spoilt < 0 || st.Outcome == stage.Stranded && s.Stages[s.spoilt].Outcome != stage.Stranded {
		s.spoilt = i
	}
	if node.OnFailure == Undo && st.Outcome != stage.Stranded && s.undo < 0 {
		s.undo = i
	}
}

// Spoils reports whether the release ends when the stage ends so.
func (p *Stage) Spoils(o stage.Outcome) bool {
	return o != stage.Succeeded && o != stage.Skipped && !p.forgives(o)
}
