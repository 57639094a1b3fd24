package ledger

import (
	"time"

	"github.com/davit-sdk/davit/stage"
)

// book is what a state keeps at hand, so that a decision costs as much as there is to decide, and not
// as much as the pipeline is long. All of it follows from the stages and their states.
type book struct {
	index  map[string]int // from a stage's name to its place
	places []place
	open   int // stages that are not over
	// running are the stages that run or are being undone, and ending those of them that run and are
	// to end, whatever the time is.
	running, ending places
	// ready are the stages that are not over and do not run, and whose needs are over. Part of them
	// are queued, which have never begun, and can begin when there is room; pressing are those of
	// which something may be decided now. For the others there are alarms, or a signal is to come.
	ready, queued, pressing places
	alarms                  alarms
	// frozen counts the stages at which the release is frozen, begun those that have begun, are not
	// over and do not run always.
	frozen, begun int
	// spoilt is the first stage in time that ended in a way which ends the release, and a stranded
	// one before all others; undo is the first one that wants to have undone what was done. -1: none.
	spoilt, undo int
	// passed is the first stage that has begun and is irreversible.
	passed string
}

// place is what the book has of one stage.
type place struct {
	behind []int // the stages that need it
	before int   // how many of those that it needs are not over
	of     int   // the stage that it was made of; -1: none
	// first is the first of the stages that were made of it, made how many there are, and busy how many
	// of those run.
	first, made, busy int
	alarm             int // where its alarm is; -1: it has none
}

// newBook is the book of a pipeline none of whose stages has begun.
func newBook(p Pipeline, index map[string]int) book {
	n, needs := len(p.Stages), 0
	b := book{index: index, places: make([]place, n), open: n, spoilt: -1, undo: -1}
	words := (n + 63) / 64
	room64 := make([]uint64, 5*words)
	for k, set := range []*places{&b.running, &b.ending, &b.ready, &b.queued, &b.pressing} {
		set.words = room64[k*words : (k+1)*words : (k+1)*words]
	}
	for i := range p.Stages {
		b.places[i] = place{before: len(p.Stages[i].Needs), of: -1, alarm: -1}
		needs += len(p.Stages[i].Needs)
	}
	counts := make([]int, n)
	for i := range p.Stages {
		for _, need := range p.Stages[i].Needs {
			counts[b.index[need]]++
		}
	}
	room := make([]int, 0, needs)
	for i, count := range counts {
		b.places[i].behind = room[len(room) : len(room) : len(room)+count]
		room = room[:len(room)+count]
	}
	for i := range p.Stages {
		for _, need := range p.Stages[i].Needs {
			at := &b.places[b.index[need]]
			at.behind = append(at.behind, i)
		}
	}
	return b
}

// standing is what the book counts of a stage.
type standing struct{ over, iced, begun, runs bool }

func (s *StageState) standing() standing {
	return standing{s.Over(), s.iced, s.Begun(), s.Running() || s.Undo.Running()}
}

// enter files a stage after an event of it. was is how it stood before.
func (s *State) enter(i int, was standing) {
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	is := st.standing()
	count := func(n *int, before, after bool) {
		switch {
		case after && !before:
			*n++
		case before && !after:
			*n--
		}
	}
	count(&s.frozen, was.iced, is.iced)
	count(&s.begun, was.begun && !node.Always, is.begun && !node.Always)
	if of := s.places[i].of; of >= 0 {
		count(&s.places[of].busy, was.runs, is.runs)
	}
	if st.Attempt > 0 && node.Irreversible && s.passed == "" {
		s.passed = st.Name
	}
	s.file(i)
	if is.over && !was.over {
		s.settle(i)
	}
}

// file puts a stage among those where it belongs.
func (s *State) file(i int) {
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	runs, over := st.Running() || st.Undo.Running(), st.Over()
	ready := !runs && !over && s.places[i].before == 0 && (!st.Expanded || st.Left == 0)
	fresh := ready && st.Attempt == 0 && !st.Expanded
	queued := fresh && st.Told == nil && node.Each == nil && s.lacks(node) < 0
	s.running.put(i, runs)
	s.ending.put(i, st.Running() && (st.Told != nil || st.cut != ""))
	s.ready.put(i, ready)
	s.queued.put(i, queued)
	s.pressing.put(i, ready && !queued && (fresh || st.Expanded || st.pressing()))
	s.ring(i, s.alarm(i))
}

// pressing reports whether something may be decided now of a stage that has begun and does not run.
func (s *StageState) pressing() bool {
	return s.Told != nil || s.interrupted() || s.Outcome == stage.Waiting && len(s.Inbox) > s.known
}

// alarm is when something is to be decided about a stage, though nothing happens to it. Zero: never.
func (s *State) alarm(i int) (at time.Time) {
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	by := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	within := func(from time.Time, d time.Duration) {
		if d > 0 {
			by(from.Add(d))
		}
	}
	switch {
	case st.Undo.Running():
		within(st.Undo.Began, node.undoTimeout())
	case st.Running():
		if st.Told == nil && st.cut == "" {
			within(st.Started, node.Timeout)
			within(st.Began, node.AttemptTimeout)
		}
	case !st.Begun(), st.Parked != "", st.Told != nil, st.interrupted():
	default:
		if !st.RetryAt.IsZero() {
			by(st.RetryAt)
		}
		if !st.Until.IsZero() {
			by(st.Until)
		}
		if !st.again {
			within(st.Started, node.Timeout)
		}
	}
	return at
}

// settle files a stage that is over.
func (s *State) settle(i int) {
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	s.open--
	for _, j := range s.places[i].behind {
		if s.places[j].before--; s.places[j].before == 0 {
			s.file(j)
		}
	}
	if of := s.places[i].of; of >= 0 {
		if s.Stages[of].Left--; s.Stages[of].Left == 0 {
			s.file(of)
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
		s.cutShort()
	}
}

// cutShort lets all that is under way end, where what was done is to be undone: it would be undone, too,
// and what does harm meanwhile should not wait for it. What runs always goes on, and so does what a
// person has to speak to.
func (s *State) cutShort() {
	cause := s.undoCause()
	if cause == nil || s.Aborted != nil {
		return
	}
	for i := range s.Stages {
		if st := &s.Stages[i]; st.Begun() && !s.Pipeline.Stages[i].Always && !st.iced && st.Parked == "" && st.cut == "" {
			st.cut = cause.Reason
			s.file(i)
		}
	}
}

// Spoils reports whether the release ends when the stage ends so.
func (p *Stage) Spoils(o stage.Outcome) bool {
	return o != stage.Succeeded && o != stage.Skipped && !p.forgives(o)
}
