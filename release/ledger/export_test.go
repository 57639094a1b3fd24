package ledger

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// Types are the types of all bodies.
func Types() []string { return slices.Collect(maps.Keys(bodies)) }

// CheckBook reports where the book of a state differs from what its stages say.
func CheckBook(s *State) error {
	if s.Seq == 0 {
		return nil
	}
	var errs []string
	same := func(what string, want, got any) {
		if !reflect.DeepEqual(want, got) {
			errs = append(errs, fmt.Sprintf("%s: the stages say %v, the book %v", what, want, got))
		}
	}
	list := func(p *places) (out []int) {
		for i := range p.all {
			out = append(out, i)
		}
		same("how many", len(out), p.n)
		return out
	}
	var running, ending, ready, queued, pressing []int
	open, frozen, begun, spoilt, undo := 0, 0, 0, -1, -1
	passed := false
	alarmed := make(map[int]time.Time)
	for i := range s.Stages {
		st, node := &s.Stages[i], &s.Pipeline.Stages[i]
		same("name", st.Name, node.Name)
		same("index of "+st.Name, i, s.index[st.Name])
		before, of := 0, -1
		if node.Of == "" {
			for _, need := range node.Needs {
				if !s.Stage(need).Over() {
					before++
				}
			}
		} else {
			of = s.index[node.Of]
		}
		same("before "+st.Name, before, s.places[i].before)
		same("of "+st.Name, of, s.places[i].of)
		if st.Expanded {
			left, busy, made := 0, 0, 0
			for j := range s.Stages {
				if s.Pipeline.Stages[j].Of != st.Name {
					continue
				}
				made++
				if !s.Stages[j].Over() {
					left++
				}
				if s.Stages[j].Running() || s.Stages[j].Undo.Running() {
					busy++
				}
			}
			same("left of "+st.Name, left, st.Left)
			same("busy of "+st.Name, busy, s.places[i].busy)
			same("made of "+st.Name, made, s.places[i].made)
		}
		runs := st.Running() || st.Undo.Running()
		if runs {
			running = append(running, i)
		}
		if st.Running() && (st.Told != nil || st.cut != "") {
			ending = append(ending, i)
		}
		if at := s.alarm(i); !at.IsZero() {
			alarmed[i] = at
		}
		if st.iced {
			frozen++
		}
		if st.Begun() && !node.Always {
			begun++
		}
		passed = passed || st.Attempt > 0 && node.Irreversible
		if st.Over() {
			if node.Spoils(st.Outcome) {
				stranded := func(j int) bool { return s.Stages[j].Outcome == stage.Stranded }
				if spoilt < 0 || stranded(i) && !stranded(spoilt) || stranded(i) == stranded(spoilt) && st.endSeq < s.Stages[spoilt].endSeq {
					spoilt = i
				}
				if node.OnFailure == Undo && !stranded(i) && (undo < 0 || st.endSeq < s.Stages[undo].endSeq) {
					undo = i
				}
			}
			continue
		}
		open++
		if runs || before > 0 || st.Expanded && st.Left > 0 {
			continue
		}
		ready = append(ready, i)
		switch {
		case st.Expanded:
			pressing = append(pressing, i)
		case st.Attempt > 0:
			if st.pressing() {
				pressing = append(pressing, i)
			}
		case st.Told == nil && node.Each == nil && s.lacks(node) < 0:
			queued = append(queued, i)
		default:
			pressing = append(pressing, i)
		}
	}
	same("running", running, list(&s.running))
	same("ending", ending, list(&s.ending))
	same("ready", ready, list(&s.ready))
	same("queued", queued, list(&s.queued))
	same("pressing", pressing, list(&s.pressing))
	same("open", open, s.open)
	same("frozen", frozen, s.frozen)
	same("begun", begun, s.begun)
	same("spoilt", spoilt, s.spoilt)
	same("undo", undo, s.undo)
	same("passed", passed, s.passed != "")
	booked := make(map[int]time.Time)
	for n, a := range s.alarms {
		booked[a.i] = a.at
		same("place of an alarm", n, s.places[a.i].alarm)
		if n > 0 && a.at.Before(s.alarms[(n-1)/2].at) {
			errs = append(errs, "the alarms are no heap")
		}
	}
	same("alarms", alarmed, booked)
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%v", slices.Compact(errs))
}

// Halted reports whether no further stage begins, and Again whether a person said to try the stage again.
func Halted(s *State) bool     { return s.halted() != "" }
func Again(s *StageState) bool { return s.again }
