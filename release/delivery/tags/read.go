package tags

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
	"github.com/davit-sdk/davit/metrics/dora"
)

// Story is what the tags of a repository tell.
type Story struct {
	// Events are those of the function Events, in its order.
	Events []dora.Event
	// Remarks are about the tags that are no deployments, one for each reason, in the order of the codes below. With those that are
	// deployments, they have each tag once; CodeAlone is about deployments.
	Remarks []Remark
}

// Code says what a Remark is about.
type Code string

const (
	// CodePrerelease are pre-releases: their changes belong to the final version, and are not released where there is none yet.
	CodePrerelease Code = "prerelease"
	// CodeSameVersion are tags of versions that have a tag in the other form, too: 1.2.3 beside v1.2.3.
	CodeSameVersion Code = "same-version"
	// CodeOtherForm are final versions that are written in no form of the policy, or are of a component that was not asked for.
	CodeOtherForm Code = "other-form"
	// CodeNoCommit are tags of something that is no commit.
	CodeNoCommit Code = "no-commit"
	// CodeNoVersion are tags that are no semantic version.
	CodeNoVersion Code = "no-version"
	// CodeAlone are pre-releases that are told as deployments, because their component has no final version.
	CodeAlone Code = "alone"
)

// codes are all codes, with what they say.
var codes = []struct {
	code Code
	text string
}{
	{CodePrerelease, "pre-releases, whose changes are released with the final version"},
	{CodeSameVersion, "tags of versions that have another tag, too"},
	{CodeOtherForm, "versions in another form, or of what was not asked for"},
	{CodeNoCommit, "tags of something that is no commit"},
	{CodeNoVersion, "tags that are no semantic version"},
	{CodeAlone, "pre-releases told as deployments, as there is no final version"},
}

// Remark is something that whoever reads the figures should know of tags.
type Remark struct {
	Code Code
	// Tags are those that it is about, in the order of their names.
	Tags []string
}

// String says it in one line, with the number of tags and one of them.
func (r Remark) String() string {
	for _, is := range codes {
		if is.code == r.Code && len(r.Tags) > 0 {
			return fmt.Sprintf("%s: %d, such as %s", is.text, len(r.Tags), r.Tags[0])
		}
	}
	return string(r.Code)
}

// Read tells all at once, and what is left out. The errors are those of Events; there is no Story with one.
func Read(ctx context.Context, repo *git.Repository, policy changelog.Policy, o Options) (*Story, error) {
	if repo == nil {
		return nil, errors.New("there is no repository")
	}
	refs, err := repo.Tags(ctx)
	if err != nil {
		return nil, err
	}
	story := &Story{}
	t := newTeller(policy, o, refs, func(e dora.Event, _ error) bool {
		story.Events = append(story.Events, e)
		return true
	})
	if err := t.tell(ctx, repo); err != nil {
		return nil, err
	}
	story.Remarks = t.remarks()
	return story, nil
}

// remarks are about all tags that were not told.
func (t *teller) remarks() []Remark {
	about := map[Code][]string{CodeAlone: t.alone}
	for _, ref := range t.listing.all {
		if !t.tags[ref.Name] {
			code := t.why(ref)
			about[code] = append(about[code], ref.Name)
		}
	}
	var all []Remark
	for _, is := range codes {
		if tags := about[is.code]; len(tags) > 0 {
			slices.Sort(tags)
			all = append(all, Remark{is.code, tags})
		}
	}
	return all
}

// why says why a tag was not told.
func (t *teller) why(ref changelog.Ref) Code {
	v := versionOf(ref.Name)
	switch {
	case ref.Commit == "":
		return CodeNoCommit
	case t.listing.twice[ref.Name]:
		return CodeSameVersion
	case v == nil:
		return CodeNoVersion
	case v.Prerelease() != "":
		return CodePrerelease
	}
	return CodeOtherForm
}

// versionOf is the version at the end of a tag, whatever is before it; nil: there is none.
func versionOf(tag string) *semver.Version {
	digit := func(b byte) bool { return '0' <= b && b <= '9' }
	for at := range len(tag) {
		if !digit(tag[at]) || at > 0 && (digit(tag[at-1]) || tag[at-1] == '.') {
			continue
		}
		if v, err := semver.StrictNewVersion(tag[at:]); err == nil {
			return v
		}
	}
	return nil
}
