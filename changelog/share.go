package changelog

import (
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// share gives each component the tags that are its own to read or to ignore, and tells which are nobody's. Where there are several
// components, a tag is its own if it has a version in the component's form, or if it has almost that form and no other reads it.
func share(tags []Ref, views []*view) (shares [][]Ref, foreign []IgnoredTag) {
	if len(views) == 1 {
		return [][]Ref{tags}, nil
	}
	shares = make([][]Ref, len(views))
	forms := formsOf(views)
	for _, ref := range tags {
		readers := readersOf(ref.Name, views, forms)
		for _, i := range readers {
			shares[i] = append(shares[i], ref)
		}
		if len(readers) == 0 {
			foreign = append(foreign, IgnoredTag{Tag: ref.Name, Why: "is written as no component writes its tags"})
		}
	}
	slices.SortFunc(foreign, func(a, b IgnoredTag) int { return strings.Compare(a.Tag, b.Tag) })
	return shares, foreign
}

// form is a tag format in its two parts.
type form struct{ before, after string }

func formsOf(views []*view) []form {
	forms := make([]form, len(views))
	for i, v := range views {
		forms[i].before, forms[i].after, _ = v.format.parts()
	}
	return forms
}

// text is what a tag has where the version stands.
func (f form) text(tag string) (string, bool) {
	if len(tag) < len(f.before)+len(f.after) || !strings.HasPrefix(tag, f.before) || !strings.HasSuffix(tag, f.after) {
		return "", false
	}
	return tag[len(f.before) : len(tag)-len(f.after)], true
}

// readersOf are the components that a tag concerns.
func readersOf(tag string, views []*view, forms []form) []int {
	var almost, nearly, holders []int
	most := 0
	for i, f := range forms {
		text, ok := f.text(tag)
		if !ok {
			if len(f.before) <= 1 && views[i].format.nearly(tag) != nil {
				nearly = append(nearly, i)
			}
			continue
		}
		switch _, err := semver.StrictNewVersion(text); {
		case err == nil:
			holders = append(holders, i)
		case len(f.before) > most || almost == nil:
			almost, most = []int{i}, len(f.before)
		case len(f.before) == most:
			almost = append(almost, i)
		}
	}
	switch {
	case len(holders) > 1:
		return []int{byModule(tag, holders, views)}
	case len(holders) > 0:
		return holders
	}
	return append(almost, nearly...)
}

// byModule is the one of several Go modules with one tag format that a tag belongs to: that of its major version,
// or else the next higher one, which has come after it, or else the highest.
func byModule(tag string, holders []int, views []*view) int {
	slices.SortFunc(holders, func(a, b int) int {
		one, other := readModuleLine(views[a].component.GoModule), readModuleLine(views[b].component.GoModule)
		return int(min(one.highest, 1<<30)) - int(min(other.highest, 1<<30))
	})
	version, _ := views[holders[0]].format.Parse(tag)
	for _, i := range holders {
		if version != nil && version.Major() <= readModuleLine(views[i].component.GoModule).highest {
			return i
		}
	}
	return holders[len(holders)-1]
}
