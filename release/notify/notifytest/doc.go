// Package notifytest (SHELL) proves an implementation of notify.Channel, against a receiver that the author brings along. [Suite.Run] checks
// each law as a subtest; [Suite.Check] is the same as an error.
//
//	notifytest.Suite{New: func() (notify.Channel, notifytest.Place) {
//		server := notifytest.NewServer(read) // a receiver over HTTP, where read finds the messages in a request
//		return &myChannel{URL: server.URL}, server
//	}}.Run(t)
//
// The laws are:
//
//	arrives    a message that was sent without an error has arrived, once, with its ID
//	words      it has its subject and its text
//	same       one that is sent twice has the same ID both times
//	digest     a digest arrives under its own ID, or each of its parts does under that
//	odd        whatever is in a message (ends of lines, markup, control characters, much of it), it arrives as one message with its ID
//	untouched  what a message points to is not changed
//	cancelled  with a context that is done, nothing arrives, and that is an error
//
// and of one whose receiver is a [Failer]:
//
//	refused    a receiver that takes nothing for now is an error, and no permanent one
//	forbidden  a message that will never be taken is a permanent error
//	cut        a receiver that is cut off before it has answered is an error, and no permanent one
//	hang       when its context ends while the receiver does not answer, Send returns soon, with an error
//	recovers   after each of these, the next message arrives
//
// Laws about a receiver that cannot fail are skipped by name. "Soon" is two seconds.
package notifytest
