package changelog

import (
	"cmp"
	"slices"
	"strings"
)

// ids finds commits by their id or its beginning.
type ids struct {
	commits []Commit
	// expected are the beginnings that will be asked for, by their first letters. Only commits whose ids begin so are in the index, since to put
	// all of a long history in order costs more than to read it.
	expected []bool
	index    []identified
	// others counts the questions that were not expected. Once they are many all commits are in the index.
	others int
	whole  bool
}

// identified is a commit by the first eight letters of its id.
type identified struct {
	letters uint64
	at      int
}

// fewQuestions is after how many of them it pays to put all commits in order, rather than to look at all of them.
const fewQuestions = 12

// named are the ids of the commits, of which the reverts among them will be asked for.
func (r *reading) named() *ids {
	if r.names != nil {
		return r.names
	}
	x := &ids{commits: r.commits, expected: make([]bool, 1<<(4*telling))}
	for _, u := range r.units.reverts {
		for _, id := range r.units.reason[u].Reverts {
			if n, ok := firstOf(id); ok {
				x.expected[n] = true
			}
		}
	}
	x.sort(x.expects)
	r.names = x
	return x
}

// telling is how many letters of an id tell whether it is expected.
const telling = 3

// firstOf is the number that the first letters of an id make. It is false for an id that is shorter, or no hexadecimal number.
func firstOf(id string) (n int, ok bool) {
	if len(id) < telling {
		return 0, false
	}
	for i := range telling {
		switch c := id[i] | lower; {
		case isDigit(id[i]):
			n = n<<4 | int(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | int(c-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

func (x *ids) expects(id string) bool {
	n, ok := firstOf(id)
	return ok && x.expected[n]
}

// find is the commit whose id begins so, in lower case. There is none, one, or more than one.
func (x *ids) find(prefix string) (at, found int) {
	if !x.whole && !x.expects(prefix) {
		if x.others++; x.others <= fewQuestions {
			return x.search(prefix)
		}
		x.whole = true
		x.sort(func(string) bool { return true })
	}
	least, most := letters(prefix, 0), letters(prefix, 0xFF)
	i, _ := slices.BinarySearchFunc(x.index, least, func(e identified, l uint64) int { return cmp.Compare(e.letters, l) })
	for ; i < len(x.index) && x.index[i].letters <= most; i++ {
		if x.begins(x.index[i].at, prefix) {
			if found++; found > 1 {
				return 0, found
			}
			at = x.index[i].at
		}
	}
	return at, found
}

// begins reports whether the id of a commit begins so. The first letter tells most of them apart.
func (x *ids) begins(at int, prefix string) bool {
	id := x.commits[at].ID
	return len(id) >= len(prefix) && (prefix == "" || id[0]|lower == prefix[0]|lower) && strings.EqualFold(id[:len(prefix)], prefix)
}

// lower makes a letter of an id a small one. Digits stay what they are.
const lower = 0x20

// letters are the first eight letters of an id in lower case, as a number in their order, with a byte for each that it lacks.
func letters(id string, lacking byte) uint64 {
	var l uint64
	for i := range 8 {
		c := lacking
		if i < len(id) {
			c = id[i] | lower
		}
		l = l<<8 | uint64(c)
	}
	return l
}

// search is find without an index.
func (x *ids) search(prefix string) (at, found int) {
	for i := range x.commits {
		if x.begins(i, prefix) {
			if found++; found > 1 {
				return 0, found
			}
			at = i
		}
	}
	return at, found
}

// sort makes the index of those commits whose ids are to be in it.
func (x *ids) sort(in func(id string) bool) {
	x.index = nil
	for i := range x.commits {
		if id := x.commits[i].ID; in(id) {
			x.index = append(x.index, identified{letters: letters(id, 0), at: i})
		}
	}
	slices.SortFunc(x.index, func(a, b identified) int { return cmp.Compare(a.letters, b.letters) })
}

// headed are the units from one on whose headers are that text, but for their numbers: a text that one of the reverts quotes.
func (r *reading) headed(text string, from int) []int {
	if r.headers == nil {
		r.headers = map[string][]int{}
		for _, u := range r.units.reverts {
			if quoted, ok := r.units.reason[u].quoted(); ok {
				bare, _ := withoutNumbers(quoted)
				r.headers[bare] = nil
			}
		}
		for u, m := range r.units.reason {
			bare, _ := withoutNumbers(m.Header)
			if all, wanted := r.headers[bare]; wanted {
				r.headers[bare] = append(all, u)
			}
		}
	}
	all := r.headers[text]
	older, _ := slices.BinarySearch(all, from)
	return all[older:]
}
