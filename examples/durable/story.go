package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// story are the events of a release as the journal has them, read while no host has it open.
type story struct {
	events []ledger.Event
	state  *ledger.State
	review *ledger.Review
}

// withJournal opens the journal of a folder as a program of its own, for as long as do takes.
func withJournal(dir string, do func(events *journal.Journal, runner *release.Runner) error) (err error) {
	events, err := journal.Open(filepath.Join(dir, "journal"), journal.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, events.Close()) }()
	runner := release.NewRunner(release.Config{Store: events})
	defer runner.Stop(context.Background())
	return do(events, runner)
}

func readStory(ctx context.Context, dir, id string) (s story, err error) {
	err = withJournal(dir, func(events *journal.Journal, runner *release.Runner) error {
		for e, err := range events.Events(ctx, id, 0) {
			if err != nil {
				return err
			}
			s.events = append(s.events, e)
		}
		if s.state, err = runner.State(ctx, id); err != nil {
			return err
		}
		s.review, err = runner.Review(ctx, id)
		return err
	})
	return s, err
}

// hosts is how many hosts have carried the release.
func (s story) hosts() int { return int(s.state.Fence) }

// ran is how often a stage began, and again whether it did so after it was over.
func (s story) ran(name string) (times int, again bool) {
	over := false
	for _, e := range s.events {
		if e.Stage != name {
			continue
		}
		switch b := e.Body.(type) {
		case ledger.Began:
			times++
			again = again || over
		case ledger.Ended:
			over = over || b.Outcome == stage.Succeeded
		}
	}
	return times, again
}

var errUnexpected = errors.New("this is not what the example is about")

func unexpected(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUnexpected, fmt.Sprintf(format, args...))
}
