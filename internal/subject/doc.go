// Package subject (PURE) says what the gates of a plan judge in each of its steps. Rollouts and rehearsals import it, so
// that what is rehearsed is what will be asked.
package subject
