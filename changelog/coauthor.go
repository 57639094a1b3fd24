package changelog

import "strings"

// Person is somebody that a message names.
type Person struct {
	Name string
	// Address is the mail address, empty where there is none.
	Address string
	// Span is where both stand in the message.
	Span Span
}

// CoAuthors are the people in the Co-authored-by footers of the message and the commits within it, in the order of
// the text, each address once, in whatever case it is written. One without an address is told apart by the name.
func (m Message) CoAuthors() []Person { return m.coAuthors() }

func (m *Message) coAuthors() []Person {
	var all []Person
	seen := map[string]bool{}
	add := func(footers []Footer) {
		for _, f := range footers {
			if len(f.Token) != len("Co-authored-by") || !f.Is("Co-authored-by") {
				continue
			}
			person := personOf(f)
			key := strings.ToLower(person.Address)
			if key == "" {
				key = person.Name
			}
			if key != "" && !seen[key] {
				seen[key] = true
				all = append(all, person)
			}
		}
	}
	for i := range m.Inner {
		add(m.Inner[i].Footers)
	}
	add(m.Footers)
	return all
}

// personOf reads "Name <address>" on the first line of a value.
func personOf(f Footer) Person {
	value, _, _ := strings.Cut(f.Value, "\n")
	value = strings.TrimSpace(value)
	p := Person{Name: value, Span: Span{Start: f.ValueSpan.Start, End: min(f.ValueSpan.End, f.ValueSpan.Start+len(value))}}
	open := strings.LastIndexByte(value, '<')
	if open < 0 {
		return p
	}
	address, _, closed := strings.Cut(value[open+1:], ">")
	if !closed {
		return p
	}
	p.Name, p.Address = strings.Trim(value[:open], "\" \t"), strings.TrimSpace(address)
	return p
}
