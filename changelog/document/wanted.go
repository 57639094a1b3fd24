package document

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/davit-sdk/davit/changelog"
)

// wanted is an entry that is to be there.
type wanted struct {
	title string
	text  string
	sense sense
}

// wanted are the entries of the notes, without those that somebody's own entries stand for.
func (d *Document) wanted(n changelog.Notes, o Options) []wanted {
	var own written
	for _, at := range d.find(n.Version) {
		s := d.sections[at]
		for _, e := range d.entries(s.last+1, s.end) {
			if !e.generated() {
				own.add(senseOf(e))
			}
		}
	}
	var all []wanted
	bullet, count := d.bullet(), map[string]int{}
	for _, s := range n.Sections {
		for _, item := range s.Items {
			w := wanted{title: o.heading(s)}
			text := strings.TrimPrefix(item.Markdown(n.Links), "- ")
			if s.Kind == changelog.Breaking && o.Headings[changelog.Breaking] == "" {
				text = "**Breaking:** " + text
			}
			key := keyOf(s, item)
			if count[key]++; count[key] > 1 {
				key += fmt.Sprintf(".%d", count[key])
			}
			text = marked(bullet+" "+text, key)
			w.sense = senseOf(entry{text: text, key: key, intact: true})
			w.text = strings.ReplaceAll(text, "\n", d.newline)
			if !own.covers(w.sense) {
				all = append(all, w)
			}
		}
	}
	if said := n.NoChanges(); said != "" && !d.says(n.Version) {
		text := marked(bullet+" "+changelog.Escape(said), "none")
		all = append(all, wanted{title: o.heading(changelog.Section{Kind: changelog.Other}), text: strings.ReplaceAll(text, "\n", d.newline)})
	}
	return all
}

// says reports whether a section of a version has anything that was not generated, besides headings.
func (d *Document) says(v *semver.Version) bool {
	for _, at := range d.find(v) {
		s := d.sections[at]
		generated := map[int]bool{}
		for _, e := range d.entries(s.last+1, s.end) {
			for i := e.from; i < e.behind && e.generated(); i++ {
				generated[i] = true
			}
		}
		for i := s.last + 1; i < s.end; i++ {
			if kind := d.lines[i].kind; !generated[i] && kind != blank && kind != heading && kind != underlined {
				return true
			}
		}
	}
	return false
}

// keyOf is what an entry is about, in characters that a comment may hold.
func keyOf(s changelog.Section, i changelog.Item) string {
	key := i.Commit
	switch {
	case len(key) > shownID:
		key = key[:shownID]
	case key == "" && s.Kind == changelog.Dependencies:
		key = "component:" + i.Scope
	case key == "":
		key = "text:" + checksum("- "+i.Scope+" "+i.Text)
	}
	return strings.NewReplacer("-", "%2D", "%3A", ":").Replace(url.QueryEscape(key))
}

// shownID is how much of a commit's id notes show.
const shownID = 10

// heading is the heading of a section of notes.
func (o Options) heading(s changelog.Section) string {
	if title := o.Headings[s.Kind]; title != "" {
		return changelog.Escape(title)
	}
	switch s.Kind {
	case changelog.Features:
		return "Added"
	case changelog.Fixes:
		return "Fixed"
	case changelog.Security:
		return "Security"
	case changelog.Deprecated:
		return "Deprecated"
	case changelog.Removed:
		return "Removed"
	case changelog.Breaking, changelog.Performance, changelog.Reverts, changelog.Dependencies, changelog.Other:
		return "Changed"
	}
	if s.Title != "" {
		return changelog.Escape(s.Title)
	}
	return changelog.Escape(string(s.Kind))
}
