package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/changelog"
)

// Repository says what is checked before anything is done. A *git.Repository is one.
type Repository interface {
	// Head is the id of the commit that is checked out.
	Head(ctx context.Context) (string, error)
	// Changed are the files that are not as they were committed, by their paths from the root.
	Changed(ctx context.Context) ([]string, error)
	// Tagged is the id of the commit that a tag points at in the end, "" where there is no such tag.
	Tagged(ctx context.Context, name string) (string, error)
}

// Committer makes the commit of a release. It is called with the files written. A commit that was made by a call before is not
// made again: HEAD has that parent, that message and changes those paths. A git.Committer is one.
type Committer interface {
	// Commit commits the paths on top of parent, and returns the id of the commit. It fails where HEAD is neither the
	// parent nor that commit.
	Commit(ctx context.Context, parent, message string, paths []string) (string, error)
}

// Tagger makes tags. A git.Tagger is one.
type Tagger interface {
	// Tag tags a commit. It does nothing where the tag is on that commit, and fails where it is elsewhere.
	Tag(ctx context.Context, name, commit, message string) error
}

// Pusher sends a release to where others get it from. A git.Remote is one.
type Pusher interface {
	// Push sends tags, and the branch with the commit unless that is "", all or nothing. What is there already is no failure.
	Push(ctx context.Context, commit string, tags []string) error
}

// Publisher tells the world of one version: a page at a forge, a package, a message.
type Publisher interface {
	// Publish may be called again for a version that it has published, after a kill: it must do nothing then, or
	// the same again. Publication.Key tells one release from another.
	Publish(ctx context.Context, p Publication) error
}

// Publication is what a Publisher publishes.
type Publication struct {
	// Decision is what was decided for the component. Its Next and NextTag are set.
	changelog.Decision
	// Commit is the commit that is tagged.
	Commit string
	// Time is when the release was begun.
	Time time.Time
	// Key is the same whenever this version of this plan is published.
	Key string
}

// Applier carries out plans.
type Applier struct {
	// Repository is where the plan comes from. Required.
	Repository Repository
	// Journal keeps what is done. Required.
	Journal Journal
	// Tagger makes the tags. Required.
	Tagger Tagger
	// Dir is the root of the working tree. Required with Files.
	Dir string
	// Files are the files that hold versions. A file may be there several times, and is changed in that order.
	Files []File
	// Committer commits the Files. Nil: they stay as changes, and the tags are on the commit that the plan is about.
	Committer Committer
	// Message is the message of the commit. Nil: "chore(release): 1.3.0", with the names of components where there are several.
	Message func(plan changelog.Plan) string
	// TagMessage is the message of an annotated tag. Nil: the notes on one line.
	TagMessage func(d changelog.Decision) string
	// Pusher sends the commit and the tags. Nil: they stay here.
	Pusher Pusher
	// Publishers are called last, by their order, for each component that is released.
	Publishers []NamedPublisher
	// Now is the time of the release. Nil: the clock of this computer, when the plan is begun.
	Now func() time.Time

	// at is told what is about to happen and what has happened. For tests.
	at func(point string)
}

// NamedPublisher is a Publisher by the name that the journal keeps it under.
type NamedPublisher struct {
	Name string
	Publisher
}

// Result is what was done.
type Result struct {
	// Commit is what is tagged: the commit of the release, or the one that the plan is about.
	Commit string
	// Tags are the tags.
	Tags []string
	// Time is when the release was begun.
	Time time.Time
}

// Validate reports every field that is wrong.
func (a Applier) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if a.Repository == nil {
		bad("Repository: is missing")
	}
	if a.Journal == nil {
		bad("Journal: is missing")
	}
	if a.Tagger == nil {
		bad("Tagger: is missing")
	}
	if a.Dir == "" && len(a.Files) > 0 {
		bad("Dir: is missing, and Files are in it")
	}
	for i, f := range a.Files {
		if err := f.validate(); err != nil {
			bad("Files[%d]: %w", i, err)
		}
	}
	names := map[string]bool{}
	for i, p := range a.Publishers {
		switch {
		case p.Name == "" || p.Publisher == nil:
			bad("Publishers[%d]: needs a Name and a Publisher", i)
		case names[p.Name]:
			bad("Publishers[%d]: there is another %q", i, p.Name)
		}
		names[p.Name] = true
	}
	return errs.ErrorOrNil()
}

// Apply carries out a plan, or goes on with it. A plan that is done is not done again.
func (a Applier) Apply(ctx context.Context, plan changelog.Plan) (Result, error) {
	if err := a.Validate(); err != nil {
		return Result{}, fmt.Errorf("apply: %w", err)
	}
	record, err := a.Journal.Load(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("apply: read the journal: %w", err)
	}
	key := plan.Hash()
	switch {
	case record != nil && record.Key == key && record.Abandoned == nil:
	case record != nil && !record.Complete:
		return Result{}, fmt.Errorf("apply: %w", record.pending())
	default:
		if record, err = a.begin(ctx, plan, key); err != nil {
			return Result{}, fmt.Errorf("apply: %w", err)
		}
	}
	return a.finish(ctx, record)
}

// Resume goes on with the plan that is half done. It fails with ErrNothing where there is none.
func (a Applier) Resume(ctx context.Context) (Result, error) {
	if err := a.Validate(); err != nil {
		return Result{}, fmt.Errorf("apply: %w", err)
	}
	record, err := a.Journal.Load(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("apply: read the journal: %w", err)
	}
	if record == nil || record.Complete {
		return Result{}, fmt.Errorf("apply: %w: no plan is half done", ErrNothing)
	}
	if record.Abandoned != nil {
		return Result{}, fmt.Errorf("apply: %w", record.pending())
	}
	return a.finish(ctx, record)
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
		return Result{}, fmt.Errorf("apply: %w", err)
	}
	for _, s := range steps {
		if record.Complete || record.done(s) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return Result{}, fmt.Errorf("apply: %s: %w", s, context.Cause(ctx))
		}
		a.pass("before " + s.String())
		if err := a.do(ctx, s, record); err != nil {
			return Result{}, fmt.Errorf("apply: %s: %w (%s)", s, err, ways(s))
		}
		a.pass("after " + s.String())
		record.Done = append(record.Done, s.String())
		if len(record.Done) == len(steps) {
			record.complete()
		}
		if err := a.save(ctx, record); err != nil {
			return Result{}, fmt.Errorf("apply: %w", err)
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
	a.pass("before the journal")
	if err := a.Journal.Save(ctx, record); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	a.pass("after the journal")
	return nil
}

func (a Applier) pass(point string) {
	if a.at != nil {
		a.at(point)
	}
}
