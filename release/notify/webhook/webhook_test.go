package webhook_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/release/notify/notifytest"
	"github.com/davit-sdk/davit/release/notify/webhook"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var key = stage.NewSecret("a key that nobody guesses")

// A receiver proves who has sent a message, and takes it once.
func Example() {
	seen := map[string]bool{}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, err := webhook.Read(r, key)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		if !seen[m.ID] {
			seen[m.ID] = true
			fmt.Println(m.Severity, m.Subject)
		}
	}))
	defer receiver.Close()
	channel := &webhook.Channel{URL: receiver.URL, Keys: []stage.Secret{key}}
	m := notify.Message{ID: "1", Subject: "shop 1.5.0 is released"}
	ctx := context.Background()
	fmt.Println(channel.Send(ctx, m), channel.Send(ctx, m))
	other := &webhook.Channel{URL: receiver.URL, Keys: []stage.Secret{stage.NewSecret("somebody else's key")}}
	fmt.Println(other.Send(ctx, m))
	// Output:
	// info shop 1.5.0 is released
	// <nil> <nil>
	// 127.0.0.1: 403 Forbidden: the signature is wrong
}

func TestLaws(t *testing.T) {
	notifytest.Suite{New: func() (notify.Channel, notifytest.Place) {
		place := notifytest.NewServer(func(r *http.Request, body []byte) ([]notifytest.Arrival, error) {
			r.Body = http.NoBody
			clone := r.Clone(r.Context())
			clone.Body = readCloser{bytes.NewReader(body)}
			m, err := webhook.Read(clone, key)
			return []notifytest.Arrival{{ID: m.ID, Text: m.Subject + "\n" + m.Text}}, err
		})
		return &webhook.Channel{URL: place.URL, Keys: []stage.Secret{key}}, place
	}}.Run(t)
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// signed is the header of a request that the channel makes, and its body.
func signed(t *testing.T, keys ...stage.Secret) (header http.Header, body []byte) {
	place := notifytest.NewServer(func(r *http.Request, b []byte) ([]notifytest.Arrival, error) {
		header, body = r.Header.Clone(), b
		return nil, nil
	})
	defer place.Close()
	require.NoError(t, (&webhook.Channel{URL: place.URL, Keys: keys}).Send(t.Context(), notify.Message{ID: "m1", Subject: "s"}))
	return header, body
}

func TestVerify(t *testing.T) {
	old, fresh := key, stage.NewSecret("whsec_"+base64.StdEncoding.EncodeToString([]byte("another key, 24 bytes!!!")))
	header, body := signed(t, fresh, old)
	now := time.Now()
	for _, keys := range [][]stage.Secret{{fresh}, {old}, {stage.NewSecret("a key of a stranger"), old}} {
		assert.NoError(t, webhook.Verify(header, body, now, keys...))
	}
	assert.ErrorIs(t, webhook.Verify(header, body, now, stage.NewSecret("a key of a stranger")), webhook.ErrSignature)
	assert.ErrorIs(t, webhook.Verify(header, body, now), webhook.ErrSignature)
	assert.ErrorContains(t, webhook.Verify(header, body, now, stage.NewSecret("short")), "needs 16")
	for i := range body {
		changed := bytes.Clone(body)
		changed[i] ^= 1
		assert.ErrorIs(t, webhook.Verify(header, changed, now, old), webhook.ErrSignature)
	}
	for _, name := range []string{webhook.HeaderID, webhook.HeaderTimestamp, webhook.HeaderSignature} {
		for _, value := range []string{"", "m2", "1", "v1,x", "m1.1", header.Get(name) + "0"} {
			changed := header.Clone()
			changed.Set(name, value)
			assert.ErrorIs(t, webhook.Verify(changed, body, now, old), webhook.ErrSignature, "%s: %s", name, value)
		}
	}
	for _, d := range []time.Duration{webhook.Tolerance + 2*time.Second, -webhook.Tolerance - 2*time.Second} {
		assert.ErrorIs(t, webhook.Verify(header, body, now.Add(d), old), webhook.ErrStale)
	}
	assert.NoError(t, webhook.Verify(header, body, now.Add(webhook.Tolerance-2*time.Second), old))
}

// The signature of the Standard Webhooks specification: its key, message and time, as its libraries have it in their tests.
func TestTheSignatureIsThatOfTheSpecification(t *testing.T) {
	header := http.Header{
		webhook.HeaderID: {"msg_p5jXN8AQM9LWM0D4loKWxJek"}, webhook.HeaderTimestamp: {"1614265330"},
		webhook.HeaderSignature: {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	}
	k := stage.NewSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	assert.NoError(t, webhook.Verify(header, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0), k))
}

func TestRead(t *testing.T) {
	header, body := signed(t, key)
	request := func(body []byte) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header = header
		return r
	}
	m, err := webhook.Read(request(body), key)
	require.NoError(t, err)
	assert.Equal(t, "m1", m.ID)
	_, err = webhook.Read(request(make([]byte, webhook.MaxBody+1)), key)
	assert.ErrorContains(t, err, "more than")
	_, err = webhook.Read(request(body[:10]), key)
	assert.ErrorIs(t, err, webhook.ErrSignature)
}

func TestALongDigestIsShortened(t *testing.T) {
	d := notify.Message{ID: "d", Occurrence: notify.Occurrence{Kind: notify.Digest}}
	for range 200 {
		d.Parts = append(d.Parts, notify.Message{ID: "p", Subject: "s", Text: strings.Repeat("t", 16<<10), Occurrence: notify.Occurrence{Reason: strings.Repeat("r", 8<<10)}})
	}
	size := 0
	place := notifytest.NewServer(func(r *http.Request, b []byte) ([]notifytest.Arrival, error) {
		size = len(b)
		return nil, nil
	})
	defer place.Close()
	require.NoError(t, (&webhook.Channel{URL: place.URL, Keys: []stage.Secret{key}}).Send(t.Context(), d))
	assert.LessOrEqual(t, size, webhook.MaxBody)
	assert.NotEmpty(t, d.Parts[0].Text)
	d.Text = strings.Repeat("x", webhook.MaxBody)
	assert.True(t, notify.IsPermanent((&webhook.Channel{URL: place.URL, Keys: []stage.Secret{key}}).Send(t.Context(), d)))
}

func TestValidate(t *testing.T) {
	err := (&webhook.Channel{URL: "http://example.com/x", Keys: []stage.Secret{stage.NewSecret("short"), stage.NewSecret("whsec_!")}}).Validate()
	for _, want := range []string{"URL: it is not encrypted", "Keys[0]: it has 5 bytes", "Keys[1]: what follows whsec_"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "short")
	assert.ErrorContains(t, (&webhook.Channel{}).Validate(), "Keys: there is none")
}

func FuzzRead(f *testing.F) {
	f.Add("m1", "1", "v1,x", []byte("{}"))
	f.Fuzz(func(t *testing.T, id, at, signature string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header = http.Header{webhook.HeaderID: {id}, webhook.HeaderTimestamp: {at}, webhook.HeaderSignature: {signature}}
		_, err := webhook.Read(r, key)
		assert.Error(t, err, "nobody guesses a signature")
	})
}
