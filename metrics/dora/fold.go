package dora

import (
	"fmt"
	"slices"
	"time"
)

// fold computes the figures of one question, step by step; each file of a metric has its own steps.
type fold struct {
	h     *History
	r     Rules
	q     Query
	w     *window
	trace *trace // nil: nobody asks for the events behind the figures

	services   []uint32 // words of the services that count, by name
	rank       []uint32 // of a word: where in services; none
	selected   []bool   // of a word: a service that counts
	everything bool     // all services count
	nameless   uint32   // the word of the service without a name; none
	counts     []bool   // of a word: an environment that counts
	plain      bool     // a lead time is the finish less the commit
	split      bool     // each of the commits behind a change is a sample
	cycled     bool     // cycle times can be told
	tiers      *TierModel

	units      []unit
	begins     []int      // where the units of each service begin
	groups     [][]uint32 // members of units that are groups
	unitOf     []uint32   // of a deployment: its unit; none
	succeeded  []int32    // of a unit: the successful one before it; -1
	succeeding []int32    // of a unit: the successful one after it; nil while nobody asks
	mended     []int64    // of a unit: when the next successful one finished; nil while nobody asks
	elsewhere  int

	leads    []int64
	next     []int               // of a service: where its next lead time goes
	stamps   []uint32            // of a change: by whom it was taken last
	also     map[uint64]struct{} // changes that were taken by more than one service
	shippers map[uint32][]uint32 // of a change that an incident names: who first deployed it
	begun    map[uint32]int64    // of a change: when work on it began
	cycles   []cycle

	links   []link
	home    []uint32 // of an incident: its service's rank; none
	cause   []uint32 // of an incident: a unit; elsewhere; none
	touched []uint32
	last    []newest // of a service: its latest deployment, for a Meter; nil otherwise
	unsure  bool     // a Meter cannot tell the latest deployment before an incident

	recoveries, restores []recovery
	scores               []score // of each service, and of none
	cells                []cell  // of each service, and of none: each week
	weeks                int
	outages              [][]stretch // of each service, and of those that name none; nil while nobody asks

	spreader    *spreader
	hours       *hours
	ended, open []int64
	// of the weeks of one scope: days, whether there are any, and deployments
	perWeek, used, deployments []int64
	anomalies                  []Anomaly
}

// purpose is what figures are computed for.
type purpose uint8

const (
	forReport   purpose = iota
	forEvidence         // what becomes of each event is noted
	forMeter            // more events will come
)

// maxCells is how many weeks of services there may be. They take two gigabytes then: no window has so many, unless an event
// with a wrong year has made it.
const maxCells = 1 << 23

func (h *History) fold(r Rules, q Query, why purpose) (*fold, error) {
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	w, err := h.window(r, q)
	if err != nil {
		return nil, err
	}
	f := &fold{h: h, r: r, q: q, w: w, everything: len(q.Services) == 0, nameless: h.words.find(""), spreader: newSpreader(r)}
	if why == forEvidence {
		f.trace = &trace{}
	}
	if f.counts, err = h.environments(r, q); err != nil {
		return nil, err
	}
	if err := f.chooseServices(); err != nil {
		return nil, err
	}
	if weeks := len(w.weeks) - 1; why != forMeter && (len(f.services)+1)*weeks > maxCells {
		return nil, fmt.Errorf("%w: %d of %d services", ErrTooLong, weeks, len(f.services))
	}
	if w.to-w.from < 0 { // which has overflown
		return nil, fmt.Errorf("%w: from %s to %s are more than 292 years", ErrTooLong, instant(w.from).Format(time.RFC3339), instant(w.to).Format(time.RFC3339))
	}
	if f.tiers = r.Model; f.tiers == nil {
		f.tiers, _ = tierModel(r.Tiers)
	}
	if f.tiers == nil {
		f.tiers = &TierModel{}
	}
	f.split = (r.Start == StartCommit || r.Start == "") && len(h.originals) > 0
	f.plain = why != forEvidence && (r.Start == StartChange || (r.Start == StartCommit || r.Start == StartFirstCommit || r.Start == "") && len(h.originals) == 0) &&
		(r.LeadRounding == "" || r.LeadRounding == RoundNothing) && (r.BusinessTime == "" || r.BusinessTime == BusinessNever)
	f.cycled = len(h.merged) > 0
	f.run(why)
	return f, nil
}

func (f *fold) run(why purpose) {
	f.scores = make([]score, len(f.services)+1)
	units := f.arrange()
	f.beginWork()
	f.ship(units)
	if why != forMeter {
		f.stamps, f.also, f.begun = nil, nil, nil // they are large
	}
	f.place(units)
	f.precede()
	f.attribute()
	f.blame()
	f.recover()
	f.restore()
	f.count()
	f.noteOthers()
	f.oddMerges()
	f.oddOutages()
	f.oddWork()
	f.anomalies = append(f.anomalies, f.h.cycles()...)
	f.anomalies = append(f.anomalies, f.h.repeated()...)
	f.anomalies = sortAnomalies(f.anomalies)
}

// chooseServices finds the services that count, by name.
func (f *fold) chooseServices() error {
	h := f.h
	known := make([]bool, h.words.len())
	nameless := false
	for i := range h.deployed {
		if h.deployed[i].finish != never {
			known[h.deployed[i].service] = true
			nameless = nameless || h.deployed[i].service == f.nameless
		}
	}
	for i := range h.harm {
		known[h.harm[i].service] = true
	}
	for i := range h.outages {
		known[h.outages[i].service] = true
	}
	if !nameless && f.nameless != none {
		known[f.nameless] = false // what names no service belongs to none that could be listed
	}
	f.rank, f.selected = make([]uint32, len(known)), make([]bool, len(known))
	for i := range known {
		f.rank[i] = none
		f.selected[i] = known[i] && f.everything
	}
	for _, name := range f.q.Services {
		i := h.words.find(name)
		if i == none || !known[i] {
			return fmt.Errorf("%w %q", ErrUnknownService, name)
		}
		f.selected[i] = true
	}
	for i, yes := range f.selected {
		if yes {
			f.services = append(f.services, uint32(i))
		}
	}
	slices.SortFunc(f.services, func(a, b uint32) int { return slices.Compare(h.words.text(a), h.words.text(b)) })
	for rank, word := range f.services {
		f.rank[word] = uint32(rank)
	}
	return nil
}

// odd notes an anomaly.
func (f *fold) odd(a Anomaly) { f.anomalies = append(f.anomalies, a) }

// has says whether an instant lies in the window.
func (w *window) has(t int64) bool { return t >= w.from && t < w.to }

// week is the week of an instant of the window, day its day.
func (w *window) week(t int64) int { return piece(w.weeks, t, 1/(week*1e9)) }
func (w *window) day(t int64) int  { return piece(w.days, t, 1/(day*1e9)) }

// piece finds the last border at or before t, of borders that come about so often per nanosecond.
func piece(borders []int64, t int64, rate float64) int {
	i := min(max(int(float64(t-borders[0])*rate), 0), len(borders)-1)
	for i > 0 && borders[i] > t {
		i--
	}
	for i+1 < len(borders) && borders[i+1] <= t {
		i++
	}
	return i
}
