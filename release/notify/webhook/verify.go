package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
)

// The headers of a request, in the form in which net/http keeps them.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// Tolerance is how far the clocks of sender and receiver may be apart, and so for how long a request can be sent again by somebody else.
const Tolerance = 5 * time.Minute

var (
	// ErrSignature says that a request was not signed by any of the keys.
	ErrSignature = errors.New("the signature is wrong")
	// ErrStale says that a request was made too long ago, or in the future.
	ErrStale = errors.New("the request is too old or too new")
)

// minKey is how long a key is at least, in bytes.
const minKey = 16

// secret is a key as bytes. The error does not show it.
func secret(k stage.Secret) ([]byte, error) {
	raw := []byte(k.Reveal())
	if text, ok := strings.CutPrefix(k.Reveal(), "whsec_"); ok {
		var err error
		if raw, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, errors.New("what follows whsec_ is no base64")
		}
	}
	if len(raw) < minKey {
		return nil, fmt.Errorf("it has %d bytes, and needs %d", len(raw), minKey)
	}
	return raw, nil
}

// sign is one signature.
func sign(k stage.Secret, id, at string, body []byte) (string, error) {
	key, err := secret(k)
	if err != nil {
		return "", fmt.Errorf("Keys: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + at + ".")) // a hash never fails to take anything in
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Verify proves that a request with that header and that body was signed by one of the keys, and made within Tolerance of now. The error is
// ErrSignature or ErrStale, or says what is wrong with a key.
func Verify(header http.Header, body []byte, now time.Time, keys ...stage.Secret) error {
	id, at := header.Get(HeaderID), header.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" || strings.Contains(id, ".") {
		return ErrSignature
	}
	for _, k := range keys {
		want, err := sign(k, id, at, body)
		if err != nil {
			return err
		}
		for _, got := range strings.Fields(header.Get(HeaderSignature)) {
			if !hmac.Equal([]byte(got), []byte(want)) {
				continue
			}
			if d := now.Sub(time.Unix(seconds, 0)); d > Tolerance || d < -Tolerance {
				return ErrStale
			}
			return nil
		}
	}
	return ErrSignature
}

// Read is the message of a request, once it is proved; see Verify. It reads at most MaxBody bytes. Whoever answers other than 2xx gets it again.
func Read(r *http.Request, keys ...stage.Secret) (notify.Message, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return notify.Message{}, fmt.Errorf("the body: %w", err)
	}
	if len(body) > MaxBody {
		return notify.Message{}, fmt.Errorf("the body has more than %d bytes", MaxBody)
	}
	if err := Verify(r.Header, body, time.Now(), keys...); err != nil {
		return notify.Message{}, err
	}
	var m notify.Message
	if err := json.Unmarshal(body, &m); err != nil {
		return notify.Message{}, fmt.Errorf("the body: %w", err)
	}
	if m.ID != r.Header.Get(HeaderID) {
		return notify.Message{}, fmt.Errorf("the body is of another message: %w", ErrSignature)
	}
	return m, nil
}
