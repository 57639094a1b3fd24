package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// unique says which key is twice in one object of a JSON text that is valid. Package encoding/json takes the last of them, and knows no
// difference between cases.
func unique(text []byte) error { return repeats(text, true) }

// repeats is unique, where keys that differ in case alone may be the same or not.
func repeats(text []byte, fold bool) error {
	type level struct {
		keys map[string]bool // nil for an array
		key  bool            // a key comes next
	}
	var levels []level
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return nil // it is over, since the text is valid
		}
		if delim, ok := token.(json.Delim); ok {
			switch delim {
			case '{':
				levels = append(levels, level{map[string]bool{}, true})
				continue
			case '[':
				levels = append(levels, level{})
				continue
			}
			levels = levels[:len(levels)-1]
		}
		if len(levels) == 0 {
			continue
		}
		in := &levels[len(levels)-1]
		if in.keys == nil {
			continue
		}
		if !in.key {
			in.key = true
			continue
		}
		in.key = false
		name, _ := token.(string)
		folded := name
		if fold {
			folded = strings.ToLower(name)
		}
		if in.keys[folded] {
			return fmt.Errorf("%q is %w", name, ErrDuplicate)
		}
		in.keys[folded] = true
	}
}
