// Package trace (PURE) reads and writes what was measured of a release as lines: so a canary can be
// recorded, kept beside the change that it was about, and judged again.
//
// A line is one JSON object. It holds what was counted of one group since the line of that group
// before it:
//
//	{"t":12.0,"group":"baseline","requests":100,"errors":1,"latency":[{"le":0.1,"count":90},{"le":0.5,"count":99},{"le":"+Inf","count":100}]}
//
//	t         seconds since the start of the trace, from 0 up; the first line of a group begins at 0
//	at        instead of t: the time as in RFC 3339; all lines of a trace have the one, or the other
//	group     whose line it is; no control characters. "baseline/1", "baseline/2" are the parts of "baseline"
//	requests  how many answers there were; missing means none
//	errors    how many of them failed; may be missing only where there was no request
//	latency   how many answers took at most le seconds; the counts are cumulative, the bounds ascend, and
//	          the last one is "+Inf"; missing or empty where it was not measured
//	counts    optional: further events by name, {"restarts":1}
//	gauges    optional: values that were sampled since the line before, by name, {"heap bytes":[1e6,2e6]}
//
// Counts may be written as 100, 100.0 or 1e2; le also as a text, "0.1". Blank lines, CRLF and a byte order
// mark are passed over. Lines of different groups may come in any order, those of one group by time.
//
// A field with another name is told to ReadOptions.Ignored and passed over, where the line has requests,
// errors and latency. Where one of them is missing, the field may be a misspelt one of these: such a line
// is refused, as what is misspelt would count as zero.
//
// [Read] and [ReadCSV] give the lines one by one; a [Record] adds them up as they come, in the memory
// that its user allows. [Source] and [Series] answer as any metrics.Source and metrics.SeriesSource
// does, from lines that are all there.
//
// # Errors
//
// What is wrong with a line is a [LineError], which has its number. Reading ends there: what stands after
// a line that cannot be trusted is counted since that line.
//
// # Concurrency
//
// Source and Series never change, and are safe for concurrent use. A Record is not, while Add or Forget run.
package trace
