package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
	"github.com/davit-sdk/davit/metrics/trace"
)

// step is what the judge thinks after one sample.
type step struct {
	at     time.Duration // since the start
	sample judge.Sample
	judge.Judgement
}

// teller tells what happens.
type teller interface {
	begin(candidate, baseline *arm) error
	step(s step) error
	end(v verdict, c *course) error
}

// replay judges a recording, step by step, up to its end or until harm is shown. The memory that it takes
// does not grow with the recording.
func replay(o options, in io.Reader, t teller, told io.Writer) (verdict, *course, error) {
	p := &replaying{options: o, teller: t, notes: &notes{to: told, said: map[string]bool{}}, course: &course{}}
	err := p.read(in)
	if err == nil {
		err = p.finish()
	}
	return p.verdict, p.course, err
}

// replaying is a replay under way.
type replaying struct {
	options
	teller
	notes  *notes
	course *course

	zero    time.Time // of the recording
	latest  time.Time // its latest line
	lines   int
	ended   bool // all lines were read
	latency bool // was seen
	order   *reorder
	cutter  *cutter // nil until the arms are known
	judge   *judge.Judge
	begun   bool           // the candidate has had a request
	passed  *time.Duration // since when it has passed without a break
	last    *judge.Judgement
	verdict verdict
}

// errOver says that harm was shown.
var errOver = errors.New("harm was shown")

func (p *replaying) read(in io.Reader) error {
	ignored := func(line int, field string) {
		p.notes.tell("field "+field, "line %d: the field %q is not known, and ignored", line, field)
	}
	for l, err := range trace.Read(in, trace.ReadOptions{Ignored: ignored}) {
		if err != nil {
			return err
		}
		p.lines++
		err := p.take(l)
		if errors.Is(err, errOver) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line of %q at %s: %w", l.Group, p.since(l.When(p.zero)), err)
		}
	}
	if p.lines == 0 {
		return errors.New("it is empty: there is no line in it")
	}
	for p.ended = true; ; {
		more, err := p.turn()
		if err != nil || !more {
			return over(err)
		}
	}
}

// over makes an error of what is none.
func over(err error) error {
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

// since is a time of the recording, for people and programs.
func (p *replaying) since(t time.Time) time.Duration { return t.Sub(p.zero) }

// take takes the next line of the recording.
func (p *replaying) take(l trace.Line) error {
	if p.order == nil {
		start := time.Time{} // of times, nobody knows since when the first ones count
		if p.zero = l.At; l.At.IsZero() {
			p.zero = time.Unix(0, 0).UTC()
			start = p.zero
		}
		p.order = newReorder(p.memory, start)
	}
	p.latest = latest(p.latest, l.When(p.zero))
	candidate, _ := armOf(l.Group, candidateNames)
	baseline, _ := armOf(l.Group, baselineNames)
	if candidate+baseline == "" {
		p.notes.tell("group "+l.Group, "the group %q is neither candidate nor baseline, and ignored", l.Group)
		return nil
	}
	if p.cutter != nil && !p.belongs(l.Group) {
		return nil
	}
	p.latency = p.latency || len(l.Latency.Bounds) > 0
	l.Counts, l.Gauges = nil, nil
	if err := p.order.put(l, l.When(p.zero)); err != nil {
		return err
	}
	for p.order.full() {
		if _, err := p.turn(); err != nil {
			return err
		}
	}
	return nil
}

// belongs reports whether a group is one of the arms, once these are chosen. A part may come late, and so
// may an arm of which there was nothing yet.
func (p *replaying) belongs(group string) bool {
	p.cutter.candidate.call(group, candidateNames)
	p.cutter.baseline.call(group, baselineNames)
	for _, a := range []*arm{p.cutter.candidate, p.cutter.baseline} {
		if name, isPart := armOf(group, []string{a.name}); name != "" && (isPart || a.whole) {
			return a.add(group)
		}
	}
	p.notes.tell("group "+group, "the group %q is ignored: %s", group, p.cutter.arms())
	return false
}

// turn takes the earliest line, and judges when there is a sample.
func (p *replaying) turn() (more bool, err error) {
	if p.cutter == nil {
		if err := p.choose(); err != nil {
			return false, err
		}
	}
	s, ok := p.order.next()
	if !ok {
		return false, p.cutAll()
	}
	if !p.cutter.has(s.Group) {
		return true, nil
	}
	if err := p.cutter.add(s); err != nil {
		return false, err
	}
	if next, more := p.order.upcoming(); more && next.Equal(s.to) || !p.cutter.fits(p.order) {
		return true, nil
	}
	return true, p.cutAll()
}

// choose says which groups the two arms are, by all that was read until now.
func (p *replaying) choose() error {
	groups := p.order.names()
	p.cutter = &cutter{
		candidate: chosen(candidateNames, groups), baseline: chosen(baselineNames, groups), sums: map[string][]trace.Line{}, notes: p.notes,
	}
	for _, g := range groups {
		if !p.cutter.has(g) {
			p.notes.tell("group "+g, "the group %q is ignored: %s", g, p.cutter.arms())
		}
	}
	if !p.latency {
		p.notes.tell("no latency", "no line has a latency: errors alone are judged")
	}
	var err error
	p.cutter.look = p.look()
	if p.judge, err = judge.New(p.config(p.latency, p.cutter.look)); err != nil {
		return err
	}
	return p.begin(p.cutter.candidate, p.cutter.baseline)
}

// look is the shortest stretch that is judged. In a recording that is shorter than a dozen of the usual
// ones, harm would have no time to be shown.
func (p *replaying) look() time.Duration {
	length := p.latest.Sub(p.zero)
	if !p.ended {
		return usualLook // nobody knows how long it is
	}
	return min(usualLook, max(shortestLook, (length/12).Truncate(shortestLook)))
}

// cutAll judges what was gathered.
func (p *replaying) cutAll() error {
	s, ok, err := p.cutter.cut()
	if err != nil || !ok {
		return err
	}
	p.begun = p.begun || s.Candidate.Requests > 0
	j := step{at: p.since(s.To), sample: s}
	if p.begun {
		j.Judgement, err = p.judge.Observe(s)
	} else {
		err = p.judge.Learn(s)
		j.Judgement = p.judge.Judgement()
	}
	if err != nil {
		return fmt.Errorf("judging %s to %s: %w", p.since(s.From), p.since(s.To), err)
	}
	p.last = &j.Judgement
	p.course.add(j)
	if err := p.step(j); err != nil {
		return err
	}
	switch j.Outcome {
	case gate.Fail:
		p.verdict = verdict{outcome: gate.Fail, at: j.at, reason: j.Reason}
		return errOver
	case gate.Pass:
		if p.passed == nil {
			p.passed = &j.at
		}
	default:
		p.passed = nil
	}
	return nil
}
