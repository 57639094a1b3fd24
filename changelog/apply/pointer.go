package apply

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Pointer is a JSON pointer by RFC 6901 to a text in a JSON file: "/version", "/packages//version", "/apps/0/version". It
// puts the next version there, and leaves every other byte as it is. A file that has no text there is an error.
type Pointer string

var _ FileUpdater = Pointer("")

// Update puts the next version where the pointer leads.
func (p Pointer) Update(text []byte, r Release) ([]byte, error) {
	start, end, err := p.find(text)
	if err != nil {
		return nil, fmt.Errorf("pointer %q: %w", string(p), err)
	}
	value, err := json.Marshal(r.Next.String())
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{text[:start], value, text[end:]}, nil), nil
}

// find is where the text stands that the pointer leads to, with its quotes.
func (p Pointer) find(text []byte) (start, end int, err error) {
	if !strings.HasPrefix(string(p), "/") {
		return 0, 0, errors.New("must begin with /")
	}
	var whole any
	if err := json.Unmarshal(text, &whole); err != nil {
		return 0, 0, err
	}
	end = len(text)
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for name := range strings.SplitSeq(string(p[1:]), "/") {
		from, to, err := member(text[start:end], unescape.Replace(name))
		if err != nil {
			return 0, 0, err
		}
		start, end = start+from, start+to
	}
	if text[start] != '"' {
		return 0, 0, errors.New("does not lead to a text")
	}
	return start, end, nil
}

// member is where the value of that name, or of that index, stands in an object or a list.
func member(text []byte, name string) (start, end int, err error) {
	in := json.NewDecoder(bytes.NewReader(text))
	kind, err := in.Token()
	if err != nil {
		return 0, 0, err
	}
	if kind != json.Delim('{') && kind != json.Delim('[') {
		return 0, 0, fmt.Errorf("leads on to %q where there is neither an object nor a list", name)
	}
	for i := 0; in.More(); i++ {
		key := json.Token(strconv.Itoa(i))
		if kind == json.Delim('{') {
			if key, err = in.Token(); err != nil {
				return 0, 0, err
			}
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return 0, 0, err
		}
		if key != name {
			continue
		}
		if end > 0 {
			return 0, 0, fmt.Errorf("there are two %q", name)
		}
		end = int(in.InputOffset())
		start = end - len(value)
	}
	if end == 0 {
		return 0, 0, fmt.Errorf("there is no %q", name)
	}
	return start, end, nil
}
