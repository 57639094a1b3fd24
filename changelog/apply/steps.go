package apply

import (
	"fmt"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/changelog"
)

// StepKind is what sort of thing a step does.
type StepKind string

const (
	// StepFile writes a file.
	StepFile StepKind = "file"
	// StepCommit commits the files.
	StepCommit StepKind = "commit"
	// StepTag makes a tag.
	StepTag StepKind = "tag"
	// StepPush sends the commit and the tags.
	StepPush StepKind = "push"
	// StepPublish tells the world of one version.
	StepPublish StepKind = "publish"
)

// Step is one thing that is done, or that would be.
type Step struct {
	Kind StepKind `json:"kind"`
	// Name is the file, the first line of the commit's message, the tag, or all tags that are pushed.
	Name string `json:"name"`
	// By is the name of the Publisher, empty for all other steps.
	By string `json:"by,omitempty"`

	decision  changelog.Decision
	publisher Publisher
}

// String tells the step: "tag v1.3.0".
func (s Step) String() string {
	if s.By != "" {
		return fmt.Sprintf("%s %s by %s", s.Kind, s.Name, s.By)
	}
	return fmt.Sprintf("%s %s", s.Kind, s.Name)
}

// Steps are what Apply does to carry out a plan, in their order. It touches nothing. It fails with ErrNothing where
// the plan releases nothing.
func (a Applier) Steps(plan changelog.Plan) ([]Step, error) {
	released := releasedBy(plan)
	if len(released) == 0 {
		return nil, fmt.Errorf("%w: the plan has no next version", ErrNothing)
	}
	var steps []Step
	var paths []string
	for _, f := range a.Files {
		if _, ok := f.release(plan); ok && !slices.Contains(paths, f.Path) {
			paths = append(paths, f.Path)
			steps = append(steps, Step{Kind: StepFile, Name: f.Path})
		}
	}
	if a.Committer != nil && len(paths) > 0 {
		header, _, _ := strings.Cut(a.message(plan), "\n")
		steps = append(steps, Step{Kind: StepCommit, Name: header})
	}
	for _, d := range released {
		steps = append(steps, Step{Kind: StepTag, Name: d.NextTag, decision: d})
	}
	if a.Pusher != nil {
		steps = append(steps, Step{Kind: StepPush, Name: strings.Join(tagsOf(plan), " ")})
	}
	for _, p := range a.Publishers {
		for _, d := range released {
			steps = append(steps, Step{Kind: StepPublish, Name: d.NextTag, By: p.Name, decision: d, publisher: p.Publisher})
		}
	}
	return steps, nil
}

// releasedBy are the decisions that have a next version, each after those that it is released with because it depends on them, and
// the umbrella's last: where tagging stops half way, nothing has a tag that lacks what it is made of.
func releasedBy(plan changelog.Plan) []changelog.Decision {
	var all []changelog.Decision
	seen := map[string]bool{}
	var add func(changelog.Decision)
	add = func(d changelog.Decision) {
		if seen[d.Name] {
			return
		}
		seen[d.Name] = true
		for _, on := range d.Dependencies {
			if part, ok := plan.Component(on.Name); ok {
				add(part)
			}
		}
		if d.Next != nil {
			all = append(all, d)
		}
	}
	for _, d := range plan.Components {
		add(d)
	}
	if plan.Umbrella != nil && plan.Umbrella.Next != nil {
		all = append(all, *plan.Umbrella)
	}
	return all
}

// tagsOf are the tags that a plan makes.
func tagsOf(plan changelog.Plan) []string {
	var tags []string
	for _, d := range releasedBy(plan) {
		tags = append(tags, d.NextTag)
	}
	return tags
}

// message is the message of the commit.
func (a Applier) message(plan changelog.Plan) string {
	if a.Message != nil {
		return a.Message(plan)
	}
	var parts []string
	for _, d := range releasedBy(plan) {
		parts = append(parts, strings.TrimSpace(d.Name+" "+d.Next.String()))
	}
	return "chore(release): " + strings.Join(parts, ", ") + "\n"
}

// tagMessage is the message of an annotated tag.
func (a Applier) tagMessage(d changelog.Decision) string {
	if a.TagMessage != nil {
		return a.TagMessage(d)
	}
	return d.Notes(changelog.NotesOptions{}).Short() + "\n"
}
