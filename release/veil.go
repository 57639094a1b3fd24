package release

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// veil knows the secrets that a stage was given, and keeps them out of what is recorded and logged.
type veil struct {
	mu     sync.RWMutex
	values []string
}

// hidden is what stands in place of a secret.
const hidden = "***"

func (v *veil) add(s stage.Secret) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, form := range forms(s.Reveal()) {
		if !slices.Contains(v.values, form) {
			v.values = append(v.values, form)
		}
	}
	// The longest first: one secret may be a part of another.
	slices.SortStableFunc(v.values, func(a, b string) int { return len(b) - len(a) })
}

// forms are the ways in which programs write a secret by mistake: as it is, in JSON, in an URL, and in
// base64, by itself or somewhere within other data.
func forms(value string) []string {
	all := []string{value, quoted(value), strings.Trim(strconv.Quote(value), `"`), url.QueryEscape(value), url.PathEscape(value),
		strings.TrimPrefix(url.UserPassword("", value).String(), ":")}
	for _, coding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		// Three bytes are four characters: where the secret begins within them decides how it looks, and
		// the characters at its ends belong to its neighbours in part.
		for shift := range 3 {
			text := coding.EncodeToString([]byte(strings.Repeat("x", shift) + value))
			text = text[(shift*8+5)/6:]
			if (shift+len(value))%3 > 0 && text != "" {
				text = text[:len(text)-1]
			}
			if len(text) >= leastCode {
				all = append(all, text)
			}
		}
	}
	return all
}

// leastCode is how long a secret in base64 is at least that is looked for: shorter ones are found in
// anything.
const leastCode = 8

// quoted is the text as it stands in JSON.
func quoted(text string) string {
	raw, _ := json.Marshal(text) // a string can always be written
	return string(raw[1 : len(raw)-1])
}

// in reports whether there is a secret in the data, which is JSON.
func (v *veil) in(data []byte) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if len(v.values) == 0 {
		return false
	}
	if v.shows(string(data)) {
		return true
	}
	// A string may be written with escapes that nothing needs.
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if text, ok := token.(string); ok && v.shows(text) {
			return true
		}
	}
}

func (v *veil) shows(text string) bool {
	return slices.ContainsFunc(v.values, func(secret string) bool { return strings.Contains(text, secret) })
}

// mask is the text without secrets.
func (v *veil) mask(text string) string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, secret := range v.values {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return text
}

func (v *veil) verdict(verdict gate.Verdict) gate.Verdict {
	verdict.Gate, verdict.Reason = v.mask(verdict.Gate), v.mask(verdict.Reason)
	verdict.Evidence, verdict.Looks = slices.Clone(verdict.Evidence), slices.Clone(verdict.Looks)
	for i := range verdict.Looks {
		verdict.Looks[i].Gate = v.mask(verdict.Looks[i].Gate)
	}
	for i := range verdict.Evidence {
		e := &verdict.Evidence[i]
		e.What, e.Against = v.mask(e.What), v.mask(e.Against)
	}
	return verdict
}

func (v *veil) ended(e ledger.Ended) ledger.Ended {
	v.mu.RLock()
	none := len(v.values) == 0
	v.mu.RUnlock()
	if none {
		return e
	}
	e.Reason, e.Stack, e.By = v.mask(e.Reason), v.mask(e.Stack), v.mask(e.By)
	e.Evidence = slices.Clone(e.Evidence)
	for i := range e.Evidence {
		e.Evidence[i] = v.verdict(e.Evidence[i])
	}
	return e
}
