package haproxy

import (
	"fmt"
	"strings"
	"time"
)

// Configuration is what HAProxy must be configured with, for a person to paste, each part with
// comments.
type Configuration struct {
	// Global are lines for the section global.
	Global string
	// Frontend are lines for the frontend that the requests come in by. Its own use_backend must not
	// come before them.
	Frontend string
	// Backends are sections.
	Backends string
	// Ring is a section, and the lines for the frontend that log to it: what a Source reads.
	Ring, Log string
}

// String is all of it as one text.
func (c Configuration) String() string {
	return "global\n" + c.Global + "\n" + c.Ring + "\nfrontend YOURS\n" + c.Frontend + c.Log + "\n" + c.Backends
}

// Configuration is the piece of configuration for these options.
func (o GroupsOptions) Configuration() (Configuration, error) {
	if err := o.Validate(); err != nil {
		return Configuration{}, err
	}
	o = o.withDefaults()
	c := Configuration{Global: globalLines(o.Socket), Frontend: o.frontendLines(), Log: logLines(o.Ring, o.LogFormat())}
	for i, b := range o.Backends {
		if i > 0 {
			c.Backends += "\n"
		}
		c.Backends += o.backendSection(b)
	}
	c.Ring = ringSection(o.Ring, o.RingSize)
	return c, nil
}

// Configuration is the piece of configuration for these options: lines for the backend, which is
// written here with a server-template, and where there is a ring that section and the lines that log to
// it. Frontend is what keeps a reload from losing requests; it chooses nothing.
func (o WeightsOptions) Configuration() (Configuration, error) {
	if err := o.Validate(); err != nil {
		return Configuration{}, err
	}
	c := Configuration{Global: globalLines(o.Socket), Frontend: reloadLines, Backends: o.backendSection()}
	if o.Ring != "" {
		c.Ring, c.Log = ringSection(o.Ring, 4<<20), logLines(o.Ring, o.LogFormat())
	}
	return c, nil
}

func (o WeightsOptions) backendSection() string {
	return fmt.Sprintf(`backend %s
    # Shares follow weights with roundrobin and with random.
    balance roundrobin
    # A request that could not be sent goes to another server.
    retries 3
    option redispatch 1
    # Addresses, weights and states outlive a reload.
    load-server-state-from-file local
    server-state-file-name %s
    # Servers that the router gives their addresses; it takes over those that are there already.
    default-server check inter 1s fall 2 rise 1
    server-template s 1-10 127.0.0.1:1 disabled
`, o.Backend, o.stateFile(o.Backend))
}

func ringSection(name string, size int) string {
	return fmt.Sprintf("ring %s\n    # What a Source reads. Lines for which there is no room are lost, and told.\n    format raw\n    maxlen 1024\n    size %d\n", name, size)
}

func globalLines(where string) string {
	if network, addr, err := parseSocket(where); err == nil && network == "tcp" {
		where = "ipv4@" + addr
	} else {
		where += " mode 660"
	}
	return "    # Whoever may write to this socket is master of HAProxy: keep it from others.\n" +
		"    stats socket " + where + " level admin expose-fd listeners\n" +
		"    # A Source keeps two connections, and each command takes one: HAProxy's own limit is 10.\n" +
		"    stats maxconn 100\n" +
		"    # Old processes end at last after a reload.\n" +
		"    hard-stop-after 1m\n"
}

// reloadLines are for each frontend whose clients keep their connections.
const reloadLines = "    # A process that ends after a reload closes a connection with an answer, never under a request.\n" +
	"    option idle-close-on-response\n"

// variable is the name of one of the service's variables.
func (o GroupsOptions) variable(name string) string { return "txn." + o.Name + "_" + name }

// frontendLines choose the backend. Only the first line reads the table: whatever happens to the map
// after it, the request goes by that.
func (o GroupsOptions) frontendLines() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "    "+format+"\n", args...) }
	v, m := o.variable, o.mapFile()
	condition := ""
	if o.If != "" {
		condition = " if " + o.If
	}
	b.WriteString(reloadLines)
	line("# The routing table of %s: one look-up, so that a request sees one table only.", o.Name)
	line("http-request set-var(%s) str(%s),map(%s,%s)%s", v("table"), tableKey, m, noTable, condition)
	line("http-request set-var(%s) var(%s),field(1,/)", v("gen"), v("table"))
	line("# The client's place among a million: by its cookie where clients are kept, otherwise by chance.")
	line("http-request set-var(%s) req.cook(%s) if { var(%s),field(2,/) -m str 1 }", v("key"), o.StickyCookie, v("table"))
	line("http-request set-var(%s) bool(true) if { var(%s),field(2,/) -m str 1 } !{ var(%s) -m len gt 0 }", v("new"), v("table"), v("key"))
	line("http-request set-var(%s) uuid() if { var(%s) -m bool }", v("key"), v("new"))
	line("http-request set-var(%s) var(%s),xxh32(7),mod(1000000) if { var(%s) -m found }", v("place"), v("key"), v("key"))
	line("http-request set-var(%s) rand(1000000) if { var(%s) -m found } !{ var(%s) -m found }", v("place"), v("table"), v("place"))
	o.ruleLines(line)
	line("# Shares: the candidate has the places below the first mark, the baseline those from the second on.")
	line("http-request set-var(%s) var(%s),field(3,/)", v("low"), v("table"))
	line("http-request set-var(%s) var(%s),field(4,/)", v("high"), v("table"))
	to, none := v("to"), "!{ var("+v("to")+") -m found }"
	line("http-request set-var(%s) var(%s),field(5,/) if %s { var(%s),sub(%s) lt 0 }", to, v("table"), none, v("place"), v("low"))
	line("http-request set-var(%s) var(%s),field(7,/) if %s { var(%s),sub(%s) ge 0 }", to, v("table"), none, v("place"), v("high"))
	line("http-request set-var(%s) var(%s),field(6,/) if %s", to, v("table"), none)
	line("http-request deny deny_status 503 if { var(%s) -m str -- - }", to)
	line("# The pool that answers, for the log.")
	line("http-request set-var(%s) var(%s),concat(/p/,%s),map(%s)", v("pool"), to, v("gen"), m)
	line("# Clients that are new get their cookie.")
	line("http-response add-header Set-Cookie \"%s=%%[var(%s)]; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax\" if { var(%s) -m bool } !{ ssl_fc }",
		o.StickyCookie, v("key"), int(o.StickyTTL/time.Second), v("new"))
	line("http-response add-header Set-Cookie \"%s=%%[var(%s)]; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax; Secure\" if { var(%s) -m bool } { ssl_fc }",
		o.StickyCookie, v("key"), int(o.StickyTTL/time.Second), v("new"))
	line("use_backend %%[var(%s)] if { var(%s) -m found }", to, to)
	return b.String()
}

// ruleLines try the rules: those of the candidate first, then the baseline's, then stable's.
func (o GroupsOptions) ruleLines(line func(format string, args ...any)) {
	if len(o.Headers)+len(o.Cookies) == 0 {
		return
	}
	v, m := o.variable, o.mapFile()
	line("# Rules: the value of a header or a cookie is looked up, and says the rank of the group: candidate, baseline, stable.")
	for rank, role := range ruleOrder {
		field := 0
		for i, r := range ranked {
			if r == role {
				field = 5 + i
			}
		}
		look := func(fetch, kind, name string) {
			line("http-request set-var(%s) var(%s),field(%d,/) if !{ var(%s) -m found } { %s(%s),hex,concat(/%s/%s/,%s),map(%s) -m beg %d/ }",
				v("to"), v("table"), field, v("to"), fetch, name, kind, name, v("gen"), m, rank+1)
		}
		for _, h := range o.Headers {
			look("req.fhdr", "h", strings.ToLower(h))
		}
		for _, c := range o.Cookies {
			look("req.cook", "c", c)
		}
	}
}

func logLines(ring, format string) string {
	return fmt.Sprintf("    # For a Source: what this format ends in is read. What stands before it is yours.\n"+
		"    log ring@%s format raw local0 info\n    log-format \"%s\"\n", ring, format)
}

// LogFormat is the end that a log-format must have for a Source to read it.
func (o GroupsOptions) LogFormat() string {
	return logFormat("%[var(" + o.withDefaults().variable("pool") + ")]")
}

// LogFormat is the end that a log-format must have for a Source to read it.
func (o WeightsOptions) LogFormat() string { return logFormat("-") }

func logFormat(pool string) string {
	return "davit:1 %f %pid %rt %lc %[date(0,ms)] " + pool + " %b %s %ST %tsc %Ta"
}

func (o GroupsOptions) backendSection(backend string) string {
	check := ""
	if o.HealthPath != "" {
		check = "    option httpchk GET " + o.HealthPath + "\n"
	}
	return fmt.Sprintf(`backend %s
    # A slot for one pool at a time; the router gives its servers their addresses.
    balance roundrobin
%s    default-server %s
    # A request that could not be sent goes to another server of the same group.
    retries 3
    option redispatch 1
    # Addresses and states outlive a reload.
    load-server-state-from-file local
    server-state-file-name %s
    server-template s 1-%d 127.0.0.1:1 disabled
`, backend, check, o.DefaultServer, o.stateFile(backend), o.Servers)
}
