// Package pgserver (SHELL) runs a PostgreSQL server of a test's own, of the programs that Debian's package
// postgresql installs. The server listens on a Unix socket only, keeps what it acknowledges, and dies with
// the process that started it.
package pgserver
