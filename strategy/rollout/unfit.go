package rollout

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/internal/subject"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// ErrNoGroup is in the error of New where a gate needs a group that a step does not have which names it.
var ErrNoGroup = errors.New("a gate needs a group that is not there")

// unfit reports gates that could never answer in a step which names them, so that no release comes to stand
// there, half way, with nobody to say why.
func unfit(p strategy.Plan, o Options) error {
	var errs *multierror.Error
	for i, step := range p.Steps {
		for _, name := range step.Gates {
			if err := gate.Fits(o.Gates[name], subject.Of(p, i)); err != nil {
				errs = multierror.Append(errs, fmt.Errorf("Plan.Steps[%d].Gates: %w: %q: %w", i, ErrNoGroup, name, err))
			}
		}
	}
	return errs.ErrorOrNil()
}
