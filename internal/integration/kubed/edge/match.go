package edge

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// match is what a request must be like.
type match struct {
	path    path
	method  string
	headers []value
	query   []value
}

// path is how a request's path must be. Its kind is that of the Gateway API.
type path struct {
	kind gatewayv1.PathMatchType
	text string
	re   *regexp.Regexp
}

// value is how a header or a query parameter must be.
type value struct {
	name, text string
	re         *regexp.Regexp // nil: it is the text
}

// newMatch compiles a match. What it cannot do is refused.
func newMatch(m gatewayv1.HTTPRouteMatch, v *verdict) match {
	made := match{path: path{kind: gatewayv1.PathMatchPathPrefix, text: "/"}}
	if m.Path != nil {
		if m.Path.Type != nil {
			made.path.kind = *m.Path.Type
		}
		if m.Path.Value != nil {
			made.path.text = *m.Path.Value
		}
		if made.path.kind == gatewayv1.PathMatchRegularExpression {
			made.path.re = compile(made.path.text, v)
		}
	}
	if m.Method != nil {
		made.method = string(*m.Method)
	}
	for _, h := range m.Headers {
		one := value{name: string(h.Name), text: h.Value}
		if h.Type != nil && *h.Type == gatewayv1.HeaderMatchRegularExpression {
			one.re = compile(h.Value, v)
		}
		made.headers = append(made.headers, one)
	}
	for _, q := range m.QueryParams {
		one := value{name: string(q.Name), text: q.Value}
		if q.Type != nil && *q.Type == gatewayv1.QueryParamMatchRegularExpression {
			one.re = compile(q.Value, v)
		}
		made.query = append(made.query, one)
	}
	return made
}

// compile makes an expression that must fit the whole value, as Envoy has it. One that is none is refused.
func compile(text string, v *verdict) *regexp.Regexp {
	re, err := regexp.Compile(`^(?:` + text + `)$`)
	if err != nil {
		v.refuse("%q is no regular expression: %v", text, err)
		return regexp.MustCompile(`^\b$`) // it fits nothing
	}
	return re
}

// fits reports whether a request is so.
func (m match) fits(r *http.Request) bool {
	if m.method != "" && m.method != r.Method || !m.path.fits(r.URL.Path) {
		return false
	}
	for _, h := range m.headers {
		// Several headers of one name are one, with commas; cookies with semicolons.
		with := ","
		if strings.EqualFold(h.name, "Cookie") {
			with = "; "
		}
		all := r.Header.Values(h.name)
		if len(all) == 0 || !h.fits(strings.Join(all, with)) {
			return false
		}
	}
	if len(m.query) == 0 {
		return true
	}
	query := r.URL.Query()
	for _, q := range m.query {
		if !query.Has(q.name) || !q.fits(query.Get(q.name)) {
			return false
		}
	}
	return true
}

func (v value) fits(text string) bool {
	if v.re != nil {
		return v.re.MatchString(text)
	}
	return text == v.text
}

func (p path) fits(text string) bool {
	switch p.kind {
	case gatewayv1.PathMatchExact:
		return text == p.text
	case gatewayv1.PathMatchRegularExpression:
		return p.re.MatchString(text)
	}
	prefix := strings.TrimSuffix(p.text, "/") // by whole elements: /ab is not below /a
	return text == prefix || strings.HasPrefix(text, prefix+"/")
}

// rank orders the kinds of paths. Where an expression belongs is for each implementation to say: here between
// the exact ones and the prefixes.
func (p path) rank() int {
	switch p.kind {
	case gatewayv1.PathMatchExact:
		return 0
	case gatewayv1.PathMatchRegularExpression:
		return 1
	}
	return 2
}

// precedence is below zero where the match comes before the other one.
func (m match) precedence(o match) int {
	method := func(m match) int {
		if m.method == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(m.path.rank(), o.path.rank()),
		cmp.Compare(len(o.path.text), len(m.path.text)),
		cmp.Compare(method(m), method(o)),
		cmp.Compare(len(o.headers), len(m.headers)),
		cmp.Compare(len(o.query), len(m.query)),
	)
}
