package keys_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora/internal/keys"
)

func TestTwice(t *testing.T) {
	var wide strings.Builder
	for i := range 100 {
		fmt.Fprintf(&wide, `"k%d":%d,`, i, i)
	}
	for text, want := range map[string]string{
		`{}`: "", `{"a":1,"b":1}`: "", `{"a":1,"a":1}`: "a", `{"a":1,"A":1}`: "A", `{"a":"a","b":["a","a"]}`: "",
		`[{"a":1},{"a":1}]`: "", `[{"a":{"b":1,"b":2}}]`: "b", `{"a":{"a":{"a":1}}}`: "", `{"a":{"b":1},"a":2}`: "a",
		`{"a\u0062":1,"ab":2}`: "ab", `{"a\"":"{\"a\":1","a":2}`: "", `"a"`: "", `{"a":[1,{"b":2}],"b":3}`: "",
		`{` + wide.String() + `"x":1}`: "", `{` + wide.String() + `"k7":1}`: "k7", `{` + wide.String() + `"K99":1}`: "K99",
	} {
		got, twice := keys.Twice([]byte(text), true)
		assert.Equal(t, want, got, text)
		assert.Equal(t, want != "", twice, text)
	}
	_, twice := keys.Twice([]byte(`{"a":1,"A":1}`), false)
	assert.False(t, twice)
}

// plainly is the same by the tokens of package encoding/json.
func plainly(d *json.Decoder) bool {
	token, err := d.Token()
	if err != nil {
		return false
	}
	twice, seen := false, map[any]bool{}
	switch token {
	case json.Delim('{'):
		for d.More() {
			key, _ := d.Token()
			twice = seen[key] || twice
			seen[key] = true
			twice = plainly(d) || twice
		}
	case json.Delim('['):
		for d.More() {
			twice = plainly(d) || twice
		}
	default:
		return false
	}
	_, _ = d.Token()
	return twice
}

func FuzzTwice(f *testing.F) {
	for _, text := range []string{`{"a":1,"a":2}`, `{"a":{"b":[{"c":1,"\u0063":2}]}}`, `{"a\\":"\"","a":[]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			keys.Twice(text, true)
			return
		}
		_, got := keys.Twice(text, false)
		d := json.NewDecoder(bytes.NewReader(bytes.ToValidUTF8(text, []byte("\ufffd"))))
		d.UseNumber()
		if bytes.Equal(text, bytes.ToValidUTF8(text, []byte("\ufffd"))) {
			require.Equal(t, plainly(d), got, "%s", text)
		}
	})
}
