package changelog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// Every byte is seen at every place of a word of eight, and behind what is not ASCII.
func TestBytesAtEveryPlace(t *testing.T) {
	for before := range 18 {
		for c := range 256 {
			for _, start := range []string{"", "é"} {
				lead := "fix: " + start + strings.Repeat("a", before)
				m := changelog.Parse(lead + string([]byte{byte(c)}) + "bbbbbbbbbbbbbbbbb")
				want, code := lead+string([]byte{byte(c)})+"bbbbbbbbbbbbbbbbb", changelog.Code("")
				switch {
				case c == '\n', c == '\r':
					want, code = lead, changelog.CodeBlankLine
					if before == 0 && start == "" {
						code = changelog.CodeHeader
						want = "fix:"
					}
				case c == '\v', c == '\f':
					want = lead + "\tbbbbbbbbbbbbbbbbb"
				case c < ' ' && c != '\t', c >= 0x7F:
					want, code = lead+"\uFFFDbbbbbbbbbbbbbbbbb", changelog.CodeEncoding
				}
				if before == 0 && start == "" && (c == ' ' || c == '\t' || c == '\v' || c == '\f') {
					continue // more than one space
				}
				require.Equal(t, want, m.Header, "byte %#x behind %q", c, lead)
				if code == "" {
					require.Empty(t, m.Diagnostics, "byte %#x behind %q", c, lead)
				} else {
					require.Equal(t, code, m.Diagnostics[0].Code, "byte %#x behind %q", c, lead)
				}
			}
		}
	}
}
