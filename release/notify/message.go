package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"
)

// Channel sends messages: to a room, by mail, to another program.
//
// The notifier calls Send from one goroutine at a time. It must return soon after ctx is done; how long one call may take is Options.Timeout. Nil
// says that the message has arrived, as far as the channel can know. After an error the same message comes again later, with the same ID, unless
// the error is Permanent; an AfterError says when. It also comes again if the host dies before it has recorded that it was sent. The channel must not
// change what the message points to. Package notifytest proves an implementation.
type Channel interface {
	Send(ctx context.Context, m Message) error
}

// Validator is a Channel that can tell what is wrong with its options before anything is sent. New asks it.
type Validator interface {
	Validate() error
}

// Func is a function as a Channel.
type Func func(ctx context.Context, m Message) error

var _ Channel = Func(nil)

// Send calls f.
func (f Func) Send(ctx context.Context, m Message) error { return f(ctx, m) }

// Message is what a recipient is told. Its JSON form is stable.
type Message struct {
	// ID is the same each time that the message is sent, and no other message has it: 32 hexadecimal digits, made of the release, the event, and the recipient.
	ID string `json:"id"`
	Occurrence
	// Rule is the rule that asked for it, Group the group and To the recipient that it is for, by their names, and Address is that of the recipient.
	Rule    string `json:"rule,omitempty"`
	Group   string `json:"group,omitempty"`
	To      string `json:"to,omitempty"`
	Address string `json:"address,omitempty"`
	// Subject is one line of at most 200 characters, and Text several, of at most 16 KiB. Neither holds any control characters but line feeds and
	// tabs, nor such as turn the direction of text: they may hold anything else, as they show what stages say.
	Subject string `json:"subject"`
	Text    string `json:"text"`
	// Repeated is how many messages like it were left out before it, since they came too soon after one another.
	Repeated int `json:"repeated,omitempty"`
	// Parts are the messages of a Digest, or of several Alarms in one, each with its own ID.
	Parts []Message `json:"parts,omitempty"`

	zone *time.Location
}

// Local is a moment by the clock of the recipient, for templates: "Mon 23 Nov 2026 18:00 CET".
func (m Message) Local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	zone := m.zone
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("Mon 2 Jan 2006 15:04 MST")
}

// idOf is a name made of others.
func idOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		// A hash never fails to take anything in. Names that hold the mark are told apart by their lengths.
		_, _ = h.Write([]byte(strings.ReplaceAll(p, "\x00", "\x00\x01") + "\x00\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// The bounds of a message.
const (
	maxSubject = 200
	maxText    = 16 << 10
)

// clean is the text without what steers a terminal, turns the direction of text, or is not UTF-8.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// cut ends what was cut.
const cut = " ..."

// plain is the text, clean and cut to so many bytes.
func plain(text string, most int) string {
	text = clean(text)
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len(cut)], "") + cut
}

// line is the text, clean, in one line of at most so many characters.
func line(text string, most int) string {
	text = strings.Map(breaks, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.FieldsFunc(clean(text), unicode.IsSpace), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-len(cut)]) + cut
	}
	return text
}

// breaks makes spaces of all that ends a line.
func breaks(r rune) rune {
	switch r {
	case '\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
		return ' '
	}
	return r
}
