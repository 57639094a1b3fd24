// Package edge (SHELL) is the way into a cluster without a network of its own: what a Gateway and kube-proxy
// would be, on one port. It follows HTTPRoute, Service and EndpointSlice by watching them.
//
// The Host of a request, NAME.NAMESPACE, says whom it is for: the HTTPRoute of that name, where there is one
// with a parent, else the Service, by its first port.
//
// # What of an HTTPRoute is done
//
// Rules in the order of precedence that the Gateway API gives: the more specific path, then the method, then
// more headers, then more query parameters, then the earlier rule. Matches of every kind, Exact and
// RegularExpression; a cookie is matched by a regular expression over the header Cookie. Weights, drawn anew
// for each request; RequestMirror by percent or fraction; RequestHeaderModifier and ResponseHeaderModifier, of
// rules and of backends. A backend that is not there answers 500 for its part of the weights, one without a
// ready endpoint 503, and a request that no rule matches 404.
//
// All parents are the edge's own, whatever they are, and need not exist. For each it writes the conditions
// Accepted and ResolvedRefs with the generation that they are about, once the route is in effect. A route that
// asks for something else, and a backend of another namespace, is refused there: Accepted or ResolvedRefs is
// false, and says why.
//
// # What it does not do
//
// It never sends a request a second time, so that a client sees each request that is lost, as 502. It takes
// ready endpoints only, or, where there are none, those that end and still serve, as kube-proxy does.
package edge
