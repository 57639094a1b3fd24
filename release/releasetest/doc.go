// Package releasetest (SHELL) proves an implementation of release.Store. [Run] checks each law as a
// subtest; [Check] is the same as an error. The laws are:
//
//	order      events come back in order, all of them, as they were written
//	from       reading can begin at any number
//	fence      a write that expects another last event is refused with ErrConflict, and writes nothing
//	whole      a write that is refused for one of its events writes none of them
//	apart      releases do not see each other
//	listed     Releases lists each release once, in the order in which they were begun
//	unknown    a release that is not known has no events, and that is no error
//	cancelled  when its context is over, a write is refused and writes nothing, and a read ends with an error
//	snapshot   a read gives what was written before it began
//	contest    of many writers with the same expectation, one wins
//	names      IDs are kept as they are: in upper and lower case, and in full length
//	bodies     each kind of event is kept, with all of its fields
//	large      an event as large as stage.MaxCheckpoint is kept, and so are hundreds in one write
//	repeat     a sequence can be read more than once
//	break      a read that is left early gives nothing further, and holds nothing up
//
// of a store that is a release.Leaser:
//
//	alive      a host with a lease is alive, one that is not known is not
//	lapse      a lease runs out by the store's clock
//	renew      a lease lasts from its last renewal on, be it longer or shorter than the former one
//	end        a lease that is given up ends at once, and only that one
//	hosts      hosts do not share a lease, not even when their names differ in case alone
//	crowd      many hosts lease at once
//	impatient  when its context is over, a lease is neither given nor looked up
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
// Laws about an ability that a store does not have are skipped by name. Some leases are short, and the
// laws wait until they have run out, for as long as it takes, up to half a minute; no law expects that
// anything is done within a time.
package releasetest
