package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
)

const (
	// grace is how long a channel may take to return after its context was done, and how long the last save may take.
	grace = 5 * time.Second
	// saveSoon and saveLate are how long what was sent, and what was only read, may go without being recorded. What is lost of it by a crash is sent
	// again, or read again.
	saveSoon = 100 * time.Millisecond
	saveLate = 10 * time.Second
	// tooOften is after how many failures in a row to save a cursor an alarm is raised.
	tooOften = 5
)

// worker serves one channel. It belongs to one goroutine.
type worker struct {
	*Notifier
	box     *box
	channel Channel

	rest    time.Time     // until when the channel is left alone, as it asked for
	sores   sores         // recipients whose last message was not taken
	soon    bool          // something was sent since the last save
	savedAt time.Time     // when the last save was tried
	took    time.Duration // how long it took
	unsaved int           // saves that failed in a row
}

// serve sends what the channel is to tell until ctx ends, and then records how far it is.
func (n *Notifier) serve(ctx context.Context, b *box) error {
	w := &worker{Notifier: n, box: b, channel: n.o.Channels[b.name], sores: sores{}}
	if !w.load(ctx) {
		return nil
	}
	n.opened.Store(true)
	nudge(n.hurry)
	err := w.run(ctx)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return errors.Join(err, w.save(last, b))
}

// run is the life of a channel.
func (w *worker) run(ctx context.Context) error {
	timer := time.NewTimer(forever)
	defer timer.Stop()
	for ctx.Err() == nil {
		now := time.Now()
		wait := w.escalate(w.box, now)
		l, due := w.box.pick(now, w.sores)
		if rest := w.rest.Sub(now); l != nil && rest > 0 {
			l, due = nil, rest
		}
		if l == nil {
			wait = min(wait, max(due, time.Millisecond), w.keep(ctx, now))
			timer.Reset(wait)
			select {
			case <-ctx.Done():
			case <-timer.C:
			case <-w.box.wake:
			}
			continue
		}
		err := w.send(ctx, l.Message)
		if errors.Is(err, ErrHangs) {
			return fmt.Errorf("channel %s: %w", w.box.name, err)
		}
		if err == nil || ctx.Err() == nil {
			w.sent(ctx, l, err)
		}
		w.keep(ctx, time.Now())
	}
	return nil
}

// keep saves when it is time to, and says how long it is until it will be.
func (w *worker) keep(ctx context.Context, now time.Time) time.Duration {
	w.box.mu.Lock()
	version, saved, sealed := w.box.version, w.box.saved, w.box.sealed > w.box.saved
	w.box.mu.Unlock()
	if version == saved {
		return forever
	}
	every := saveLate
	if w.soon || sealed {
		every = max(saveSoon, 10*w.took) // a slow store is busy for a tenth of the time at most
	}
	if w.unsaved > 0 {
		every = ledger.Retry{Backoff: time.Second, MaxBackoff: maxPause}.Wait(w.unsaved, w.box.name)
	}
	if since := now.Sub(w.savedAt); since >= 0 && since < every && !w.savedAt.IsZero() {
		return every - since
	}
	if err := w.save(ctx, w.box); err != nil && ctx.Err() == nil {
		w.unsaved++
		w.logger.Error("the cursor cannot be saved", "channel", w.box.name, "failures", w.unsaved, "error", err)
		if w.unsaved == tooOften {
			w.alarm(ctx, nil, idOf("unsaved", w.box.name, time.Now().UTC().Format(time.DateOnly)), "The cursor of channel "+w.box.name+" cannot be saved",
				fmt.Sprintf("Messages go on, digests are late, and what is sent until it can be saved comes again after a restart.\n\n%s\n", err))
		}
	} else if err == nil {
		w.unsaved, w.soon = 0, false
	}
	w.savedAt = time.Now()
	w.took = w.savedAt.Sub(now)
	return max(saveSoon, time.Millisecond)
}

// save records how far a channel is.
func (n *Notifier) save(ctx context.Context, b *box) error {
	b.saving.Lock()
	defer b.saving.Unlock()
	b.mu.Lock()
	if b.rec == nil || b.saved == b.version {
		b.mu.Unlock()
		return nil
	}
	text, err := json.Marshal(b.rec)
	version := b.version
	b.mu.Unlock()
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, n.o.Timeout)
		err = n.cursors.Save(limited, b.name, text)
		cancel()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.saved, b.unkept, b.unkeptSince = version, "", time.Time{}
		return nil
	}
	if b.unkept == "" {
		b.unkeptSince = time.Now()
	}
	b.unkept = plain("the cursor cannot be saved: "+err.Error(), 500)
	return fmt.Errorf("channel %s: its cursor: %w", b.name, err)
}

// load opens the box with its cursor, and tries again until it can; false where ctx ends before.
func (w *worker) load(ctx context.Context) bool {
	w.box.mu.Lock()
	open := w.box.rec != nil
	w.box.mu.Unlock()
	if open {
		return true // it was run before
	}
	for failures := 1; ; failures++ {
		r, err := w.begin(ctx)
		if err == nil {
			w.box.open(r)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		wait := ledger.Retry{Backoff: time.Second, MaxBackoff: time.Minute}.Wait(failures, w.box.name)
		w.logger.Error("a channel cannot begin", "channel", w.box.name, "failures", failures, "again_in", wait, "error", err)
		w.box.fails(fmt.Errorf("it cannot begin: %w", err), time.Now())
		if failures == 3 {
			w.alarm(ctx, w.box, idOf("begin", w.box.name, time.Now().UTC().Format(time.DateOnly)),
				"Channel "+w.box.name+" does not run", fmt.Sprintf("Its cursor cannot be loaded, so that nothing is sent on it.\n\n%s\n", err))
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

// begin is the record of the channel: the one that was saved, or that of one that begins.
func (w *worker) begin(ctx context.Context) (*record, error) {
	limited, cancel := context.WithTimeout(ctx, w.o.Timeout)
	text, err := w.cursors.Load(limited, w.box.name)
	cancel()
	if err != nil {
		return nil, err
	}
	if text != nil {
		return parseRecord(text)
	}
	r := &record{Version: version, Since: w.o.Since, Begun: w.o.Since}
	r.fill()
	if r.Since.IsZero() {
		r.Begun = time.Now()
		err = w.past(ctx, r)
	}
	return r, err
}

// past takes all that is in the store by now as told, by the numbers of the events: the clocks of hosts do not count.
func (w *worker) past(ctx context.Context, r *record) error {
	order, err := listed(ctx, w.store)
	if err != nil {
		return err
	}
	open := order
	if opener, ok := w.store.(release.Opener); ok {
		open = nil
		for id, err := range opener.Open(ctx) {
			if err != nil {
				return fmt.Errorf("the open releases: %w", err)
			}
			open = append(open, id)
		}
	}
	known := make(map[string]bool, len(order))
	for _, id := range order {
		known[id] = true
		r.Releases[id] = &stand{Over: true}
	}
	for _, id := range open {
		if !known[id] {
			continue // it has begun since
		}
		s := &stand{}
		for e, err := range w.store.Events(ctx, id, 1) {
			if err != nil {
				return fmt.Errorf("release %s: %w", id, err)
			}
			s.Seq = e.Seq
			if _, over := e.Body.(ledger.Finished); over {
				s.Over, s.Last = true, e.Time
			}
		}
		r.Releases[id] = s
	}
	return nil
}
