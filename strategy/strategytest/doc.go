// Package strategytest (SHELL) proves strategies, fleets, routers and targets right, and holds a
// simulated world to rehearse rollouts in. It is for the tests of those who write one of them; no
// other program needs it.
//
// # Kits
//
// Each interface that others implement has a kit: a list of laws, which are the promises in its
// documentation. Five lines prove an implementation:
//
//	func TestFleetConforms(t *testing.T) {
//		strategytest.RunFleet(t, func(t *testing.T) strategytest.FleetHarness {
//			return strategytest.FleetHarness{Fleet: newFleet(t), Pools: pools}
//		})
//	}
//
// RunStrategy, RunFleet, RunRouter and RunTarget prove each law in a subtest, which has the law's
// name, so that one of them can be run alone. CheckStrategy, CheckFleet, CheckRouter and
// CheckTarget prove the same laws where there is no *testing.T, and return all violations joined,
// each a *Violation. The Run functions list the laws.
//
// Start with the halves: a target that is composed of a fleet and a router is proved by three kits,
// and the first law that fails is nearest to the defect.
//
// # What a skip means
//
// That the law was not proved, and nothing else. A harness may lack a means to prove it, as to kill
// an instance, or the implementation an ability, as to mirror; the skip names which. Whether the
// implementation can do without is for its author to say. Nothing is skipped because it failed.
//
// # Time
//
// Every law polls, up to the harness's Patience; none depends on how quick the machine is. A
// simulated implementation runs in virtual time when testing/synctest.Test is given as around:
//
//	strategytest.RunTarget(t, open, synctest.Test)
//
// A call that neither returns nor minds its context hangs the kit, until go test itself ends it.
//
// # World
//
// A World is a fleet, a router and their clients in memory, to rehearse a plan before it meets a
// real target, and to test what is built on package rollout: what does it do when an instance takes
// a minute to start, dies in the middle, flaps, or when the router forgets a table? In virtual time
// a rollout of a day takes milliseconds:
//
//	synctest.Test(t, func(t *testing.T) {
//		world := &strategytest.World{Start: 40 * time.Second}
//		world.Put(plan.From)
//		world.Limit(plan.Limits)
//		r, err := rollout.New(world.Target(), plan, options)
//		...
//		result, err := r.Run(t.Context())
//		...
//		if v := world.Violations(); len(v) > 0 {
//			t.Error(v)
//		}
//	})
//
// World.Target is both halves composed. World.Cluster is a target that does more by itself: it replaces
// instances without being told each move, and its pools can be stuck, or under an autoscaler.
//
// # Concurrency
//
// The kits call an implementation from one goroutine, as a rollout does, but for requests, which come
// from several, and for strategies, which must be safe for concurrent use.
package strategytest
