package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
)

// send tries once. A call that does not return although its context is done is waited for, as a channel is called once at a time, until ctx ends,
// too: then the error is ErrHangs.
func (w *worker) send(ctx context.Context, m Message) error {
	limited, cancel := context.WithTimeout(ctx, w.o.Timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		err := errors.New("it has ended its goroutine")
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("panic: %v", v)
			}
			done <- err
		}()
		err = w.channel.Send(limited, m)
	}()
	select {
	case err := <-done:
		return err
	case <-limited.Done():
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case err := <-done:
		return err
	case <-patience.C:
	}
	w.box.hang(true)
	w.logger.Error("a channel hangs: it has not returned though its context is done", "channel", w.box.name, "message", m.ID)
	if ctx.Err() == nil {
		w.alarm(ctx, w.box, idOf("hangs", w.box.name, m.ID), "Channel "+w.box.name+" hangs",
			"It has not returned from sending a message in time, and nothing is sent on it until it does.\n\nMessage: "+m.ID+"\n")
	}
	select {
	case err := <-done:
		w.box.hang(false)
		return err
	case <-ctx.Done():
	}
	patience.Reset(grace)
	select {
	case err := <-done:
		w.box.hang(false)
		return err
	case <-patience.C:
		return ErrHangs
	}
}

func (b *box) hang(is bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hangs = is
}

// fails notes how a try failed.
func (b *box) fails(err error, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failing == "" {
		b.since = now
	}
	b.failing = plain(err.Error(), 500)
}

// sent is what follows from a try.
func (w *worker) sent(ctx context.Context, l *letter, err error) {
	now := time.Now()
	if err == nil {
		w.soon = true
		delete(w.sores, l.Key)
		w.box.mu.Lock()
		w.box.failing, w.box.since = "", time.Time{}
		w.box.mu.Unlock()
		w.remove(l, nil)
		return
	}
	w.box.fails(err, now)
	tries := l.Tries + 1
	first := l.First
	if first.IsZero() {
		first = now
	}
	tired := w.o.Retry.Attempts > 0 && tries >= w.o.Retry.Attempts
	if IsPermanent(err) || tired || now.Sub(first) >= w.o.Retry.Within {
		w.bury(ctx, l, DeadLetter{Message: l.Message, Tries: tries, Since: first.UTC(), Until: now.UTC(), Error: plain(err.Error(), 500)})
	} else {
		backoff := ledger.Retry{Backoff: w.o.Retry.Backoff, MaxBackoff: w.o.Retry.MaxBackoff}
		wait := backoff.Wait(tries, l.Message.ID)
		s := w.sores[l.Key]
		s.failures++
		s.until = now.Add(backoff.Wait(s.failures, l.Key) / 2) // others may be taken though this one is not
		w.sores[l.Key] = s
		var after *AfterError
		if errors.As(err, &after) {
			w.rest = now.Add(min(after.Wait, MaxWait))
		}
		w.box.mu.Lock()
		l.Tries, l.First, l.Error, l.Due, l.Set = tries, first, plain(err.Error(), 500), now.Add(wait), now
		w.box.version++
		w.box.mu.Unlock()
		w.logger.Warn("a message was not taken", "channel", w.box.name, "message", l.Message.ID, "tries", tries, "again_in", wait, "error", err)
	}
}

// remove takes a letter out of the box, and tells the reader when there is room again.
func (w *worker) remove(l *letter, dead *DeadLetter) {
	b := w.box
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.rec.Letters, l); i >= 0 {
		b.drop(i)
	}
	if dead != nil {
		dead.Message.Parts = slices.Clone(dead.Message.Parts)
		for i := range dead.Message.Parts { // they are in each save from now on
			dead.Message.Parts[i].Text = ""
		}
		b.rec.Dead = append(b.rec.Dead, *dead)
		b.rec.Dead = b.rec.Dead[max(0, len(b.rec.Dead)-maxDead):]
	}
	if b.relieved {
		b.relieved = false
		nudge(w.hurry)
	}
}

// bury gives a letter up. It is told elsewhere, and that is recorded, before it is forgotten here.
func (w *worker) bury(ctx context.Context, l *letter, dead DeadLetter) {
	w.logger.Error("a message is given up", "channel", w.box.name, "message", dead.Message.ID, "to", dead.Message.To, "release", dead.Message.Release.ID,
		"subject", dead.Message.Subject, "tries", dead.Tries, "since", dead.Since, "error", dead.Error)
	if l.Message.Kind != Alarm {
		w.alarm(ctx, w.box, idOf("dead", l.Message.ID), fmt.Sprintf("A message to %s on channel %s is given up", dead.Message.To, w.box.name),
			fmt.Sprintf("%s\n\nIt was tried %d times since %s. %s\n\nThe message was:\n\n%s\n\n%s",
				"Nobody was told of this:", dead.Tries, dead.Since.Format(time.RFC3339), dead.Error, dead.Message.Subject, dead.Message.Text))
	}
	w.soon = true
	w.remove(l, &dead)
}

// alarmPause is for how long alarms are collected: a channel that refuses everything makes one message of many.
const alarmPause = 30 * time.Second

// alarm tells the group of Options.Alarms of something about the notifications, on all channels but one; nil: on all.
func (n *Notifier) alarm(ctx context.Context, except *box, id, subject, text string) {
	if n.alarms == nil {
		return
	}
	now := time.Now()
	told := false
	for _, m := range n.alarms.members {
		for _, b := range n.boxes {
			if b == except || b.name != m.Channel {
				continue
			}
			msg := Message{
				ID: idOf("alarm", id, m.key()), Occurrence: Occurrence{Kind: Alarm, Severity: Urgent, Time: now.UTC()},
				Group: n.alarms.name, To: m.Name, Address: m.Address, Subject: line(subject, maxSubject), Text: plain(text, maxText),
			}
			b.add(&letter{Message: msg, Key: m.key(), Due: now.Add(alarmPause), Set: now, Collected: true})
			told = true
			if err := n.save(ctx, b); err != nil && ctx.Err() == nil {
				n.logger.Error("the cursor cannot be saved", "channel", b.name, "error", err)
			}
		}
	}
	if !told {
		n.logger.Error("an alarm could be told to nobody", "subject", subject)
	}
}
