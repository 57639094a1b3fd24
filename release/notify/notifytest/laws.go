package notifytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
)

// soon is how long a channel may take to return when its context is done; patience is how long one may take that is well.
const (
	soon     = 2 * time.Second
	patience = 20 * time.Second
)

// lab is a channel with its place.
type lab struct {
	channel notify.Channel
	place   Place
	failer  Failer
	address string
}

// message is a message like any other.
func (l *lab) message(n int) notify.Message {
	return notify.Message{
		ID: fmt.Sprintf("%032x", 0xda717+n),
		Occurrence: notify.Occurrence{
			Kind: notify.StageFailed, Severity: notify.Warning, Seq: uint64(n + 3), Time: time.Date(2026, 11, 23, 17, 0, n, 0, time.UTC),
			Release:  stage.Release{ID: "shop-42", Service: "shop", RequestedBy: "ada"},
			Pipeline: "shop", Stage: "deploy", Environment: "production", Attempt: 1, Outcome: stage.Failed, Reason: "it is too slow",
			Version: "1.5.0", Artifact: &stage.Artifact{Digest: "sha256:00"},
		},
		Rule: "rule", Group: "team", To: "ada", Address: l.address,
		Subject: "shop 1.5.0, deploy failed", Text: "shop 1.5.0, deploy failed.\n\nit is too slow\n",
	}
}

// send sends with some patience.
func (l *lab) send(m notify.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return l.channel.Send(ctx, m)
}

// came reports whether exactly these have arrived, by their IDs.
func (l *lab) came(ids ...string) error {
	var got []string
	for _, a := range l.place.Arrived() {
		got = append(got, a.ID)
	}
	if fmt.Sprint(got) != fmt.Sprint(ids) {
		return fmt.Errorf("%q have arrived, not %q", got, ids)
	}
	return nil
}

func arrives(l *lab) error {
	if err := l.send(l.message(0)); err != nil {
		return err
	}
	if err := l.came(l.message(0).ID); err != nil {
		return err
	}
	if err := l.send(l.message(1)); err != nil {
		return err
	}
	return l.came(l.message(0).ID, l.message(1).ID)
}

func words(l *lab) error {
	m := l.message(0)
	if err := l.send(m); err != nil {
		return err
	}
	for _, a := range l.place.Arrived() {
		for _, want := range []string{m.Subject, m.Reason} {
			if a.Text != "" && !strings.Contains(a.Text, want) {
				return fmt.Errorf("what has arrived does not say %q: %q", want, a.Text)
			}
		}
	}
	return nil
}

func same(l *lab) error {
	m := l.message(0)
	if err := errors.Join(l.send(m), l.send(m)); err != nil {
		return err
	}
	return l.came(m.ID, m.ID)
}

func digest(l *lab) error {
	a, b := l.message(0), l.message(1)
	d := notify.Message{
		ID: l.message(9).ID, Occurrence: notify.Occurrence{Kind: notify.Digest, Severity: notify.Warning, Time: b.Time}, To: "ada", Address: l.address,
		Subject: "2 messages", Text: a.Subject + "\n" + b.Subject + "\n", Parts: []notify.Message{a, b},
	}
	if err := l.send(d); err != nil {
		return err
	}
	if whole := l.came(d.ID); whole != nil && l.came(a.ID, b.ID) != nil {
		return whole
	}
	return nil
}

// oddities are what stages say.
func oddities() []string {
	return []string{
		"a\r\nBcc: eve@example.com\r\n\r\nb", "\n.\n\r\n.\r\nQUIT\r\n", `"}, {"text": "x`, "<!channel> <@U1> &amp; </pre><script>", "@channel @here *b* _i_ `c`",
		"\x00\x1b[2J\u202e\u2066", "\xff\xfe not UTF-8", strings.Repeat("long ", 3000), strings.Repeat("ü", 8000), "🚢", "", " \t\n ", "=3D =\n", "%s%d%!",
	}
}

func odd(l *lab) error {
	var ids []string
	for n, text := range oddities() {
		m := l.message(n)
		m.Subject, m.Text, m.Reason, m.By, m.To = text, text, text, text, text
		m.Release.RequestedBy, m.Release.Reason = text, text
		if err := l.send(m); err != nil {
			return fmt.Errorf("a message with %.40q: %w", text, err)
		}
		ids = append(ids, m.ID)
		if err := l.came(ids...); err != nil {
			return fmt.Errorf("after one with %.40q: %w", text, err)
		}
	}
	return nil
}

func untouched(l *lab) error {
	m := l.message(0)
	m.Environments = []string{"production", "staging"}
	m.Parts = []notify.Message{l.message(1), l.message(2)}
	before, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := l.send(m); err != nil {
		return err
	}
	after, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if string(before) != string(after) {
		return errors.New("the message was changed")
	}
	return nil
}

func cancelled(l *lab) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.channel.Send(ctx, l.message(0)); err == nil {
		return errors.New("with a context that is done, Send reports no error")
	}
	return l.came()
}

// bad sends while the place fails, and says what the error was.
func (l *lab) bad(f Failure, n int) error {
	l.failer.Fail(f)
	defer l.failer.Fail(None)
	return l.send(l.message(n))
}

func refused(l *lab) error {
	switch err := l.bad(Refuse, 0); {
	case err == nil:
		return errors.New("a message was refused, and Send reports no error")
	case notify.IsPermanent(err):
		return fmt.Errorf("a message was refused for now, and the error is permanent: %w", err)
	}
	return nil
}

func forbidden(l *lab) error {
	switch err := l.bad(Forbid, 0); {
	case err == nil:
		return errors.New("a message will never be taken, and Send reports no error")
	case !notify.IsPermanent(err):
		return fmt.Errorf("a message will never be taken, and the error is not permanent: %w", err)
	}
	return nil
}

func cut(l *lab) error {
	switch err := l.bad(Cut, 0); {
	case err == nil:
		return errors.New("the receiver was cut off before it answered, and Send reports no error")
	case notify.IsPermanent(err):
		return fmt.Errorf("the receiver was cut off, and the error is permanent: %w", err)
	}
	return nil
}

func hang(l *lab) error {
	l.failer.Fail(Hang)
	defer l.failer.Fail(None)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- l.channel.Send(ctx, l.message(0)) }()
	late := time.NewTimer(100*time.Millisecond + soon)
	defer late.Stop()
	select {
	case err := <-done:
		if err == nil {
			return errors.New("the receiver has not answered, and Send reports no error")
		}
		return nil
	case <-late.C:
		return fmt.Errorf("Send has not returned %s after its context was done", soon)
	}
}

func recovers(l *lab) error {
	for n, f := range []Failure{Refuse, Forbid, Cut} {
		_ = l.bad(f, n) // the laws above say what it is
		before := len(l.place.Arrived())
		m := l.message(10 + n)
		if err := l.send(m); err != nil {
			return fmt.Errorf("after failure %d: %w", f, err)
		}
		if got := l.place.Arrived(); len(got) != before+1 || got[before].ID != m.ID {
			return fmt.Errorf("after failure %d: the message has not arrived", f)
		}
	}
	return nil
}
