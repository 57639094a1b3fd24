package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	undoes  int // the attempt to undo the stage; 0: the stage runs
	cancel  context.CancelCauseFunc
	secrets veil

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
	_ stage.Vault  = (*desk)(nil)
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
	if d.session.state == nil {
		return nil, false
	}
	return d.session.state.ValueFor(d.node.Name, name)
}

// Secret asks the runner's host for a secret, and remembers it so that it is never recorded.
func (d *desk) Secret(ctx context.Context, name string) (stage.Secret, error) {
	give := d.session.runner.secrets
	if give == nil { // a former stage may ask for what no stage does now
		return stage.Secret{}, errors.New("Config.Secrets is nil")
	}
	secret, err := give(ctx, name)
	if err == nil && secret.IsZero() {
		err = errors.New("it is empty")
	}
	if err != nil {
		return stage.Secret{}, err
	}
	d.secrets.add(secret)
	return secret, nil
}

func (d *desk) SetValue(name string, value json.RawMessage) error {
	if d.secrets.in(value) {
		return fmt.Errorf("key %s: %w", name, stage.ErrSecret)
	}
	d.session.mu.Lock()
	defer d.session.mu.Unlock()
	if d.values == nil {
		d.values = make(map[string]json.RawMessage)
	}
	d.values[name] = value
	return nil
}

func (d *desk) Checkpoint(_ context.Context, data json.RawMessage, heard int) error {
	if d.secrets.in(data) {
		return fmt.Errorf("checkpoint: %w", stage.ErrSecret)
	}
	return d.record(ledger.Saved{Checkpoint: data, Heard: heard})
}

func (d *desk) Evidence(_ context.Context, v gate.Verdict) error {
	return d.record(ledger.Judged{Verdict: d.secrets.verdict(v)})
}

func (d *desk) Detail(_ context.Context, name string, data json.RawMessage) error {
	if d.secrets.in(data) {
		return fmt.Errorf("detail %s: %w", name, stage.ErrSecret)
	}
	return d.record(ledger.Noted{Name: name, Data: data})
}

func (d *desk) Progress(_ context.Context, p stage.Progress) error {
	s := d.session
	p.Text = d.secrets.mask(p.Text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.ended {
		return stage.ErrEnded
	}
	if time.Since(d.shown) < progressEvery {
		d.waiting = &p
		if due := d.shown.Add(progressEvery); s.alarm.IsZero() || due.Before(s.alarm) {
			s.arm(due)
		}
		return s.failure
	}
	return d.show(p)
}

func (d *desk) show(p stage.Progress) error {
	d.shown, d.waiting = time.Now(), nil
	return d.session.advance(d.event(0, ledger.Progressed{Progress: p}))
}

// stale takes the progress that has waited long enough. The mutex is held.
func (s *session) stale() (events []ledger.Event) {
	for _, name := range slices.Sorted(maps.Keys(s.desks)) {
		d := s.desks[name]
		if d.waiting == nil || time.Since(d.shown) < progressEvery {
			continue
		}
		events = append(events, d.event(len(events), ledger.Progressed{Progress: *d.waiting}))
		d.shown, d.waiting = time.Now(), nil
	}
	return events
}

// flush returns the earlier of wake and the time when progress will have waited long enough. The mutex
// is held.
func (s *session) flush(wake time.Time) time.Time {
	for _, d := range s.desks {
		if d.waiting == nil {
			continue
		}
		if due := d.shown.Add(progressEvery); wake.IsZero() || due.Before(wake) {
			wake = due
		}
	}
	return wake
}

func (d *desk) Signal(ctx context.Context, n int) (stage.Signal, error) {
	s := d.session
	for {
		s.mu.Lock()
		if d.ended {
			s.mu.Unlock()
			return stage.Signal{}, stage.ErrEnded // to a goroutine that the stage has left behind
		}
		if err := errors.Join(s.failure, s.lost); err != nil {
			s.mu.Unlock()
			return stage.Signal{}, err
		}
		inbox, changed := s.state.Stage(d.node.Name).Inbox, s.watched()
		s.mu.Unlock()
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
// What is returned is to be run next by the goroutine that the stage ran in, unless that one exits.
func (d *desk) finish(end ledger.Ended, exits bool) job {
	s := d.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if !d.close() {
		return nil
	}
	if d.denied != nil && end.Outcome == stage.Succeeded {
		end.Outcome, end.Reason = stage.Failed, "it ended well, but made light of an error: "+d.denied.Error()
	}
	if missing := d.missing(); end.Outcome == stage.Succeeded && missing != "" {
		end.Outcome = stage.Failed
		end.Reason = "it ended well, but did not set the key " + missing + ", which it declares to write"
	}
	end = s.state.Settle(d.node.Name, d.secrets.ended(end), s.now())
	var events []ledger.Event
	if d.waiting != nil {
		events = append(events, d.event(0, ledger.Progressed{Progress: *d.waiting}))
	}
	for _, key := range d.keys(end.Outcome) {
		events = append(events, d.event(len(events), ledger.Wrote{Key: key, Value: d.values[key]}))
	}
	events = append(events, d.event(len(events), end))
	d.log("stage ended", end.Outcome, end.Reason, s.state.Stage(d.node.Name).Started)
	return s.hand(exits, events)
}

// hand records how a stage ended, and returns what the goroutine that it ran in is to run next.
func (s *session) hand(exits bool, events []ledger.Event) job {
	s.relays = !exits
	_ = s.advance(events...) // those who wait for the session see the failure
	next := s.relay
	s.relays, s.relay = false, nil
	return next
}

// finishUndo records the end of an attempt to undo the stage.
func (d *desk) finishUndo(end ledger.UndoEnded, exits bool) job {
	s := d.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if !d.close() {
		return nil
	}
	end.Reason, end.Stack = d.secrets.mask(end.Reason), d.secrets.mask(end.Stack)
	end = s.state.SettleUndo(d.node.Name, end, s.now())
	d.log("undo ended", end.Outcome, end.Reason, s.state.Stage(d.node.Name).Undo.Began)
	e := d.event(0, end)
	e.Attempt = d.undoes
	return s.hand(exits, []ledger.Event{e})
}

// close closes the desk. False: the end of the attempt is not this host's to record any more.
func (d *desk) close() bool {
	s := d.session
	d.ended = true
	delete(s.desks, d.node.Name)
	if s.failure != nil || s.lost != nil {
		s.settle()
		return false
	}
	return true
}

func (d *desk) log(what string, outcome stage.Outcome, reason string, began time.Time) {
	if d.session.quiet {
		return
	}
	log := d.session.logger.Info
	if outcome != stage.Succeeded && outcome != stage.Skipped {
		log = d.session.logger.Warn
	}
	log(what, "stage", d.node.Name, "attempt", max(d.attempt, d.undoes), "outcome", outcome, "reason", reason, "took", d.session.now().Sub(began))
}

// keys are the keys that the stage hands on, in order: none where it has not succeeded, since what it had
// set by then is half done.
func (d *desk) keys(o stage.Outcome) []string {
	if len(d.values) == 0 || o != stage.Succeeded {
		return nil
	}
	return slices.Sorted(maps.Keys(d.values))
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
	return d.session.advance(d.event(0, b))
}

func (d *desk) event(n int, b ledger.Body) ledger.Event {
	return d.session.event(n, d.node.Name, d.attempt, b)
}
