package kubernetes

import (
	"github.com/davit-sdk/davit/strategy"
)

// Traffic is how requests are led to pods: Gateway, Selector or Native.
type Traffic interface {
	// withDefaults fills in what is left out.
	withDefaults(service string) Traffic
}

// Gateway splits traffic by the weights of an HTTPRoute of the Gateway API, in millionths. It matches
// headers, mirrors, and where CookieRegex says so matches cookies. The HTTPRoute is the host's: its
// hostnames, parents and all rules but those named here stay as they are.
type Gateway struct {
	// Route is the name of the HTTPRoute. Default: the service's name.
	Route string
	// Rule is the name of the rule to lead, as in spec.rules[].name; several may have it. Default:
	// every rule with a backend that is one of the slots' Services or one of From; where there is
	// none, the only rule of the route.
	Rule string
	// From are Services whose place in the rules the slots take over, when the first revision is
	// released. Default: the service's name.
	From []string
	// CookieRegex matches cookies by a regular expression over the header Cookie. How, and whether,
	// a Gateway understands it is not said by the Gateway API: try it before you rely on it.
	CookieRegex bool
}

// Selector leads all traffic to one slot at a time, by the selector of one Service. It can neither
// split, nor match, nor mirror: it is for blue-green and for recreate.
type Selector struct {
	// Service is the name of the Service; it is made where there is none. Default: the service's name.
	Service string
}

// Native has one Deployment, which replaces its pods by itself, by its strategy RollingUpdate, behind
// one Service. It is for plans of the strategy Native.
type Native struct {
	// Service is the name of the Service; it is made where there is none. Default: the service's name.
	Service string
}

func (g Gateway) withDefaults(service string) Traffic {
	if g.Route == "" {
		g.Route = service
	}
	if len(g.From) == 0 {
		g.From = []string{service}
	}
	return g
}

func (s Selector) withDefaults(service string) Traffic {
	if s.Service == "" {
		s.Service = service
	}
	return s
}

func (n Native) withDefaults(service string) Traffic {
	if n.Service == "" {
		n.Service = service
	}
	return n
}

// flow is what one slot gets.
type flow struct {
	share  strategy.Share
	match  []strategy.Match
	mirror strategy.Share
}

func (f flow) none() bool { return f.share.IsZero() && len(f.match) == 0 && f.mirror.IsZero() }

// split is what the slots get, by the slots' names.
type split map[string]flow
