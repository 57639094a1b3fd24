package changelog

import (
	"fmt"
	"iter"
	"time"

	"github.com/Masterminds/semver/v3"
)

// Release is one version of a full changelog.
type Release struct {
	// Component is the name of the component, empty where there is one only.
	Component string `json:"component,omitempty"`
	// Version is the version, nil for what is not released yet. Tag is its tag.
	Version *semver.Version `json:"version"`
	Tag     string          `json:"tag,omitempty"`
	// Commit is what the tag points at.
	Commit string `json:"commit,omitempty"`
	// Time is when it was tagged, or, where the tag does not say, when its commit was made.
	Time time.Time `json:"time,omitzero"`
	// Commits is how many commits belong to it, with those that the notes do not list.
	Commits int `json:"commits"`
	// Notes are what it brings. Their day is that of Time in UTC.
	Notes Notes `json:"notes"`
	// Leads are the commits that it brings, but no merges and none that were taken back, the newest first, where
	// ReleasesOptions.Leads asks for them.
	Leads []Lead `json:"leads,omitempty"`
	// Diagnostics tell what may be wrong with it: final versions that are tagged in another form than the policy's (CodeOtherFormat) are no
	// releases, and what came with them belongs to this one.
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
}

// ReleasesOptions say what a full changelog holds.
type ReleasesOptions struct {
	// Notes say what goes into the notes of each release. The Date has no say.
	Notes NotesOptions `json:"notes,omitzero"`
	// Components are the names of the components to tell of. Empty: all of the policy, and its umbrella.
	Components []string `json:"components,omitempty"`
	// Prereleases shows pre-releases as releases of their own. By default their commits belong to the final release
	// that follows, and only those are shown that no final release has followed yet.
	Prereleases bool `json:"prereleases,omitempty"`
	// Leads asks for Release.Leads, by which lead times are measured.
	Leads bool `json:"leads,omitempty"`
}

// Validate reports everything that is wrong with the options, each problem with its field.
func (o ReleasesOptions) Validate() error {
	if err := o.Notes.Validate(); err != nil {
		return fmt.Errorf("Notes: %w", err)
	}
	return nil
}

// OrderError says that a history does not have the order that Releases needs.
type OrderError struct {
	// Commit is the first commit that came with none of its children before it.
	Commit string
}

func (e *OrderError) Error() string {
	return fmt.Sprintf("commit %s comes with none of its children before it: the history must begin at one commit, "+
		"have every commit that can be reached from it, and children before their parents", e.Commit)
}

// Releases tells a whole history as releases, from the highest version to the lowest, with what is not released yet on top, and
// then the pre-releases that no final release has followed. The
// commits come children before their parents, from one commit on, as History has them; they are read once. Of several
// components each has its releases in that order, and which of them comes when is up to the history.
//
// A commit belongs to the lowest version that contains it. So a hotfix that was merged later is told once, in its own
// release, and so does a version of a component that another one depends on, which its Dependencies name, as far as it is one of Components. A revert and what it takes back cancel each other where both belong to one release, if the policy cancels
// reverts; else both are told. A version with a tag that is not among the commits is told, and empty, if the tag says that it is
// Reachable. The notes of a version without changes have no sections.
//
// A release comes as soon as no commit can belong to it any more, and nothing of it is kept then: memory does not grow with the
// length of the history, but with the number of branches that are open at one time, and with how far back they go.
//
// Versions that are tagged in another form than the policy's are no releases: the Diagnostics of the release that has their commits say so.
//
// An error is the last thing that comes: one of the options, of the policy, or of the history, an *OrderError, or a ComponentError with
// ErrOtherFormat for each component of which no tag can be read while others hold versions.
func Releases(commits iter.Seq2[Commit, error], tags []Ref, policy Policy, o ReleasesOptions) iter.Seq2[Release, error] {
	return func(yield func(Release, error) bool) {
		w, err := newWalk(tags, policy, o)
		if err != nil {
			yield(Release{}, err)
			return
		}
		for c, err := range commits {
			if err == nil {
				err = w.take(c)
			}
			if err != nil {
				yield(Release{}, err)
				return
			}
			if !w.give(yield) {
				return
			}
		}
		w.end()
		w.give(yield)
	}
}
