// Package loopback (SHELL) gives a cluster addresses that need no setup and are in nobody's way.
//
// The API refuses endpoints on loopback, so a pod shows 10.N.x.y, and its process listens on 127.N.x.y, which
// is this machine on every Linux. N is a cluster's own for as long as it holds it, so that several clusters
// run side by side.
package loopback
