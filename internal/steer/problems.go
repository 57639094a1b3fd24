package steer

import (
	"fmt"

	"github.com/hashicorp/go-multierror"
)

// Problems are the parts of an error, each behind the name of the field in which they are. Nil has none.
func Problems(field string, err error) []error {
	if err == nil {
		return nil
	}
	parts := []error{err}
	if many, ok := err.(*multierror.Error); ok {
		parts = many.Errors
	}
	problems := make([]error, len(parts))
	for i, part := range parts {
		problems[i] = fmt.Errorf("%s%w", field, part)
	}
	return problems
}
