package strategytest

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/strategy"
)

// provesCredible looks after each pass: a target that guesses in mid-way is caught there, not where it is done.
func (s targetSubject) provesCredible(ctx context.Context) error {
	for _, state := range []strategy.State{s.old(), s.beside(), s.new(), s.old(), {}} {
		if s.can(state) != nil {
			continue
		}
		here, cancel := context.WithTimeout(ctx, s.Patience)
		err := until(here, s.Poll, func() error {
			if err := s.Target.Apply(here, state); err != nil {
				return fmt.Errorf("apply: %w", err)
			}
			o, err := s.Target.Observe(here)
			if err != nil {
				return fmt.Errorf("observe: %w", err)
			}
			if err := o.Validate(); err != nil {
				return found{fmt.Errorf("it shows what cannot be true: %w", err)}
			}
			if missing := o.Missing(state); missing != "" {
				return errors.New(missing)
			}
			return nil
		})
		cancel()
		if err != nil {
			return name(fmt.Sprintf("on the way to %s", state), err)
		}
	}
	return nil
}
