package changelog_test

import (
	"fmt"

	"github.com/davit-sdk/davit/changelog"
)

func Example() {
	history := changelog.History{
		Tags: []changelog.Ref{{Name: "v1.2.3", Commit: "c0ffee0000", Reachable: true}},
		Commits: []changelog.Commit{
			{ID: "c0ffee0003", Text: "docs: say what a boat is"},
			{ID: "c0ffee0002", Text: "feat(crane): lower two boats at once (#7)"},
			{ID: "c0ffee0001", Text: "fix: hold the rope"},
		},
	}
	plan, err := changelog.Decide(history, changelog.Policy{})
	if err != nil {
		fmt.Println(err)
		return
	}
	decision := plan.Components[0]
	fmt.Println(decision.Explain())
	fmt.Println(decision.Notes(changelog.NotesOptions{}).Markdown())
	// Output:
	// 1.2.3 -> 1.3.0 (minor): the highest level of all commits since 1.2.3 is minor
	// previous: v1.2.3 is the highest release tag that can be reached from HEAD
	// counted:
	//   c0ffee0002  minor  feat(crane): lower two boats at once (#7)  (feat is minor)
	//   c0ffee0001  patch  fix: hold the rope                         (fix is patch)
	// not counted:
	//   c0ffee0003  docs: say what a boat is  (docs is none)
	//
	// ## 1.3.0
	//
	// ### Features
	//
	// - **crane:** lower two boats at once (#7, c0ffee0002)
	//
	// ### Fixes
	//
	// - hold the rope (c0ffee0001)
}

func ExampleParse() {
	m := changelog.Parse("feat(crane)!: lower two boats at once\n\nBREAKING CHANGE: ropes come in pairs\nRefs: #7")
	fmt.Println(m.Type, m.Scope, m.Breaking())
	fmt.Println(m.BreakingNotes())
	fmt.Println(m.References()[0].Action, m.References()[0].Target)

	for _, d := range changelog.Parse("feat:lower two boats").Diagnostics {
		fmt.Println(d.Text)
	}
	// Output:
	// feat crane true
	// [ropes come in pairs]
	// Refs #7
	// not a conventional commit: a space must follow "feat:"
}
