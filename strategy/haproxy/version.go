package haproxy

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// version is a release of HAProxy, as far as it matters here.
type version struct{ major, minor int }

// oldest is the first version that replaces a map atomically (prepare map, commit map).
var oldest = version{2, 4}

func (v version) before(o version) bool {
	return v.major < o.major || v.major == o.major && v.minor < o.minor
}

// String is the version as people say it.
func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

// process is the HAProxy process behind a socket.
type process struct {
	version version
	release string // in full: 2.6.12-1+deb12u4
	pid     int
	uptime  time.Duration
	stopped bool   // it takes no new connections: it is an old process after a reload
	clients uint64 // connections of clients, those that rest included
}

var versionText = regexp.MustCompile(`^([0-9]{1,3})\.([0-9]{1,3})(?:[.\-].*)?$`)

func parseVersion(text string) (version, error) {
	m := versionText.FindStringSubmatch(text)
	if m == nil {
		return version{}, fmt.Errorf("%q is not a version", text)
	}
	major, _ := strconv.Atoi(m[1]) // digits, by the expression
	minor, _ := strconv.Atoi(m[2])
	return version{major, minor}, nil
}

// parseInfo reads the answer to "show info".
func parseInfo(answer string) (process, error) {
	var p process
	seen := map[string]bool{}
	for line := range strings.SplitSeq(answer, "\n") {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return p, fmt.Errorf("show info: %.80q is not a field", line)
		}
		value = strings.TrimSpace(value)
		var err error
		switch key {
		case "Name":
			if value == "" {
				err = errors.New("there is no name")
			}
		case "Version":
			p.release = value
			p.version, err = parseVersion(value)
		case "Pid":
			if p.pid, err = strconv.Atoi(value); err == nil && p.pid <= 0 {
				err = errors.New("that is no process")
			}
		case "Uptime_sec":
			var n uint64
			n, err = strconv.ParseUint(value, 10, 32)
			p.uptime = time.Duration(n) * time.Second
		case "CurrConns":
			p.clients, err = strconv.ParseUint(value, 10, 63)
		case "Stopping":
			p.stopped = value != "0"
		default:
			continue
		}
		if err != nil {
			return p, fmt.Errorf("show info: %s %.80q: %w", key, value, err)
		}
		if seen[key] {
			return p, fmt.Errorf("show info: %s is there twice", key)
		}
		seen[key] = true
	}
	for _, key := range []string{"Version", "Pid", "Uptime_sec"} {
		if !seen[key] {
			return p, fmt.Errorf("show info: there is no %s", key)
		}
	}
	return p, nil
}

// supported refuses a version that cannot do what is needed.
func (p process) supported() error {
	if p.version.before(oldest) {
		return fmt.Errorf("HAProxy %s is too old: %s is the first version that replaces maps atomically", p.release, oldest)
	}
	return nil
}
