package mail_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/release/notify/mail"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plain is a server of few words, which offers no encryption. It gives all that it was told when the connection ends.
func plain(t testing.TB, answers map[string]string) (address string, told <-chan []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	if t != nil {
		t.Cleanup(func() { l.Close() })
	}
	out := make(chan []string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "220 ready\r\n")
		var lines []string
		data := false
		for s := bufio.NewScanner(conn); s.Scan(); {
			line := s.Text()
			lines = append(lines, line)
			if data && line != "." {
				continue
			}
			word, _, _ := strings.Cut(line, " ")
			answer := answers[word]
			switch {
			case answer != "":
			case word == "EHLO":
				answer = "250-here\r\n250 AUTH PLAIN LOGIN"
			case word == "DATA":
				answer, data = "354 go on", true
			case word == ".":
				answer, data = "250 taken", false
			default:
				answer = "250 ok"
			}
			fmt.Fprint(conn, answer+"\r\n")
			if word == "QUIT" {
				break
			}
		}
		out <- lines
	}()
	return l.Addr().String(), out
}

func Example() {
	address, told := plain(nil, nil) // a server on this machine, without encryption
	channel := &mail.Channel{Server: address, From: "Davit <davit@example.com>", Insecure: true}
	m := notify.Message{ID: strings.Repeat("0", 32), To: "Ada", Address: "ada@example.com", Subject: "shop 1.5.0 is released", Text: "shop 1.5.0 is released.\n"}
	fmt.Println(channel.Send(context.Background(), m))
	for _, line := range (<-told)[1:] {
		fmt.Println(line)
	}
	// Output:
	// <nil>
	// MAIL FROM:<davit@example.com>
	// RCPT TO:<ada@example.com>
	// DATA
	// From: "Davit" <davit@example.com>
	// To: "Ada" <ada@example.com>
	// Subject: shop 1.5.0 is released
	// Date: Mon, 01 Jan 0001 00:00:00 +0000
	// Message-ID: <00000000000000000000000000000000@example.com>
	// Auto-Submitted: auto-generated
	// MIME-Version: 1.0
	// Content-Type: text/plain; charset=utf-8
	// Content-Transfer-Encoding: quoted-printable
	//
	// shop 1.5.0 is released.
	// .
	// QUIT
}

func TestNothingIsSentWithoutEncryption(t *testing.T) {
	m := notify.Message{ID: "1", Address: "ada@example.com", Subject: "s", Text: "t"}
	address, told := plain(t, nil)
	err := (&mail.Channel{Server: address, From: "davit@example.com"}).Send(t.Context(), m)
	assert.ErrorContains(t, err, "the server offers no encryption (STARTTLS), and nothing is sent without")
	assert.NotContains(t, strings.Join(<-told, "\n"), "MAIL")
	address, told = plain(t, nil)
	err = (&mail.Channel{Server: address, From: "davit@example.com", Insecure: true, Username: "davit", Password: stage.NewSecret("canary")}).Send(t.Context(), m)
	assert.ErrorContains(t, err, "no password is sent without")
	all := strings.Join(<-told, "\n")
	assert.NotContains(t, all, "AUTH")
	assert.NotContains(t, err.Error()+all, "canary")
	address, _ = plain(t, map[string]string{"EHLO": "250-here\r\n250 STARTTLS", "STARTTLS": "454 not now"})
	err = (&mail.Channel{Server: address, From: "davit@example.com", Insecure: true}).Send(t.Context(), m)
	assert.ErrorContains(t, err, `encryption: 454 "not now"`, "a server that offers it, and then does not, may be somebody in between")
}

func TestAnswers(t *testing.T) {
	m := notify.Message{ID: "1", To: "Ada", Address: "ada@example.com", Subject: "s", Text: "t"}
	for _, c := range []struct {
		word, answer, want string
		permanent          bool
	}{
		{"RCPT", "550 no such mailbox", `the recipient: 550 "no such mailbox"`, true},
		{"RCPT", "451 try later", `the recipient: 451 "try later"`, false},
		{".", "554 spam", `the mail: 554 "spam"`, true},
		{".", "452 full", `the mail: 452 "full"`, false},
		{"MAIL", "550 not you", `the sender: 550 "not you"`, false},
		{"DATA", "554 no", `the mail: 554 "no"`, false},
		{"EHLO", "554 go away", `hello: 554 "go away"`, false},
	} {
		answers := map[string]string{c.word: c.answer}
		if c.word == "EHLO" {
			answers["HELO"] = c.answer
		}
		address, _ := plain(t, answers)
		err := (&mail.Channel{Server: address, From: "davit@example.com", Insecure: true}).Send(t.Context(), m)
		assert.ErrorContains(t, err, c.want)
		assert.Equal(t, c.permanent, notify.IsPermanent(err), c.word+c.answer)
	}
	m.Address = "ada@example.com>\r\nRCPT TO:<eve@example.com"
	err := (&mail.Channel{Server: "127.0.0.1:1", From: "davit@example.com", Insecure: true}).Send(t.Context(), m)
	assert.True(t, notify.IsPermanent(err), "what is no address is never one")
}

func TestAnAddressThatNeedsQuotesIsNone(t *testing.T) {
	for _, a := range []string{`"a b"@example.com`, `"a<b"@example.com`, `"a>b"@example.com`, `"a@b"@example.com`, `"a> SIZE=1"@example.com`, "\"a\tb\"@example.com"} {
		address, _ := plain(t, nil)
		err := (&mail.Channel{Server: address, From: "davit@example.com", Insecure: true}).Send(t.Context(), notify.Message{ID: "x", Address: a})
		assert.True(t, notify.IsPermanent(err), a)
		assert.ErrorContains(t, err, "is not supported", a)
		assert.ErrorContains(t, (&mail.Channel{Server: "a:1", From: a}).Validate(), "From", a)
	}
	for _, a := range []string{"ada@example.com", `"ada"@example.com`, "Ada <ada+x@[192.0.2.1]>", "ada.o'b@example.com"} {
		address, _ := plain(t, nil)
		err := (&mail.Channel{Server: address, From: "davit@example.com", Insecure: true}).Send(t.Context(), notify.Message{ID: "x", Address: a})
		assert.NoError(t, err, a)
	}
}

func TestAServerThatDoesNotAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	err = (&mail.Channel{Server: l.Addr().String(), From: "davit@example.com"}).Send(ctx, notify.Message{Address: "ada@example.com"})
	assert.ErrorIs(t, err, context.Canceled)
}

// opened is a mail as its reader sees it.
func opened(t *testing.T, raw []byte) (*netmail.Message, string, string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	require.NoError(t, err)
	return m, subject, string(text)
}

var from, to = &netmail.Address{Name: "Davit", Address: "davit@example.com"}, &netmail.Address{Address: "ada@example.com"}

func TestADigestHasTheTextsOfItsParts(t *testing.T) {
	d := notify.Message{ID: "d", Text: "two\n", Parts: []notify.Message{{Text: "first ü\n"}, {Text: "second\n"}}}
	_, _, text := opened(t, mail.Compose(from, to, d))
	assert.Equal(t, "two\r\n\r\n--------\r\nfirst ü\r\n\r\n--------\r\nsecond\r\n", text)
	for range 300 {
		d.Parts = append(d.Parts, notify.Message{Text: strings.Repeat("x", 2000)})
	}
	_, _, text = opened(t, mail.Compose(from, to, d))
	assert.Less(t, len(text), 300<<10)
	assert.Contains(t, text, "more are left out")
}

func TestTheMailsOfAReleaseAreAThread(t *testing.T) {
	m := notify.Message{ID: strings.Repeat("a", 32), Occurrence: notify.Occurrence{Release: stage.Release{ID: "shop-42"}}}
	a, _, _ := opened(t, mail.Compose(from, to, m))
	m.ID = strings.Repeat("b", 32)
	b, _, _ := opened(t, mail.Compose(from, to, m))
	assert.Equal(t, a.Header.Get("References"), b.Header.Get("References"))
	assert.NotEqual(t, a.Header.Get("Message-ID"), b.Header.Get("Message-ID"))
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "Ada": "Ada", "d,\t": "d,\t", "\tü": "\tü", "Ada ü": "Ada ü", `a\b`: `a\b`, `\ü`: `\ü`, "\"ü\", <x@y>": "\"ü\", <x@y>", "\\\x01": "\\\x01", "\\A\xbf": "\\A\uFFFD", "=?utf-8?q?x?= ü": "=?utf-8?q?x?= ü",
	} {
		for header, raw := range map[string][]byte{
			"To":   mail.Compose(from, to, notify.Message{To: name}),
			"From": mail.Compose(&netmail.Address{Name: name, Address: to.Address}, from, notify.Message{}),
		} {
			m, _, _ := opened(t, raw)
			list, err := m.Header.AddressList(header)
			if assert.NoError(t, err, "%q", name) {
				assert.Equal(t, []*netmail.Address{{Name: want, Address: "ada@example.com"}}, list)
			}
		}
	}
}

// Whatever is in a message, its mail has these headers and no others, short lines of ASCII, and the same text.
func FuzzCompose(f *testing.F) {
	f.Add("subject", "text", "Ada", "id")
	f.Add("a\r\nBcc: eve@example.com\r\n\r\nx", ".\r\n.\n=", "\"Ada\" <x>\r\nBcc: eve", "<id>\r\n")
	f.Add(strings.Repeat("long ", 2000), "", strings.Repeat("long ", 2000), "")
	f.Add(strings.Repeat("ü", 2000), strings.Repeat("y", 2000), strings.Repeat("Ü ", 1000), "1")
	f.Fuzz(func(t *testing.T, subject, text, name, id string) {
		raw := mail.Compose(from, to, notify.Message{ID: id, Subject: subject, Text: text, To: name})
		m, _, _ := opened(t, raw)
		names := []string{}
		for n := range m.Header {
			names = append(names, n)
		}
		assert.ElementsMatch(t, []string{"From", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "Mime-Version", "Content-Type", "Content-Transfer-Encoding"}, names)
		list, err := m.Header.AddressList("To")
		if assert.NoError(t, err) {
			assert.Len(t, list, 1)
			assert.Equal(t, "ada@example.com", list[0].Address)
		}
		for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
			assert.LessOrEqual(t, len(line), 998)
			assert.False(t, bytes.ContainsAny(line, "\r\n\x00"))
			for _, c := range line {
				assert.Less(t, c, byte(0x80))
			}
		}
	})
}

func TestValidate(t *testing.T) {
	err := (&mail.Channel{Server: "smtp.example.com", From: "nobody", Password: stage.NewSecret("canary"), Hello: "a b"}).Validate()
	for _, want := range []string{`Server: "smtp.example.com" is no host and port`, `From: "nobody" is no address`, "Username: it is empty", `Hello: "a b"`} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "canary")
	assert.ErrorContains(t, (&mail.Channel{Server: "a:1", From: "a@b", Username: "x"}).Validate(), "Password: it is empty")
}
