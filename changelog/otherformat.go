package changelog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// otherForm are the tags that have one form which no component reads, from the highest version to the lowest.
type otherForm struct {
	format TagFormat
	stem   string
	tags   []Tag
}

// otherForms are the forms with versions that the unread tags of a history have.
func otherForms(refs []Ref, views []*view) []*otherForm {
	read, n := map[string]bool{}, 0
	for _, v := range views {
		n += len(v.tags)
	}
	if n == len(refs) {
		return nil
	}
	for _, v := range views {
		for _, t := range v.tags {
			read[t.Name] = true
		}
	}
	at := map[form]*otherForm{}
	var all []*otherForm
	for _, ref := range refs {
		if ref.Commit == "" || read[ref.Name] {
			continue
		}
		f, version := versionIn(ref.Name)
		if version == nil {
			continue
		}
		o := at[f]
		if o == nil {
			o = &otherForm{format: TagFormat(f.before + versionMark + f.after), stem: stem(f.before)}
			if o.format.Validate() != nil {
				continue
			}
			at[f], all = o, append(all, o)
		}
		o.tags = append(o.tags, Tag{Name: ref.Name, Version: version, Commit: ref.Commit})
	}
	for _, o := range all {
		slices.SortFunc(o.tags, func(a, b Tag) int { return cmp.Or(b.Version.Compare(a.Version), strings.Compare(a.Name, b.Name)) })
	}
	// Several forms may be the component's: the one with most tags comes first.
	slices.SortFunc(all, func(a, b *otherForm) int {
		return cmp.Or(cmp.Compare(len(b.tags), len(a.tags)), strings.Compare(string(a.format), string(b.format)))
	})
	return all
}

// versionIn is the version in a tag that is written in whatever form, nil for none.
func versionIn(tag string) (form, *semver.Version) {
	for at := 0; at < len(tag); at++ {
		if !isDigit(tag[at]) || at > 0 && (isDigit(tag[at-1]) || tag[at-1] == '.') {
			continue
		}
		end := at
		for end < len(tag) && (isDigit(tag[end]) || tag[end] == '.' && end+1 < len(tag) && isDigit(tag[end+1])) {
			end++
		}
		before, after := tag[:at], tag[end:]
		if v, err := semver.StrictNewVersion(tag[at:]); err == nil {
			return form{before: before}, v
		}
		if v, err := semver.StrictNewVersion(tag[at:end]); err == nil && !strings.ContainsAny(after, "0123456789-+") {
			return form{before, after}, v
		}
	}
	return form{}, nil
}

// stem is what a tag has before its version, without the words that say no more than that it is a version.
func stem(before string) string {
	words := strings.FieldsFunc(strings.ToLower(before), func(r rune) bool { return strings.ContainsRune("/-_@. ", r) })
	words = slices.DeleteFunc(words, func(word string) bool {
		return slices.Contains([]string{"v", "r", "rel", "release", "releases", "ver", "version", "tag", "tags"}, word)
	})
	return strings.Join(words, "-")
}

// otherFormOf is the other form in which a component's releases may be tagged, nil where there is none. The tags of a folder are
// not those of the whole, and where the tags of the whole have several names before their versions nobody can say whose they are.
func otherFormOf(v *view, forms []*otherForm) *otherForm {
	name := stem(v.component.Name)
	for _, o := range forms {
		if o.stem == name || o.stem == "" && (v.component.isRoot() || v.format == "") {
			return o
		}
	}
	if name != "" {
		return nil
	}
	var found *otherForm
	for _, o := range forms {
		switch {
		case strings.Contains(string(o.format), "/"):
		case found != nil && found.stem != o.stem:
			return nil
		case found == nil:
			found = o
		}
	}
	return found
}

// compareForms finds the components whose releases seem to be tagged in another form, and gives each an error, or, where it
// has an answer nonetheless, a diagnostic. It comes after assign.
func (s *sight) compareForms(policy Policy) (found []Diagnostic) {
	views := s.all()
	s.forms = otherForms(s.history.Tags, views)
	if len(s.forms) == 0 {
		return nil
	}
	for k, v := range views {
		o := otherFormOf(v, s.forms)
		if o == nil {
			continue
		}
		all, above := s.later(k, v, o)
		plain := o.stem == "" || o.stem == stem(v.component.Name)
		e := v.otherFormat(o, above)
		switch {
		case len(above) == 0 && (len(all) == 0 || v.previous.Version != nil):
			continue
		case len(above) == 0: // the range begins before them, since the form reads nothing but pre-releases
			e = v.otherFormat(o, all)
		case v.component.GoModule != "": // Go leaves no choice
		case len(v.tags) == 0:
			if !v.beginsAnew(above[0], plain, policy) {
				v.misread = e
				continue
			}
		case plain && above[0].Version.Major() < firstYear && len(above) > len(v.tags):
			v.misread = e
			continue
		}
		said := e.found() + "; those have no say"
		if v.component.Name != "" {
			said = "component " + v.component.Name + ": " + said
		}
		found = append(found, Diagnostic{Commit: o.commit(e.Tags[0]), Code: CodeOtherFormat, Text: said})
	}
	return found
}

// firstYear is the lowest major number that is taken for a year: dates are not taken for releases where there are others.
const firstYear = 1000

// later are the tags of another form that have come since the last release of a component, and those of them that are above all
// that it has released, which are all where its own form reads no tag at all.
func (s *sight) later(k int, v *view, o *otherForm) (all, above []Tag) {
	if len(v.tags) == 0 {
		return o.tags, o.tags
	}
	highest := v.tags[0].Version
	if v.previous.Version != nil {
		highest = v.previous.Version
	}
	for _, t := range o.tags {
		at, ok := s.graph.at[t.Commit]
		if !ok || k < len(s.views) && s.reached.from(2*k, int(at)) {
			continue
		}
		if all = append(all, t); t.Version.GreaterThan(highest) {
			above = append(above, t)
		}
	}
	return all, above
}

// beginsAnew reports whether the policy says that what was tagged in another form does not count.
func (v *view) beginsAnew(highest Tag, plain bool, policy Policy) bool {
	first := v.component.Initial
	if first == nil {
		first = policy.Initial
	}
	return first != nil && (!plain || first.GreaterThan(highest.Version))
}

func (v *view) otherFormat(o *otherForm, tags []Tag) *OtherFormatError {
	e := &OtherFormatError{Format: v.format, Found: o.format, Count: len(tags), Previous: v.previous.Name}
	for _, t := range tags[:min(3, len(tags))] {
		e.Tags = append(e.Tags, t.Name)
	}
	return e
}

func (o *otherForm) commit(name string) string {
	for _, t := range o.tags {
		if t.Name == name {
			return t.Commit
		}
	}
	return ""
}
