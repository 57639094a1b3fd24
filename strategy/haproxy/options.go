package haproxy

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"
)

// Endpoint is where a running HAProxy is spoken to.
type Endpoint struct {
	// Socket is the stats socket: a path, or host:port. It needs level admin. Required.
	Socket string
	// Master is the socket of the master process (haproxy -S), where there is one. With it InFlight
	// counts what the processes from before a reload still work on; without, nobody can know.
	Master string
	// Timeout bounds one exchange with HAProxy. Zero: 5 seconds.
	Timeout time.Duration
}

func (e Endpoint) check(bad func(format string, args ...any)) {
	if _, _, err := parseSocket(e.Socket); err != nil {
		bad("Socket: %w", err)
	}
	if _, _, err := parseSocket(e.Master); err != nil && e.Master != "" {
		bad("Master: %w", err)
	}
	if e.Timeout < 0 {
		bad("Timeout: %s is below zero", e.Timeout)
	}
}

func (e Endpoint) sockets() (admin, master socket) {
	timeout := cmp.Or(e.Timeout, 5*time.Second)
	admin.network, admin.addr, _ = parseSocket(e.Socket) // Validate has seen it
	if e.Master != "" {
		master.network, master.addr, _ = parseSocket(e.Master)
	}
	admin.timeout, master.timeout = timeout, timeout
	admin.connect, master.connect = new(net.Dialer).DialContext, new(net.Dialer).DialContext
	return admin, master
}

// GroupsOptions set up a Groups. Endpoint.Socket, Name and Dir are required.
type GroupsOptions struct {
	Endpoint

	// Name is the name of the service: letters, digits and underscores. It begins the names of
	// variables and files, so that one HAProxy may serve several services.
	Name string
	// Dir is the folder of the files which both HAProxy, when it starts, and the router use: an
	// absolute path, the same for both.
	//
	//	NAME.map              the routing table
	//	NAME.BACKEND.servers  addresses and states of the servers of a backend
	//	NAME.json             what was routed last
	//
	// The router must be allowed to write into it, HAProxy to read. With Remote the record alone lies in
	// it, on the machine of the router.
	Dir string
	// Remote tells that HAProxy runs on another machine. No file is then written for it, and what a
	// reload loses comes back by Keep.
	Remote bool

	// Backends are HAProxy's backends that pools are put behind, each a slot for one pool at a time.
	// Two suffice for stable and candidate, a third is for the baseline, and for a candidate that
	// comes while the last one still drains. Empty: NAME_a, NAME_b, NAME_c.
	Backends []string
	// Servers is how many servers each backend has; it is what Configuration writes. Zero: 10.
	Servers int
	// DefaultServer is what Configuration writes as default-server of the backends: how servers are
	// checked. Empty: "check inter 1s fall 2 rise 1".
	DefaultServer string
	// HealthPath is the path that Configuration makes HAProxy's checks ask for. Empty: they only
	// connect.
	HealthPath string
	// AddServers lets the router add servers at run time where a backend has too few: it is what they
	// are added with, as "check inter 1s", since HAProxy gives them nothing of default-server. They are
	// gone after a reload, until Keep adds them again. It needs HAProxy 2.5 or later. Empty: none are.
	AddServers string

	// Headers and Cookies are the names that rules may use. The configuration has a line for each:
	// HAProxy does not look up names that come from a map. Letters, digits, dots, dashes, underscores.
	Headers, Cookies []string
	// If is a condition of HAProxy ("{ hdr(host) -i shop.example.org }") under which requests belong to
	// the service. Empty: all requests of the frontend do.
	If string

	// StickyCookie is the cookie that keeps a client with its group on a sticky table. Empty:
	// "davit-NAME".
	StickyCookie string
	// StickyTTL is how long a client keeps the cookie, in whole seconds. Zero: 24 hours.
	StickyTTL time.Duration

	// Ring is the ring that requests are logged to, for a Source. Empty: NAME_log.
	Ring string
	// RingSize is the size of the ring in bytes, for Configuration. A line takes some 150 of them.
	// Zero: 4 MiB.
	RingSize int

	// CheckTimeout is how long Route waits until the servers that are new have passed their first
	// health check. Zero: 10 seconds.
	CheckTimeout time.Duration
	// BootTime is how long HAProxy takes to read its files when it is reloaded. A reload that began
	// before a table was written may bring the table before into effect so long afterwards; for as long an instance
	// that left the table counts as busy. Zero: 1 second.
	BootTime time.Duration

	// Logger gets changes at info, surprises at warn. Nil: nothing is logged.
	Logger hclog.Logger
}

var (
	serviceName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,40}$`)
	proxyName   = regexp.MustCompile(`^[A-Za-z0-9_.:\-]{1,80}$`)
	fieldName   = regexp.MustCompile(`^[A-Za-z0-9_.\-]{1,64}$`)
	filePath    = regexp.MustCompile(`^/[A-Za-z0-9_./\-]+$`)
)

// Validate reports every option that makes no sense.
func (o GroupsOptions) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) {
		errs = multierror.Append(errs, fmt.Errorf("GroupsOptions."+format, args...))
	}
	o.Endpoint.check(bad)
	checkNameAndDir(o.Name, o.Dir, bad)
	o.checkBackends(bad)
	if o.Servers < 0 || o.Servers > 1000 {
		bad("Servers: %d is not between 1 and 1000", o.Servers)
	}
	o.checkNames(bad)
	if strings.ContainsAny(o.If, "\n\r") {
		bad("If: it has more than one line")
	}
	if strings.ContainsAny(o.DefaultServer, "\n\r") {
		bad("DefaultServer: it has more than one line")
	}
	if strings.ContainsAny(o.HealthPath, " \t\n\r\"'\\#") {
		bad("HealthPath: %q has a blank, a quote, a backslash or a #", o.HealthPath)
	}
	if strings.ContainsAny(o.AddServers, ";\n\r") {
		bad("AddServers: it has more than one command")
	}
	for field, d := range map[string]time.Duration{"StickyTTL": o.StickyTTL, "CheckTimeout": o.CheckTimeout, "BootTime": o.BootTime} {
		if d < 0 {
			bad("%s: %s is below zero", field, d)
		}
	}
	if o.StickyTTL%time.Second != 0 {
		bad("StickyTTL: %s is not a number of seconds", o.StickyTTL)
	}
	if o.RingSize != 0 && o.RingSize < 1<<14 {
		bad("RingSize: %d bytes are too few, 16384 are the least", o.RingSize)
	}
	if o.Ring != "" && !proxyName.MatchString(o.Ring) {
		bad("Ring: %q is not the name of a ring", o.Ring)
	}
	return errs.ErrorOrNil()
}

func checkNameAndDir(name, dir string, bad func(format string, args ...any)) {
	if !serviceName.MatchString(name) {
		bad("Name: %q is not a letter and then letters, digits and underscores", name)
	}
	if !filePath.MatchString(dir) || filepath.Clean(dir) != dir {
		bad("Dir: %q is not an absolute path of letters, digits, dots, dashes, underscores", dir)
	}
}

func (o GroupsOptions) checkBackends(bad func(format string, args ...any)) {
	if n := len(o.Backends); n != 0 && (n < 2 || n > 3) {
		bad("Backends: %d of them; two or three are wanted", n)
	}
	for i, b := range o.Backends {
		switch {
		case !proxyName.MatchString(b) || b == nobody:
			bad("Backends[%d]: %q is not the name of a backend", i, b)
		case b == seatKey:
			bad("Backends[%d]: %q begins the keys of the map that say who is at a server: choose another name", i, b)
		case slices.Index(o.Backends, b) < i:
			bad("Backends[%d]: %q is there twice", i, b)
		}
	}
}

func (o GroupsOptions) checkNames(bad func(format string, args ...any)) {
	for i, h := range o.Headers {
		switch twice := func(x string) bool { return strings.EqualFold(x, h) }; {
		case !fieldName.MatchString(h):
			bad("Headers[%d]: %q is not letters, digits, dots, dashes and underscores", i, h)
		case slices.IndexFunc(o.Headers, twice) < i:
			bad("Headers[%d]: %q is there twice", i, h)
		}
	}
	for i, c := range o.Cookies {
		switch {
		case !fieldName.MatchString(c):
			bad("Cookies[%d]: %q is not letters, digits, dots, dashes and underscores", i, c)
		case slices.Index(o.Cookies, c) < i:
			bad("Cookies[%d]: %q is there twice", i, c)
		}
	}
	if o.StickyCookie != "" && !fieldName.MatchString(o.StickyCookie) {
		bad("StickyCookie: %q is not letters, digits, dots, dashes and underscores", o.StickyCookie)
	}
}

func (o GroupsOptions) withDefaults() GroupsOptions {
	if len(o.Backends) == 0 {
		o.Backends = []string{o.Name + "_a", o.Name + "_b", o.Name + "_c"}
	}
	o.Backends, o.Headers, o.Cookies = slices.Clone(o.Backends), slices.Clone(o.Headers), slices.Clone(o.Cookies)
	o.Servers = cmp.Or(o.Servers, 10)
	o.DefaultServer = cmp.Or(o.DefaultServer, "check inter 1s fall 2 rise 1")
	o.StickyCookie = cmp.Or(o.StickyCookie, "davit-"+o.Name)
	o.StickyTTL = cmp.Or(o.StickyTTL, 24*time.Hour)
	o.Ring = cmp.Or(o.Ring, o.Name+"_log")
	o.RingSize = cmp.Or(o.RingSize, 4<<20)
	o.CheckTimeout = cmp.Or(o.CheckTimeout, 10*time.Second)
	o.BootTime = cmp.Or(o.BootTime, time.Second)
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	return o
}

func (o GroupsOptions) mapFile() string    { return o.Dir + "/" + o.Name + ".map" }
func (o GroupsOptions) recordFile() string { return o.Dir + "/" + o.Name + ".json" }
func (o GroupsOptions) stateFile(backend string) string {
	return o.Dir + "/" + o.Name + "." + backend + ".servers"
}
