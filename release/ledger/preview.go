package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// MaxConsequences is for how many stages a preview tells what becomes of the release when they fail: those
// that begin first. For each of them, the whole release is carried through once more.
const MaxConsequences = 100

// Preview is what would become of a release if every stage succeeded, in as long a time as it took
// before: the same decisions as in a real one, carried through in a time of their own. Its JSON form is
// stable; durations in it are nanoseconds.
type Preview struct {
	Release  stage.Release `json:"release"`
	Pipeline string        `json:"pipeline"`
	// Forked is where the release would be forked from, nil where it would not.
	Forked *Origin `json:"forked,omitempty"`
	// Releases is how many earlier releases the estimates rest on.
	Releases int `json:"releases"`
	// Total is how long the release takes when each stage takes its median, and Slow when each takes
	// its 90th percentile. AtLeast says that it takes longer than either, as there are stages of
	// which nothing is known: Unknown. The time that people take is in none of them.
	Total   time.Duration `json:"total_ns"`
	Slow    time.Duration `json:"slow_ns"`
	AtLeast bool          `json:"at_least,omitempty"`
	Unknown []string      `json:"unknown,omitempty"`
	// Asks are the stages that ask people for a yes.
	Asks []string `json:"asks,omitempty"`
	// Critical are the stages that the total time is made of: each begins upon the end of the one
	// before.
	Critical []string `json:"critical,omitempty"`
	// Missing is what the release would need and does not find, one sentence each.
	Missing []string `json:"missing,omitempty"`
	// Stages are those that run, in the order in which they begin, and then the others.
	Stages []PreviewStage `json:"stages"`
}

// PreviewStage is what would become of a stage.
type PreviewStage struct {
	// Stage is the stage as it would be recorded.
	Stage
	// Items are what the stage is made for, where that is known beforehand. Each is a stage of its
	// own then. Where Each is not nil and Items are none, the list is written on the way.
	Items []string `json:"items,omitempty"`
	// Outcome and Reason are how a stage ends that does not run, and Copied whether it was done in the
	// release that this one is forked from. Empty: it runs.
	Outcome stage.Outcome `json:"outcome,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	Copied  bool          `json:"copied,omitempty"`
	// Wave counts the moments at which stages begin, from 1; 0 where it does not run.
	Wave int `json:"wave,omitempty"`
	// Estimate is how long it takes; nil where that is not known.
	Estimate *Estimate `json:"estimate,omitempty"`
	// Start and End are when it begins and ends, from the begin of the release, by medians. AtLeast
	// says that it may well begin later, as it comes behind stages of which it is not known how long
	// they take, or may have to wait for them to make room. Where Estimate is nil, End is Start.
	Start   time.Duration `json:"start_ns"`
	End     time.Duration `json:"end_ns"`
	AtLeast bool          `json:"at_least,omitempty"`
	// IfFails is what becomes of the release when the stage fails for good. Nil: it does not run, or
	// is made for several items, of which each is told by itself, or MaxConsequences begin before it.
	IfFails *Consequence `json:"if_fails,omitempty"`
}

// Consequence is what becomes of a release in which one stage fails, at the end of its time, and all
// others succeed.
type Consequence struct {
	// Outcome is how the release ends; empty where it waits for a person, for the reason in Frozen.
	Outcome stage.Outcome `json:"outcome,omitempty"`
	Frozen  string        `json:"frozen,omitempty"`
	// Undone are the stages that are undone, in that order. Those that are under way when the stage
	// fails come first, as if each took its time; they are told to end, and which of them ends first
	// is not known beforehand.
	Undone []string `json:"undone,omitempty"`
}

// Runs reports whether the stage would run, or stages that are made of it would.
func (p *PreviewStage) Runs() bool { return p.Wave > 0 }

// NewPreview tells what would become of a release that begins with the events: its Requested, or, for a
// fork, what State.Fork gives. h may be nil. How long a stage takes that has never run is not guessed: it
// is taken as no time at all, and what follows from that is marked.
func NewPreview(first []Event, h *History) (*Preview, error) {
	if len(first) == 0 {
		return nil, fmt.Errorf("preview: %w: there are no events", ErrBroken)
	}
	if h == nil {
		h = new(History)
	}
	b := builder{history: h, first: slices.Clone(first), each: make(map[string]*Each), known: make(map[string]*Estimate)}
	if err := b.listless(); err != nil {
		return nil, err
	}
	slow, err := simulate(b.first, b.p90, "")
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	if b.course, err = simulate(b.first, b.median, ""); err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	s := b.course.state
	p := &Preview{
		Release: s.Release, Pipeline: s.Pipeline.Name, Forked: s.Forked, Releases: h.Releases,
		Total: b.course.length(), Slow: slow.length(), Critical: b.course.path(),
	}
	p.Release.RequestedAt = time.Time{}
	b.late()
	if err := b.stages(p); err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	return p, nil
}

// builder makes a preview.
type builder struct {
	history *History
	first   []Event
	each    map[string]*Each // of stages whose items are not known beforehand
	known   map[string]*Estimate
	course  *simulation
	inexact map[string]bool // stages that may begin later than they do
	passing map[string]bool // stages that do not run: whether they may be over later than they are
}

func (b *builder) estimate(p *Stage) *Estimate {
	e, asked := b.known[p.Name]
	if !asked {
		e = b.history.Estimate(p)
		b.known[p.Name] = e
	}
	return e
}

// listless makes one stage of each that is made for items which are not known beforehand.
func (b *builder) listless() error {
	s := new(State)
	for _, e := range b.first {
		if err := s.Apply(e); err != nil {
			return fmt.Errorf("preview: %w", err)
		}
	}
	req := b.first[0].Body.(Requested) // or else it could not have been applied
	req.Pipeline.Stages = slices.Clone(req.Pipeline.Stages)
	for i := range req.Pipeline.Stages {
		node := &req.Pipeline.Stages[i]
		if node.Each == nil {
			continue
		}
		if _, known := s.Value(node.Each.Key.Name); !known {
			b.each[node.Name], node.Each = node.Each, nil
		}
	}
	b.first[0].Body = req
	return nil
}

func (b *builder) median(p *Stage) time.Duration {
	if e := b.estimate(p); e != nil {
		return e.Median
	}
	return 0
}

func (b *builder) p90(p *Stage) time.Duration {
	if e := b.estimate(p); e != nil {
		return e.P90
	}
	return 0
}

// length is how long the release takes.
func (m *simulation) length() time.Duration { return m.now.Sub(m.began) }

// stages tells of each stage: those that run in the order in which they begin, each behind the one that
// it was made of, and then the others.
func (b *builder) stages(p *Preview) error {
	s := b.course.state
	told := make(map[string]bool)
	tell := func(name string) error {
		if told[name] {
			return nil
		}
		told[name] = true
		one, err := b.tell(name)
		if err != nil {
			return err
		}
		p.Stages = append(p.Stages, one)
		if one.Runs() && len(one.Items) == 0 {
			if one.Estimate == nil {
				p.Unknown = append(p.Unknown, name)
				p.AtLeast = true
			}
			p.AtLeast = p.AtLeast || one.AtLeast
			if slices.Contains(one.Listens, stage.Approve) {
				p.Asks = append(p.Asks, name)
			}
		}
		return nil
	}
	for _, run := range b.course.runs {
		if of := s.Node(run.name).Of; of != "" {
			if err := tell(of); err != nil {
				return err
			}
		}
		if err := tell(run.name); err != nil {
			return err
		}
	}
	for i := range s.Stages {
		if err := tell(s.Stages[i].Name); err != nil {
			return err
		}
	}
	return nil
}

// tell tells of one stage.
func (b *builder) tell(name string) (PreviewStage, error) {
	s, m := b.course.state, b.course
	st := s.Stage(name)
	one := PreviewStage{Stage: *s.Node(name)}
	if each := b.each[name]; each != nil {
		one.Each = each
	}
	if at, runs := m.place[name]; runs {
		run := m.runs[at]
		one.Wave, one.Start, one.End, one.AtLeast = run.wave, run.start, run.end, b.inexact[name]
		one.Estimate = b.estimate(&one.Stage)
		if at >= MaxConsequences {
			return one, nil
		}
		failed, err := simulate(b.first, b.median, name)
		if err != nil {
			return one, err
		}
		one.IfFails = failed.consequence()
		return one, nil
	}
	if st.Expanded {
		for i := range s.made(s.index[name]) {
			one.Items = append(one.Items, s.Pipeline.Stages[i].Item.Name)
			at, runs := m.place[s.Stages[i].Name]
			if !runs {
				continue
			}
			run := m.runs[at]
			if one.Wave == 0 || run.wave < one.Wave {
				one.Wave, one.Start, one.AtLeast = run.wave, run.start, b.inexact[run.name]
			}
			one.End = max(one.End, run.end)
		}
	}
	if !one.Runs() {
		one.Outcome, one.Reason, one.Copied = st.Outcome, st.Reason, st.Copied
	}
	return one, nil
}

// consequence is what became of the release.
func (m *simulation) consequence() *Consequence {
	s := m.state
	c := &Consequence{Outcome: s.Outcome, Undone: m.undone}
	if st := s.Stage(m.fails); st.Parked != "" {
		c.Frozen = st.Parked
	}
	return c
}
