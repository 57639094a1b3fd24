package dora

import (
	"errors"
	"math"
)

// ErrFull is the error of History.Add when it cannot number more of what it is given: two billion
// ids of one type, or four gigabytes of their text.
var ErrFull = errors.New("the history is full")

// History keeps events, compactly: strings are kept once, times as nanoseconds. The zero History is
// empty and ready. The order in which events are added makes no difference to any figure.
//
// Any number of goroutines may ask it at once while none adds.
type History struct {
	deployments names
	deployed    []deployment // by number in deployments
	brought     []uint32     // changes of all deployments
	fixed       []uint32     // deployments remedied by all deployments

	changes   names
	committed []int64           // by number in changes; never for one that was named and not told of
	merged    []int64           // nil while no change has it
	repos     []uint32          // nil while no change has it
	squashed  []uint32          // 1 + where in originals; nil while no change has any
	originals []original        // of all changes
	aliases   map[uint32]uint32 // originals' ids

	incidents names
	harm      []incident // by number in incidents
	causes    []uint32   // deployments that caused all incidents
	culprits  []uint32   // changes that caused all incidents

	works  names
	worked []work // by number in works

	outages []outage
	answers []answer

	words names // services, environments, versions, groups, repositories, iterations, severities

	told   map[telling]*versions // what was told more than once
	events int
	edits  int // how often something that was there before was changed

	touched uint32 // see reader
}

// never is the instant of what did not happen.
const never = math.MinInt64

type span struct{ from, n uint32 }

func (s span) of(all []uint32) []uint32 { return all[s.from : s.from+s.n] }

type deployment struct {
	finish, start                        int64 // finish is never for one that was named and not told of
	changes, fixes                       span
	service, environment, version, group uint32 // version and group are none where empty
	kind                                 uint8
	failed                               bool
}

type original struct {
	id   uint32
	more bool // the next one belongs to the same change
	at   int64
}

type incident struct {
	opened, resolved int64
	causes, changes  span
	service          uint32
}

type outage struct {
	from, to          int64
	service, severity uint32
}

type answer struct {
	at    int64
	count int
	kind  Survey
	score uint8
}

// Len is how many events were taken.
func (h *History) Len() int { return h.events }

// Add takes an event, and names each field that keeps it from being taken. An event with an id that was
// told of before is taken, too: told the same way it is a repetition, and otherwise a conflict, in which the
// one that ends later counts. Anomalies tells of both.
func (h *History) Add(e Event) error {
	e = value(e)
	if e == nil {
		return errors.New("no event")
	}
	if err := e.validate(); err != nil {
		return err
	}
	var err error
	switch e := e.(type) {
	case *Deployment:
		err = h.deploy(e)
	case *Change:
		err = h.commit(e)
	case *Incident:
		err = h.harmed(e)
	case *Work:
		err = h.work(e)
	case *Outage:
		h.outages = append(h.outages, outage{nanos(e.From), nanos(e.To), h.words.intern(e.Service), h.words.intern(e.Severity)})
	case *Answer:
		h.answers = append(h.answers, answer{nanos(e.Time), e.Count, e.Kind, uint8(e.Score)})
	}
	if err == nil {
		h.events++
	}
	return err
}

// behind are the commits behind a squash.
func (h *History) behind(i uint32) []original {
	if int(i) >= len(h.squashed) || h.squashed[i] == 0 {
		return nil
	}
	from := h.squashed[i] - 1
	to := from
	for h.originals[to].more {
		to++
	}
	return h.originals[from : to+1]
}

// known is the change that an id stands for, none where nobody told of it.
func (h *History) known(i uint32) uint32 {
	if h.committed[i] != never {
		return i
	}
	if alias, ok := h.aliases[i]; ok {
		return alias
	}
	return none
}

func (h *History) mergedAt(i uint32) int64 {
	if int(i) >= len(h.merged) {
		return never
	}
	return h.merged[i]
}

// kinds are numbered in this order.
var kinds = []Kind{KindChange, KindHotfix, KindRollback, KindFixForward, KindFlag}

const (
	kindChange = iota
	kindHotfix
	kindRollback
	kindFixForward
	kindFlag
)

func kindNumber(k Kind) (uint8, bool) {
	switch k {
	case KindChange, "":
		return kindChange, true
	case KindHotfix:
		return kindHotfix, true
	case KindRollback:
		return kindRollback, true
	case KindFixForward:
		return kindFixForward, true
	case KindFlag:
		return kindFlag, true
	}
	return 0, false
}
