package steer

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// lightTimeout bounds Light in a stage that was cancelled.
const lightTimeout = time.Minute

// Light gives the traffic back to what a rollout has left that ended in an earlier attempt, where the target
// has lost it since, as one does whose router lived in the process of the host.
func Light(ctx context.Context, target rollout.Target, s strategy.State, o rollout.Options) error {
	if _, late := TakesBack(context.Cause(ctx)); late {
		// What was asked for is done but for this, which holds nobody up.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), lightTimeout)
		defer cancel()
	}
	now, err := target.Observe(ctx)
	if err != nil {
		return fmt.Errorf("look at the target: %w", err)
	}
	if len(now.Traffic) > 0 || s.Dark() {
		return nil
	}
	return rollout.Restore(ctx, target, s, o)
}
