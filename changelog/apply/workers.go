package apply

import (
	"context"
	"time"

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
