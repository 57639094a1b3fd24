package changelog

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Contributor is someone whom notes name. It holds no e-mail address, since notes are published.
type Contributor struct {
	Name string `json:"name"`
	// Login is the name on the forge, where it is known: from NotesOptions.Logins, or from an address
	// that the forge of the links gives out itself ("12+ana@users.noreply.github.com").
	Login string `json:"login,omitempty"`
	// First says that these are the first changes of this person, by NotesOptions.Debuts.
	First bool `json:"first,omitempty"`
}

// Debuts are the commits by which people became contributors: their ids by the e-mail addresses in lower case, or by the names
// where there is no address. Whoever is not in it has contributed before.
type Debuts map[string]string

// FindDebuts finds the first commit of everybody in a whole history, children before their parents: of several
// first ones the last that comes. Co-authors count. It fails with the error of the history.
func FindDebuts(commits iter.Seq2[Commit, error]) (Debuts, error) {
	debuts := Debuts{}
	for c, err := range commits {
		if err != nil {
			return nil, fmt.Errorf("find first contributions: %w", err)
		}
		debuts.add(c)
	}
	return debuts, nil
}

func (d Debuts) add(c Commit) {
	d[identity(c.Author, c.AuthorEmail)] = c.ID
	if hasCoAuthors(c.Text) {
		for _, p := range c.Message(Reading{}).CoAuthors() {
			d[identity(p.Name, p.Address)] = c.ID
		}
	}
}

// Debuts are the people who contribute for the first time with the commits of the decision, given the e-mail addresses
// (or names, of those without) of all who have contributed before. Of several commits of one person any one stands for all.
func (d Decision) Debuts(earlier []string) Debuts {
	debuts := Debuts{}
	for _, r := range d.Reasons {
		debuts.add(r.Commit)
	}
	for _, s := range d.Skipped {
		if !s.Cancelled {
			debuts.add(s.Commit)
		}
	}
	for _, address := range earlier {
		delete(debuts, strings.ToLower(address))
	}
	return debuts
}

// identity is by what a person is told from others.
func identity(name, address string) string {
	if address == "" {
		address = name
	}
	return strings.ToLower(address)
}

// hasCoAuthors spares most messages a second reading.
func hasCoAuthors(text string) bool {
	const token = "co-authored-by"
	for {
		at := strings.IndexByte(text, '-')
		if at < 0 {
			return false
		}
		if from := at - len("co"); from >= 0 && len(text)-from >= len(token) && strings.EqualFold(text[from:from+len(token)], token) {
			return true
		}
		text = text[at+1:]
	}
}

// people are who wrote a commit, without bots.
func people(c *Commit, m *Message) []Person {
	all := append([]Person{{Name: c.Author, Address: c.AuthorEmail}}, m.coAuthors()...)
	return slices.DeleteFunc(all, func(p Person) bool { return p.Name == "" || isBot(p.Name) })
}

// authors are who wrote a commit, each once. Two addresses of one name are one person, and so are two names of one address.
func (e *edition) authors(c *Commit, m *Message) []Contributor {
	seen := map[string]bool{}
	var all []Contributor
	for _, p := range people(c, m) {
		id, who := identity(p.Name, p.Address), Contributor{Name: oneLine(p.Name), Login: e.login(p.Address)}
		if seen[id] {
			continue
		}
		seen[id] = true
		if i := slices.IndexFunc(all, func(o Contributor) bool { return strings.EqualFold(o.Name, who.Name) }); i >= 0 {
			all[i].Login = cmp.Or(all[i].Login, who.Login)
			continue
		}
		all = append(all, who)
	}
	return all
}

// isBot reports whether a name is one that forges give to programs.
func isBot(name string) bool { return strings.HasSuffix(name, "[bot]") }

// login is the name of an address on the forge that is linked to, "" where it is not known.
func (e *edition) login(address string) string {
	address = strings.ToLower(address)
	if login, ok := e.Logins[address]; ok {
		return login
	}
	local, host, _ := strings.Cut(address, "@")
	forge, ok := strings.CutPrefix(host, "users.noreply.")
	if !ok || !strings.Contains(e.Links.Author, "//"+forge+"/") {
		return ""
	}
	for _, separator := range []string{"+", "-"} {
		if number, login, ok := strings.Cut(local, separator); ok && isAll(number, isDigit) {
			local = login
		}
	}
	if !isAll(local, func(c byte) bool { return isSlug(c) || c == '_' || c == '.' }) {
		return ""
	}
	return local
}

// roll collects who contributed to a release.
type roll struct {
	edition *edition
	people  []Contributor
	at      map[string]int
}

// add notes the people of a commit.
func (r *roll) add(c *Commit, m *Message) {
	if r.at == nil {
		r.at = map[string]int{}
	}
	for _, p := range people(c, m) {
		id := identity(p.Name, p.Address)
		at, ok := r.at[id]
		if !ok {
			at = len(r.people)
			r.at[id] = at
			r.people = append(r.people, Contributor{Name: oneLine(p.Name), Login: r.edition.login(p.Address)})
		}
		if r.edition.Debuts[id] == c.ID && c.ID != "" {
			r.people[at].First = true
		}
	}
}

// list are the people in the order of their names. Two addresses of one name are one person, who is new only if
// both are.
func (r *roll) list() []Contributor {
	slices.SortStableFunc(r.people, func(a, b Contributor) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	var all []Contributor
	for _, p := range r.people {
		if n := len(all); n > 0 && strings.EqualFold(all[n-1].Name, p.Name) {
			all[n-1].First = all[n-1].First && p.First
			all[n-1].Login = cmp.Or(all[n-1].Login, p.Login)
			continue
		}
		all = append(all, p)
	}
	return all
}
