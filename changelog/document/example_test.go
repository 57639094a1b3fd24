package document_test

import (
	"fmt"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/document"
)

func Example() {
	d := document.Parse(`# Changelog

## [Unreleased]

### Fixed

- The rope holds

[Unreleased]: https://git.example.org/boat/compare/v1.2.3...HEAD
`)
	plan, err := changelog.Decide(changelog.History{
		Tags:    []changelog.Ref{{Name: "v1.2.3", Commit: "c0ffee0000", Reachable: true}},
		Commits: []changelog.Commit{{ID: "c0ffee0002", Text: "feat(crane): lower two boats at once (#7)"}},
	}, changelog.Policy{})
	if err != nil {
		fmt.Println(err)
		return
	}
	decision := plan.Components[0]
	if err := d.Upsert(decision.Notes(changelog.NotesOptions{}), document.Options{}); err != nil {
		fmt.Println(err)
		return
	}
	if err := d.Release(decision.Next, time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC), document.Options{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d)
	// Output:
	// # Changelog
	//
	// ## [Unreleased]
	//
	// ## [1.3.0] - 2024-05-06
	//
	// ### Added
	//
	// - **crane:** lower two boats at once (#7, c0ffee0002) <!-- generated c0ffee0002 632d4afe -->
	//
	// ### Fixed
	//
	// - The rope holds
	//
	// [Unreleased]: https://git.example.org/boat/compare/v1.3.0...HEAD
	// [1.3.0]: https://git.example.org/boat/compare/v1.2.3...v1.3.0
}

func ExampleDocument_Yank() {
	d := document.Parse("# Changelog\n\n## 1.3.0 - 2024-05-06\n\n- Two boats\n")
	if err := d.Yank(semver.MustParse("1.3.0"), "the rope breaks, use 1.3.1"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(d)
	// Output:
	// # Changelog
	//
	// ## 1.3.0 - 2024-05-06 [YANKED]
	//
	// Yanked: the rope breaks, use 1.3.1
	//
	// - Two boats
}
