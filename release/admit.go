package release

import (
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/release/ledger"
)

// ErrRefused says that a release is not begun, since Config.Admit refused it.
var ErrRefused = errors.New("refused")

// admit asks whether a release may begin as it would be recorded. What panics has not said yes.
func (r *Runner) admit(first []ledger.Event) (err error) {
	if r.admits == nil {
		return nil
	}
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("%w: Config.Admit panics: %v", ErrRefused, value)
		}
	}()
	body := first[0].Body.(ledger.Requested)
	if err := r.admits(body.Release, body.Pipeline.Clone()); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}
