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
	// Policy answers what conventional commits leave open.
	Policy changelog.Policy
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

// MaxNotes is how large the notes get, in bytes of JSON: half of what a key takes, so that whoever
// adds a text of their own has room. Longer ones are shortened as changelog.Notes.Within does it.
const MaxNotes = stage.MaxValue / 2

// ErrDirty says that files of the repository are not as they were committed.
var ErrDirty = errors.New("files are not as they were committed")

// Commit is the id of the commit that the version is of. A later stage that works on the same folder
// can see by it whether the repository is still where it was.
var Commit = stage.NewKey[string]("commit")

var (
	_ stage.Stage     = Stage{}
	_ stage.Writer    = Stage{}
	_ stage.Effector  = Stage{}
	_ stage.Validator = Stage{}
)

// Writes are the version, the one before, the notes, and the commit.
func (s Stage) Writes() []stage.Ref {
	return []stage.Ref{stage.Version.Ref(), stage.Previous.Ref(), stage.Notes.Ref(), Commit.Ref()}
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
	if len(s.Policy.Components) > 1 {
		errs = multierror.Append(errs, errors.New("Version.Policy.Components: a release is of one component"))
	}
	return errs.ErrorOrNil()
}

// Run reads the history, decides, and hands on the outcome. Where the release names a commit, that
// must be the one which the repository is at.
func (s Stage) Run(ctx context.Context, t *stage.Task) error {
	decision, err := s.decide(ctx, t.Release().Commit)
	if err != nil {
		return err
	}
	if err := record(ctx, t, decision); err != nil {
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
	)
}

func (s Stage) decide(ctx context.Context, commit string) (changelog.Decision, error) {
	repository, err := git.Open(ctx, s.Dir, s.Git)
	if err != nil {
		return changelog.Decision{}, err
	}
	history, err := repository.History(ctx, s.Policy)
	if err != nil {
		return changelog.Decision{}, err
	}
	if commit != "" && commit != history.Head {
		return changelog.Decision{}, fmt.Errorf("the release is of commit %s, and the repository is at %s", commit, history.Head)
	}
	if !s.AllowDirty {
		changed, err := repository.Changed(ctx)
		if err != nil {
			return changelog.Decision{}, err
		}
		if len(changed) > 0 {
			return changelog.Decision{}, dirty(changed)
		}
	}
	plan, err := changelog.Decide(history, s.Policy)
	if err != nil {
		return changelog.Decision{}, err
	}
	return plan.Components[0], nil
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

// record keeps the decision, or what it says in words where a long history makes it too large.
func record(ctx context.Context, t *stage.Task, d changelog.Decision) error {
	err := t.Detail(ctx, DetailDecision, d)
	if !errors.Is(err, stage.ErrTooLarge) {
		return err
	}
	text, err := fitting(d.Explain(), stage.MaxDetail)
	if err != nil {
		return err
	}
	return t.Detail(ctx, DetailDecision, text)
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
