package version

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
	"github.com/davit-sdk/davit/stage"
)

// Stage finds the next version.
type Stage struct {
	// Dir is a folder in the repository. Required.
	Dir string
	// Policy answers what conventional commits leave open, and which channel is released to.
	Policy changelog.Policy
	// Component is the name of the component of the Policy, or of its umbrella, that is released. Empty: the only
	// one, or, of several, the umbrella.
	Component string
	// Notes say what the notes hold. Its Date is set to the day that the release was asked for,
	// where it is zero.
	Notes changelog.NotesOptions
	// AllowDirty accepts files that are not as they were committed. By default they fail the stage:
	// what is built from them is not what the version says. Files that git does not track never do,
	// since builds leave such files behind.
	AllowDirty bool
	// Git says which git is run.
	Git git.Options
}

// DetailDecision is the name under which the decision is recorded: a changelog.Decision, or its
// explanation as text where it is too large, with its last lines left out where even that is.
const DetailDecision = "version-decision"

// DetailPlan is the name under which the plan of all components is recorded, where there are several, in the same
// way: a changelog.Plan, or text.
const DetailPlan = "version-plan"

// MaxNotes is how large the notes get, in bytes of JSON: half of what a key takes, so that whoever
// adds a text of their own has room. Longer ones are shortened as changelog.Notes.Within does it.
const MaxNotes = stage.MaxValue / 2

// ErrDirty says that files of the repository are not as they were committed.
var ErrDirty = errors.New("files are not as they were committed")

// Commit is the id of the commit that the version is of. A later stage that works on the same folder
// can see by it whether the repository is still where it was.
var Commit = stage.NewKey[string]("commit")

var (
	// Level is how much the version means to its users; see From.
	Level = stage.NewKey[changelog.Level]("version-level")
	// Tag is the tag that the version is to get: "v1.3.0", or "api/v1.3.0".
	Tag = stage.NewKey[string]("version-tag")
	// Channel is the channel of a pre-release, empty for a final one.
	Channel = stage.NewKey[string]("version-channel")
)

var (
	_ stage.Stage     = Stage{}
	_ stage.Writer    = Stage{}
	_ stage.Effector  = Stage{}
	_ stage.Validator = Stage{}
)

// Writes are the version, the one before, the notes, the commit, the level, the tag and the channel.
func (s Stage) Writes() []stage.Ref {
	return []stage.Ref{stage.Version.Ref(), stage.Previous.Ref(), stage.Notes.Ref(), Commit.Ref(), Level.Ref(), Tag.Ref(), Channel.Ref()}
}

// Effect is stage.Pure: a repository is read, and nothing is changed.
func (s Stage) Effect() stage.Effect { return stage.Pure }

// Validate reports every field that is wrong.
func (s Stage) Validate() error {
	var errs *multierror.Error
	if s.Dir == "" {
		errs = multierror.Append(errs, errors.New("Version.Dir: is missing"))
	}
	if err := s.Policy.Validate(); err != nil {
		errs = multierror.Append(errs, fmt.Errorf("Version.Policy: %w", err))
	}
	if err := s.componentError(); err != nil {
		errs = multierror.Append(errs, fmt.Errorf("Version.Component: %w", err))
	}
	if err := s.Notes.Validate(); err != nil {
		errs = multierror.Append(errs, fmt.Errorf("Version.Notes: %w", err))
	}
	return errs.ErrorOrNil()
}

// Run reads the history, decides, and hands on the outcome. What was decided is recorded first, also where it is that there is no
// version. It fails where what is released has none, or something that it depends on; what hinders other components does not matter. Where the release names a commit, that
// must be the one which the repository is at.
func (s Stage) Run(ctx context.Context, t *stage.Task) error {
	plan, failed := s.plan(ctx, t.Release().Commit)
	if failed != nil && plan.Head == "" {
		return failed
	}
	decision, ok := s.of(plan)
	if !ok {
		return &stage.Error{Outcome: stage.Failed, Reason: "there is no such component", Err: s.componentError(), Final: true}
	}
	if err := record(ctx, t, DetailDecision, decision, decision.Explain); err != nil {
		return err
	}
	if len(plan.Components) > 1 {
		if err := record(ctx, t, DetailPlan, plan, plan.Explain); err != nil {
			return err
		}
	}
	if err := s.concerning(decision.Name, failed); err != nil {
		return err
	}
	if decision.Next == nil {
		return stage.Skip(decision.Why)
	}
	notes := s.Notes
	if notes.Date.IsZero() {
		notes.Date = t.Release().RequestedAt.UTC().Truncate(24 * time.Hour)
	}
	previous := ""
	if decision.Previous != nil {
		previous = decision.Previous.String()
	}
	return errors.Join(
		stage.Version.Set(t, decision.Next.String()),
		stage.Previous.Set(t, previous),
		stage.Notes.Set(t, decision.Notes(notes).Within(MaxNotes).Markdown()),
		Commit.Set(t, decision.Head),
		Level.Set(t, decision.Level),
		Tag.Set(t, decision.NextTag),
		Channel.Set(t, decision.Channel),
	)
}

func (s Stage) plan(ctx context.Context, commit string) (changelog.Plan, error) {
	repository, err := git.Open(ctx, s.Dir, s.Git)
	if err != nil {
		return changelog.Plan{}, err
	}
	history, err := repository.History(ctx, s.Policy)
	if err != nil {
		return changelog.Plan{}, err
	}
	if commit != "" && commit != history.Head {
		return changelog.Plan{}, fmt.Errorf("the release is of commit %s, and the repository is at %s", commit, history.Head)
	}
	if !s.AllowDirty {
		changed, err := repository.Changed(ctx)
		if err != nil {
			return changelog.Plan{}, err
		}
		if len(changed) > 0 {
			return changelog.Plan{}, dirty(changed)
		}
	}
	return changelog.Decide(history, s.Policy)
}

// dirty names the files that are not as they were committed, or the first of them.
func dirty(changed []string) error {
	const most = 20
	list, more := changed, ""
	if len(changed) > most {
		list, more = changed[:most], fmt.Sprintf(" and %d more", len(changed)-most)
	}
	return fmt.Errorf("%w: %q%s; commit them, or set AllowDirty", ErrDirty, list, more)
}

// record keeps a value, or what it says in words where a long history makes it too large.
func record(ctx context.Context, t *stage.Task, name string, value any, explain func() string) error {
	err := t.Detail(ctx, name, value)
	if !errors.Is(err, stage.ErrTooLarge) {
		return err
	}
	text, err := fitting(explain(), stage.MaxDetail)
	if err != nil {
		return err
	}
	return t.Detail(ctx, name, text)
}

// fitting is a text with as many whole lines of its beginning as fit into so many bytes of JSON,
// and a last line that says how many do not.
func fitting(text string, size int) (string, error) {
	const room = 100 // for the last line, and for the quotes
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	used := room
	for i, line := range lines {
		raw, err := json.Marshal(line)
		if err != nil {
			return "", err
		}
		if used += len(raw) - len(`""`); used > size {
			return strings.Join(lines[:i], "") + fmt.Sprintf("(and %d more lines, left out for want of room)\n", len(lines)-i), nil
		}
	}
	return text, nil
}
