package changelog

import (
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// untagged reports the commits that seem to be a release that was never tagged, because whatever made it failed before
// that: what came before them is about to be released a second time. It comes after compareForms.
func (s *sight) untagged(read *reading) []Diagnostic {
	var found []Diagnostic
	for i := range read.commits {
		m := read.message(i)
		if m == nil {
			continue
		}
		words, last := announced(m)
		if last == "" {
			continue
		}
		for _, v := range s.views {
			if !v.since[i] {
				continue
			}
			version := v.announced(words, last)
			if version == nil || v.previous.Version != nil && !version.GreaterThan(v.previous.Version) || s.tagged(v, version, words, last) {
				continue
			}
			found = append(found, Diagnostic{
				Commit: read.commits[i].ID, Code: CodeUntagged, Span: m.At.Header,
				Text: "this seems to be the release of " + version.String() + ", and there is no tag " + v.format.Print(version) +
					", so that what was in it counts as unreleased: tag it, or take it back",
			})
		}
	}
	return found
}

// tagged reports whether a version that a message announces is tagged: by the component, in whatever form, or, where the message names
// none, by another one, whose release it is then.
func (s *sight) tagged(v *view, version *semver.Version, words []string, last string) bool {
	if v.has(version) || s.inOtherForm(version) {
		return true
	}
	if last == v.format.Print(version) || slices.Contains(words, strings.ToLower(v.component.Name)) {
		return false
	}
	return slices.ContainsFunc(s.all(), func(other *view) bool { return other.has(version) })
}

// announced are the words before the version that a message may announce, and that version as it is written: "release"
// and "v1.2.0" of "chore(main): release v1.2.0 [skip ci] (#12)". A version alone comes with the word release.
func announced(m *Message) (words []string, last string) {
	text := m.Description
	if len(text) > mostExplained || !strings.Contains(text, ".") {
		return nil, ""
	}
	text, _ = withoutNumbers(text)
	for strings.HasSuffix(text, "]") && strings.Contains(text, "[") {
		text = strings.TrimRight(text[:strings.LastIndexByte(text, '[')], " ")
	}
	words = strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return nil, ""
	}
	words, last = words[:len(words)-1], words[len(words)-1]
	if strings.Count(last, ".") < 2 {
		return nil, ""
	}
	switch {
	case strings.HasPrefix(m.Scope, "deps") || m.isRevert():
		return nil, ""
	case m.Scope == "release" || m.Type == "release" || len(words) == 0 && (m.Kind == Free || m.Type == "chore"):
		words = append(words, "release")
	}
	return words, last
}

// announcing are the words in which releases are announced. A message has one of the first three, and none but these and
// the component's name.
var announcing = []string{"release", "version", "publish", "releasing", "prepare", "bump", "to", "for", "the", "new", "of", "v"}

// announced is the version that a message announces if it is one of the component, nil if it is not.
func (v *view) announced(words []string, last string) *semver.Version {
	name := strings.ToLower(v.component.Name)
	for _, word := range words {
		if !slices.Contains(announcing, word) && (word != name || name == "") {
			return nil
		}
	}
	if !slices.ContainsFunc(words, func(word string) bool { return slices.Contains(announcing[:3], word) }) {
		return nil
	}
	version, err := v.format.Parse(last)
	if err != nil {
		version, err = semver.StrictNewVersion(strings.TrimPrefix(last, "v"))
	}
	if err != nil {
		return nil
	}
	return version
}

// has reports whether a version is tagged, wherever that is.
func (v *view) has(version *semver.Version) bool {
	return slices.ContainsFunc(v.tags, func(t Tag) bool { return t.Version.Equal(version) })
}
