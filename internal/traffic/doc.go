// Package traffic (SHELL) has both ends of a service's traffic, for an example and for tests: a small service
// that says which version answers, run as processes of the program that imports this, and customers that ask
// for it all the time and count what they get. Nothing that goes wrong on the way escapes the customers: they
// send what no client repeats by itself.
package traffic
