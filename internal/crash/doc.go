// Package crash (SHELL) has the proofs that a release survives whatever happens to its host: hosts that die
// at each write and at each touch of the world, journals that are cut at each byte, processes that are
// killed, hosts that sleep and wake, and runners that are stopped at any time. There is nothing in it to
// import.
package crash
