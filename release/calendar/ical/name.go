package ical

import (
	"fmt"
	"strings"
)

// longest is how long a name may be, in bytes.
const longest = 100

// tidy is a text as a name may be.
func tidy(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '/':
			return '-'
		case r < ' ' || r == 0x7f || r == '�':
			return ' '
		}
		return r
	}, name)
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "")
	}
	return strings.TrimSpace(name)
}

// name is a name that no other window has.
func (r *reader) name(wanted string) string {
	if wanted = tidy(wanted); wanted == "" {
		wanted = "unnamed"
	}
	name := wanted
	for r.names[name] > 0 {
		r.names[wanted]++
		ending := fmt.Sprintf(" %d", r.names[wanted])
		name = strings.ToValidUTF8(wanted[:min(len(wanted), longest-len(ending))], "") + ending
	}
	r.names[name] = 1
	return name
}
