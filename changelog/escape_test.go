package changelog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/changelog"
)

// TestEscapeEmoji: a forge makes a picture of a name between colons wherever it stands.
func TestEscapeEmoji(t *testing.T) {
	for text, want := range map[string]string{
		":+1:":                              "\\:~+1:",
		"so :+1: it":                        "so :~+1: it",
		"(:Smile:)":                         "(:~Smile:)",
		":a_b:c:":                           "\\:~a\\_b:~c:",
		"a:-1:b":                            "a:~-1:b",
		":100: :1234:":                      "\\:~100: :~1234:",
		"at 10:30:15":                       "at 10:30:15",
		"a: b: c":                           "a: b: c",
		"a::b":                              "a::b",
		"`:+1:`":                            "`:+1:`",
		"::":                                "\\::",
		":" + strings.Repeat("a", 65) + ":": "\\:" + strings.Repeat("a", 65) + ":",
	} {
		assert.Equal(t, strings.ReplaceAll(want, "~", "\u2060"), changelog.Escape(text), text)
	}
}

// TestEscapeDirection: what turns the direction of writing shows.
func TestEscapeDirection(t *testing.T) {
	for _, mark := range "\u061c\u200e\u200f\u202a\u202e\u2066\u2069" {
		assert.Equal(t, "a\ufffdb", changelog.Escape("a"+string(mark)+"b"), "%U", mark)
	}
}
