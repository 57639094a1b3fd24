package haproxy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// scene is what a running HAProxy shows: its process, its servers, and who is at them as far as
// somebody has written it down.
type scene struct {
	process
	states  serverStates
	tenants map[place]tenant
}

// tenant is who is at a server.
type tenant struct {
	id   string
	addr string
	pool strategy.Pool
}

// at reports whether the tenant is really there.
func (t tenant) at(s server) bool {
	a, err := canonical(t.addr)
	return err == nil && a.String() == s.addr
}

// name is who is at a place, or the place where nobody knows.
func (c scene) name(p place) string {
	if who, ok := c.tenants[p]; ok {
		return who.id
	}
	return p.String()
}

// backend is who is at a server. Nobody known is told by the server's name.
func (c scene) backend(s server) rollout.Backend {
	if t, ok := c.tenants[s.place]; ok && t.at(s) {
		return rollout.Backend{ID: t.id, Addr: t.addr}
	}
	return rollout.Backend{ID: s.place.String(), Addr: s.addr}
}

// mayBe reports whether the instance is at the server, or one of which nobody knows who it is.
func (c scene) mayBe(b rollout.Backend, s server) bool {
	if a, err := canonical(b.Addr); err != nil || a.String() != s.addr {
		return false
	}
	who, ok := c.tenants[s.place]
	return !ok || !who.at(s) || who.id == b.ID
}

// seats says which instance is to be at which server, and what becomes of the servers.
type seats struct {
	tenants map[place]tenant // as they shall be, with those that leave
	named   map[place]bool   // servers that are to get requests
	add     []place          // servers that must be added first
	joining []place          // servers that are to get requests and get none now
	leaving []place          // servers that get requests and are to get none
	again   bool             // what was in effect before is brought back
}

// newSeats knows whoever may still have something to answer.
func newSeats(c scene) seats {
	s := seats{tenants: maps.Clone(c.tenants), named: map[place]bool{}}
	for _, one := range c.states.servers {
		if one.maint() {
			delete(s.tenants, one.place)
		}
	}
	if s.tenants == nil {
		s.tenants = map[place]tenant{}
	}
	return s
}

// noSeatError says that all servers of a backend are in use.
type noSeatError struct {
	backend  string
	total    int
	draining int
}

func (e *noSeatError) Error() string {
	text := fmt.Sprintf("%s has no server for another instance: all %d are in use", e.backend, e.total)
	if e.draining > 0 {
		return text + fmt.Sprintf(", %d of them because they still drain", e.draining)
	}
	return text + ": raise the number in its server-template"
}

// seat gives each instance of a route a server of a backend: the one where it is, otherwise one that is
// out of service, otherwise a new one, where some may be added.
func (s *seats) seat(c scene, backend string, r rollout.Route, mayAdd bool) error {
	servers := c.states.of(backend)
	var missing []rollout.Backend
	for _, b := range r.Backends {
		i := slices.IndexFunc(servers, func(o server) bool { return !s.named[o.place] && c.mayBe(b, o) })
		if i < 0 {
			missing = append(missing, b)
			continue
		}
		p := servers[i].place
		s.named[p], s.tenants[p] = true, tenant{b.ID, b.Addr, r.Pool}
		if !servers[i].ready() {
			s.joining = append(s.joining, p)
		}
	}
	for _, b := range missing {
		p, ok := s.vacant(c, servers)
		switch {
		case !ok && !mayAdd:
			return &noSeatError{backend, len(servers), draining(servers)}
		case !ok && c.version.before(version{2, 5}):
			return rollout.Permanent(errors.Join(&noSeatError{backend, len(servers), 0}, fmt.Errorf("HAProxy %s cannot add servers: 2.5 can", c.release)))
		case !ok:
			p = s.extra(backend, servers)
			s.add = append(s.add, p)
		}
		s.named[p], s.tenants[p] = true, tenant{b.ID, b.Addr, r.Pool}
		s.joining = append(s.joining, p)
	}
	return nil
}

// vacant is a server that is out of service: one that nobody was at, before any.
func (s *seats) vacant(c scene, servers []server) (place, bool) {
	var best place
	found := false
	for _, one := range servers {
		if s.named[one.place] || !one.maint() {
			continue
		}
		if _, used := c.tenants[one.place]; !used {
			return one.place, true
		}
		if !found {
			best, found = one.place, true
		}
	}
	return best, found
}

// extra is the place of a server that is to be added at run time.
func (s *seats) extra(backend string, servers []server) place {
	for n := 1; ; n++ {
		p := place{backend, fmt.Sprintf("davit%d", n)}
		if !s.named[p] && !slices.ContainsFunc(servers, func(o server) bool { return o.place == p }) {
			return p
		}
	}
}

func draining(servers []server) int {
	n := 0
	for _, s := range servers {
		if s.draining() {
			n++
		}
	}
	return n
}

// rest notes which servers leave: whatever gets requests and is not named.
func (s *seats) rest(c scene) {
	for _, one := range c.states.servers {
		if !s.named[one.place] && !one.maint() && !one.draining() {
			s.leaving = append(s.leaving, one.place)
		}
	}
}
