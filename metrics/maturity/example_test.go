package maturity_test

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/maturity"
)

// A model of one's own, and two services: one that deploys by a canary, and one that only says so.
func Example() {
	model, err := maturity.Decode([]byte(`{
		"name": "ours", "title": "Our deployments", "version": "1", "year": 2026, "source": "our handbook",
		"levels": ["by hand", "by machine", "with care"],
		"dimensions": [{"name": "deployment", "title": "Deployment", "practices": [
			{"id": "written-down", "name": "it is written down", "level": 1, "impact": 2, "effort": 1},
			{"id": "automated", "name": "a machine does it", "level": 2, "impact": 5, "effort": 3,
				"check": {"fact": "automated-deployment", "at_least": 0.9, "days": 90}},
			{"id": "canary", "name": "few users come first", "level": 3, "impact": 4, "effort": 2,
				"check": {"fact": "strategy", "at_least": 0.5, "strategies": ["canary"]}}
		]}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	deployed := func(id, service string, by maturity.Strategy) maturity.Release {
		return maturity.Release{ID: id, Service: service, Began: now.Add(-2 * time.Hour), Steps: []maturity.Step{
			{ID: id + "/deploy", Kind: maturity.KindDeploy, Environment: "production", Means: maturity.Machine, Strategies: []maturity.Strategy{by}, To: now.Add(-time.Hour)},
		}}
	}
	a, err := maturity.Assess(model, maturity.Input{
		At:       now,
		Releases: []maturity.Release{deployed("shop-7", "shop", maturity.Canary), deployed("cart-3", "cart", maturity.Recreate)},
		Declarations: []maturity.Declaration{
			{Practice: "written-down", Holds: true, By: "ada", At: now.AddDate(0, -1, 0)},
			{Practice: "canary", Service: "cart", Holds: true, By: "linus", At: now.AddDate(0, -1, 0)},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, service := range a.Services {
		reached := service.Dimensions[0]
		fmt.Println(service.Service, "is on level", reached.Level)
		for _, f := range reached.Findings {
			fmt.Println(" ", f.Answer, f.Name+":", f.Why)
		}
	}
	// Output:
	// cart is on level 2
	//   yes it is written down: declared by ada on 2026-10-23
	//   yes a machine does it: 1 of 1 (100 %); asked for: at least 90 %
	//   no few users come first: 0 of 1 (0 %); asked for: at least 50 %; but it was declared by linus on 2026-10-23
	// shop is on level 3
	//   yes it is written down: declared by ada on 2026-10-23
	//   yes a machine does it: 1 of 1 (100 %); asked for: at least 90 %
	//   yes few users come first: 1 of 1 (100 %); asked for: at least 50 %
}
