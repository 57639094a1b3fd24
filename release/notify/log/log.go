package log

import (
	"context"
	"errors"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/hashicorp/go-hclog"
)

// Channel writes into a log.
type Channel struct {
	// Logger is where. It must be given.
	Logger hclog.Logger
}

var (
	_ notify.Channel   = Channel{}
	_ notify.Validator = Channel{}
)

// Validate reports a logger that is missing.
func (c Channel) Validate() error {
	if c.Logger == nil {
		return errors.New("Logger: it is nil")
	}
	return nil
}

// Send writes one line, or for a digest one for each part.
func (c Channel) Send(ctx context.Context, m notify.Message) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(m.Parts) > 0 {
		for _, part := range m.Parts {
			if err := c.Send(ctx, part); err != nil {
				return err
			}
		}
		return nil
	}
	level := hclog.Info
	switch m.Severity {
	case notify.Warning:
		level = hclog.Warn
	case notify.Urgent:
		level = hclog.Error
	}
	args := []any{"id", m.ID, "kind", string(m.Kind)}
	for _, pair := range [][2]string{
		{"service", m.Release.Service}, {"release", m.Release.ID}, {"version", m.Version}, {"stage", m.Stage}, {"region", m.Region},
		{"environment", m.Environment}, {"outcome", string(m.Outcome)}, {"by", m.By}, {"reason", m.Reason}, {"to", m.To},
	} {
		if pair[1] != "" {
			args = append(args, pair[0], pair[1])
		}
	}
	c.Logger.Log(level, m.Subject, args...)
	return nil
}
