package release

import (
	"bytes"
	"encoding/json"
	"slices"
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
	value := s.Reveal()
	for _, form := range []string{value, quoted(value)} {
		if !slices.Contains(v.values, form) {
			v.values = append(v.values, form)
		}
	}
	// The longest first: one secret may be a part of another.
	slices.SortStableFunc(v.values, func(a, b string) int { return len(b) - len(a) })
}

// quoted is the text as it stands in JSON.
func quoted(text string) string {
	raw, _ := json.Marshal(text) // a string can always be written
	return string(raw[1 : len(raw)-1])
}

// in reports whether there is a secret in the data.
func (v *veil) in(data []byte) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return slices.ContainsFunc(v.values, func(secret string) bool { return bytes.Contains(data, []byte(secret)) })
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
	verdict.Evidence = slices.Clone(verdict.Evidence)
	for i := range verdict.Evidence {
		verdict.Evidence[i].What = v.mask(verdict.Evidence[i].What)
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
