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
package releasetest
