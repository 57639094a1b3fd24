package apply

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/changelog"
)

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

	// at is told what is about to happen and what has happened, and may say that it fails. For tests.
	at func(point string) error
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
		if other := slices.IndexFunc(a.Files[:i], f.mixes); other >= 0 {
			bad("Files[%d]: %q is the changelog of %q already: a changelog has the versions of one component, or of the umbrella", i, f.Path, a.Files[other].Component)
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
