package tags

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
	"github.com/davit-sdk/davit/metrics/dora"
)

// Options say what tags do not. The zero value is usable.
type Options struct {
	// Service is what is released, where the policy has no components; else each component is a service. Empty: it has no name.
	Service string
	// Environment is where a version with a tag is deployed to. Empty: it has no name.
	Environment string
	// Repo is the name of the repository. Empty: it has no name.
	Repo string
	// Components are those of the policy to tell of. Empty: all, but not the umbrella, whose commits are theirs.
	Components []string
	// Prereleases tells of pre-releases, too. By default their commits belong to the final version.
	Prereleases bool
}

// TimeError is a tag of which nobody knows when it was made.
type TimeError struct{ Tag string }

// Error names the tag.
func (e *TimeError) Error() string {
	return fmt.Sprintf("tag %s: neither it nor a commit of the history says when it was made", e.Tag)
}

// Events are the deployments of a repository, the newest first, each after the changes that it brought. A change that belongs to several components is
// told once. A repository without tags has none.
func Events(ctx context.Context, repo *git.Repository, policy changelog.Policy, o Options) iter.Seq2[dora.Event, error] {
	return func(yield func(dora.Event, error) bool) {
		if repo == nil {
			yield(nil, errors.New("there is no repository"))
			return
		}
		refs, err := repo.Tags(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		head, err := repo.Head(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		commits := repo.Commits(ctx, git.Range{To: head, Paths: policy.NeedsPaths()})
		told := map[string]bool{}
		for r, err := range changelog.Releases(commits, refs, policy, o.releases(policy)) {
			if err == nil && r.Version != nil && r.Time.IsZero() {
				err = &TimeError{Tag: r.Tag}
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if r.Version != nil && !o.tell(r, told, yield) {
				return
			}
		}
	}
}

// releases are the options of a changelog with all that is told.
func (o Options) releases(policy changelog.Policy) changelog.ReleasesOptions {
	components := o.Components
	if len(components) == 0 && policy.Umbrella != nil {
		for _, c := range policy.Components {
			components = append(components, c.Name)
		}
	}
	return changelog.ReleasesOptions{Components: components, Prereleases: o.Prereleases, Leads: true}
}

// tell tells of a release. It is false when nobody wants more.
func (o Options) tell(r changelog.Release, told map[string]bool, yield func(dora.Event, error) bool) bool {
	d := dora.Deployment{
		ID: r.Tag, Service: cmp.Or(r.Component, o.Service), Environment: o.Environment, Time: r.Time, Version: r.Version.String(),
	}
	for _, lead := range r.Leads {
		d.Changes = append(d.Changes, lead.Commit)
		if told[lead.Commit] {
			continue
		}
		told[lead.Commit] = true
		if !yield(dora.Change{ID: lead.Commit, Time: lead.Committed, Repo: o.Repo}, nil) {
			return false
		}
	}
	return yield(d, nil)
}
