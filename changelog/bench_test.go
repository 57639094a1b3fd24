package changelog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/davit-sdk/davit/changelog"
)

// BenchmarkParse shows that the time per byte does not grow with the message.
func BenchmarkParse(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10, 1 << 20} {
		for name, unit := range map[string]string{"one-word": "x", "lines": "a line of prose, and more of it\n", "footers": "Refs: #1\n"} {
			text := "feat(api): x\n\n" + strings.Repeat(unit, size/len(unit))
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					changelog.Parse(text)
				}
			})
		}
	}
}

func BenchmarkNext(b *testing.B) {
	messages := make([]string, 10_000)
	for i := range messages {
		messages[i] = "fix(core): mend the thing that broke (#12)\n\nIt was broken.\n\nCo-authored-by: Z <z@example.org>"
	}
	h := since(b, "1.2.3", messages...)
	b.ReportAllocs()
	for b.Loop() {
		next(b, h, changelog.Policy{})
	}
}
