package calendar

import "fmt"

// Gap says what becomes of an occurrence that begins at a local time that does not exist, as the clock is put
// forward over it. Where clocks go from 02:00 to 03:00, for one that begins at 02:30:
type Gap string

const (
	// GapAfter: it begins at 03:30, as the clock would show had it not been put forward; as RFC 5545, 3.3.5
	// says. The default.
	GapAfter Gap = "after"
	// GapBefore: it begins at 01:30, as far before the change as GapAfter is behind it.
	GapBefore Gap = "before"
	// GapSkip: it is left out; as RFC 5545, 3.3.10 says.
	GapSkip Gap = "skip"
)

// Fold says when an occurrence is whose local time comes twice, as the clock is put back.
type Fold string

const (
	// FoldFirst: the first time. The default.
	FoldFirst Fold = "first"
	// FoldSecond: the second time.
	FoldSecond Fold = "second"
	// FoldBoth: the occurrence is there twice, once as FoldFirst and once as FoldSecond has it.
	FoldBoth Fold = "both"
)

// Validate reports an unknown policy. Empty is the default.
func (g Gap) Validate() error {
	switch g {
	case "", GapAfter, GapBefore, GapSkip:
		return nil
	}
	return fmt.Errorf("%.40q is none of after, before, skip", string(g))
}

// Validate reports an unknown policy. Empty is the default.
func (f Fold) Validate() error {
	switch f {
	case "", FoldFirst, FoldSecond, FoldBoth:
		return nil
	}
	return fmt.Errorf("%.40q is none of first, second, both", string(f))
}
