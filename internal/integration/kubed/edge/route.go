package edge

import (
	"math/rand/v2"
	"net/http"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// route is an HTTPRoute in effect.
type route struct {
	// rules are in the order of precedence.
	rules []rule
}

// rule is one match of a rule of an HTTPRoute, with what is done then.
type rule struct {
	match    match
	filters  filters
	backends []target
	sum      int32 // of the backends' weights
}

// target is one backend of a rule.
type target struct {
	weight  int32
	filters filters
	pool    *pool // nil: there is no such backend
}

// newRoute is a route as it takes effect, and what is thought of it.
func (t *table) newRoute(r *gatewayv1.HTTPRoute) (*route, verdict) {
	v := newVerdict(r)
	made := &route{}
	for _, spec := range r.Spec.Rules {
		done := rule{filters: t.newFilters(r.Namespace, spec.Filters, &v)}
		for _, b := range spec.BackendRefs {
			to := target{weight: 1, filters: t.newFilters(r.Namespace, b.Filters, &v), pool: t.resolve(r.Namespace, b.BackendObjectReference, &v)}
			if b.Weight != nil {
				to.weight = *b.Weight
			}
			done.backends = append(done.backends, to)
			done.sum += to.weight
		}
		if spec.Timeouts != nil || spec.Retry != nil || spec.SessionPersistence != nil {
			v.refuse("timeouts, retry and sessionPersistence are not supported")
		}
		all := spec.Matches
		if len(all) == 0 {
			all = []gatewayv1.HTTPRouteMatch{{}}
		}
		for _, m := range all {
			done.match = newMatch(m, &v)
			made.rules = append(made.rules, done)
		}
	}
	slices.SortStableFunc(made.rules, func(a, b rule) int { return a.match.precedence(b.match) })
	if !v.accepted() {
		made.rules = nil
	}
	return made, v
}

// resolve is the pool that a reference means, nil where there is none.
func (t *table) resolve(namespace string, ref gatewayv1.BackendObjectReference, v *verdict) *pool {
	kind, group := gatewayv1.Kind("Service"), gatewayv1.Group("")
	if ref.Kind != nil {
		kind = *ref.Kind
	}
	if ref.Group != nil {
		group = *ref.Group
	}
	switch {
	case kind != "Service" || group != "":
		v.unresolved(gatewayv1.RouteReasonInvalidKind, "backend %s: a %s is none", ref.Name, kind)
		return nil
	case ref.Namespace != nil && string(*ref.Namespace) != namespace:
		v.unresolved(gatewayv1.RouteReasonRefNotPermitted, "backend %s: namespace %s is another one", ref.Name, *ref.Namespace)
		return nil
	}
	s := t.services[name{namespace, string(ref.Name)}]
	if s == nil || ref.Port == nil || s.ports[int32(*ref.Port)] == nil {
		v.unresolved(gatewayv1.RouteReasonBackendNotFound, "backend %s: there is no such Service, or it has no such port", ref.Name)
		return nil
	}
	return s.ports[int32(*ref.Port)]
}

// find is the rule that a request meets, nil where it meets none.
func (r *route) find(request *http.Request) *rule {
	for i := range r.rules {
		if r.rules[i].match.fits(request) {
			return &r.rules[i]
		}
	}
	return nil
}

// draw is one of the backends by weight, nil where none has any.
func (r *rule) draw() *target {
	if r.sum <= 0 {
		return nil
	}
	n := rand.Int32N(r.sum)
	for i := range r.backends {
		if n -= r.backends[i].weight; n < 0 {
			return &r.backends[i]
		}
	}
	return nil
}
