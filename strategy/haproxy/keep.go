package haproxy

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// settle looks at HAProxy. In the process that was seen to already, it writes down what became of servers
// that left, and that nobody asked about.
func (m *mover) settle(ctx context.Context, kept int, look func(context.Context) (scene, error)) (scene, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := look(ctx)
	if err != nil || c.pid != kept {
		return c, err
	}
	return c, m.keepStates(c, nil)
}

// keep calls reapply whenever the process is another one than the last that was seen to it.
func (m *mover) keep(ctx context.Context, interval time.Duration, look func(context.Context) (scene, error), reapply func(context.Context) error) error {
	if interval <= 0 {
		return fmt.Errorf("keep: the interval %s is not above zero", interval)
	}
	kept := 0
	for {
		now, err := m.settle(ctx, kept, look)
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
