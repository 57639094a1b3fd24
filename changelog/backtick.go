package changelog

import "strings"

// backtick stands for one while a text is escaped. It cannot be in a text that is printable.
const backtick = "\x00"

func runLength(text string) int {
	n := 0
	for n < len(text) && text[n] == '`' {
		n++
	}
	return n
}

// lastRuns is where the last run of each length of backticks begins. It keeps the search for a
// closing run from going over the rest of the text in vain, again and again.
func lastRuns(text string) map[int]int {
	var last map[int]int
	for i := 0; i < len(text); {
		at := strings.IndexByte(text[i:], '`')
		if at < 0 {
			break
		}
		i += at
		if last == nil {
			last = map[int]int{}
		}
		n := runLength(text[i:])
		last[n] = i
		i += n
	}
	return last
}

// closingRun is where the next run of exactly n backticks ends, 0 when there is none.
func closingRun(text string, from, n int, last map[int]int) int {
	if at, ok := last[n]; !ok || at < from {
		return 0
	}
	for i := from; i < len(text); {
		if text[i] != '`' {
			i++
			continue
		}
		run := runLength(text[i:])
		i += run
		if run == n {
			return i
		}
	}
	return 0
}
