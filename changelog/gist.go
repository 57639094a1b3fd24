package changelog

import "slices"

// gist is what a plan needs of a message that tells of one change and has no say beside it, as nearly all. It takes a sixth
// of the memory: in a program that does nothing else Go's collector costs more than to read the messages.
type gist struct {
	subject string
	level   Level // before the Zero policy
	rule    string
	notes   []Diagnostic
	message *Message // the message itself where more of it has a say
}

// gather reads the gists of all messages. It is false where they are not enough: where one takes something back, which may be any of
// the others, or where scopes say what a commit belongs to.
func (r *reading) gather(how *Reading, policy *Policy) bool {
	if slices.ContainsFunc(policy.Components, func(c Component) bool { return len(c.Scopes) > 0 }) {
		return false
	}
	r.gists = make([]gist, len(r.commits))
	var m Message
	for i := range r.commits {
		r.commits[i].message(how, &m)
		if takesBack(&m) {
			return false
		}
		g := &r.gists[i]
		g.subject, g.notes = m.Header, m.Diagnostics
		g.level, g.rule = policy.levelOf(&m)
		if _, version := announced(&m); version != "" || len(m.Inner)+len(m.requested) > 0 {
			whole := m
			g.message, m.Footers = &whole, nil // the next message is read into m
		}
	}
	return true
}

// message is the message of a commit, nil where its gist is all that is of use.
func (r *reading) message(i int) *Message {
	if r.messages == nil {
		return r.gists[i].message
	}
	return r.messages[i]
}

func (r *reading) subject(i int) string {
	if r.messages == nil {
		return r.gists[i].subject
	}
	return r.messages[i].Header
}

func (r *reading) notes(i int) []Diagnostic {
	if r.messages == nil {
		return r.gists[i].notes
	}
	return r.messages[i].Diagnostics
}
