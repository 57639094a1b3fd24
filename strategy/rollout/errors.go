package rollout

import "errors"

// Permanent marks an error of a target as one that trying again will not mend, so that the step
// fails at once instead of at its deadline.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanentError{err}
}

type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

func isPermanent(err error) bool {
	var p permanentError
	return errors.As(err, &p)
}
