// Package loadtool (SHELL) asks with programs that others have written, wrk and hey, and reads what they say
// of errors: they share no line of code with what is tested, nor with each other.
package loadtool
