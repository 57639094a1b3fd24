package apply

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Pattern is a piece of text with {version} in it, such as `const Version = "{version}"`. It puts the next version
// wherever the text stands with a version in that place, and leaves all else as it is. A file where it does not stand
// is an error.
type Pattern string

var _ FileUpdater = Pattern("")

const mark = "{version}"

// version is a semantic version, as strictly as the grammar of Semantic Versioning 2.0.0 has it.
const version = `(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)` +
	`(?:-(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?` +
	`(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?`

// Update puts the next version into the text.
func (p Pattern) Update(text []byte, r Release) ([]byte, error) {
	before, after, ok := strings.Cut(string(p), mark)
	if !ok || strings.Contains(after, mark) || before == "" && after == "" {
		return nil, fmt.Errorf("pattern %q: must hold %s once, and something beside it", string(p), mark)
	}
	find, err := regexp.Compile(regexp.QuoteMeta(before) + "(" + version + ")" + regexp.QuoteMeta(after))
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", string(p), err)
	}
	var out []byte
	at := 0
	for _, m := range find.FindAllSubmatchIndex(text, -1) {
		out = append(append(out, text[at:m[2]]...), r.Next.String()...)
		at = m[3]
	}
	if at == 0 {
		return nil, fmt.Errorf("pattern %q: %w", string(p), errNowhere)
	}
	return append(out, text[at:]...), nil
}

var errNowhere = errors.New("stands nowhere in the file")
