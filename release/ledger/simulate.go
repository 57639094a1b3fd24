package ledger

import (
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// simulation carries a release through in a time of its own, by the same decisions as an engine. Each
// stage takes as long as it is said to, and succeeds, apart from one.
type simulation struct {
	state *State
	takes func(*Stage) time.Duration
	fails string // the stage that fails; empty: none does

	began, now time.Time
	runs       []simulated    // in the order in which they begin
	place      map[string]int // of a stage in runs
	waves      int
	last       string // the stage that ended last
	undone     []string
}

// simulated is the one run of a stage.
type simulated struct {
	name       string
	start, end time.Duration // from the begin of the release
	wave       int           // those that begin upon the same event are one wave; from 1
	after      string        // the stage upon whose end it began; empty: the begin of the release
}

// simulate carries a release from its first events to its end, or to where it needs a person.
func simulate(first []Event, takes func(*Stage) time.Duration, fails string) (*simulation, error) {
	m := &simulation{state: new(State), takes: takes, fails: fails, place: make(map[string]int)}
	for _, e := range first {
		if err := m.state.Apply(e); err != nil {
			return nil, err
		}
	}
	m.began, m.now = m.state.Last, m.state.Last
	for {
		if err := m.decide(); err != nil {
			return nil, err
		}
		if !m.state.Busy() {
			return m, nil
		}
		if err := m.next(); err != nil {
			return nil, err
		}
	}
}

// decide does what there is to do at the time.
func (m *simulation) decide() error {
	fresh := true
	for {
		d := Decide(m.state, m.now)
		if len(d.Append) == 0 {
			return nil
		}
		for _, e := range d.Append {
			if err := m.state.Apply(e); err != nil {
				return err
			}
		}
		if len(d.Start) > 0 && fresh {
			m.waves++
			fresh = false
		}
		at := m.now.Sub(m.began)
		for _, name := range d.Start {
			m.place[name] = len(m.runs)
			m.runs = append(m.runs, simulated{name, at, at + m.takes(m.state.Node(name)), m.waves, m.last})
		}
		m.undone = append(m.undone, d.Undo...)
	}
}

// next ends the stage that is to end first. To undo one takes no time.
func (m *simulation) next() error {
	first := -1
	var when time.Duration
	for i := range m.state.running.all {
		end := m.now.Sub(m.began)
		if st := &m.state.Stages[i]; !st.Undo.Running() {
			end = m.runs[m.place[st.Name]].end
		}
		if first < 0 || end < when {
			first, when = i, end
		}
	}
	st := &m.state.Stages[first]
	m.now = m.began.Add(when)
	e := Event{Seq: m.state.Seq + 1, Time: m.now, Stage: st.Name, Attempt: st.Attempt}
	switch {
	case st.Undo.Running():
		e.Attempt, e.Body = st.Undo.Attempt, UndoEnded{Outcome: stage.Succeeded}
	case st.Name == m.fails:
		e.Body = m.state.Settle(st.Name, Ended{Outcome: stage.Failed, Final: true}, m.now)
		m.last = st.Name
	default:
		e.Body = Ended{Outcome: stage.Succeeded}
		m.last = st.Name
	}
	return m.state.Apply(e)
}

// path are the stages each of which began upon the end of the one before, up to the one that ended last:
// what would have to be quicker for the release to be.
func (m *simulation) path() []string {
	var path []string
	for name := m.last; name != ""; name = m.runs[m.place[name]].after {
		path = append(path, name)
	}
	slices.Reverse(path)
	return path
}
