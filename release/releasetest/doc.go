// Package releasetest (SHELL) proves an implementation of release.Store. [Run] checks each law as a
// subtest; [Check] is the same as an error. A [Suite] does both, and proves as well what holds of a store
// that is opened again, or by two at once: whoever keeps anything beyond the life of a process needs that.
//
//	releasetest.Run(t, func() release.Store { return newStore(t) })
//	releasetest.Suite{New: newStore, Reopen: reopened, Share: sameAgain}.Run(t)
//
// The laws are:
//
//	order      events come back in order, all of them, as they were written
//	from       reading can begin at any number
//	fence      a write that expects another last event is refused with ErrConflict, and writes nothing
//	whole      a write that is refused for one of its events writes none of them
//	apart      releases do not see each other
//	listed     Releases lists each release once, in the order in which they were begun
//	unknown    a release that is not known has no events, and that is no error
//	cancelled  when its context is over, a write is refused and writes nothing, and a read ends with an error
//	hasty      when its context ends meanwhile, a write returns soon, was done as a whole or not at all, as it
//	           says, and the release goes on
//	snapshot   a read gives what was written before it began
//	contest    of many writers with the same expectation, one wins
//	names      IDs are kept as they are: in upper and lower case, and in full length
//	bodies     each kind of event is kept, with all of its fields
//	wide       texts are kept that are as long as an engine allows
//	large      an event as large as stage.MaxCheckpoint is kept, and so are hundreds in one write
//	pages      a thousand releases are listed, and a thousand events of one are read: all that are there
//	repeat     a sequence can be read more than once
//	break      a read that is left early gives nothing further, and holds nothing up
//
// of one whose [Suite] can reopen it:
//
//	reopened   what was acknowledged is there when the store is opened anew, and fences as before
//
// of one whose [Suite] can share it:
//
//	shared     what is written by one handle is there for another one at once
//	rivals     of many writers with the same expectation, by two handles, one wins
//	abroad     a lease that is given or ended by one handle is so for another one (of a release.Leaser)
//	heard      what is written by one handle has changed for another one, too (of a release.Changer)
//
// of a store that is a release.Leaser:
//
//	alive      a host with a lease is alive, one that is not known is not
//	lapse      a lease runs out by the store's clock
//	renew      a lease lasts from its last renewal on, be it longer or shorter than the former one
//	end        a lease that is given up ends at once, and only that one
//	hosts      hosts do not share a lease, not even when their names differ in case alone
//	crowd      many hosts lease at once
//	impatient  when its context is over, a lease is neither given nor looked up; when it ends meanwhile, the
//	           call returns soon
//
// of one that is a release.Opener:
//
//	open       a release is open unless its last event is Finished
//	queue      open releases come in the order in which they were begun; they can be read twice, and left early
//	agree      what is open agrees with what Releases and Events say, for many releases
//
// and of one that is a release.Changer:
//
//	changed    a release that was written to is named, once; one that there is not is not
//	again      what counts is the last write
//
// Laws about an ability that a store or its suite does not have are skipped by name. Some leases are
// short, and the laws wait until they have run out, for as long as it takes, up to half a minute. "Soon"
// is half a minute, too: a call that takes longer is not waited for. No law expects anything to be quick.
package releasetest
