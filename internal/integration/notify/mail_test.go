package notify_test

import (
	"crypto/tls"
	"testing"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/release/notify/mail"
	"github.com/davit-sdk/davit/release/notify/notifytest"
	"github.com/davit-sdk/davit/stage"
	"github.com/emersion/go-sasl"
	"github.com/stretchr/testify/assert"
)

func to(o *office) *mail.Channel {
	return &mail.Channel{Server: o.address, From: "Davit <davit@example.com>", Username: "davit", Password: stage.NewSecret(o.password), TLS: trust(o.ca)}
}

func TestMailKeepsTheLaws(t *testing.T) {
	notifytest.Suite{Address: "ada@example.com", New: func() (notify.Channel, notifytest.Place) {
		o := newOffice(true)
		return to(o), o
	}}.Run(t)
}

func TestLogins(t *testing.T) {
	m := notify.Message{ID: "1", Address: "ada@example.com", Subject: "s", Text: "t"}
	for _, ways := range [][]string{{sasl.Plain}, {sasl.Login}, {sasl.Login, sasl.Plain}} {
		o := newOffice(true)
		o.ways = ways
		assert.NoError(t, to(o).Send(t.Context(), m))
		assert.Equal(t, []string{ways[len(ways)-1]}, o.logins)
		wrong := to(o)
		wrong.Password = stage.NewSecret("canary")
		err := wrong.Send(t.Context(), m)
		assert.ErrorContains(t, err, "the login: 535")
		assert.NotContains(t, err.Error(), "canary")
		assert.False(t, notify.IsPermanent(err), "somebody may mend the password")
		o.Close()
	}
}

func TestEncryption(t *testing.T) {
	m := notify.Message{ID: "1", Address: "ada@example.com", Subject: "s", Text: "t"}
	o := newOffice(true)
	defer o.Close()
	stranger := to(o)
	stranger.TLS = nil
	assert.ErrorContains(t, stranger.Send(t.Context(), m), "encryption: tls: failed to verify certificate")
	other := to(o)
	other.TLS = trust(o.ca)
	other.TLS.ServerName = "elsewhere.org"
	assert.ErrorContains(t, other.Send(t.Context(), m), "encryption")
	bare := newOffice(false)
	defer bare.Close()
	assert.ErrorContains(t, to(bare).Send(t.Context(), m), "nothing is sent without")
	assert.Empty(t, append(o.Arrived(), bare.Arrived()...))

	implicit := newOffice(true)
	defer implicit.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", implicit.server.TLSConfig)
	if assert.NoError(t, err) {
		go implicit.server.Serve(l)
		c := to(implicit)
		c.Server, c.ImplicitTLS = l.Addr().String(), true
		assert.NoError(t, c.Send(t.Context(), m))
		assert.Len(t, implicit.Arrived(), 1)
	}
}
