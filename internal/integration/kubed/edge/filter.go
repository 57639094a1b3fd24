package edge

import (
	"math/rand/v2"
	"net/http"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// filters are what is done with requests, besides sending them to a backend.
type filters struct {
	request, response headers
	mirrors           []mirror
}

// headers are changes of headers, in this order.
type headers struct {
	remove   []string
	set, add []gatewayv1.HTTPHeader
}

// mirror sends copies to somebody whose answers nobody sees.
type mirror struct {
	to       *pool   // nil: there is no such backend
	fraction float64 // of the requests, from 0 to 1
}

// newFilters reads filters. What it cannot do is refused.
func (t *table) newFilters(namespace string, all []gatewayv1.HTTPRouteFilter, v *verdict) filters {
	var f filters
	for _, one := range all {
		switch {
		case one.RequestHeaderModifier != nil:
			f.request.take(one.RequestHeaderModifier)
		case one.ResponseHeaderModifier != nil:
			f.response.take(one.ResponseHeaderModifier)
		case one.RequestMirror != nil:
			m := mirror{to: t.resolve(namespace, one.RequestMirror.BackendRef, v), fraction: 1}
			if p := one.RequestMirror.Percent; p != nil {
				m.fraction = float64(*p) / 100
			}
			if p := one.RequestMirror.Fraction; p != nil {
				of := int32(100)
				if p.Denominator != nil {
					of = *p.Denominator
				}
				m.fraction = float64(p.Numerator) / float64(of)
			}
			f.mirrors = append(f.mirrors, m)
		default:
			v.refuse("the filter %s is not supported", one.Type)
		}
	}
	return f
}

func (h *headers) take(f *gatewayv1.HTTPHeaderFilter) {
	h.remove = append(h.remove, f.Remove...)
	h.set = append(h.set, f.Set...)
	h.add = append(h.add, f.Add...)
}

// apply changes headers.
func (h headers) apply(to http.Header) {
	for _, name := range h.remove {
		to.Del(name)
	}
	for _, one := range h.set {
		to.Set(string(one.Name), one.Value)
	}
	for _, one := range h.add {
		to.Add(string(one.Name), one.Value)
	}
}

// draw reports whether the next request is to be copied.
func (m mirror) draw() bool { return m.to != nil && rand.Float64() < m.fraction }
