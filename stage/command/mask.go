package command

import (
	"bytes"
	"slices"
	"strings"
)

// minSecret is how many bytes a secret has at least: hiding a shorter one would hide other text, too.
const minSecret = 4

const hidden = "***"

// mask replaces secrets in a stream, also those that come in several pieces.
type mask struct {
	secrets [][]byte // the longest first, so that one that begins with another is hidden as a whole
	held    []byte   // the end of the stream so far, which may be the beginning of a secret
}

// newMask makes a mask of secrets. Of a value with several lines each line is hidden by itself, too, as
// programs write them one by one.
func newMask(secrets []secret) *mask {
	m := new(mask)
	for _, v := range secrets {
		for _, text := range append(strings.Split(v.value, "\n"), v.value) {
			if text = strings.TrimRight(text, "\r"); len(text) >= minSecret {
				m.secrets = append(m.secrets, []byte(text))
			}
		}
	}
	slices.SortStableFunc(m.secrets, func(a, b []byte) int { return len(b) - len(a) })
	return m
}

// write is what can be shown once p has come.
func (m *mask) write(p []byte) []byte {
	if len(m.secrets) == 0 {
		return p
	}
	return m.pass(p, false)
}

// end is what is left when the stream has ended.
func (m *mask) end() []byte { return m.pass(nil, true) }

func (m *mask) pass(p []byte, last bool) []byte {
	text := append(m.held, p...)
	var out []byte
	i := 0
scan:
	for i < len(text) {
		rest := text[i:]
		for _, secret := range m.secrets {
			if bytes.HasPrefix(rest, secret) {
				out = append(out, hidden...)
				i += len(secret)
				continue scan
			}
			if !last && bytes.HasPrefix(secret, rest) {
				break scan // what follows decides; a longer secret goes before a shorter one
			}
		}
		out = append(out, rest[0])
		i++
	}
	m.held = slices.Clone(text[i:])
	return out
}
