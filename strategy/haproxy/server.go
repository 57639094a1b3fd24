package haproxy

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// place is a server of a backend, by their names.
type place struct{ backend, server string }

// String is the place as commands name it.
func (p place) String() string { return p.backend + "/" + p.server }

// The bits of srv_admin_state.
const (
	forcedMaint    = 0x01
	inheritedMaint = 0x02
	forcedDrain    = 0x08
	inheritedDrain = 0x10
	resolverMaint  = 0x20

	anyMaint = forcedMaint | inheritedMaint | resolverMaint
	anyDrain = forcedDrain | inheritedDrain
)

// The values of srv_op_state and srv_check_result, and the bits of srv_check_state, that matter.
const (
	opStopped  = 0
	opRunning  = 2
	resultFail = 2
	resultPass = 3

	checkConfigured = 0x02
	checkEnabled    = 0x04
)

// server is a server as "show servers state" tells it.
type server struct {
	place
	addr        string // as host:port; empty where it has none
	op, admin   int
	uweight     int // in effect
	iweight     int // as configured
	checkResult int
	checkState  int
	fields      []string // as they came
}

// ready tells that the server gets requests, as far as an administrator decides.
func (s server) ready() bool { return s.admin&(anyMaint|anyDrain) == 0 && s.uweight > 0 }

// maint tells that it is out of service.
func (s server) maint() bool { return s.admin&anyMaint != 0 }

// draining tells that it gets no new requests, and answers those that it has.
func (s server) draining() bool { return !s.maint() && s.admin&anyDrain != 0 }

// tested tells that HAProxy checks its health.
func (s server) tested() bool {
	return s.checkState&(checkConfigured|checkEnabled) == checkConfigured|checkEnabled
}

// passed tells that nothing speaks against sending it requests: its last check passed, or there is none.
func (s server) passed() bool {
	return !s.tested() || s.checkResult == resultPass && s.op != opStopped
}

// up tells that HAProxy would send it requests.
func (s server) up() bool { return s.op != opStopped }

const (
	stateVersion = "1"
	stateHeader  = "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state"
)

// The columns of "show servers state" that are read. Further ones are kept as they are.
var stateColumns = []string{
	"be_name", "srv_name", "srv_addr", "srv_op_state", "srv_admin_state", "srv_uweight", "srv_iweight",
	"srv_check_status", "srv_check_result", "srv_check_state", "srv_port",
}

// serverStates is the answer to "show servers state", which is also what a state file holds.
type serverStates struct {
	header  string
	column  map[string]int
	servers []server
}

// parseServers reads the answer to "show servers state".
func parseServers(answer string) (serverStates, error) {
	lines := strings.Split(answer, "\n")
	if len(lines) < 2 || lines[0] != stateVersion {
		return serverStates{}, fmt.Errorf("show servers state: %.80q is not version %s of the format", lines[0], stateVersion)
	}
	s := serverStates{header: lines[1], column: map[string]int{}}
	names, ok := strings.CutPrefix(lines[1], "# ")
	if !ok {
		return s, fmt.Errorf("show servers state: %.80q does not name the columns", lines[1])
	}
	columns := strings.Fields(names)
	for i, name := range columns {
		s.column[name] = i
	}
	if len(s.column) != len(columns) {
		return s, errors.New("show servers state: a column is there twice")
	}
	for _, name := range stateColumns {
		if _, ok := s.column[name]; !ok {
			return s, fmt.Errorf("show servers state: there is no column %s", name)
		}
	}
	seen := map[place]bool{}
	for _, line := range lines[2:] {
		one, err := s.server(line)
		if err != nil {
			return s, fmt.Errorf("show servers state: %.120q: %w", line, err)
		}
		if seen[one.place] {
			return s, fmt.Errorf("show servers state: %s is there twice", one.place)
		}
		seen[one.place] = true
		s.servers = append(s.servers, one)
	}
	return s, nil
}

func (s serverStates) server(line string) (server, error) {
	fields := strings.Split(line, " ")
	if len(fields) != len(s.column) {
		return server{}, fmt.Errorf("%d fields in %d columns", len(fields), len(s.column))
	}
	if slices.Contains(fields, "") {
		return server{}, errors.New("a field is empty")
	}
	get := func(name string) string { return fields[s.column[name]] }
	one := server{place: place{get("be_name"), get("srv_name")}, fields: fields}
	for _, n := range []struct {
		name string
		to   *int
		most int
	}{
		{"srv_op_state", &one.op, 3}, {"srv_admin_state", &one.admin, 0xff}, {"srv_uweight", &one.uweight, 256}, {"srv_iweight", &one.iweight, 256},
		{"srv_check_result", &one.checkResult, 9}, {"srv_check_state", &one.checkState, 0xffff},
	} {
		v, err := strconv.ParseUint(get(n.name), 10, 31)
		if err != nil || int(v) > n.most {
			return server{}, fmt.Errorf("%s is %q", n.name, get(n.name))
		}
		*n.to = int(v)
	}
	port, err := strconv.ParseUint(get("srv_port"), 10, 16)
	if err != nil {
		return server{}, fmt.Errorf("srv_port is %q", get("srv_port"))
	}
	host := get("srv_addr")
	if ip, err := netip.ParseAddr(host); err == nil && port > 0 && !ip.IsUnspecified() {
		one.addr = netip.AddrPortFrom(ip, uint16(port)).String()
	}
	return one, nil
}

// find is the server at a place.
func (s serverStates) find(p place) (server, bool) {
	i := slices.IndexFunc(s.servers, func(o server) bool { return o.place == p })
	if i < 0 {
		return server{}, false
	}
	return s.servers[i], true
}

// of are the servers of a backend, in its order.
func (s serverStates) of(backend string) []server {
	var list []server
	for _, one := range s.servers {
		if one.backend == backend {
			list = append(list, one)
		}
	}
	return list
}

// canonical is an address as HAProxy can be given it: an IP address and a port.
func canonical(addr string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(addr)
	switch {
	case err != nil:
		return a, fmt.Errorf("%q is not an IP address and a port, which is all that a running HAProxy takes", addr)
	case a.Port() == 0:
		return a, fmt.Errorf("%q has no port from 1 to 65535", addr)
	case a.Addr().IsUnspecified() || a.Addr().Zone() != "":
		return a, fmt.Errorf("%q is an address that nothing can be reached at", addr)
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}
