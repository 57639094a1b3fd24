package pace

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// play is what is still to come of a release that goes well, ready to be played through.
type play struct {
	book   *Book
	now    time.Time
	course *Course
	state  *ledger.State
	nodes  []node
	index  map[string]int
	room   int // how many stages run at once

	unseen, few, overdue, unasked []string

	lists []int // the stages whose lists are known, and that are not made yet

	pending, busy []int // of the draw that is played
	order         []int // in which those that are ready begin
	made          int   // how many of those that are not made yet were ready
	ready         []int
	over, fresh   []int // of a round: those that are over, and those that are ready then
	active        []active
}

// node is a stage in a play.
type node struct {
	name    string
	line    *ledger.Stage
	st      *ledger.StageState
	leads   []int // to the stages that need it
	needs   int   // how many are not over
	over    bool
	instant bool            // it does not run itself: it is skipped, or others were made of it
	running bool            // it takes up room already
	waiting bool            // it has worked, and waits for people
	of      int             // what it was made of; -1: it is in the pipeline itself
	limit   int             // how many that were made of it run at once; 0: any
	worked  time.Duration   // so far
	work    []time.Duration // by draws
	wait    []time.Duration // by draws; nil: none, or not known
}

type active struct {
	at    time.Duration
	node  int
	waits bool
}

// newPlay makes a play of a course at a time. A course that has not begun is played from its begin.
func (b *Book) newPlay(c *Course, now time.Time) *play {
	p := &play{book: b, now: now, course: c, state: &c.state, index: make(map[string]int), room: c.state.Pipeline.Parallel}
	if p.room == 0 {
		p.room = ledger.DefaultParallel
	}
	s := p.state
	p.nodes = make([]node, len(s.Stages))
	for i := range s.Stages {
		p.index[s.Stages[i].Name] = i
	}
	ends := make([]stage.Outcome, len(s.Stages)) // how all ended, or will
	for i := range s.Stages {
		p.node(i, ends)
	}
	for _, i := range p.lists {
		p.makes(i)
	}
	for i := range p.nodes {
		if !p.nodes[i].over {
			p.draw(&p.nodes[i])
		}
	}
	return p
}

// node enters a stage. Those that it needs are entered.
func (p *play) node(i int, ends []stage.Outcome) {
	st, line, n := &p.state.Stages[i], &p.state.Pipeline.Stages[i], &p.nodes[i]
	n.name, n.line, n.st, n.of, n.over, ends[i] = st.Name, line, st, -1, st.Over(), st.Outcome
	if line.Each != nil {
		n.limit = line.Each.Parallel
	}
	if !n.over {
		ends[i] = stage.Succeeded
		if !st.Begun() && !st.Expanded && line.Of == "" && !p.goes(line, ends) {
			ends[i], n.instant = stage.Skipped, true
		}
		if names, known := p.items(line); known && !n.instant && !st.Expanded {
			if n.instant = true; len(names) == 0 {
				ends[i] = stage.Skipped
			} else {
				p.lists = append(p.lists, i)
			}
		}
		n.instant = n.instant || st.Expanded
		n.running = st.Running()
	}
	needs := func(of, to int) {
		if !p.nodes[of].over {
			p.nodes[of].leads = append(p.nodes[of].leads, to)
			p.nodes[to].needs++
		}
	}
	if line.Of != "" {
		n.of = p.index[line.Of]
		needs(i, n.of)
		return
	}
	if !n.over && !st.Begun() && !st.Expanded {
		for _, name := range line.Needs {
			needs(p.index[name], i)
		}
	}
}

// items are the names of the list that a stage is made for, where that is known.
func (p *play) items(line *ledger.Stage) (names []string, known bool) {
	if line.Each == nil {
		return nil, false
	}
	raw, known := p.state.Value(line.Each.Key.Name)
	if !known {
		return nil, false
	}
	var byName map[string]json.RawMessage
	switch {
	case json.Unmarshal(raw, &names) == nil:
	case json.Unmarshal(raw, &byName) == nil:
		names = slices.Sorted(maps.Keys(byName))
	default:
		return nil, false
	}
	return names, len(names) <= ledger.MaxItems
}

// makes enters the stages that will be made of one, which begin when what that needs is over.
func (p *play) makes(i int) {
	names, _ := p.items(p.nodes[i].line)
	first := len(p.nodes)
	for _, name := range names {
		line := *p.nodes[i].line
		line.Name, line.Of, line.Each = line.Name+"."+name, line.Name, nil
		p.nodes = append(p.nodes, node{name: line.Name, line: &line, st: &ledger.StageState{Name: line.Name}, needs: p.nodes[i].needs, of: i, leads: []int{i}})
	}
	made := make([]int, len(names))
	for k := range made {
		made[k] = first + k
	}
	for k := range p.nodes[:first] {
		if at := slices.Index(p.nodes[k].leads, i); at >= 0 && p.nodes[k].of != i {
			p.nodes[k].leads = slices.Replace(p.nodes[k].leads, at, at+1, made...)
		}
	}
	p.nodes[i].needs = len(names)
}

// goes reports whether a stage runs when what it needs ends so.
func (p *play) goes(line *ledger.Stage, ends []stage.Outcome) bool {
	for _, name := range line.Needs {
		j := p.index[name]
		need, end := &p.state.Pipeline.Stages[j], ends[j]
		at := slices.IndexFunc(line.When, func(c ledger.Condition) bool { return c.Stage == name })
		switch {
		case at >= 0:
			if !slices.Contains(line.When[at].Is, end) {
				return false
			}
		case line.Always, end == stage.Succeeded:
		case end == stage.Skipped && (p.state.Stages[j].By != "" || line.Criterion == ledger.Succeed && p.worked(line, ends, make(map[string]bool))):
		case end != stage.Skipped && !need.Spoils(end):
		default:
			return false
		}
	}
	return true
}

// worked reports whether anything is done by the stages that one needs, directly or through others, as the engine asks for of a criterion.
func (p *play) worked(line *ledger.Stage, ends []stage.Outcome, seen map[string]bool) bool {
	for _, name := range line.Needs {
		if seen[name] {
			continue
		}
		seen[name] = true
		j := p.index[name]
		need := &p.state.Pipeline.Stages[j]
		if ends[j] != stage.Skipped && !need.Always && need.Criterion == "" || p.worked(need, ends, seen) {
			return true
		}
	}
	return false
}
