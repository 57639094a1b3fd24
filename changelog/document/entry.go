package document

import (
	"fmt"
	"hash/fnv"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// entry is one entry of a list.
type entry struct {
	from, behind int // its lines, without blank ones at the end
	text         string
	// key says what a generated entry is about; it is empty for others. Intact says that nobody has edited it.
	key    string
	intact bool
}

// marks are the comments behind generated entries.
var marks = regexp.MustCompile(`[ \t]*<!-- generated (\S+) ([0-9a-f]{8}) -->`)

// marked is an entry with its mark on the first line.
func marked(text, key string) string {
	first, rest, _ := strings.Cut(text, "\n")
	return first + fmt.Sprintf(" <!-- generated %s %s -->\n", key, checksum(text)) + rest
}

// checksum is one of an entry without its mark, its bullet and its white space.
func checksum(text string) string {
	sum := fnv.New32a()
	for i, word := range strings.Fields(marks.ReplaceAllString(text, "")) {
		if i > 0 {
			sum.Write([]byte(word + " ")) // a hash takes everything
		}
	}
	return fmt.Sprintf("%08x", sum.Sum32())
}

// entries are the entries of the lists in some lines that are not within others.
func (d *Document) entries(from, to int) []entry {
	var all []entry
	for i := from; i < to; i++ {
		if d.lines[i].kind != item {
			continue
		}
		e := entry{from: i, behind: i + 1}
		gap := false
		for j := i + 1; j < to && d.lines[j].kind != item && d.lines[j].kind != heading && d.lines[j].kind != underlined; j++ {
			if d.lines[j].kind == blank {
				gap = true
				continue
			}
			if indent, _ := indentation(d.lines[j].text); gap && indent < d.lines[i].bullet && d.lines[j].kind != inert || d.lines[j].kind == definition {
				break
			}
			e.behind = j + 1
		}
		e.text = d.between(e.from, e.behind)
		if m := marks.FindStringSubmatch(e.text); m != nil {
			e.key, e.intact = m[1], m[2] == checksum(e.text)
		}
		all = append(all, e)
		i = e.behind - 1
	}
	return all
}

// generated reports whether the entry belongs to the program.
func (e entry) generated() bool { return e.key != "" && e.intact }

// sense is by what an entry is recognised.
type sense struct {
	key      string
	commits  []string // ids, perhaps shortened
	numbers  []string // "#12": all that the entry names
	squashed []string // "#12": the pull requests that a generated entry comes from
	words    string   // its letters and digits
	bare     string   // the same without a scope
}

var (
	linkMark   = regexp.MustCompile(`\[([^\][]*)\]\([^()]*\)`)
	behind     = regexp.MustCompile(`\s*\(([^()]*)\)\s*$`)
	scopeMark  = regexp.MustCompile(`^\*\*[^*]*:\*\*`)
	breakMark  = regexp.MustCompile(`(?i)^\*\*breaking:?\*\*:?`)
	hexWord    = regexp.MustCompile(`\b[0-9a-f]{7,64}\b`)
	numberWord = regexp.MustCompile(`#\d+\b`)
)

// senseOf reads an entry.
func senseOf(e entry) sense {
	text := linkMark.ReplaceAllString(marks.ReplaceAllString(e.text, ""), "$1")
	s := sense{key: e.key, commits: hexWord.FindAllString(text, -1), numbers: numberWord.FindAllString(text, -1)}
	if e.generated() && hexWord.MatchString(e.key) {
		s.commits = append(s.commits, hexWord.FindString(e.key))
	}
	first, _, _ := strings.Cut(text, "\n")
	first = strings.TrimSpace(first)
	first = strings.TrimSpace(first[min(1, len(first)):]) // the bullet
	if m := behind.FindStringSubmatch(first); m != nil {
		for part := range strings.SplitSeq(m[1], ", ") {
			if numberWord.FindString(part) == part {
				s.squashed = append(s.squashed, part)
			}
		}
		first = first[:len(first)-len(m[0])]
	}
	first = strings.TrimSpace(breakMark.ReplaceAllString(first, ""))
	s.words, s.bare = letters(first), letters(scopeMark.ReplaceAllString(first, ""))
	return s
}

// letters are the letters and digits of a text, in lower case.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, html.UnescapeString(text))
}

// written are the entries that somebody wrote or edited, by what they can be recognised by.
type written struct {
	keys, words, numbers map[string]bool
	commits              map[string][]string // by the beginnings of their ids
}

// shortestID is how many digits of an id are always there.
const shortestID = 7

func (w *written) add(s sense) {
	if w.keys == nil {
		w.keys, w.words, w.numbers, w.commits = map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string][]string{}
	}
	if s.key != "" {
		w.keys[s.key] = true
	}
	if s.words != "" {
		w.words[s.words] = true
	}
	for _, number := range s.numbers {
		w.numbers[number] = true
	}
	for _, id := range s.commits {
		w.commits[id[:shortestID]] = append(w.commits[id[:shortestID]], id)
	}
}

// covers reports whether one of the entries stands for a generated one.
func (w *written) covers(g sense) bool {
	if w.keys[g.key] || w.words[g.words] || w.words[g.bare] {
		return true
	}
	for _, id := range g.commits {
		if slices.ContainsFunc(w.commits[id[:shortestID]], func(own string) bool { return strings.HasPrefix(own, id) || strings.HasPrefix(id, own) }) {
			return true
		}
	}
	return slices.ContainsFunc(g.squashed, func(number string) bool { return w.numbers[number] })
}

// bullet is the mark of the document's lists.
func (d *Document) bullet() string {
	for _, l := range d.lines {
		if l.kind == item {
			_, rest := indentation(l.text)
			return rest[:1]
		}
	}
	return "-"
}

// without are the edits that take entries out of a list.
func (d *Document) without(list []entry, out func(i int) bool) []edit {
	var edits []edit
	for i := 0; i < len(list); i++ {
		if !out(i) {
			continue
		}
		run := i
		for i+1 < len(list) && out(i+1) && onlyBlank(d.lines[list[i].behind:list[i+1].from]) {
			i++
		}
		from, to := d.offset(list[run].from), d.offset(list[i].behind)
		switch {
		case i+1 < len(list) && onlyBlank(d.lines[list[i].behind:list[i+1].from]):
			to = d.offset(list[i+1].from)
		case run > 0 && onlyBlank(d.lines[list[run-1].behind:list[run].from]) && !out(run-1):
			from = d.offset(list[run-1].behind)
		}
		edits = append(edits, edit{from: from, to: to})
	}
	return edits
}

func onlyBlank(lines []line) bool {
	return !slices.ContainsFunc(lines, func(l line) bool { return l.kind != blank })
}
