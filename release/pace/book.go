package pace

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
)

var (
	// ErrOther says that a release is of another pipeline than those before.
	ErrOther = errors.New("another pipeline")
	// ErrUnseen says that of a stage no run is known.
	ErrUnseen = errors.New("never seen")
	// ErrFew says that of a stage fewer runs are known than Options.Least.
	ErrFew = errors.New("too few runs")
	// ErrNoEnd says that nothing can be said of the end of a release.
	ErrNoEnd = errors.New("its end is not known")
)

// Kind is what a release was run for.
type Kind string

const (
	// Real is a release as any other.
	Real Kind = "real"
	// Rehearsal is a run of the same pipeline against an environment for rehearsals, to learn how long it takes.
	Rehearsal Kind = "rehearsal"
)

// Options are how a Book counts. The zero value is of use.
type Options struct {
	// Enough is how many real runs of a stage suffice to leave out its rehearsals. Zero: 5.
	Enough int
	// Keep is how many runs of each kind count of a stage, the latest ones. Zero: 100.
	Keep int
	// Least is how many runs of each stage must be known for a runway. Of few runs, the 95 % are little more than the slowest of them. Zero: 3.
	Least int
	// Confidence is that of intervals, between 0 and 1. Zero: 0.9.
	Confidence float64
	// Draws is how often a pipeline is played through. Zero: 1000.
	Draws int
	// Seed shuffles the draws.
	Seed uint64
}

func (o Options) normal() Options {
	set := func(n *int, to int) {
		if *n <= 0 {
			*n = to
		}
	}
	set(&o.Enough, 5)
	set(&o.Keep, 100)
	set(&o.Least, 3)
	set(&o.Draws, 1000)
	if !(o.Confidence > 0 && o.Confidence < 1) {
		o.Confidence = 0.9
	}
	return o
}

// Book is what is known of a pipeline. Make one with NewBook.
type Book struct {
	options  Options
	pipeline string
	releases map[Kind]int
	times    map[subject]*times
}

// subject is what times are of: a stage, all stages that are made of one, or a step of a rollout.
type subject struct {
	stage       string
	made        bool
	step, steps int // -1: the whole stage
}

// times are those that something took, in the order in which they were added. Each has work and wait at the same place.
type times struct{ work, wait map[Kind][]time.Duration }

// NewBook makes an empty book. Options that are out of bounds are their defaults.
func NewBook(o Options) *Book {
	return &Book{options: o.normal(), releases: make(map[Kind]int), times: make(map[subject]*times)}
}

// Add learns from the events of a release that is over or not. Add releases in the order in which they were made. The error is ErrOther for one of
// another pipeline than the first, that of the events, or ledger.ErrBroken; then nothing is learned.
func (b *Book) Add(kind Kind, events iter.Seq2[ledger.Event, error]) error {
	c, err := Follow(events)
	if err != nil {
		return err
	}
	return b.Learn(kind, c)
}

// Learn learns from a release that was followed. It is taken in as a whole: add it once, when it is over.
func (b *Book) Learn(kind Kind, c *Course) error {
	if kind != Real && kind != Rehearsal {
		return fmt.Errorf("pace: there is no kind %q", kind)
	}
	name := c.state.Pipeline.Name
	switch {
	case c.state.Seq == 0:
		return fmt.Errorf("pace: %w: there are no events", ledger.ErrBroken)
	case b.pipeline == "":
		b.pipeline = name
	case b.pipeline != name:
		return fmt.Errorf("release %s: %w: %s, and not %s", c.state.Release.ID, ErrOther, name, b.pipeline)
	}
	b.releases[kind]++
	for _, s := range c.done {
		b.keep(kind, subject{s.stage, false, s.step, s.steps}, s)
		if s.of != "" && s.step < 0 {
			b.keep(kind, subject{s.of, true, -1, 0}, s)
		}
	}
	return nil
}

func (b *Book) keep(kind Kind, of subject, s sample) {
	t := b.times[of]
	if t == nil {
		t = &times{make(map[Kind][]time.Duration), make(map[Kind][]time.Duration)}
		b.times[of] = t
	}
	t.work[kind] = append(t.work[kind], s.work)
	t.wait[kind] = append(t.wait[kind], s.wait)
	if drop := len(t.work[kind]) - b.options.Keep; drop > 0 {
		t.work[kind], t.wait[kind] = t.work[kind][drop:], t.wait[kind][drop:]
	}
}

// Releases are how many releases of a kind were added.
func (b *Book) Releases(kind Kind) int { return b.releases[kind] }

// Pipeline is the name of the pipeline; empty before the first release.
func (b *Book) Pipeline() string { return b.pipeline }

// Work is how long the stage runs, without the time that it waits for people. ok is false where it was never seen.
func (b *Book) Work(name string) (f Figures, ok bool) {
	return b.figures(b.sorted(subject{name, false, -1, 0}, false))
}

// Wait is how long people let the stage wait.
func (b *Book) Wait(name string) (f Figures, ok bool) {
	return b.figures(b.sorted(subject{name, false, -1, 0}, true))
}

// Step is how long a step of a rollout of so many steps takes, without the time that it waits for people; the first is 0.
func (b *Book) Step(name string, step, steps int) (f Figures, ok bool) {
	return b.figures(b.sorted(subject{name, false, step, steps}, false))
}

// Stages are the names of the stages that were seen, sorted.
func (b *Book) Stages() []string {
	var names []string
	// order: the names are sorted below
	for of := range b.times {
		if !of.made && of.step < 0 {
			names = append(names, of.stage)
		}
	}
	slices.Sort(names)
	return names
}

// runs are sorted times, and how many of them are of either kind.
type runs struct {
	sorted          []time.Duration
	real, rehearsed int
}

// sorted are the times that count: real ones, and rehearsals as long as those are few.
func (b *Book) sorted(of subject, waits bool) runs {
	t := b.times[of]
	if t == nil {
		return runs{}
	}
	all := t.work
	if waits {
		all = t.wait
	}
	r := runs{real: len(all[Real])}
	r.sorted = slices.Clone(all[Real])
	if r.real < b.options.Enough {
		r.rehearsed = len(all[Rehearsal])
		r.sorted = append(r.sorted, all[Rehearsal]...)
	}
	slices.Sort(r.sorted)
	return r
}

func (b *Book) figures(r runs) (f Figures, ok bool) {
	if len(r.sorted) == 0 {
		return f, false
	}
	return Figures{
		Real: r.real, Rehearsed: r.rehearsed,
		Median: quantile(r.sorted, 0.5), MedianInterval: interval(r.sorted, 0.5, b.options.Confidence),
		P95: quantile(r.sorted, 0.95), P95Interval: interval(r.sorted, 0.95, b.options.Confidence),
	}, true
}
