// Package crash (SHELL) has the proofs that a release survives whatever happens to its host: hosts that die
// at each write and at each touch of the world, journals that are cut at each byte, processes that are
// killed, hosts that sleep and wake, and runners that are stopped at any time. There is nothing in it to
// import.
//
// DAVIT_EVERY_POINT=1 lets a host die at each point of the long stories, too, of which else a part is tried, and
// DAVIT_KILLS says how many processes are killed; .ci/run asks for all, and for 200.
package crash
