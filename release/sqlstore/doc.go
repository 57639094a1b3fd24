// Package sqlstore (SHELL) keeps releases in PostgreSQL or SQLite, for many hosts on one database.
// A program imports it together with the driver of its choice:
//
//	db, err := sql.Open("pgx", "postgres://davit@db.example.org/releases")
//	...
//	store, err := sqlstore.Open(ctx, db, sqlstore.PostgreSQL, sqlstore.Options{})
//	...
//	config := release.Config{Store: store} // of a runner
//
// The store has no Close: it starts nothing, and whoever opened the database closes it, after the
// runner. Give it a [sql.DB] of its own; its limits on connections are yours, and one connection is
// enough.
//
// # Guarantees
//
//   - An Append is one transaction: its events are written whole or not at all, and with them which
//     event is the last one. It is written only if the last event is the expected one; the row of
//     the release and the primary key of its events are the fence between two hosts.
//   - What an Append has acknowledged is on the database's disk, whatever the session's settings
//     say; see below for each database.
//   - When a connection breaks so that nobody can tell whether the database has committed, the
//     store finds out: each write has a random token in its first row. If the database does not
//     come back within [Options.Wait], the error is [ErrUnsettled], and reading the release tells.
//   - Contention (a lock, a deadlock, a failed serialization) and lost connections are tried again
//     for Options.Wait, and are never reported as a conflict.
//   - Leases are given and judged by the database's clock alone.
//   - A read takes the end of the release first and then goes page by page. It holds no connection
//     and no transaction between two events, so that a slow reader is in nobody's way. An event
//     that is missing in the middle or at the end is an error, as is one that cannot be read.
//   - Releases and Open list what was begun earlier before what was begun later. Two releases that
//     are begun at the same time, by two hosts, come in either order; the order does not change
//     later, but on PostgreSQL, one of them may show up some milliseconds after the other, and
//     before it in the list.
//
// # Schema
//
// [Open] creates the tables, and brings those of an older version of this package up to date, in
// one transaction that any number of hosts may try at once. Tables of a newer version are refused
// with [ErrNewer]. A program of an older version that is at work already works on; what it writes,
// others find later than what they write themselves. With the default prefix they are:
//
//	davit_schema    version                                one row
//	davit_releases  number, id, last, finished, written    one row a release: its place in the order, the
//	                                                       number of its last event, 1 if that is the end,
//	                                                       and when that was written by the database's clock,
//	                                                       in milliseconds since 1970, rounded down to 250
//	davit_events    release, seq, batch, body              one row an event: release is the number above, body
//	                                                       the event as JSON text, batch the token of a write
//	davit_leases    host, until                            one row a host
//
// When the tables are there, an account needs SELECT, INSERT, UPDATE and DELETE on them, and no
// right to create any.
//
// # What a database administrator must know
//
// Events are never changed. To forget a release, delete its rows in davit_events and in
// davit_releases in one transaction, once its finished is 1. Nothing else may be written to these
// tables: a deleted event makes its release unreadable. Leases of hosts that are long gone are
// deleted whenever a store is opened. Restoring an old backup takes releases back to what they
// were: stop all hosts before.
//
// PostgreSQL: version 12 or later, with the encoding UTF8. A transaction of the store commits
// synchronously even where synchronous_commit is off; any other value (local, remote_apply) is left
// alone. A server with fsync = off is refused. With an asynchronous replica, a failover may lose
// what was acknowledged: let synchronous_standby_names say what you need. The row of a release is
// updated with each write; its table leaves room for that. The store needs no advisory lock but
// while it changes the schema, and works behind a pooler. Against connections that hang, give calls
// a deadline, or the driver a timeout: a call whose deadline passes in the middle of a write ends
// with [ErrUnsettled], and the server may yet do what it was told.
//
// SQLite: version 3.35 or later, one file on a local disk, with hosts on one machine. The store
// turns on the write-ahead log when it is opened, and before each write it looks at the connection
// at hand: where synchronous is OFF or NORMAL, it sets FULL (and fullfsync, which counts on macOS),
// and where the log is no longer on, it refuses to write. It also sets busy_timeout to a tenth of a
// second, and waits by itself, for as long as Options.Wait and the caller's context allow. A
// database in memory is refused. Writes that wait at the same time in one process share one
// transaction, and so one flush of the disk.
//
// [Options.NoSync] lifts what is said about the disk, for tests.
//
// # Errors
//
// Errors say what was being done to which release, and wrap what the driver said. Callers act on
// release.ErrConflict, [ErrUnsettled], [ErrNewer], and on the error of their context.
//
// # Concurrency
//
// All methods may be called from any number of goroutines, processes and machines.
package sqlstore
