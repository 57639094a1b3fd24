package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/changelog"
)

// Apply carries out a plan, or goes on with it. A plan that is done is not done again.
func (a Applier) Apply(ctx context.Context, plan changelog.Plan) (Result, error) {
	key := plan.Hash()
	return a.carry(ctx, func(record *Record) (*Record, error) {
		switch {
		case record != nil && record.Key == key && record.Abandoned == nil:
			return record, nil
		case record != nil && !record.Complete:
			return nil, record.pending()
		}
		return a.begin(ctx, plan, key)
	})
}

// Resume goes on with the plan that is half done. It fails with ErrNothing where there is none.
func (a Applier) Resume(ctx context.Context) (Result, error) {
	return a.carry(ctx, func(record *Record) (*Record, error) {
		switch {
		case record == nil || record.Complete:
			return nil, fmt.Errorf("%w: no plan is half done", ErrNothing)
		case record.Abandoned != nil:
			return nil, record.pending()
		}
		return record, nil
	})
}

// carry does what is left of the record that choose makes of the one in the journal, while nobody else does.
func (a Applier) carry(ctx context.Context, choose func(*Record) (*Record, error)) (result Result, err error) {
	err = a.alone(ctx, func(record *Record) error {
		if record, err = choose(record); err != nil {
			return err
		}
		result, err = a.finish(ctx, record)
		return err
	})
	if err != nil {
		return Result{}, fmt.Errorf("apply: %w", err)
	}
	return result, nil
}

// alone gives the record in the journal to a function while no other call is at work with it.
func (a Applier) alone(ctx context.Context, do func(record *Record) error) (err error) {
	if err := a.Validate(); err != nil {
		return err
	}
	if l, ok := a.Journal.(Locker); ok {
		unlock, failed := l.Lock(ctx)
		if failed != nil {
			return failed
		}
		defer func() {
			if failed := unlock(); failed != nil {
				err = errors.Join(err, fmt.Errorf("unlock the journal: %w", failed))
			}
		}()
	}
	record, err := a.Journal.Load(ctx)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return do(record)
}

// begin checks everything that can be checked, and writes down what is going to be done.
func (a Applier) begin(ctx context.Context, plan changelog.Plan, key string) (*Record, error) {
	steps, err := a.Steps(plan)
	if err != nil {
		return nil, err
	}
	tagged, err := a.check(ctx, plan)
	if err != nil {
		return nil, err
	}
	now := time.Now
	if a.Now != nil {
		now = a.Now
	}
	record := &Record{Key: key, Plan: plan, Time: now().UTC().Truncate(time.Second), Tagged: tagged}
	if record.Branch, err = a.branch(ctx); err != nil {
		return nil, err
	}
	for _, s := range steps {
		record.Steps = append(record.Steps, s.String())
	}
	if record.Files, err = a.contents(record); err != nil {
		return nil, err
	}
	if err := a.ready(ctx, record, steps); err != nil {
		return nil, err
	}
	return record, a.save(ctx, record)
}

// finish does the steps that are not done, one after the other.
func (a Applier) finish(ctx context.Context, record *Record) (Result, error) {
	steps, err := a.begun(record)
	if err != nil {
		return Result{}, err
	}
	for _, s := range steps {
		if record.Complete || record.done(s) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return Result{}, fmt.Errorf("%s: %w", s, context.Cause(ctx))
		}
		if err := a.step(ctx, s, record); err != nil {
			return Result{}, fmt.Errorf("%s: %w (%s)", s, err, ways(s))
		}
		record.Done = append(record.Done, s.String())
		if len(record.Done) == len(steps) {
			record.complete()
		}
		if err := a.save(ctx, record); err != nil {
			return Result{}, err
		}
	}
	return Result{Commit: record.target(), Tags: tagsOf(record.Plan), Time: record.Time}, nil
}

// begun are the steps of a record. It fails where they are others now.
func (a Applier) begun(record *Record) ([]Step, error) {
	steps, err := a.Steps(record.Plan)
	if err != nil {
		return nil, err
	}
	same := slices.EqualFunc(steps, record.Steps, func(s Step, name string) bool { return s.String() == name })
	if !same && !record.Complete {
		return nil, fmt.Errorf("%w: begun were %q", ErrSteps, record.Steps)
	}
	return steps, nil
}

// ways are what can be done after a step has failed.
func ways(s Step) string {
	if s.Kind == StepPublish {
		return "Resume goes on"
	}
	return "Resume goes on, Abandon takes back what was not pushed"
}

// step does one step.
func (a Applier) step(ctx context.Context, s Step, record *Record) error {
	if err := a.atHome(ctx, s, record); err != nil {
		return err
	}
	return a.passing(s.String(), func() error { return a.do(ctx, s, record) })
}

// do does one step, again perhaps.
func (a Applier) do(ctx context.Context, s Step, record *Record) (err error) {
	switch s.Kind {
	case StepFile:
		return a.write(record, s.Name)
	case StepCommit:
		if record.unchanged() { // the files say already what they should
			record.Commit = record.Plan.Head
			return nil
		}
		record.Commit, err = a.Committer.Commit(ctx, record.Plan.Head, a.message(record.Plan), record.changed())
		return err
	case StepTag:
		return a.Tagger.Tag(ctx, s.Name, record.target(), a.tagMessage(s.decision))
	case StepPush:
		return a.Pusher.Push(ctx, record.Commit, tagsOf(record.Plan))
	case StepPublish:
		return s.publisher.Publish(ctx, Publication{
			Decision: s.decision, Commit: record.target(), Time: record.Time, Key: record.Key + " " + s.decision.NextTag,
		})
	}
	return errors.New("unknown step")
}

func (a Applier) save(ctx context.Context, record *Record) error {
	err := a.passing("the journal", func() error { return a.Journal.Save(ctx, record) })
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// passing does something between two points.
func (a Applier) passing(what string, do func() error) error {
	if a.at == nil {
		return do()
	}
	if err := a.at("before " + what); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return a.at("after " + what)
}
