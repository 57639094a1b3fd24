package release

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// progressEvery is the least time between two records of one stage's progress.
const progressEvery = 100 * time.Millisecond

// desk is where one attempt of a stage hands in what is to be recorded. All fields are guarded by the
// session's mutex.
type desk struct {
	session *session
	node    *ledger.Stage
	attempt int
	cancel  context.CancelCauseFunc

	ended     bool
	denied    error         // the first use of something that is not declared
	cancelled time.Time     // when; zero: it was not
	patience  time.Duration // how long after that it is said to be still running
	values    map[string]json.RawMessage
	shown     time.Time       // when progress was recorded last
	waiting   *stage.Progress // progress that came too soon after it
}

var (
	_ stage.Host   = (*desk)(nil)
	_ stage.Denier = (*desk)(nil)
)

func (d *desk) Denied(err error) {
	d.session.logger.Error("refused", "error", err)
	d.session.mu.Lock()
	defer d.session.mu.Unlock()
	if d.denied == nil {
		d.denied = err
	}
}

func (d *desk) Value(name string) (json.RawMessage, bool) {
	d.session.mu.Lock()
	defer d.session.mu.Unlock()
	raw, ok := d.session.state.Values[name]
	return raw, ok
}

func (d *desk) SetValue(name string, value json.RawMessage) error {
	d.session.mu.Lock()
	defer d.session.mu.Unlock()
	if d.values == nil {
		d.values = make(map[string]json.RawMessage)
	}
	d.values[name] = value
	return nil
}

func (d *desk) Checkpoint(_ context.Context, data json.RawMessage, heard int) error {
	return d.record(ledger.Saved{Checkpoint: data, Heard: heard})
}

func (d *desk) Evidence(_ context.Context, v gate.Verdict) error {
	return d.record(ledger.Judged{Verdict: v})
}

func (d *desk) Detail(_ context.Context, name string, data json.RawMessage) error {
	return d.record(ledger.Noted{Name: name, Data: data})
}

func (d *desk) Progress(_ context.Context, p stage.Progress) error {
	s := d.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.ended {
		return stage.ErrEnded
	}
	if time.Since(d.shown) < progressEvery {
		d.waiting = &p
		s.poke()
		return s.failure
	}
	return d.show(p)
}

func (d *desk) show(p stage.Progress) error {
	d.shown, d.waiting = time.Now(), nil
	return d.session.record(d.event(0, ledger.Progressed{Progress: p}))
}

// flush records progress that has waited long enough, and returns the earlier of wake and the time
// when more will have. The mutex is held.
func (s *session) flush(wake time.Time) time.Time {
	for _, name := range slices.Sorted(maps.Keys(s.desks)) {
		d := s.desks[name]
		if d.waiting == nil {
			continue
		}
		due := d.shown.Add(progressEvery)
		if wait := time.Until(due); wait <= 0 {
			_ = d.show(*d.waiting) // run sees the failure
		} else if wake.IsZero() || due.Before(wake) {
			wake = due
		}
	}
	return wake
}

func (d *desk) Signal(ctx context.Context, n int) (stage.Signal, error) {
	s := d.session
	for {
		s.mu.Lock()
		inbox, changed, failure := s.state.Stage(d.node.Name).Inbox, s.changed, s.failure
		s.mu.Unlock()
		if failure != nil {
			return stage.Signal{}, failure
		}
		if n < len(inbox) {
			return inbox[n], nil
		}
		if ctx.Err() != nil {
			return stage.Signal{}, context.Cause(ctx)
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// finish records the end of the attempt, together with the values that the stage hands on.
func (d *desk) finish(end ledger.Ended) {
	s := d.session
	s.mu.Lock()
	defer s.mu.Unlock()
	name := d.node.Name
	d.ended = true
	delete(s.desks, name)
	s.poke()
	if d.denied != nil && end.Outcome == stage.Succeeded {
		end.Outcome, end.Reason = stage.Failed, "it ended well, but made light of an error: "+d.denied.Error()
	}
	if missing := d.missing(); end.Outcome == stage.Succeeded && missing != "" {
		end.Outcome = stage.Failed
		end.Reason = "it ended well, but did not set the key " + missing + ", which it declares to write"
	}
	var events []ledger.Event
	if d.waiting != nil {
		events = append(events, d.event(0, ledger.Progressed{Progress: *d.waiting}))
	}
	for _, key := range slices.Sorted(maps.Keys(d.values)) {
		events = append(events, d.event(len(events), ledger.Wrote{Key: key, Value: d.values[key]}))
	}
	events = append(events, d.event(len(events), end))
	if s.record(events...) != nil {
		return
	}
	log := s.logger.Info
	if end.Outcome != stage.Succeeded && end.Outcome != stage.Skipped {
		log = s.logger.Warn
	}
	log("stage ended", "stage", name, "attempt", d.attempt, "outcome", end.Outcome, "reason", end.Reason, "took", s.state.Stage(name).Took())
}

// missing is a key that the stage declares to write and has not set; empty where there is none.
func (d *desk) missing() string {
	for _, w := range d.node.Writes {
		if _, set := d.values[w.Name]; !set {
			return w.Name
		}
	}
	return ""
}

func (d *desk) record(b ledger.Body) error {
	d.session.mu.Lock()
	defer d.session.mu.Unlock()
	if d.ended {
		return stage.ErrEnded // a goroutine that the stage has left behind
	}
	return d.session.record(d.event(0, b))
}

func (d *desk) event(n int, b ledger.Body) ledger.Event {
	return d.session.event(n, d.node.Name, d.attempt, b)
}
