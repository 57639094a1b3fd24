package tags

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

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
	// Prereleases tells of pre-releases, too. By default their commits belong to the final version, and are not released before it. Of a component
	// that has pre-releases alone those are told nevertheless.
	Prereleases bool
}

// TimeError is a tag of which nobody knows when it was made.
type TimeError struct{ Tag string }

// Error names the tag.
func (e *TimeError) Error() string {
	return fmt.Sprintf("tag %s: neither it nor a commit of the history says when it was made", e.Tag)
}

// Events are the deployments of a repository, from the highest version to the lowest, each after the changes that it brought; of components
// that have pre-releases alone, these come last. A change that belongs to several components is told once. A repository without tags has none. Of what is left out, Read tells.
func Events(ctx context.Context, repo *git.Repository, policy changelog.Policy, o Options) iter.Seq2[dora.Event, error] {
	return func(yield func(dora.Event, error) bool) {
		if repo == nil {
			yield(nil, errors.New("there is no repository"))
			return
		}
		refs, err := repo.Tags(ctx)
		if err == nil {
			err = newTeller(policy, o, refs, yield).tell(ctx, repo)
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// errEnough says that nobody wants more.
var errEnough = errors.New("enough")

// teller tells the deployments of one repository.
type teller struct {
	policy  changelog.Policy
	o       Options
	listing listing
	yield   func(dora.Event, error) bool

	changes map[string]bool                // that were told
	early   map[string][]changelog.Release // pre-releases of components without a final version
	final   map[string]bool                // components with one
	tags    map[string]bool                // that were told
	alone   []string                       // pre-releases that were told, as there is nothing else
}

func newTeller(policy changelog.Policy, o Options, refs []changelog.Ref, yield func(dora.Event, error) bool) *teller {
	return &teller{
		policy: policy, o: o, listing: list(refs, policy), yield: yield,
		changes: map[string]bool{}, early: map[string][]changelog.Release{}, final: map[string]bool{}, tags: map[string]bool{},
	}
}

// tell tells of all versions, wherever they are: a version of a branch for maintenance is no ancestor of what is developed.
func (t *teller) tell(ctx context.Context, repo *git.Repository) error {
	head, err := repo.Head(ctx)
	if err != nil {
		return err
	}
	tips := t.listing.tips(head)
	commits := repo.Commits(ctx, git.Range{To: head, Also: tips[1:], Paths: t.policy.NeedsPaths()})
	for r, err := range changelog.Releases(rooted(tips, commits), t.listing.refs, t.policy, t.o.releases(t.policy)) {
		if err == nil && r.Version != nil && r.Time.IsZero() {
			err = &TimeError{Tag: t.listing.name(r.Tag)}
		}
		if err == nil && r.Version != nil {
			err = t.release(r)
		}
		if err != nil {
			return err
		}
	}
	return t.rest()
}

// rooted is a history of several tips, which begins at one commit that has all of them as its parents: changelog.Releases needs one.
func rooted(tips []string, commits iter.Seq2[changelog.Commit, error]) iter.Seq2[changelog.Commit, error] {
	return func(yield func(changelog.Commit, error) bool) {
		if !yield(changelog.Commit{ID: "all tips", Parents: tips}, nil) {
			return
		}
		commits(yield)
	}
}

// release tells of a version, or keeps it until it is known whether its component has a final one.
func (t *teller) release(r changelog.Release) error {
	if r.Version.Prerelease() == "" {
		t.final[r.Component] = true
		delete(t.early, r.Component)
	} else if !t.o.Prereleases {
		if !t.final[r.Component] {
			r.Notes = changelog.Notes{}
			t.early[r.Component] = append(t.early[r.Component], r)
		}
		return nil
	}
	return t.deployment(r)
}

// rest tells of the components that have pre-releases alone.
func (t *teller) rest() error {
	var names []string
	for name := range t.early {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, r := range t.early[name] {
			t.alone = append(t.alone, t.listing.name(r.Tag))
			if err := t.deployment(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// deployment tells of a version, after its changes.
func (t *teller) deployment(r changelog.Release) error {
	tag := t.listing.name(r.Tag)
	d := dora.Deployment{
		ID: tag, Service: cmp.Or(r.Component, t.o.Service), Environment: t.o.Environment, Time: r.Time, Version: r.Version.String(),
	}
	for _, lead := range r.Leads {
		d.Changes = append(d.Changes, lead.Commit)
		if t.changes[lead.Commit] {
			continue
		}
		t.changes[lead.Commit] = true
		if !t.yield(dora.Change{ID: lead.Commit, Time: lead.Committed, Repo: t.o.Repo}, nil) {
			return errEnough
		}
	}
	t.tags[tag] = true
	if !t.yield(d, nil) {
		return errEnough
	}
	return nil
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
