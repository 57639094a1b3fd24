package document

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/Masterminds/semver/v3"
)

// title is the heading of a version, taken apart.
type title struct {
	version    *semver.Version // nil for Unreleased
	unreleased bool
	date       time.Time
	yanked     bool
	// before is what stands before the version in its label: "v", "boat@".
	before string
	// label is the text between brackets, or the word where there are none.
	label     string
	bracketed bool
	// address is where the label leads to, by a link right behind it. From and to are where it stands in the title.
	address  string
	from, to int
	// rest is what follows the label and its link, and separator what stands before the date.
	rest string
}

var (
	day           = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)
	yankedMark    = regexp.MustCompile(`(?i)\[yanked\]|\(yanked\)|\byanked\b`)
	unreleasedDay = regexp.MustCompile(`(?i)\b(unreleased|not released|tbd|tba|yyyy-mm-dd|pending|upcoming)\b`)
	lead          = regexp.MustCompile(`(?i)^(version|release)\s+`)
)

// unreleasedNames are the titles, in lower case, under which people collect what is to be released.
var unreleasedNames = []string{
	"unreleased", "unreleased changes", "unreleased version", "not released", "not released yet", "not yet released", "to be released", "upcoming",
	"upcoming release", "upcoming version", "upcoming changes", "next", "next release", "next version", "vnext", "head", "tbd", "pending", "in development",
	"in progress", "work in progress", "wip",
}

// readTitle reads a heading. It is false for one that is neither of a version nor Unreleased.
func readTitle(text string) (title, bool) {
	var t title
	at := len(text) - len(strings.TrimLeft(text, " "))
	if m := lead.FindString(text[at:]); m != "" {
		at += len(m)
	}
	if !t.cut(text, at) {
		return title{}, false
	}
	label := strings.Trim(t.label, "*_` ")
	if slices.Contains(unreleasedNames, strings.ToLower(label)) {
		t.unreleased = true
		return t, true
	}
	before, version, ok := readVersion(label)
	if !ok {
		if rest, ok := undecorated(text[at:]); ok {
			inner, ok := readTitle(rest)
			inner.from, inner.to = inner.from+len(text)-len(rest), inner.to+len(text)-len(rest)
			return inner, ok && inner.unreleased
		}
		return t, false
	}
	t.before, t.version = before, version
	if d, err := time.Parse(time.DateOnly, day.FindString(t.rest)); err == nil {
		t.date = d
	}
	t.yanked = yankedMark.MatchString(t.rest)
	return t, true
}

// undecorated is a title without the symbol that it begins with, such as an emoji.
func undecorated(text string) (rest string, ok bool) {
	word, rest, ok := strings.Cut(text, " ")
	plain := strings.ContainsFunc(word, func(r rune) bool { return r < utf8.RuneSelf || unicode.IsLetter(r) || unicode.IsDigit(r) })
	return strings.TrimLeft(rest, " "), ok && word != "" && !plain
}

// cut parts the title into label, address and rest, from a place on.
func (t *title) cut(text string, at int) bool {
	body := text[at:]
	if inner, ok := strings.CutPrefix(body, "["); ok {
		end := strings.IndexByte(inner, ']')
		if end < 0 {
			return false
		}
		t.label, t.bracketed, t.rest = inner[:end], true, inner[end+1:]
		if link, ok := strings.CutPrefix(t.rest, "("); ok {
			if end := strings.IndexByte(link, ')'); end >= 0 && strings.Contains(link[:end], "/") {
				t.address = link[:end]
				t.from = len(text) - len(link)
				t.to = t.from + end
				t.rest = link[end+1:]
			}
		} else if link, ok := strings.CutPrefix(t.rest, "["); ok {
			if _, rest, ok := strings.Cut(link, "]"); ok && !strings.EqualFold(link[:len(link)-len(rest)-1], "yanked") {
				t.rest = rest
			}
		}
		return true
	}
	t.label, t.rest = body, ""
	for i := range len(body) {
		if strings.HasPrefix(body[i:], " - ") || strings.HasPrefix(body[i:], " (") || strings.HasPrefix(body[i:], "(") || strings.HasPrefix(body[i:], " [") || strings.HasPrefix(body[i:], " / ") {
			t.label, t.rest = body[:i], body[i:]
			break
		}
	}
	if word, rest, ok := strings.Cut(body, " "); ok {
		if _, _, ok := readVersion(strings.Trim(word, "*_`:,")); ok {
			t.label, t.rest = strings.TrimRight(word, ":,"), " "+rest
		}
	}
	return strings.TrimSpace(t.label) != ""
}

// readVersion reads "1.2.3", "v1.2.3", "boat@1.2.3", "boat/v1.2.3", "boat-v1.2.3", "boat 1.2.3".
func readVersion(label string) (before string, v *semver.Version, ok bool) {
	from := strings.LastIndexAny(label, "@/ ") + 1
	if strings.Count(label, " ") > 1 {
		return "", nil, false // a sentence that names a version
	}
	if versionLike.MatchString(label[:from]) {
		return "", nil, false // two versions
	}
	if i := strings.Index(label[from:], "-v"); i >= 0 {
		if v, err := semver.StrictNewVersion(label[from+i+2:]); err == nil {
			return label[:from+i+2], v, true
		}
	}
	if from < len(label) && (label[from] == 'v' || label[from] == 'V') {
		from++
	}
	v, err := semver.StrictNewVersion(label[from:])
	return label[:from], v, err == nil
}
