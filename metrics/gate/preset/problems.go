package preset

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-multierror"
)

// under puts the name of a field before each of the problems below it.
func under(field string, err error) error {
	all := []error{err}
	if many := (*multierror.Error)(nil); errors.As(err, &many) {
		all = many.Errors
	}
	var errs *multierror.Error
	for _, err := range all {
		errs = multierror.Append(errs, fmt.Errorf("%s.%w", field, err))
	}
	return errs.ErrorOrNil()
}
