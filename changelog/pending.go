package changelog

// pending are the commits that are known as parents and have not come yet, with the places of their labels. The one that
// was added last is most often the next one to come, so it is kept beside the others.
type pending struct {
	any    bool // whether there is a last one
	last   string
	at     int
	others map[string]int
}

// place is the place of a commit.
func (p *pending) place(id string) (at int, known bool) {
	if p.any && p.last == id {
		return p.at, true
	}
	if len(p.others) == 0 {
		return 0, false
	}
	at, known = p.others[id]
	return at, known
}

// take is the place of a commit that has come.
func (p *pending) take(id string) (at int, known bool) {
	at, known = p.place(id)
	if p.any && p.last == id {
		p.any = false
	} else if known {
		delete(p.others, id)
	}
	return at, known
}

// add adds a commit that is not among them.
func (p *pending) add(id string, at int) {
	if p.any {
		p.others[p.last] = p.at
	}
	p.any, p.last, p.at = true, id, at
}
