// Package prometheus (SHELL) proves metrics/prometheus with a real Prometheus, of Debian's package of that name,
// on history that is written for it and on real services that it scrapes. It is a module of its own, so that
// nobody else has what it needs.
package prometheus
