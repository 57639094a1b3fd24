// Package local (SHELL) is the target that needs nothing but this machine: a Router that splits
// HTTP traffic within the host's own process, and a Fleet of operating system processes behind it.
// rollout.Compose makes a target of both.
//
// # Router
//
// A Router is an http.Handler. The host serves it on a listener of its own (or by Router.Serve), and
// gives it to rollout.Compose, which sets its table. It is also a metrics.Source: gates read what
// it counted. And it is a metrics.Parter: it counts two halves of each group's backends apart, so that a
// judge can tell noise between instances from harm. That costs a request nothing, and takes the same room
// however many backends come and go.
//
//	router, err := local.NewRouter(local.RouterOptions{})
//	if err != nil {
//		return err
//	}
//	go http.ListenAndServe("127.0.0.1:8080", router)
//	err = router.Route(ctx, rollout.Table{Routes: []rollout.Route{{
//		Role:     strategy.Stable,
//		Traffic:  rollout.Traffic{Pool: pool, Share: strategy.All()},
//		Backends: []rollout.Backend{{ID: "a", Addr: "127.0.0.1:9001"}},
//	}}})
//
// How a request finds its backend: the table is an immutable value behind one atomic pointer, and a
// request decides on one table only. Match rules come first, in the order candidate, baseline,
// stable. Then, on a sticky table, the client's key decides by weighted rendezvous hashing, and
// otherwise a stratified sequence does: of each hundred requests one falls into each hundredth of
// the traffic, in an order that is random, so that 5 % of a hundred requests is five, whatever the
// rhythm of the clients. Within the group the request goes to the less busy one of two backends:
// the next in turn, and another picked at random.
//
// No request is lost. A request is counted as in flight on its backend before it looks at the table
// a second time; when the table has changed in between, it decides again. So once Route has
// returned, and InFlight says that a removed backend has none, no request will ever reach it again.
// A request that could not be sent, because the backend refused the connection, goes to the other
// backends of its group, and one that was sent and got no answer is repeated once when that is
// harmless: the method is idempotent by RFC 9110 (section 9.2.2), or the request carries an
// Idempotency-Key, and the body is still in RouterOptions.BodyBuffer. When no backend of the group
// can answer, another group that has a share does, but never the candidate: the plan alone decides
// who is exposed to it. A group that could not answer is charged with an error even then, because a
// gate shall see it. Only when nobody can answer does the client get 502, or 504 after a timeout.
// A table without routes is answered with 503.
//
// What it does not do: it speaks HTTP/1.1 to its backends, without TLS. A backend that answers an
// HTTP/1.1 request while it still reads the body does not get the rest of the body, as behind any
// httputil.ReverseProxy, because the server throws it away once the answer begins.
//
// # Fleet
//
// A Fleet runs each instance as a process of its own, with a port, a folder and a log, and probes
// it until it is ready. Instances outlive the host:
//
//	fleet, err := local.NewFleet(local.FleetOptions{
//		Dir:     "/var/lib/shop",
//		Service: "shop",
//		Command: func(pool strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
//			return local.Command{Path: binaryOf(pool.Revision), Args: []string{"-listen", inst.Addr}}, nil
//		},
//		Probe: local.Probe{Path: "/healthz"},
//	})
//
// A host that ends chooses: Close leaves the instances to the next fleet on the folder, StopAll ends
// them. A host that is killed has chosen Close. Either way no process is lost: the intent to start
// an instance is on disk before its process exists, the process carries the instance's ID in its
// environment, and it is known again by its number, its start time and the run of the operating
// system, so that a number that was used again deceives nobody.
//
// An instance ends by SIGTERM to its process group, the grace period, and SIGKILL to what is left of
// the group. One that ends by itself is not started again: that is for Scale, which a rollout calls
// until what it wants is there, and stops calling when too much fails.
//
// # After a restart
//
// A new host on the same folder finds the instances that run: its fleet adopts them. The router
// lived in the process that ended, and its table with it, so that every request is answered 503 until
// a table is set again. The host does that before it begins to listen:
//
//   - A rollout was under way: rollout.Resume goes on with it, and gives the router its table at once.
//   - None was: rollout.Restore, with the state that the host remembers. A host that remembers none
//     asks rollout.Current, which answers the revision that runs, with all of the traffic, beside
//     rollout.ErrDark: instances run, and nobody is sent to them.
//
// What the router had counted is gone too. A gate sees what was measured since the
// restart.
//
// # Errors
//
// NewFleet, NewRouter and Validate report everything that is wrong with the options, each with its field. ErrLocked
// says that another fleet has the folder, ErrFleetClosed and ErrRouterClosed that one has ended. Where trying again
// cannot help, as when there is no such program, Scale says so by rollout.Permanent, and a rollout turns back at once.
//
// # Concurrency
//
// All methods may be called by any number of goroutines at once.
package local
