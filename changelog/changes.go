package changelog

import "slices"

// theTitle is the index of a message's own header among its changes.
const theTitle = -1

// Changes are the changes that the message tells of, as messages without Inner: that of its header, and the commits
// within. A header that only says that there was a merge is none where there are commits within.
//
// Commits within that have one type, scope and description are one change, and so is what says again what the header
// says, whose number may be missing then, and a scope. Its footers are those of all of them, and it breaks something if one of
// them does. A commit that stands behind the revert of one like it is a further change.
func (m Message) Changes() []Message {
	changes := make([]Message, 0, 1+len(m.Inner))
	for _, part := range m.parts {
		changes = append(changes, *part.alone())
	}
	return changes
}

// alone is the message without what is within it.
func (m *Message) alone() *Message {
	if len(m.Inner) == 0 && m.same == nil {
		return m
	}
	own := *m
	own.Inner, own.same = nil, nil
	return &own
}

// parts goes over the Changes: theTitle and the message itself, and the indices of the commits within.
func (m *Message) parts(yield func(int, *Message) bool) {
	var again map[int][]int
	for k, first := range m.same {
		if first != k {
			if again == nil {
				again = map[int][]int{}
			}
			again[first] = append(again[first], k)
		}
	}
	if (m.Kind != Merging || len(m.Inner) == 0) && !yield(theTitle, m.with(m, again[theTitle])) {
		return
	}
	for k := range m.Inner {
		if (m.same == nil || m.same[k] == k) && !yield(k, m.Inner[k].with(m, again[k])) {
			return
		}
	}
}

// with is the message with what those of the whole one add that say the same.
func (m *Message) with(whole *Message, again []int) *Message {
	if len(again) == 0 {
		return m
	}
	all := *m
	seen := map[[2]string]bool{}
	for _, f := range m.Footers {
		seen[[2]string{f.Token, f.Value}] = true
	}
	all.Footers = slices.Clip(m.Footers)
	for _, k := range again {
		all.Bang = all.Bang || whole.Inner[k].Bang
		for _, f := range whole.Inner[k].Footers {
			if key := [2]string{f.Token, f.Value}; !seen[key] {
				seen[key] = true
				all.Footers = append(all.Footers, f)
			}
		}
	}
	return &all
}

// said is what two commits within a message must share to be one change.
type said struct{ typ, scope, description string }

func (m *Message) tells() said { return said{m.Type, m.Scope, m.Description} }

// unite finds the commits within that say the same. It is called again where more of them stand behind footers.
func (m *Message) unite() {
	m.same = nil
	undone := m.undoes()
	title, _ := withoutNumbers(m.Description)
	s := sayings{of: m}
	for k := range m.Inner {
		inner := &m.Inner[k]
		to := k
		switch {
		case inner.repeats(m, title) && !(undone && inner.breaks() && !m.breaks()):
			to = theTitle
		case inner.isRevert():
			s.forget(k)
		default:
			to = s.first(k)
		}
		if to != k && m.same == nil {
			m.same = make([]int, len(m.Inner))
			for i := range m.same {
				m.same[i] = i
			}
		}
		if m.same != nil {
			m.same[k] = to
		}
	}
}

// sayings find the first of some commits within that says the same as another one.
type sayings struct {
	of    *Message
	from  int          // those before it have been forgotten
	known map[said]int // nil for few
}

func (s *sayings) first(k int) int {
	const few = 16
	inner := s.of.Inner
	own := inner[k].tells()
	if len(inner) <= few {
		for i := s.from; i < k; i++ {
			if inner[i].tells() == own && (s.of.same == nil || s.of.same[i] == i) {
				return i
			}
		}
		return k
	}
	if s.known == nil {
		s.known = make(map[said]int, len(inner))
	}
	if i, ok := s.known[own]; ok {
		return i
	}
	s.known[own] = k
	return k
}

func (s *sayings) forget(k int) {
	s.from = k + 1
	clear(s.known)
}

// repeats reports whether the commit within says what the header of the whole message says, whose description without
// numbers is title.
func (m *Message) repeats(whole *Message, title string) bool {
	if m.Kind != whole.Kind || m.Type != whole.Type {
		return false
	}
	if m.Scope != whole.Scope && m.Scope != "" && whole.Scope != "" { // whoever writes a title again may leave it out
		return false
	}
	mine, _ := withoutNumbers(m.Description)
	return mine == title
}
