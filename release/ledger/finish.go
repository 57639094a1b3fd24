package ledger

import (
	"fmt"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/stage"
)

// finish decides the outcome of a release whose stages are all over: stranded if any stage is, or
// could not be undone; else aborted if it was; else rolled back if what was done was undone; else as the
// first stage that did not go well; else skipped if nothing that the pipeline leads to was done.
func (d *decider) finish() {
	s, f := d.state, Finished{Outcome: stage.Succeeded}
	stuck := s.stuck()
	switch {
	case stuck >= 0:
		st := &s.Stages[stuck]
		f = Finished{Outcome: stage.Stranded, By: st.By, Reason: sentence("stage "+st.Name, st.Reason)}
		if st.Outcome != stage.Stranded {
			f = Finished{Outcome: stage.Stranded, Reason: sentence("stage "+st.Name+" could not be undone", st.Undo.Reason)}
		}
	case s.Aborted != nil:
		f = Finished{Outcome: stage.Aborted, By: s.Aborted.By, Reason: s.Aborted.Why}
		if s.passed != "" && s.Pipeline.OnAbort != Stop {
			f.Reason = strings.TrimPrefix(fmt.Sprintf("%s (nothing was undone, as stage %s is irreversible)", f.Reason, s.passed), " ")
		}
	case s.spoilt >= 0:
		st := &s.Stages[s.spoilt]
		f = Finished{Outcome: st.Outcome, By: st.By, Reason: sentence("stage "+st.Name, st.Reason)}
		if s.Undoing != nil {
			f.Outcome = stage.RolledBack
		}
	case s.nothingDone():
		f = Finished{Outcome: stage.Skipped, Reason: s.firstSkip()}
	}
	d.append("", 0, f)
}

// sentence is who, and what is said of it, as far as there is anything.
func sentence(who, what string) string {
	if who == "" || what == "" {
		return who + what
	}
	return who + ": " + what
}

// stuck is the first stage that could be neither completed nor taken back; -1 where there is none.
func (s *State) stuck() int {
	if s.spoilt >= 0 && s.Stages[s.spoilt].Outcome == stage.Stranded {
		return s.spoilt
	}
	if s.Undoing == nil {
		return -1
	}
	return slices.IndexFunc(s.Stages, func(st StageState) bool { return st.stuck() })
}

// nothingDone reports whether a release in which nothing went wrong is skipped, rather than succeeded.
// It is when everything that the pipeline leads to was skipped, and
//
//   - either stages were left out, because one that they need had skipped itself: a version stage that
//     finds nothing to release;
//   - or nothing at all was done, apart from what its criteria asked.
//
// So a last stage that skips itself, such as one that finds nobody to tell, takes nothing from what was
// done before it, and neither does one that a person passes over, or one whose condition does not hold.
func (s *State) nothingDone() bool {
	sinks := 0
	for i := range s.Stages {
		if s.sink(i) {
			if sinks++; s.Stages[i].Outcome != stage.Skipped {
				return false
			}
		}
	}
	if sinks == 0 {
		return false
	}
	leftOut, done := false, false
	for i := range s.Stages {
		switch st := &s.Stages[i]; {
		case s.Pipeline.Stages[i].Always, s.Pipeline.Stages[i].Criterion != "":
		case st.Outcome != stage.Skipped:
			done = true
		case st.Attempt == 0 && st.By == "" && len(s.Pipeline.Stages[i].When) == 0 && !st.Expanded && !st.Copied:
			leftOut = true
		}
	}
	return leftOut || !done
}

// sink reports whether the stage does not run always, no other needs it but such as do, and it was not
// made of another one.
func (s *State) sink(i int) bool {
	node := &s.Pipeline.Stages[i]
	return !node.Always && node.Of == "" &&
		!slices.ContainsFunc(s.places[i].behind, func(j int) bool { return !s.Pipeline.Stages[j].Always })
}

// firstSkip is why the first stage in time was skipped.
func (s *State) firstSkip() string {
	first := -1
	for i := range s.Stages {
		if s.Stages[i].Outcome == stage.Skipped && (first < 0 || s.Stages[i].endSeq < s.Stages[first].endSeq) {
			first = i
		}
	}
	return sentence("stage "+s.Stages[first].Name, s.Stages[first].Reason)
}
