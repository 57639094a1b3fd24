package changelog

import "slices"

// shelf has commits with their messages, in rows that one release after the other uses.
type shelf struct {
	rows []*row
	n    int
}

// row has room for some commits: more would be empty mostly, and fewer not worth the while.
type row [32]struct {
	commit  Commit
	message Message
}

// spare are the rows that are free, those that are lent, and room for the commits of one shelf in a row.
type spare struct {
	rows, lent []*row
	commits    []Commit
	messages   []*Message
}

// mostSpare is how many free rows are kept, so that memory does not remember a long release for ever.
const mostSpare = 128

func (s *shelf) add(from *spare, c *Commit, m *Message) {
	if s.n == len(s.rows)*len(row{}) {
		r := &row{}
		if free := len(from.rows); free > 0 {
			r = from.rows[free-1]
			from.rows = from.rows[:free-1]
		}
		s.rows = append(s.rows, r)
	}
	at := &s.rows[s.n/len(row{})][s.n%len(row{})]
	at.commit, at.message = *c, *m
	s.n++
}

// clear empties the shelf into lists that are good until they are taken back. The messages stay in their rows.
func (p *spare) clear(s *shelf) ([]Commit, []*Message) {
	p.commits, p.messages = slices.Grow(p.commits, s.n), slices.Grow(p.messages, s.n)
	for _, r := range s.rows {
		for i := range r[:min(s.n, len(r))] {
			p.commits, p.messages = append(p.commits, r[i].commit), append(p.messages, &r[i].message)
		}
		s.n -= min(s.n, len(r))
	}
	p.lent, s.rows = s.rows, nil
	return p.commits, p.messages
}

// takeBack forgets the lists, and has the rows again.
func (p *spare) takeBack() {
	clear(p.commits)
	clear(p.messages)
	p.commits, p.messages = p.commits[:0], p.messages[:0]
	for _, r := range p.lent[:min(len(p.lent), mostSpare-len(p.rows))] {
		*r = row{}
		p.rows = append(p.rows, r)
	}
	p.lent = nil
}
