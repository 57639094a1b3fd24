package haproxy

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// stat is a line of "show stat": a frontend, a backend or a server.
type stat struct {
	place               // the server is FRONTEND or BACKEND for the sums
	current   int       // requests that it works on
	queued    int       // requests that wait for it
	total     uint64    // requests that it was given
	answers   [6]uint64 // by the hundreds of their status
	lost      uint64    // requests without an answer of the server: connections refused, answers broken off
	status    string    // "UP", "DOWN 1/2", "MAINT", "DRAIN", "no check"
	checked   string    // what the last check found: "L7OK", "L4CON"
	lastCheck string    // the same, for people
	algorithm string    // of a backend
	mode      string    // "http" or "tcp"; empty where HAProxy does not tell
	cookie    string    // of a backend: by which it keeps clients with a server
	backup    bool      // a server that gets requests when all others are down
}

// tcpMode is the mode in which there are connections, and neither requests nor answers.
const tcpMode = "tcp"

const (
	frontendRow = "FRONTEND"
	backendRow  = "BACKEND"
)

// parseStat reads the answer to "show stat".
func parseStat(answer string) ([]stat, error) {
	body, ok := strings.CutPrefix(answer, "# ")
	if !ok {
		return nil, fmt.Errorf("show stat: %.80q does not name the columns", answer)
	}
	r := csv.NewReader(strings.NewReader(body))
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("show stat: %w", err)
	}
	if len(rows) == 0 {
		return nil, errors.New("show stat: there are no columns")
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		if _, twice := column[name]; twice && name != "" {
			return nil, fmt.Errorf("show stat: the column %q is there twice", name)
		}
		column[name] = i
	}
	for _, name := range []string{"pxname", "svname", "qcur", "scur", "stot", "status", "check_status", "last_chk", "algo", "econ", "eresp"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("show stat: there is no column %s", name)
		}
	}
	var stats []stat
	for _, row := range rows[1:] {
		s, err := newStat(column, row)
		if err != nil {
			return nil, fmt.Errorf("show stat: %s: %w", s.place, err)
		}
		stats = append(stats, s)
	}
	return stats, nil
}

func newStat(column map[string]int, row []string) (stat, error) {
	get := func(name string) string {
		i, ok := column[name]
		if !ok {
			return ""
		}
		return row[i]
	}
	s := stat{
		place: place{get("pxname"), get("svname")}, status: get("status"), checked: get("check_status"),
		lastCheck: get("last_chk"), algorithm: get("algo"), mode: get("mode"), cookie: get("cookie"),
	}
	s.backup = get("bck") == "1" && s.server != backendRow && s.server != frontendRow
	if s.backend == "" || s.server == "" {
		return s, errors.New("a line without a name")
	}
	var errs error
	count := func(name string) uint64 {
		text := get(name)
		if text == "" {
			return 0
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil && errs == nil {
			errs = fmt.Errorf("%s is %q", name, text)
		}
		return n
	}
	s.current, s.queued, s.total = int(min(count("scur"), 1<<31)), int(min(count("qcur"), 1<<31)), count("stot")
	for i, name := range []string{"hrsp_other", "hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx"} {
		s.answers[i] = count(name)
	}
	s.lost = count("econ") + count("eresp")
	return s, errs
}
