package pace

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Forecast is how far a release is, and when it will be over, as far as that is known. Durations are nanoseconds in JSON.
type Forecast struct {
	Release string    `json:"release"`
	At      time.Time `json:"at"`
	// Over says that the release is over, and Turned that it does not go well any more: it is being taken back, or ends badly, or a stage waits for
	// a person to say what becomes of it. Nothing is said of what is left then.
	Over   bool `json:"over,omitempty"`
	Turned bool `json:"turned,omitempty"`
	// Work is how much work is left, WithPeople how long it takes with the time of people.
	Work       Spread `json:"work"`
	WithPeople Spread `json:"with_people"`
	// Unseen are stages to come that were never seen, and Overdue those that run for longer than they ever did: what is left is at least what
	// it says. Unasked are stages that wait for people of whom it is not known how long they take, or who take longer than they ever did:
	// WithPeople is at least what it says.
	Unseen  []string `json:"unseen,omitempty"`
	Overdue []string `json:"overdue,omitempty"`
	Unasked []string `json:"unasked,omitempty"`
	// Few are stages to come of which fewer runs are known than Options.Least.
	Few []string `json:"few,omitempty"`
	// People are the stages that wait for people now.
	People []Waiting `json:"people,omitempty"`
	// Done is the share of the work that is done, by medians: from 0, and below 1 before the end. It does not fall, but where a rollout goes
	// back or is tried again, or more stages are found to be run. It is no share where Known is false, since
	// there is a stage that was never seen.
	Done  float64 `json:"done"`
	Known bool    `json:"known"`
	// StagesDone of Stages are over.
	StagesDone int `json:"stages_done"`
	Stages     int `json:"stages"`
}

// Waiting is a stage that waits for people.
type Waiting struct {
	Stage string    `json:"stage"`
	Since time.Time `json:"since"`
}

// Forecast says how far a release is. A time before that of its last event counts as that. Of a release of another pipeline the book knows nothing,
// whatever its stages are called; of one that has not begun nobody does.
func (b *Book) Forecast(c *Course, now time.Time) Forecast {
	s := &c.state
	if b.pipeline != "" && s.Pipeline.Name != b.pipeline {
		b = NewBook(b.options)
	}
	if now.Before(s.Last) {
		now = s.Last
	}
	f := Forecast{Release: s.Release.ID, At: now.UTC(), Over: s.Over(), Stages: len(s.Stages), Turned: turned(s)}
	for i := range s.Stages {
		st := &s.Stages[i]
		if st.Over() {
			f.StagesDone++
		}
		if since, waits := waitsSince(st, &s.Pipeline.Stages[i], c.stints[st.Name]); waits {
			f.People = append(f.People, Waiting{st.Name, since})
		}
	}
	if f.Over {
		f.Done, f.Known = 1, true
		return f
	}
	p := b.newPlay(c, now)
	f.Unseen, f.Few, f.Overdue, f.Unasked = p.unseen, p.few, p.overdue, p.unasked
	f.Done, f.Known = p.done()
	if f.Turned {
		f.Known = false
	}
	if !f.Known {
		f.Done = 0
	}
	if f.Turned {
		return f
	}
	f.Work, f.WithPeople = spread(p.lengths(false)), spread(p.lengths(true))
	return f
}

// turned reports whether a release does not go well any more.
func turned(s *ledger.State) bool {
	if s.Undoing != nil || s.Aborted != nil {
		return true
	}
	for i := range s.Stages {
		st := &s.Stages[i]
		if st.Parked != "" || st.Over() && s.Pipeline.Stages[i].Spoils(st.Outcome) {
			return true
		}
	}
	return false
}

// waitsSince is since when a stage waits for people.
func waitsSince(st *ledger.StageState, line *ledger.Stage, t *stint) (time.Time, bool) {
	switch {
	case st.Parked != "":
		return st.Ended, true
	case st.Outcome == stage.Waiting && slices.Contains(line.Traits, stage.Asks):
		return st.Started, true
	case st.Running() && t != nil && !t.asked.IsZero():
		return t.asked, true
	}
	return time.Time{}, false
}

// done is the share of the work that is done.
func (p *play) done() (share float64, known bool) {
	var did, all time.Duration
	for i := range p.nodes {
		n := &p.nodes[i]
		st, line := n.st, n.line
		if n.instant || st.Copied || st.Attempt == 0 && n.over || st.Expanded {
			continue
		}
		known := p.book.find(line, false)
		whole := quantile(known.sorted, 0.5)
		switch {
		case n.over && len(known.sorted) == 0:
			whole = st.Took()
			fallthrough
		case n.over:
			did += whole
		case len(known.sorted) == 0 && !idle(line):
			return 0, false
		default: // by what it has worked, which never falls, as what is left may; and never all of it before it is over
			did += time.Duration(0.99 * float64(min(max(0, n.worked), whole)))
		}
		all += whole
	}
	if all <= 0 {
		return 0, false
	}
	return min(float64(did)/float64(all), 0.99), true
}

// Ends is when the release will be over if people take no time: as likely as not, and with 95 %. They are zero where that is not known: see AtLeast.
func (f Forecast) Ends() (likely, late time.Time) {
	if f.Over || f.Turned || f.AtLeast() {
		return time.Time{}, time.Time{}
	}
	return f.At.Add(f.Work.Median), f.At.Add(f.Work.P95)
}

// Runway is how long the work that is left needs before the next close: the 95 % of it. It is for a stage that waits in the midst of a release
// until there is room for the rest: what it waits itself is no work. The error is ErrUnseen or ErrFew, with the stages, or
// ErrNoEnd.
func (f Forecast) Runway() (time.Duration, error) {
	switch {
	case f.Over || f.Turned:
		return 0, fmt.Errorf("release %s: %w: it is over, or does not go well any more", f.Release, ErrNoEnd)
	case f.Stages == 0:
		return 0, fmt.Errorf("release %s: %w: nothing is known of it, it has not begun", f.Release, ErrNoEnd)
	case len(f.Unseen) > 0:
		return 0, fmt.Errorf("release %s: how long it takes is not known: %w: %s", f.Release, ErrUnseen, strings.Join(f.Unseen, ", "))
	case len(f.Few) > 0:
		return 0, fmt.Errorf("release %s: how long it takes is not known: %w: %s", f.Release, ErrFew, strings.Join(f.Few, ", "))
	case len(f.Overdue) > 0:
		return 0, fmt.Errorf("release %s: %w: %s takes longer than ever", f.Release, ErrNoEnd, strings.Join(f.Overdue, ", "))
	}
	return f.Work.P95, nil
}

// AtLeast reports whether more work may be left than is told, since there is a stage that was never seen, or one that runs for longer than ever, or
// since the release has not begun, and nobody knows its stages.
func (f Forecast) AtLeast() bool { return len(f.Unseen)+len(f.Overdue) > 0 || f.Stages == 0 && !f.Over }

// String is the forecast in one line.
func (f Forecast) String() string {
	var b strings.Builder
	switch {
	case f.Over:
		return fmt.Sprintf("%s: over", f.Release)
	case f.Known:
		fmt.Fprintf(&b, "%s: %.0f %%", f.Release, 100*f.Done)
	default:
		fmt.Fprintf(&b, "%s: progress unknown", f.Release)
	}
	fmt.Fprintf(&b, ", %d of %d stages", f.StagesDone, f.Stages)
	switch {
	case f.Turned:
		b.WriteString("; it does not go well any more, so its end is unknown")
	case f.AtLeast():
		fmt.Fprintf(&b, "; at least %s of work left", short(f.Work.Median))
	default:
		_, late := f.Ends()
		fmt.Fprintf(&b, "; %s of work left, p95 %s, by %s", short(f.Work.Median), short(f.Work.P95), late.Format("15:04:05Z"))
	}
	if f.WithPeople.Median > f.Work.Median {
		least := ""
		if len(f.Unasked) > 0 || f.AtLeast() {
			least = "at least "
		}
		fmt.Fprintf(&b, "; with people %s%s, p95 %s", least, short(f.WithPeople.Median), short(f.WithPeople.P95))
	}
	for _, list := range []struct {
		what  string
		names []string
	}{{"never seen", f.Unseen}, {"longer than ever", f.Overdue}} {
		if len(list.names) > 0 {
			fmt.Fprintf(&b, "; %s: %s", list.what, strings.Join(list.names, ", "))
		}
	}
	for _, w := range f.People {
		fmt.Fprintf(&b, "; %s waits for people for %s", w.Stage, short(f.At.Sub(w.Since)))
	}
	return b.String()
}
