package changelog

import (
	"fmt"
	"html"
	"strconv"
	"strings"
)

// markdownText, htmlText and plainText are texts in a template that escape themselves. They are strings, so that
// they compare and are empty as strings are.
type (
	markdownText string
	htmlText     string
	plainText    string
)

// Raw is the text as it was written.
func (t markdownText) Raw() string { return string(t) }
func (t htmlText) Raw() string     { return string(t) }
func (t plainText) Raw() string    { return string(t) }

// Format prints the text escaped, whatever the verb. A precision cuts the text before it is escaped: cut afterwards, what was inert
// could come alive.
func (t markdownText) Format(s fmt.State, verb rune) { format(s, verb, string(t), Escape) }
func (t htmlText) Format(s fmt.State, verb rune)     { format(s, verb, string(t), escapeHTML) }
func (t plainText) Format(s fmt.State, verb rune)    { format(s, verb, string(t), oneLine) }

// format prints a text as a verb asks for it: cut to the precision, then escaped, then with the width and the flags.
func format(s fmt.State, verb rune, text string, escape func(string) string) {
	if most, ok := s.Precision(); ok {
		text = cut(text, most)
	}
	how := "%"
	for _, flag := range "-0" {
		if s.Flag(int(flag)) {
			how += string(flag)
		}
	}
	if verb == 'q' {
		how = strings.ReplaceAll(how, "0", "")
		for _, flag := range "+#" {
			if s.Flag(int(flag)) {
				how += string(flag)
			}
		}
	} else {
		verb = 's'
	}
	if width, ok := s.Width(); ok {
		how += strconv.Itoa(width)
	}
	fmt.Fprintf(s, how+string(verb), escape(text))
}

// cut is a text with at most so many runes.
func cut(text string, most int) string {
	for i := range text {
		if most--; most < 0 {
			return text[:i]
		}
	}
	return text
}

// escapeHTML makes a text inert in HTML. Mentions and references stay what they are, as no page makes links of them by itself.
func escapeHTML(text string) string { return html.EscapeString(oneLine(text)) }

// linkedHTML is HTML that leads to an address, or the HTML alone where there is none.
func linkedHTML(inner, address string) string {
	if address == "" {
		return inner
	}
	return `<a href="` + escapeHTML(address) + `">` + inner + `</a>`
}

// viewer makes the data of a template.
type viewer[T ~string] struct {
	link    func(inner, address string) string
	address func(string) string
}

type notesView[T ~string] struct {
	Title, Component T
	Version          string
	Tag, PreviousTag T
	Date             string
	Audience, Short  T
	URL, Link        string
	Sections         []sectionView[T]
	With             []T
	Contributors     []personView[T]
	MoreContributors int
}

type sectionView[T ~string] struct {
	Kind, Title T
	LeftOut     int
	Items       []itemView[T]
}

type itemView[T ~string] struct {
	Type, Scope, Text T
	Notes             []T
	Commit            *commitView[T]
	References        []referenceView[T]
	Authors           []personView[T]
}

type commitView[T ~string] struct {
	ID, Short T
	URL, Link string
}

type referenceView[T ~string] struct {
	Action, Target T
	URL, Link      string
}

type personView[T ~string] struct {
	Name, Login T
	First       bool
	URL, Link   string
}

func (v viewer[T]) notes(n Notes) any {
	data := notesView[T]{
		Title: T(n.title()), Component: T(n.Component), Tag: T(n.Tag), PreviousTag: T(n.PreviousTag), Audience: T(n.Audience), Short: T(n.Short()),
		Contributors: v.people(n.Contributors, n.Links), MoreContributors: n.MoreContributors,
	}
	if n.Version != nil {
		data.Version = n.Version.String()
	}
	if !n.Date.IsZero() {
		data.Date = n.Date.Format("2006-01-02")
	}
	for _, name := range n.With {
		data.With = append(data.With, T(name))
	}
	data.URL, data.Link = v.linked(data.Title, n.address())
	for _, s := range n.Sections {
		section := sectionView[T]{Kind: T(s.Kind), Title: T(s.title()), LeftOut: s.LeftOut}
		for _, i := range s.Items {
			section.Items = append(section.Items, v.item(i, n.Links))
		}
		data.Sections = append(data.Sections, section)
	}
	return data
}

func (v viewer[T]) item(i Item, l Links) itemView[T] {
	item := itemView[T]{Type: T(i.Type), Scope: T(i.Scope), Text: T(i.Text), Authors: v.people(i.Authors, l)}
	for _, note := range i.Notes {
		for paragraph := range strings.SplitSeq(note, "\n\n") {
			if oneLine(paragraph) != "" {
				item.Notes = append(item.Notes, T(paragraph))
			}
		}
	}
	if i.Commit != "" {
		c := commitView[T]{ID: T(i.Commit), Short: T(shortID(i.Commit))}
		c.URL, c.Link = v.linked(c.Short, l.CommitURL(i.Commit))
		item.Commit = &c
	}
	for _, r := range i.References {
		view := referenceView[T]{Action: T(r.Action), Target: T(r.Target)}
		view.URL, view.Link = v.linked(view.Target, l.ReferenceURL(r))
		item.References = append(item.References, view)
	}
	return item
}

func (v viewer[T]) people(people []Contributor, l Links) []personView[T] {
	var all []personView[T]
	for _, c := range people {
		p := personView[T]{Name: T(c.Name), Login: T(c.Login), First: c.First}
		p.URL, p.Link = v.linked(p.Name, l.AuthorURL(c.Login))
		all = append(all, p)
	}
	return all
}

// linked are an address and a link to it, both escaped.
func (v viewer[T]) linked(text T, address string) (url, link string) {
	inner := fmt.Sprint(text)
	if address == "" {
		return "", inner
	}
	return v.address(address), v.link(inner, address)
}
