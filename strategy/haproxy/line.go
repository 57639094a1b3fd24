package haproxy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// lineMark begins what is read of a log line, which is its end.
const lineMark = "davit:1 "

// line is what the log says of one request.
type line struct {
	frontend string
	pid      int
	request  uint64 // counts the requests of the process: no two lines have the same
	logged   uint64 // how many lines the frontend had logged when this one was made
	at       time.Time
	pool     strategy.Pool // zero where no group was asked
	place    place         // the server is empty where none was found
	status   int           // 0 where there was no answer
	ended    string        // why and when it ended, as in HAProxy's logs
	took     time.Duration
}

// errNotOurs says that a log line is of another format.
var errNotOurs = errors.New("the line is of another log-format")

// parseLine reads the end of a log line: see GroupsOptions.LogFormat.
func parseLine(text string) (line, error) {
	i := strings.LastIndex(text, lineMark)
	if i < 0 || i > 0 && text[i-1] != ' ' {
		return line{}, errNotOurs
	}
	fields := strings.Split(text[i+len(lineMark):], " ")
	if len(fields) != 11 {
		return line{}, fmt.Errorf("%d fields, not 11", len(fields))
	}
	l := line{frontend: fields[0], ended: fields[9]}
	var errs [6]error
	l.pid, errs[0] = strconv.Atoi(fields[1])
	l.request, errs[1] = strconv.ParseUint(fields[2], 10, 63)
	l.logged, errs[2] = strconv.ParseUint(fields[3], 10, 63)
	ms, err := strconv.ParseUint(fields[4], 10, 52)
	l.at, errs[3] = time.UnixMilli(int64(ms)), err
	l.status, errs[4] = strconv.Atoi(fields[8])
	took, err := strconv.ParseInt(fields[10], 10, 40)
	l.took, errs[5] = time.Duration(max(took, 0))*time.Millisecond, err
	if err := errors.Join(errs[:]...); err != nil {
		return line{}, err
	}
	switch {
	case l.frontend == "" || l.pid <= 0:
		return line{}, errors.New("there is no frontend, or no process")
	case l.status < -1 || l.status > 999:
		return line{}, fmt.Errorf("%d is no status", l.status)
	case len(l.ended) < 2 || len(l.ended) > 4:
		return line{}, fmt.Errorf("%q does not say how a request ended", l.ended)
	case took < -1 || fields[10][0] == '+':
		return line{}, fmt.Errorf("%s is no time that a whole request took (option logasap?)", fields[10])
	}
	l.status = max(l.status, 0)
	if fields[5] != "-" {
		if l.pool, err = parsePool(fields[5]); err != nil {
			return line{}, err
		}
	}
	l.place = place{fields[6], fields[7]}
	if l.place.server == "<NOSRV>" || l.place.server == "-" {
		l.place.server = ""
	}
	return l, nil
}

// gone tells that the client gave up before it had the answer.
func (l line) gone() bool { return l.ended[0] == 'C' || l.ended[0] == 'c' }

// failed tells that the group did not answer, or answered 5xx: no connection, a timeout, an answer that
// broke off.
func (l line) failed() bool {
	return l.status == 0 || l.status >= 500 || strings.IndexByte("SsDRI", l.ended[0]) >= 0
}

// dropped reads what a ring says of lines for which it had no room, as it was not read fast enough.
func dropped(text string) (uint64, bool) {
	number, ok := strings.CutSuffix(text, " events dropped")
	if !ok {
		number, ok = strings.CutSuffix(text, " event dropped")
	}
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(number[strings.LastIndexByte(number, ' ')+1:], 10, 32)
	return n, err == nil
}
