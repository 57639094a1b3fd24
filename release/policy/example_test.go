package policy_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/policy"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
)

func Example() {
	rules := policy.Policy{
		Name:  "acme",
		Tiers: map[string][]string{"tier-1": {"shop"}},
		Rules: []policy.Rule{
			{Name: "approval", Demand: policy.Approved{FourEyes: true}, For: policy.Scope{Environments: []string{"production"}}},
			{Name: "canary", Demand: policy.Progressive{}, For: policy.Scope{Tiers: []string{"tier-1"}}},
			{Name: "way-back", Demand: policy.Reversible{}},
		},
		Exempt: []policy.Exemption{
			{Rule: "canary", Service: "shop", By: "grace", Why: "the router comes in December", Until: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)},
		},
	}

	copyFiles := stage.Declared{ // a function of the team's own, which says what it does
		Stage: stage.Func(func(context.Context, *stage.Task) error { return nil }),
		Trait: []stage.Trait{stage.Deploys},
	}
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "ask", Do: approval.Stage{}},
		{Name: "production", Do: copyFiles, Environment: "production", Needs: []string{"ask"}},
	}}

	// In a test of the pipelines:
	outline, err := pipeline.Outline()
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := rules.Check("shop", outline, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(report.Text())

	// In the host, nothing begins:
	runner := release.NewRunner(release.Config{Admit: rules.Admit})
	defer runner.Close()
	_, err = runner.Run(context.Background(), pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
	fmt.Println("refused:", errors.Is(err, release.ErrRefused))
	// Output:
	// pipeline shop of shop (tier-1) breaks, in 2 places, the policy acme
	//   BROKEN  approval, production: it deploys to production with an approval that whoever asks for the release may give alone
	//           mend: set FourEyes in the approval before it
	//   BROKEN  way-back, production: it deploys to production and cannot take it back
	//           mend: give it a method Undo, or wrap it in a stage.Undoable
	//   allowed canary, production: it deploys to production to all at once, or to a part that nobody looks at
	//           by grace until 2030-01-01T00:00:00Z: the router comes in December
	// refused: true
}
