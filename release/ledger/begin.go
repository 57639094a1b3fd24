package ledger

import (
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/stage"
)

// next decides about a stage that does not run, is not over, and whose needs are.
func (d *decider) next(i int) {
	st := &d.state.Stages[i]
	switch {
	case st.Expanded:
		d.over(i, d.state.together(i))
	case st.Attempt == 0:
		d.first(i)
	default:
		d.further(i)
	}
}

// first decides about a stage that has never run: whether it begins, will never run, or waits.
func (d *decider) first(i int) {
	s := d.state
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	need := s.lacks(node)
	switch {
	case !node.Always && d.halted != "":
		d.over(i, Ended{Outcome: stage.Skipped, Reason: d.halted})
	case need >= 0:
		d.over(i, Ended{Outcome: stage.Skipped, Reason: s.never(node, need)})
	case st.Told != nil:
		d.over(i, told(st.Told))
	case d.undoing:
		// What runs always tells people how it ended: it comes after the undo.
	case st.Parked != "", d.held(i):
	case node.Each != nil:
		d.expand(i, node)
	default:
		d.able = append(d.able, i)
	}
}

func (d *decider) expand(i int, node *Stage) {
	items, err := d.state.items(node)
	switch {
	case err != nil:
		d.failed(i, Ended{Outcome: stage.Failed, Reason: err.Error(), Final: true})
	case len(items) == 0:
		d.over(i, Ended{Outcome: stage.Skipped, Reason: "key " + node.Each.Key.Name + " is empty"})
	default:
		d.append(node.Name, 0, Expanded{Items: items})
	}
}

// further decides about a stage that has begun and waits for something. One that waits because it said
// so has done something, perhaps: it is not ended over its head, but run once more, with a context that
// has ended.
func (d *decider) further(i int) {
	st, node := &d.state.Stages[i], &d.state.Pipeline.Stages[i]
	halted := d.halted != "" && !st.again && !node.Always
	switch {
	case st.interrupted():
		if node.Effect == stage.AtMostOnce {
			d.append(st.Name, st.Attempt, Parked{Reason: sentence(st.Reason, atMostOnce)})
			return
		}
		d.resumed = append(d.resumed, i)
		return
	case st.Told != nil && st.Outcome != stage.Waiting:
		d.over(i, told(st.Told))
		return
	case st.Parked != "":
		return
	}
	overtimed := !st.again && d.passed(st.Started, node.Timeout)
	switch {
	case st.Outcome == stage.Waiting && (st.Told != nil || halted || overtimed):
		d.resumed = append(d.resumed, i)
	case halted:
		d.failed(i, Ended{Outcome: stage.Failed, Reason: sentence(st.Reason, "not tried again, as "+d.halted), Final: true})
	case overtimed:
		d.failed(i, Ended{Outcome: stage.Failed, Reason: overtime(node), Final: true})
	default:
		due := st.RetryAt
		if st.Outcome == stage.Waiting {
			if due = st.Until; st.pressing() {
				due = d.now
			}
		}
		switch {
		case due.IsZero():
		case d.now.Before(due):
			d.wake(due)
		default:
			d.able = append(d.able, i)
		}
	}
}

const (
	person     = "a person has to say retry, skip or abort"
	atMostOnce = "it may not run twice, and how far it came is not known: " + person
)

// held reports whether the stage does not begin for now: the release is paused, or it is frozen, and not
// by this stage, which a person has said to try again.
func (d *decider) held(i int) bool {
	s := d.state
	return s.Paused != nil || s.frozen > 0 && !s.Stages[i].iced
}

// begins lets stages begin as far as there is room: first those that were under way, then the others
// in the order of the pipeline.
func (d *decider) begins() {
	s := d.state
	room := s.Pipeline.parallel() - s.running.n
	var began []int // of groups
	try := func(i int) bool {
		if d.crowded(i, began) {
			return false
		}
		if s.places[i].of >= 0 {
			began = append(began, i)
		}
		room--
		st := &s.Stages[i]
		d.append(st.Name, st.Attempt+1, Began{})
		d.Start = append(d.Start, st.Name)
		return true
	}
	for _, i := range d.resumed {
		if room > 0 {
			try(i)
		}
	}
	queued := -1
	if d.halted == "" && s.Paused == nil && s.frozen == 0 {
		queued = s.queued.next(0)
	}
	able := d.able
	for room > 0 && (len(able) > 0 || queued >= 0) {
		if len(able) > 0 && (queued < 0 || able[0] < queued) {
			if !d.held(able[0]) {
				try(able[0])
			}
			able = able[1:]
			continue
		}
		next := queued + 1
		if !try(queued) { // and neither does any other of its group
			group := &s.places[s.places[queued].of]
			next = group.first + group.made
		}
		queued = s.queued.next(next)
	}
}

// crowded reports whether as many of the stages made of one run as may at once.
func (d *decider) crowded(i int, began []int) bool {
	s := d.state
	of := s.places[i].of
	if of < 0 || s.Pipeline.Stages[of].Each.Parallel == 0 {
		return false
	}
	n := s.places[of].busy
	for _, j := range began {
		if s.places[j].of == of {
			n++
		}
	}
	return n >= s.Pipeline.Stages[of].Each.Parallel
}

// over ends a stage that does not run.
func (d *decider) over(i int, e Ended) {
	st := &d.state.Stages[i]
	e.Heard = st.taken
	d.append(st.Name, st.Attempt, e)
}

// failed ends a stage that has failed, unless it is to wait for a person then.
func (d *decider) failed(i int, e Ended) {
	s := d.state
	s.park(&s.Pipeline.Stages[i], &s.Stages[i], &e)
	d.over(i, e)
}

// lacks is the first of a stage's needs that has ended so that the stage can never run, or is not over;
// -1: there is none.
func (s *State) lacks(node *Stage) int {
	for n, name := range node.Needs {
		j := s.index[name]
		had := &s.Stages[j]
		if !had.Over() {
			return n
		}
		if c := node.condition(name); c != nil {
			if !slices.Contains(c.Is, had.Outcome) {
				return n
			}
		} else if !node.Always && !s.Pipeline.Stages[j].satisfied(had.Outcome, had.By) && !s.judges(node, had.Outcome) {
			return n
		}
	}
	return -1
}

// never says why a stage can never run that lacks one of its needs.
func (s *State) never(node *Stage, need int) string {
	name := node.Needs[need]
	had := s.Stage(name)
	if c := node.condition(name); c != nil {
		return fmt.Sprintf("it runs when %s, and that ended as %s", c, had.Outcome)
	}
	return fmt.Sprintf("it needs %s, which ended as %s", name, had.Outcome)
}

// condition is what the stage asks of how another one ended, in place of success.
func (p *Stage) condition(of string) *Condition {
	for i := range p.When {
		if p.When[i].Stage == of {
			return &p.When[i]
		}
	}
	return nil
}

// satisfied reports whether an outcome of the stage lets those go on that need it: success, being
// passed over by a person, and failures that are allowed. A stage that skips itself has found nothing
// to do, so there is nothing for those to do either.
func (p *Stage) satisfied(o stage.Outcome, by string) bool {
	switch o {
	case stage.Succeeded:
		return true
	case stage.Skipped:
		return by != ""
	}
	return p.forgives(o)
}

func (p *Stage) forgives(o stage.Outcome) bool {
	return p.OnFailure == GoOn && (o == stage.Failed || o == stage.RolledBack)
}
