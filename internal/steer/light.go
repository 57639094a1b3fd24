package steer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// lightTimeout bounds Light in a stage that was cancelled.
const lightTimeout = time.Minute

// callTimeout is the default of rollout.Options.CallTimeout.
const callTimeout = 30 * time.Second

// Light gives the traffic back to what a rollout has left that ended in an earlier attempt, where the target
// has lost it since, as one does whose router lived in the process of the host.
func Light(ctx context.Context, target rollout.Target, s strategy.State, o rollout.Options) error {
	if _, late := TakesBack(context.Cause(ctx)); late {
		// What was asked for is done but for this, which holds nobody up.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), lightTimeout)
		defer cancel()
	}
	return rollout.Relight(ctx, target, s, o)
}

// Current is what a target runs now, as far as it says so within the time that one call may take.
func Current(ctx context.Context, target rollout.Target, o rollout.Options) (strategy.State, error) {
	most := cmp.Or(o.CallTimeout, callTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("the target did not answer within %s", most))
	defer cancel()
	s, err := rollout.Current(ctx, target)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return s, err
}
