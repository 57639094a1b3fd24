package haproxy

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// keep calls reapply whenever the process is another one than the last that was seen to it.
func (m *mover) keep(ctx context.Context, interval time.Duration, reapply func(context.Context) error) error {
	if interval <= 0 {
		return fmt.Errorf("keep: the interval %s is not above zero", interval)
	}
	kept := 0
	for {
		now, _, _, err := m.survey(ctx)
		if err == nil && now.pid != kept {
			if err = reapply(ctx); err == nil || errors.Is(err, ErrNoRecord) {
				kept, err = now.pid, nil
			}
		}
		if err != nil && ctx.Err() == nil {
			m.log.Warn("HAProxy may not have the table that was routed last", "error", err)
		}
		if err := pause(ctx, interval); err != nil {
			return err
		}
	}
}
