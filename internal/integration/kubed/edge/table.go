package edge

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/davit-sdk/davit/internal/integration/kubed/loopback"
)

// name is an object of one kind.
type name struct{ namespace, name string }

// table is where requests go. It is never changed once it is in effect.
type table struct {
	services map[name]*service
	routes   map[name]*route
}

// of is the name in a Host: NAME.NAMESPACE, with or without what Kubernetes adds to it, and a port.
func of(host string) name {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	parts := strings.Split(strings.ToLower(host), ".")
	if len(parts) < 2 {
		return name{name: host}
	}
	return name{parts[1], parts[0]}
}

// service is the endpoints of a Service.
type service struct {
	first int32
	ports map[int32]*pool
	named map[string]*pool // the same, by the name of the port
}

// pool is the endpoints behind one port of a Service, as host:port.
type pool struct{ ready, ending []string }

func newService(s *corev1.Service) *service {
	made := &service{ports: map[int32]*pool{}, named: map[string]*pool{}}
	for i, p := range s.Spec.Ports {
		if i == 0 {
			made.first = p.Port
		}
		all := &pool{}
		made.ports[p.Port], made.named[p.Name] = all, all
	}
	return made
}

// add takes in the endpoints of a slice.
func (s *service) add(slice *discoveryv1.EndpointSlice) {
	for _, port := range slice.Ports {
		if port.Port == nil {
			continue
		}
		name := ""
		if port.Name != nil {
			name = *port.Name
		}
		all := s.named[name]
		if all == nil {
			continue
		}
		for _, e := range slice.Endpoints {
			addr, ok := backend(e, *port.Port)
			switch c := e.Conditions; {
			case !ok:
			case c.Ready == nil || *c.Ready:
				all.ready = append(all.ready, addr)
			case (c.Serving == nil || *c.Serving) && c.Terminating != nil && *c.Terminating:
				all.ending = append(all.ending, addr)
			}
		}
	}
}

// backend is where the endpoint is found on this machine.
func backend(e discoveryv1.Endpoint, port int32) (string, bool) {
	if len(e.Addresses) == 0 {
		return "", false
	}
	shown, err := netip.ParseAddr(e.Addresses[0])
	if err != nil {
		return "", false
	}
	at, err := loopback.Bind(shown)
	return net.JoinHostPort(at.String(), strconv.Itoa(int(port))), err == nil
}

// draw is one of the endpoints, "" where there is none.
func (p *pool) draw() string {
	all := p.ready
	if len(all) == 0 {
		all = p.ending
	}
	if len(all) == 0 {
		return ""
	}
	return all[rand.IntN(len(all))]
}
