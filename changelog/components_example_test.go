package changelog_test

import (
	"fmt"

	"github.com/davit-sdk/davit/changelog"
)

// Three components in one repository: what is released, and with which versions?
func ExampleDecide_components() {
	policy, err := changelog.ParsePolicy([]byte(`{
		"components": [
			{"name": "api", "paths": ["services/api"], "depends_on": ["lib"]},
			{"name": "web", "paths": ["services/web"], "excludes": ["services/web/docs"], "depends_on": ["lib"]},
			{"name": "lib", "paths": ["lib"], "aliases": ["common"]}
		],
		"groups": [{"name": "services", "kind": "linked", "components": ["api", "web"]}],
		"umbrella": {"name": "product"}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	history := changelog.History{ // package changelog/git reads it from a repository
		Head: "44444444444",
		Tags: []changelog.Ref{
			{Name: "lib/v0.4.0", Commit: "11111111111"}, {Name: "api/v1.2.0", Commit: "11111111111"},
			{Name: "web/v1.4.2", Commit: "11111111111"}, {Name: "v7.0.0", Commit: "11111111111"},
		},
		Commits: []changelog.Commit{
			{ID: "44444444444", Parents: []string{"33333333333"}, Text: "docs: tell how", Paths: []string{"services/web/docs/how.md"}},
			{ID: "33333333333", Parents: []string{"22222222222"}, Text: "feat: sign in by key", Paths: []string{"services/api/key.go"}},
			{ID: "22222222222", Parents: []string{"11111111111"}, Text: "feat!: times are in UTC", Paths: []string{"lib/time.go"}},
			{ID: "11111111111", Text: "feat: begin"},
		},
	}
	plan, err := changelog.Decide(history, policy)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range append(plan.Components, *plan.Umbrella) {
		fmt.Println(d.NextTag, d.Level, "-", d.Why)
	}
	for _, s := range plan.Skipped {
		fmt.Println(s.Subject, "-", s.Why)
	}
	// Output:
	// api/v1.5.0 minor - the linked group services: the highest level of all commits since 1.4.2 is minor
	// web/v1.5.0 minor - the linked group services: the highest level of all commits since 1.4.2 is minor
	// lib/v0.5.0 minor - the highest level of all commits since 0.4.0 is minor
	// v7.1.0 minor - the highest level of all components is minor
	// docs: tell how - changes nothing that belongs to a component
}

// The modules of a Go repository, with the tags that Go wants.
func ExampleGoModules() {
	components, err := changelog.GoModules(map[string]string{
		"go.mod":        "module example.org/boat\n",
		"ec2/v2/go.mod": "module example.org/boat/ec2/v2\n\nrequire example.org/boat v1.4.0\n",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	history := changelog.History{
		Tags: []changelog.Ref{{Name: "v1.4.0", Commit: "1"}, {Name: "ec2/v2.0.0", Commit: "1"}},
		Commits: []changelog.Commit{
			{ID: "3", Parents: []string{"2"}, Text: "feat!: drop the old names", Paths: []string{"names.go"}},
			{ID: "2", Parents: []string{"1"}, Text: "feat: find zones", Paths: []string{"ec2/v2/zones.go"}},
			{ID: "1", Text: "feat: begin"},
		},
	}
	plan, err := changelog.Decide(history, changelog.Policy{Components: components})
	fmt.Println(err)
	history.Commits = history.Commits[1:]
	plan, err = changelog.Decide(history, changelog.Policy{Components: components})
	for _, d := range plan.Components {
		fmt.Printf("%q %q\n", d.Name, d.NextTag)
	}
	fmt.Println(err)
	// Output:
	// component boat: version 2.0.0 is not one of module example.org/boat, whose path is for v0 and v1: change it to example.org/boat/v2 in go.mod and in whatever imports it, or do without the breaking change
	// "boat" ""
	// "ec2/v2" "ec2/v2.1.0"
	// <nil>
}
