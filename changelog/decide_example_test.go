package changelog_test

import (
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/changelog"
)

// A team publishes betas until it is content, and then what the last beta has, and what has come since.
func ExampleDecide_channel() {
	history := changelog.History{
		Tags: []changelog.Ref{
			{Name: "v1.0.0", Commit: "c0ffee0000", Reachable: true},
			{Name: "v1.1.0-beta.1", Commit: "c0ffee0001"},
		},
		Commits: []changelog.Commit{
			{ID: "c0ffee0003", Parents: []string{"c0ffee0002"}, Text: "fix: hold the rope"},
			{ID: "c0ffee0002", Parents: []string{"c0ffee0001"}, Text: "docs: say what a boat is"},
			{ID: "c0ffee0001", Parents: []string{"c0ffee0000"}, Text: "feat: lower two boats at once"},
		},
	}
	for _, policy := range []changelog.Policy{{Channel: "beta"}, {Channel: "rc"}, {Channel: "beta", Final: true}} {
		plan, err := changelog.Decide(history, policy)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(plan.Components[0].Next)
	}
	plan, err := changelog.Decide(history, changelog.Policy{Channel: "beta"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Explain())

	history.Commits = history.Commits[1:] // the fix is not there yet
	plan, err = changelog.Decide(history, changelog.Policy{Channel: "beta"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Components[0].Why)
	// Output:
	// 1.1.0-beta.2
	// 1.1.0-rc.1
	// 1.1.0
	// 1.0.0 -> 1.1.0-beta.2 (minor): the highest level of all commits since 1.0.0 is minor; v1.1.0-beta.1 is the last pre-release of 1.1.0 on the channel beta
	// previous: v1.0.0 is the highest release tag that can be reached from HEAD
	// pre-release: v1.1.0-beta.1 is the last one since, and has what is not marked as new
	// counted:
	//   c0ffee0003  patch  fix: hold the rope             (fix is patch; new)
	//   c0ffee0001  minor  feat: lower two boats at once  (feat is minor)
	// not counted:
	//   c0ffee0002  docs: say what a boat is  (docs is none)
	//
	// nothing to release: no commit since v1.1.0-beta.1 calls for a version
}

// A maintenance branch takes fixes, and nothing that belongs into another line.
func ExampleDecide_maintenance() {
	history := changelog.History{
		Branch: "release/1.2.x",
		Tags: []changelog.Ref{
			{Name: "v1.2.3", Commit: "c0ffee0000", Reachable: true},
			{Name: "v1.3.0", Commit: "decaf00000"},
		},
		Commits: []changelog.Commit{{ID: "c0ffee0001", Text: "fix: hold the rope"}},
	}
	plan, err := changelog.Decide(history, changelog.Policy{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Components[0].Next)

	history.Commits = append([]changelog.Commit{{ID: "c0ffee0002", Text: "feat: lower two boats at once"}}, history.Commits...)
	_, err = changelog.Decide(history, changelog.Policy{})
	var out *changelog.RangeError
	if errors.As(err, &out) {
		fmt.Println(out.Version, "is not", out.Range)
	}
	// Output:
	// 1.2.4
	// 1.3.0 is not >=1.2.0 <1.3.0
}
