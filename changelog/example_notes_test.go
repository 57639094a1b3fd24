package changelog_test

import (
	"fmt"
	"os"

	"github.com/davit-sdk/davit/changelog"
)

// One plan gives a text for each audience.
func ExampleDecision_Notes_audiences() {
	plan, err := changelog.Decide(changelog.History{
		Tags: []changelog.Ref{{Name: "v1.2.3", Commit: "c0ffee0000", Reachable: true}},
		Commits: []changelog.Commit{
			{ID: "c0ffee0003", Text: "fix(helm): ask for enough memory"},
			{ID: "c0ffee0002", Text: "feat(crane): lower two boats at once (#7)"},
			{ID: "c0ffee0001", Text: "perf: start in half the time\n\nAudience: operators"},
		},
	}, changelog.Policy{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, audience := range []changelog.Audience{changelog.Users, changelog.Operators} {
		fmt.Println("For", audience)
		fmt.Println(plan.Components[0].Notes(changelog.NotesOptions{Audience: audience}).Text())
	}
	// Output:
	// For users
	// 1.3.0
	//
	// Features
	//
	//   - crane: lower two boats at once (#7, c0ffee0002)
	//
	// For operators
	// 1.3.0
	//
	// Fixes
	//
	//   - helm: ask for enough memory (c0ffee0003)
	//
	// Performance
	//
	//   - start in half the time (c0ffee0001)
}

func ExampleReleases() {
	commits := func(yield func(changelog.Commit, error) bool) {
		for _, c := range []changelog.Commit{
			{ID: "c0ffee0003", Parents: []string{"c0ffee0002"}, Text: "fix: hold the rope"},
			{ID: "c0ffee0002", Parents: []string{"c0ffee0001"}, Text: "feat: lower two boats at once"},
			{ID: "c0ffee0001", Text: "feat: lower a boat"},
		} {
			if !yield(c, nil) {
				return
			}
		}
	}
	tags := []changelog.Ref{{Name: "v0.1.0", Commit: "c0ffee0001"}, {Name: "v0.2.0", Commit: "c0ffee0002"}}
	for release, err := range changelog.Releases(commits, tags, changelog.Policy{}, changelog.ReleasesOptions{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(release.Notes.Short())
	}
	// Output:
	// Unreleased: 1 fix
	// 0.2.0: 1 feature
	// 0.1.0: 1 feature
}

func ExampleLinksFor() {
	links, err := changelog.LinksFor("git@github.com:davit-sdk/davit.git", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(links.CompareURL("v1.2.3", "v1.3.0"))
	_, err = changelog.LinksFor("https://ana:secret@code.example.org/boat", "")
	fmt.Println(err)
	// Output:
	// https://github.com/davit-sdk/davit/compare/v1.2.3...v1.3.0
	// remote "https://code.example.org/boat": cannot tell which forge code.example.org is: say which, or write the patterns of its links
}

func ExampleParseTemplate() {
	template, err := changelog.ParseTemplate("{{range .Sections}}{{range .Items}}{{.Scope}}: {{.Text}}\n{{end}}{{end}}", changelog.TemplateOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	notes := changelog.Notes{Sections: []changelog.Section{{Kind: changelog.Fixes, Items: []changelog.Item{{Scope: "ui", Text: "close <b> and `<i>`"}}}}}
	if err := template.Execute(os.Stdout, notes); err != nil {
		fmt.Println(err)
	}
	_, err = changelog.ParseTemplate("{{.Versoin}}", changelog.TemplateOptions{})
	fmt.Println(err != nil)
	// Output:
	// ui: close &lt;b&gt; and `<i>`
	// true
}

func ExampleDecision_Scope() {
	decision := changelog.Decision{Reasons: []changelog.Reason{
		{Commit: changelog.Commit{ID: "c0ffee0001", Text: "feat: lower two boats at once (#7)"}},
		{Commit: changelog.Commit{ID: "c0ffee0002", Text: "feat: a bell (#9)"}},
	}}
	scope := decision.Scope([]string{"#7", "#8"})
	fmt.Println("missing:", scope.Missing)
	for _, c := range scope.Unplanned {
		fmt.Println("unplanned:", c.Subject)
	}
	// Output:
	// missing: [#8]
	// unplanned: feat: a bell (#9)
}
