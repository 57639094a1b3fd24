package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/notify"
)

// maxBody is how long the text of a mail is at most, in bytes, before it is encoded.
const maxBody = 256 << 10

// compose is the mail as it goes over the wire.
func compose(from, to *mail.Address, m notify.Message) []byte {
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	header("From", mailbox(from.Name, from.Address))
	header("To", mailbox(first(m.To, 60), to.Address))
	header("Subject", subject(m.Subject))
	header("Date", m.Time.UTC().Format(time.RFC1123Z))
	header("Message-ID", "<"+token(m.ID)+"@"+domain+">")
	if m.Release.ID != "" {
		sum := sha256.Sum256([]byte(m.Release.ID))
		header("References", "<release-"+hex.EncodeToString(sum[:12])+"@"+domain+">")
	}
	header("Auto-Submitted", "auto-generated")
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(body(m))) // into memory: cannot fail
	_ = w.Close()
	return b.Bytes()
}

// mailbox is an address behind a name. A name of more than plain letters goes in base64: net/mail leaves a backslash in it what it is, which
// ends the name for those who read it, so that there is no address.
func mailbox(name, address string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
		return (&mail.Address{Name: name, Address: address}).String()
	}
	return mime.BEncoding.Encode("utf-8", strings.ToValidUTF8(name, "\uFFFD")) + " " + (&mail.Address{Address: address}).String()
}

// subject is a header that holds any text: in words of encoded text, each on a line of its own, where it is more than plain letters.
func subject(text string) string {
	return strings.ReplaceAll(mime.QEncoding.Encode("utf-8", first(text, 200)), "?= =?", "?=\r\n =?")
}

// first are the first characters of a text, as far as anybody shows them: a line of a mail has at most 998 bytes.
func first(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}

// token is an ID as it may stand in a Message-ID. Those of a notifier are hexadecimal; any other is hashed.
func token(id string) string {
	if len(id) == 32 && strings.Trim(id, "0123456789abcdef") == "" {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// body is the text, and for a digest the texts of its parts, as far as they fit.
func body(m notify.Message) string {
	var b strings.Builder
	b.WriteString(cut(m.Text, maxBody))
	for i, p := range m.Parts {
		piece := "\n--------\n" + p.Text
		if b.Len()+len(piece) > maxBody {
			fmt.Fprintf(&b, "\n--------\nThe texts of %d more are left out.\n", len(m.Parts)-i)
			break
		}
		b.WriteString(piece)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\r", "\n")
	return strings.ReplaceAll(strings.ReplaceAll(text, "\x00", ""), "\n", "\r\n")
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + " ..."
}
