// Package load (SHELL) puts continuous load on a URL and counts, request by request, who answered, and which
// requests were lost.
//
// Lost is a request without a whole answer, and one that was answered by 500 or above. None is sent a second
// time behind the counter's back, as Go's own client does when a kept connection turns out to be closed.
package load
