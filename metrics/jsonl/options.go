package jsonl

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics/trace"
)

// The defaults of Options.
const (
	DefaultKeep     = time.Hour
	DefaultMaxLines = 50_000
)

// Options say which file is read, and how much of it is kept.
type Options struct {
	// Path is the file. It need not be there yet.
	Path string
	// Start is what "t" counts from. Zero: all lines must have "at".
	Start time.Time
	// Keep is how long before the end of the latest line of its group a line ends that is still kept.
	// Default: DefaultKeep.
	Keep time.Duration
	// MaxLines is how many lines are kept about, whatever Keep says: a fifth more at most. Those that
	// end first are dropped first. Default: DefaultMaxLines.
	MaxLines int
	// MaxLine is how long a line may be, in bytes. Default: trace.DefaultMaxLine.
	MaxLine int
}

// Validate reports everything that is wrong with the options.
func (o Options) Validate() error {
	var errs *multierror.Error
	if o.Path == "" {
		errs = multierror.Append(errs, errors.New("Options.Path: is missing"))
	}
	if o.Keep < 0 {
		errs = multierror.Append(errs, fmt.Errorf("Options.Keep: %s is below zero", o.Keep))
	}
	if o.MaxLines < 0 {
		errs = multierror.Append(errs, fmt.Errorf("Options.MaxLines: %d is below zero", o.MaxLines))
	}
	if o.MaxLine < 0 {
		errs = multierror.Append(errs, fmt.Errorf("Options.MaxLine: %d is below zero", o.MaxLine))
	}
	return errs.ErrorOrNil()
}

func (o Options) withDefaults() Options {
	o.Keep = cmp.Or(o.Keep, DefaultKeep)
	o.MaxLines = cmp.Or(o.MaxLines, DefaultMaxLines)
	o.MaxLine = cmp.Or(o.MaxLine, trace.DefaultMaxLine)
	return o
}
