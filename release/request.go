package release

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// Request asks for a release.
type Request struct {
	// ID tells the release from all others in the store, for ever. It consists of letters, digits,
	// dots, dashes and underscores, at most 128, and begins with a letter or a digit.
	ID string
	// Service is what is released. Empty in a fork: that of the old release.
	Service string
	// Commit is the source that is released, where that is known. Empty in a fork: that of the old
	// release.
	Commit string
	// RequestedBy is who asks, Reason is why.
	RequestedBy string
	Reason      string
	// Inputs are the values of the pipeline's inputs, made with Input. In a fork, those that are not
	// given are those of the old release.
	Inputs []Value
	// ForkOf is the old release, and the stage of it at which this one begins: see Origin. Nil: it
	// begins at its beginning.
	ForkOf *Origin
}

// Value is a key's value that comes from outside of the pipeline.
type Value struct {
	ref stage.Ref
	raw json.RawMessage
	err error
}

// Input gives a value to one of the pipeline's inputs.
func Input[T any](k stage.Key[T], v T) Value {
	raw, err := k.Encode(v)
	return Value{k.Ref(), raw, err}
}

// maxText bounds each text of a request, in bytes.
const maxText = 8 << 10

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// requested is the first event's body, or everything that is wrong with the request.
func (r Request) requested(p ledger.Pipeline, now time.Time) (ledger.Requested, error) {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if !idPattern.MatchString(r.ID) {
		bad("Request.ID: %q is none: letters, digits, dots, dashes and underscores, at most 128", r.ID)
	}
	for _, field := range []struct{ name, text string }{
		{"Service", r.Service}, {"Commit", r.Commit}, {"RequestedBy", r.RequestedBy}, {"Reason", r.Reason},
	} {
		if !utf8.ValidString(field.text) {
			bad("Request.%s: it is not UTF-8", field.name)
		}
		if len(field.text) > maxText {
			bad("Request.%s: it has %d bytes, at most %d are allowed", field.name, len(field.text), maxText)
		}
	}
	if r.Service == "" && r.ForkOf == nil {
		bad("Request.Service: it is empty")
	}
	if r.RequestedBy == "" {
		bad("Request.RequestedBy: it is empty: a release says who asked for it")
	}
	inputs := make(map[string]json.RawMessage, len(r.Inputs))
	for _, v := range r.Inputs {
		_, twice := inputs[v.ref.Name]
		switch {
		case v.err != nil:
			bad("Request.Inputs: %w", v.err)
		case !slices.Contains(p.Inputs, v.ref):
			bad("Request.Inputs: pipeline %s does not take %s", p.Name, v.ref)
		case twice:
			bad("Request.Inputs: %s comes twice", v.ref.Name)
		}
		inputs[v.ref.Name] = v.raw
	}
	if of := r.ForkOf; of != nil && (of.Release == "" || of.Stage == "") {
		bad("Request.ForkOf: it names a release %q and a stage %q: a fork needs both", of.Release, of.Stage)
	}
	for _, ref := range p.Inputs {
		if _, given := inputs[ref.Name]; !given && r.ForkOf == nil {
			bad("Request.Inputs: %s is missing", ref)
		}
	}
	if err := errs.ErrorOrNil(); err != nil {
		return ledger.Requested{}, err
	}
	return ledger.Requested{
		Release: stage.Release{
			ID: r.ID, Service: r.Service, Commit: r.Commit,
			RequestedBy: r.RequestedBy, Reason: r.Reason, RequestedAt: now,
		},
		Pipeline: p,
		Inputs:   inputs,
	}, nil
}
