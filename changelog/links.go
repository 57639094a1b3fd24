package changelog

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// Links are the addresses of a forge, as patterns with marks in braces. LinksFor gives those of the
// known forges; others can be written down. What has no pattern is text and no link.
type Links struct {
	// Commit is a commit's page: "https://git.example.org/boat/commit/{id}".
	Commit string `json:"commit,omitempty"`
	// Compare is what has come between two tags: ".../compare/{from}...{to}".
	Compare string `json:"compare,omitempty"`
	// Tag is the page of a tag: ".../tag/{tag}".
	Tag string `json:"tag,omitempty"`
	// Issue is what #12 means: ".../issues/{number}".
	Issue string `json:"issue,omitempty"`
	// Request is what #12 means at the end of a description, where forges write the pull request that
	// they squashed. Default: Issue.
	Request string `json:"request,omitempty"`
	// Elsewhere is what owner/name#12 means: "https://git.example.org/{repository}/issues/{number}".
	Elsewhere string `json:"elsewhere,omitempty"`
	// Key is what ABC-12 means: "https://issues.example.org/browse/{key}".
	Key string `json:"key,omitempty"`
	// Author is the page of a person with a login: "https://git.example.org/{login}".
	Author string `json:"author,omitempty"`
}

// patterns are the fields with the marks that they must have.
func (l Links) patterns() []struct{ field, pattern, marks string } {
	return []struct{ field, pattern, marks string }{
		{"Commit", l.Commit, "{id}"}, {"Compare", l.Compare, "{from} {to}"}, {"Tag", l.Tag, "{tag}"},
		{"Issue", l.Issue, "{number}"}, {"Request", l.Request, "{number}"}, {"Elsewhere", l.Elsewhere, "{repository} {number}"},
		{"Key", l.Key, "{key}"}, {"Author", l.Author, "{login}"},
	}
}

// Validate reports every pattern that is no address of a web page, or lacks its marks.
func (l Links) Validate() error {
	var errs *multierror.Error
	for _, p := range l.patterns() {
		if p.pattern == "" {
			continue
		}
		if err := validPattern(p.pattern, p.marks); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("%s: %q: %w", p.field, p.pattern, err))
		}
	}
	return errs.ErrorOrNil()
}

func validPattern(pattern, marks string) error {
	rest := pattern
	for mark := range strings.FieldsSeq(marks) {
		if strings.Count(pattern, mark) != 1 {
			return fmt.Errorf("must hold %s once", mark)
		}
		rest = strings.Replace(rest, mark, "x", 1)
	}
	u, err := url.Parse(rest)
	switch {
	case err != nil || !isWeb(pattern) || u.Host == "":
		return fmt.Errorf("must be an address with https:// or http://")
	case u.User != nil:
		return fmt.Errorf("must not hold the name or the password of a user")
	case rest != oneLine(rest) || strings.ContainsAny(rest, " {}"):
		return fmt.Errorf("must not hold white space or other marks than %s", marks)
	}
	return nil
}

func isWeb(address string) bool {
	return strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")
}

// CommitURL is the page of a commit, "" where there is no pattern or no id.
func (l Links) CommitURL(id string) string {
	if l.Commit == "" || !isAll(id, isHex) {
		return ""
	}
	return fill(l.Commit, "{id}", id)
}

// CompareURL is the page of what has come between two tags, "" where there is no pattern or no tag.
func (l Links) CompareURL(from, to string) string {
	if l.Compare == "" || from == "" || to == "" {
		return ""
	}
	return fill(l.Compare, "{from}", pathEscape(from), "{to}", pathEscape(to))
}

// TagURL is the page of a tag, "" where there is no pattern or no tag.
func (l Links) TagURL(tag string) string {
	if l.Tag == "" || tag == "" {
		return ""
	}
	return fill(l.Tag, "{tag}", pathEscape(tag))
}

// AuthorURL is the page of a person, "" where there is no pattern or no login.
func (l Links) AuthorURL(login string) string {
	if l.Author == "" || login == "" {
		return ""
	}
	return fill(l.Author, "{login}", pathEscape(login))
}

// ReferenceURL is the page of what a change refers to, "" where there is no pattern for it. An address that the message
// gives counts only where one of the patterns leads to its host, too: whoever writes commits does not say where notes lead.
func (l Links) ReferenceURL(r Reference) string {
	if l == (Links{}) && r.URL == "" || !isTarget(r.Target) {
		return ""
	}
	repository, number, isNumber := strings.Cut(r.Target, "#")
	target, isAddress := addressed(r.URL)
	switch {
	case isAddress && target == r.Target:
		if !l.leadsTo(r.URL) {
			return "" // what it names is on another host, and nowhere else
		}
		return r.URL
	case r.Target[0] == '!':
		return fill(l.Request, "{number}", r.Target[1:])
	case strings.Contains(r.Target, "!"):
		return ""
	case isNumber && repository != "":
		return fill(l.Elsewhere, "{repository}", repository, "{number}", number)
	case isNumber && r.Action == "" && l.Request != "":
		return fill(l.Request, "{number}", number)
	case isNumber:
		return fill(l.Issue, "{number}", number)
	case isAll(r.Target, isHex):
		return l.CommitURL(r.Target)
	}
	return fill(l.Key, "{key}", r.Target)
}

// leadsTo reports whether one of the patterns has the scheme and the host of an address.
func (l Links) leadsTo(address string) bool {
	at, err := url.Parse(address)
	if err != nil {
		return false
	}
	for _, p := range l.patterns() {
		if u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(p.pattern)); err == nil && isWeb(p.pattern) && u.Scheme == at.Scheme && u.Host == at.Host {
			return true
		}
	}
	return false
}

// fill puts values into a pattern. A pattern that is no web address gives nothing, since notes are data
// and may come from anywhere.
func fill(pattern string, marks ...string) string {
	if !isWeb(pattern) {
		return ""
	}
	return strings.NewReplacer(marks...).Replace(pattern)
}

// pathEscape escapes a tag for any place of an address, with its slashes kept.
func pathEscape(tag string) string {
	return strings.NewReplacer("%2F", "/", "+", "%20").Replace(url.QueryEscape(tag))
}

// linked is Markdown that leads to an address, or the Markdown alone where there is none.
func linked(markdown, address string) string {
	if address == "" {
		return markdown
	}
	return "[" + markdown + "](" + destination(address) + ")"
}

// writeLinked writes what linked returns.
func writeLinked(b *strings.Builder, markdown, address string) {
	if address == "" {
		b.WriteString(markdown)
		return
	}
	b.WriteByte('[')
	b.WriteString(markdown)
	b.WriteString("](")
	b.WriteString(destination(address))
	b.WriteByte(')')
}

// destination is an address as the target of a link in Markdown: no byte can end it or mean something.
func destination(address string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(address))
	for i := range len(address) {
		c := address[i]
		switch {
		case c == '&':
			b.WriteString("&amp;")
		case c <= ' ', c >= 0x7F, strings.IndexByte("<>()[]\\\"'`*|{}^", c) >= 0:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
