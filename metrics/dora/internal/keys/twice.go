package keys

import (
	"encoding/json"
	"slices"
	"strings"
)

// many is from how many keys on those of an object are kept in a map.
const many = 16

// level is an object or an array that is open.
type level struct {
	object bool
	value  bool // of an object: a value comes next, not a key
	names  []string
	set    map[string]bool // of names, where they are many
}

// Twice answers the first key that is twice in one object; false: there is none. The text must be valid JSON. With fold, keys that differ in case alone
// are the same, as they are for package encoding/json.
func Twice(text []byte, fold bool) (string, bool) {
	var levels []level
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '{', '[':
			levels = append(levels, level{object: c == '{'})
		case '}', ']':
			if len(levels) == 0 {
				return "", false
			}
			levels = levels[:len(levels)-1]
		case ',', ':':
			if len(levels) > 0 {
				levels[len(levels)-1].value = c == ':'
			}
		case '"':
			from := i
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			if len(levels) == 0 || i >= len(text) {
				continue
			}
			if in := &levels[len(levels)-1]; in.object && !in.value {
				if name, twice := in.add(text[from:i+1], fold); twice {
					return name, true
				}
			}
		}
	}
	return "", false
}

// add notes a key, with its quotes, and says whether it is there already.
func (l *level) add(quoted []byte, fold bool) (string, bool) {
	name := string(quoted[1 : len(quoted)-1])
	if strings.IndexByte(name, '\\') >= 0 && json.Unmarshal(quoted, &name) != nil {
		return "", false // it is not valid
	}
	key := name
	if fold {
		key = strings.ToLower(name)
	}
	if l.set == nil {
		if slices.Contains(l.names, key) {
			return name, true
		}
		if l.names = append(l.names, key); len(l.names) == many {
			l.set = map[string]bool{}
			for _, n := range l.names {
				l.set[n] = true
			}
		}
		return "", false
	}
	if l.set[key] {
		return name, true
	}
	l.set[key] = true
	return "", false
}
