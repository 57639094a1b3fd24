package changelog

import (
	"errors"
	"fmt"
	"strings"
)

// ErrOtherFormat says that the releases seem to be tagged in another form than the policy says. The error is an
// OtherFormatError.
var ErrOtherFormat = errors.New("the releases are tagged in another form")

// OtherFormatError is a tag format that reads no tag at all where others hold versions, or that reads none of the latest
// ones: more higher versions have come since the last release in another form than there are in its own. It is ErrOtherFormat.
// Whoever begins anew says so by Initial, above those versions, or by Release-As.
type OtherFormatError struct {
	// Format is the form that the policy says, and Found the one that the tags have.
	Format, Found TagFormat
	// Tags are the tags of the highest versions, three at most, and Count is how many tags there are.
	Tags  []string
	Count int
	// Previous is the tag of the last release that Format reads, "" for none.
	Previous string
}

// Error names some of the tags, and the format to set.
func (e *OtherFormatError) Error() string {
	return ErrOtherFormat.Error() + ": " + e.found() + ": " + e.remedy()
}

// Unwrap is ErrOtherFormat.
func (e *OtherFormatError) Unwrap() error { return ErrOtherFormat }

func (e *OtherFormatError) found() string {
	own := "no release has the form " + e.Format.form()
	if e.Previous != "" {
		own = fmt.Sprintf("the last release of the form %s is %s", e.Format.form(), e.Previous)
	}
	has := "has"
	if e.Count > 1 {
		has = "have"
	}
	said := fmt.Sprintf("%s, and %s %s the form %s", own, strings.Join(e.Tags, ", "), has, e.Found.form())
	if e.Count > len(e.Tags) {
		said += fmt.Sprintf(" (%d in all)", e.Count)
	}
	return said
}

func (e *OtherFormatError) remedy() string {
	said := fmt.Sprintf("set the tag format (Tags) to %q", e.Found.form())
	if e.Previous == "" {
		return said + ", or, to begin anew, an Initial version above them"
	}
	return said + ", or tag them again"
}

// form is the format with its default.
func (f TagFormat) form() string {
	before, after, _ := f.parts()
	return before + versionMark + after
}
