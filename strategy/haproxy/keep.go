package haproxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"
)

// keep calls reapply whenever the process is another one than the last that was seen to it.
func keep(ctx context.Context, interval time.Duration, log hclog.Logger, pid func(context.Context) (int, error), reapply func(context.Context) error) error {
	if interval <= 0 {
		return fmt.Errorf("keep: the interval %s is not above zero", interval)
	}
	kept := 0
	for {
		now, err := pid(ctx)
		if err == nil && now != kept {
			if err = reapply(ctx); err == nil || errors.Is(err, ErrNoRecord) {
				kept, err = now, nil
			}
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("HAProxy may not have the table that was routed last", "error", err)
		}
		if err := pause(ctx, interval); err != nil {
			return err
		}
	}
}
