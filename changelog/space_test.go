package changelog

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// TestSpace compares white space by its bytes with white space by its characters.
func TestSpace(t *testing.T) {
	alike := func(text string) {
		left := strings.TrimLeftFunc(text, unicode.IsSpace)
		require.Equal(t, len(text)-len(left), leadingSpace(text), "%q", text)
		require.Len(t, strings.TrimRightFunc(text, unicode.IsSpace), trailingSpace(text), "%q", text)
		require.Equal(t, left == "", isBlank(text), "%q", text)
	}
	for r := range rune(0x10000) {
		alike(string(r))
	}
	r := rand.New(rand.NewPCG(5, 6))
	bytes := "\x09 a\x80\x81\x85\x8a\x8b\x9a\x9f\xa0\xa8\xaf\xc2\xc3\xe1\xe2\xe3\xf0"
	for range 200_000 {
		var b strings.Builder
		for range r.IntN(7) {
			b.WriteByte(bytes[r.IntN(len(bytes))])
		}
		alike(b.String())
	}
}
