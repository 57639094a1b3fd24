package loadtool

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

var (
	wrkRequests = regexp.MustCompile(`(?m)^ +(\d+) requests in `)
	wrkSockets  = regexp.MustCompile(`(?m)^ +Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)$`)
	wrkStatus   = regexp.MustCompile(`(?m)^ +Non-2xx or 3xx responses: (\d+)$`)
	heyLine     = regexp.MustCompile(`(?m)^ +\[(\d+)\]\t(.*)$`)
)

// parseWrk reads what wrk says. It counts an answer with another status as a request and as an error.
func parseWrk(text string) (Report, error) {
	requests := wrkRequests.FindStringSubmatch(text)
	if requests == nil {
		return Report{}, errors.New("it does not say how many requests there were")
	}
	r := Report{Requests: number(requests[1]), Text: text}
	for _, kind := range []*regexp.Regexp{wrkSockets, wrkStatus} {
		if found := kind.FindStringSubmatch(text); found != nil {
			for _, n := range found[1:] {
				r.Errors += number(n)
			}
		}
	}
	return r, nil
}

// parseHey reads what hey says: a list of status codes, and one of errors.
func parseHey(text string) (Report, error) {
	statuses, failures, _ := strings.Cut(text, "Error distribution:")
	_, statuses, ok := strings.Cut(statuses, "Status code distribution:")
	if !ok && failures == "" {
		return Report{}, errors.New("it says neither what was answered nor what failed")
	}
	r := Report{Text: text}
	for _, line := range heyLine.FindAllStringSubmatch(statuses, -1) {
		n := number(strings.TrimSuffix(line[2], " responses"))
		r.Requests += n
		if line[1] != "200" {
			r.Errors += n
		}
	}
	for _, line := range heyLine.FindAllStringSubmatch(failures, -1) {
		r.Errors += number(line[1])
	}
	return r, nil
}

// number is a number that an expression has found.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
