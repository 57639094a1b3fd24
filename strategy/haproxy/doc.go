// Package haproxy (SHELL) routes the traffic of a rollout by an HAProxy that runs on its own: a
// rollout.Router over the runtime API, read back and verified after each change, and a metrics.Source of
// what each group answers. It needs HAProxy 2.4 or later, and nothing beyond its stats socket.
//
// Compose a router with any fleet, package local's for example:
//
//	o := haproxy.GroupsOptions{
//		Endpoint: haproxy.Endpoint{Socket: "/run/haproxy/admin.sock", Master: "/run/haproxy-master.sock"},
//		Name:     "shop",
//		Dir:      "/etc/haproxy/davit",
//		Headers:  []string{"X-Canary"},
//	}
//	// Once, and before HAProxy starts: c, err := o.Configuration(); err = o.CreateFiles()
//	router, err := haproxy.NewGroups(o)
//	err = router.Check(ctx)
//	target, err := rollout.Compose(fleet, router, rollout.ComposeOptions{})
//	source, err := router.Source(haproxy.SourceOptions{})
//	go source.Run(ctx)                // gates read it
//	go router.Keep(ctx, time.Second)  // HAProxy may be restarted
//
// README.md says what is needed, the rights, and what can go wrong and what it looks like.
//
// # Two ways to be wired
//
// Groups is the better one. The frontend chooses one of two or three backends, each a slot for one pool,
// by a map: by share, to the millionth, by rules on headers and cookies, and by a cookie that keeps a
// client with its group. Slots belong to pools and not to roles, so that promoting a candidate moves
// nobody. Weights is for those who cannot change their frontends: one backend, and shares by the weights
// of its servers. It has no rules and keeps nobody, and its shares are as fine as weights are (Grain).
// Neither copies requests: HAProxy does that with an agent of its own only (SPOE).
//
// # How a change is made
//
// Groups: what a table says is lines of one map, which HAProxy replaces as a whole (prepare map, add map,
// commit map). A request reads the table once, and with it a generation, under which it looks up all
// else; the map holds the lines of the generation before, too. So no request sees half of a change, at
// whatever instant of its own it meets one, and its log line names the pool that it really went to.
//
// Around it, in this order: the map learns who joins; those servers get their addresses, in drain, and
// have to pass a health check; the state files say that they are ready, then they are; the record, the
// map's file, the map; those that left are drained; the thread barrier; read back. Whatever gets
// requests in between is named by the table before or by the one after. An instance that leaves counts
// as in flight until HAProxy says that it has nothing, and in any case for BootTime, because a process
// that was just starting may have read the files from before; only then do the files say that it is out.
// A starting process reads the map and the states at different times: it may meet a table with servers
// of a later one, which are ready and get nothing, never the other way round.
//
// Weights: there is one file, with all states and weights, and it is written before the first weight
// changes. The weights themselves change one after the other.
//
// A crash of the host at any instant, and a reload or a restart of HAProxy, leave the table of before or
// of after, and Route is idempotent: the next host brings it to its end. What was routed last lies in a
// record, NAME.json, from which Reapply and Keep bring it back where HAProxy has come up without it.
//
// # What is measured
//
// HAProxy logs each request into a ring in memory, and a Source listens to it, exactly: requests, errors
// (5xx, HAProxy's own included, and answers that never came or broke off), the time that each took, in
// whole milliseconds, and how many clients gave up. It begins with what the ring still holds from
// before. After a reload it hears the old process out, and then lets it go. Lines that are lost are
// found, by what the ring says itself, by HAProxy's count of lines, and by comparison with its counters;
// they are logged, and the stretch that a Read answers for begins after them. Without a ring
// (SourceOptions.CountsOnly) there are requests and errors from HAProxy's counters; Latency is then the
// zero Histogram, of which a gate on latency says that nothing was measured. A client that gives up is no
// error of the group: watch the count "gone" too, as that is how a group shows that hangs.
//
// # Errors
//
// *CommandError is what HAProxy said to a command that it did not carry out; *Lack is one thing that
// Check misses; ErrNoRecord says that there is nothing to reapply; ErrNotRunning that nobody runs the
// source. A socket that hangs is an error after Endpoint.Timeout, or when the context ends. An HAProxy
// that is too old, and a table with more groups than backends, are rollout.Permanent; everything else
// may pass.
//
// # Concurrency
//
// All methods may be called by any number of goroutines at once; Route, InFlight and Reapply wait for
// each other. Two programs must not move one service at the same time: nothing here fences them.
//
// # Why it is odd where it is
//
// The old worker processes of a reload answer to nobody but the master: without Endpoint.Master what
// they still work on cannot be known, and is not counted. They go on by the table of then, also for a client
// that keeps its connection and asks once more: HAProxy closes it with that answer. The command "show fd 0" is asked for its side
// effect: HAProxy stops all threads for it between two requests, so that whoever was chosen for one
// before is counted as busy after it. What changes something goes over one conversation with the process
// that was looked at: after a reload the socket is another's, which may have the table of before, and
// must lose no server of it. A server that joins is in drain first, because a server that
// leaves maintenance counts as up before its first check, and shows the last check of whoever was there before:
// so it is also told to count as down ("set server … health down") until one of its own has passed.
//
// # What was turned down
//
//   - Percentages by several maps, or ACLs that compare one entry after the other: each look-up may meet
//     another version of the map.
//   - Sticky sessions by a stick table: it is lost with a restart, and splits clients by first come,
//     not by share. A key in a cookie, hashed to a place among the millionths, moves as few clients as
//     can be.
//   - Lua, SPOE, the Data Plane API: each is one more thing to install and to trust.
//   - Log lines numbered by %lc to find lost ones one by one: HAProxy counts after it writes, so that
//     two threads may write the same number.
package haproxy
