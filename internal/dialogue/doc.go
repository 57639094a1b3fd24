// Package dialogue (PURE) reads scripts of what a server says on a socket: commands, and expressions for the
// lines of its answers. The same script is held against a simulator and against the real thing, so that what
// is proved with the one is true of the other.
//
// A line after "> " is a command; what follows "<<" in it are lines of a payload, with "|" between them. The
// lines after it are regular expressions for lines of the answer, in order, each for the next line that it fits:
// lines in between may be anything. "(empty)" is an answer that says nothing. What stands before the first
// command is for people.
package dialogue
