// Package worlds (PURE) simulates the traffic of a release, and plays policies over it: how often does a
// judge or a gate take back a release that is harmless, how soon does it find one that is not, and how
// many requests suffer until then?
//
// A World is traffic with all that makes judging hard: few requests, bursts, day and night, incidents
// of everybody's, cold starts, retries, instances that differ, late data, lost counts; and a Harm, which
// is what the candidate does worse. A Policy is whoever decides: a judge with its own ramp, or any
// gate.Gate with fixed steps. A Player plays releases; a Tally counts what became of them:
//
//	player := worlds.NewPlayer()
//	var tally worlds.Tally
//	for seed := range uint64(2000) {
//		result, err := player.Play(world, policy, seed)
//		...
//		tally.Add(result)
//	}
//	fmt.Println(tally.RolledBack, tally.Harmed())
//
// The program in folder table does that for all worlds and policies, and writes the tables of
// metrics/judge/BENCHMARKS.md.
//
// # How it is drawn
//
// Time goes in cells of five seconds. Within a cell everything is constant, requests come as a Poisson
// process, fail independently of each other (but for retries), and take log-normal times with a tail.
// What is common to both arms, and what is each arm's own, comes from the seed alone, so that all
// policies meet the same weather; the counts depend on the shares that the policy chose.
//
// # Concurrency
//
// A Player belongs to one goroutine; all else are values.
package worlds
