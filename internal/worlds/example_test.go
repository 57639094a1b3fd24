package worlds_test

import (
	"fmt"

	"github.com/davit-sdk/davit/internal/worlds"
)

// An incident of everybody's: the rules that look at the candidate alone take the release back.
func Example() {
	player := worlds.NewPlayer()
	incident := worlds.Harmless()[6]
	for _, policy := range worlds.Policies() {
		if name := policy.Name(); name != "judge, balanced" && name != "Flagger, docs" {
			continue
		}
		var tally worlds.Tally
		for seed := range uint64(5) {
			result, err := player.Play(incident, policy, seed)
			if err != nil {
				fmt.Println(err)
				return
			}
			tally.Add(result)
		}
		fmt.Printf("%s, %s: %d of %d taken back\n", incident.Name, policy.Name(), tally.RolledBack, tally.Runs())
	}
	// Output:
	// incident of all, judge, balanced: 0 of 5 taken back
	// incident of all, Flagger, docs: 5 of 5 taken back
}
