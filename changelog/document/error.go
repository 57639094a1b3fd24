package document

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNoVersion says that the document has no section for the version.
	ErrNoVersion = errors.New("the changelog has no section for the version")
	// ErrNothing says that there is nothing to be released: neither an Unreleased section nor one of the version.
	ErrNothing = errors.New("the changelog has neither an Unreleased section nor one of the version")
)

// DuplicateError says that a version has several sections, so that none of them is the right one to change.
type DuplicateError struct {
	Version string
	// Lines are where they begin, from 1 on.
	Lines []int
}

func (e *DuplicateError) Error() string {
	lines := make([]string, len(e.Lines))
	for i, n := range e.Lines {
		lines[i] = fmt.Sprint(n)
	}
	return fmt.Sprintf("version %s has %d sections, on lines %s: make one of them", e.Version, len(e.Lines), strings.Join(lines, ", "))
}

// PlaceError says why there is no place where something could be written.
type PlaceError struct {
	// Line is where the trouble begins, from 1 on.
	Line int
	Why  string
}

func (e *PlaceError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }
