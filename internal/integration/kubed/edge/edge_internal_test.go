package edge

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

func TestOf(t *testing.T) {
	for host, want := range map[string]name{
		"web.shop": {"shop", "web"}, "web.shop:80": {"shop", "web"}, "WEB.shop.svc.cluster.local": {"shop", "web"}, "web": {"", "web"}, "": {}, ":80": {}, "127.0.0.1:1": {"0", "127"},
	} {
		assert.Equal(t, want, of(host), "%q", host)
	}
}

// routed parses the rules of a route, and tells the name of the first backend for a request.
func routed(t *testing.T, rules string) (func(method, target string, header ...string) string, verdict) {
	t.Helper()
	var r gatewayv1.HTTPRoute
	require.NoError(t, yaml.UnmarshalStrict([]byte(`{"spec":{"parentRefs":[{"name":"g"}],"rules":`+rules+`}}`), &r))
	tab := &table{services: map[name]*service{}}
	pools := map[*pool]string{}
	for _, s := range []string{"a", "b", "c", "d"} {
		p := &pool{}
		pools[p] = s
		tab.services[name{"", s}] = &service{first: 80, ports: map[int32]*pool{80: p}}
	}
	made, v := tab.newRoute(&r)
	return func(method, target string, header ...string) string {
		request := httptest.NewRequest(method, target, nil)
		for _, h := range header {
			name, value, _ := strings.Cut(h, "=")
			request.Header.Add(name, value)
		}
		found := made.find(request)
		if found == nil {
			return "none"
		}
		return pools[found.draw().pool]
	}, v
}

// A rule with the more specific match comes first, wherever it stands.
func TestPrecedence(t *testing.T) {
	to := func(match, service string) string {
		return fmt.Sprintf(`{"matches":[%s],"backendRefs":[{"name":%q,"port":80}]}`, match, service)
	}
	for _, c := range []struct{ weak, strong, method, target, header string }{
		{`{}`, `{"path":{"value":"/x"}}`, "GET", "/x/y", ""},
		{`{"path":{"value":"/x"}}`, `{"path":{"value":"/x/y"}}`, "GET", "/x/y/z", ""},
		{`{"path":{"value":"/x/y"}}`, `{"path":{"type":"Exact","value":"/x/y"}}`, "GET", "/x/y", ""},
		{`{}`, `{"method":"POST"}`, "POST", "/", ""},
		{`{"headers":[{"name":"A","value":"1"}]}`, `{"method":"GET"}`, "GET", "/", "A=1"},
		{`{}`, `{"headers":[{"name":"A","value":"1"}]}`, "GET", "/", "A=1"},
		{`{"headers":[{"name":"A","value":"1"}]}`, `{"headers":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}`, "GET", "/", "A=1,B=2"},
		{`{"queryParams":[{"name":"q","value":"1"}]}`, `{"headers":[{"name":"A","value":"1"}]}`, "GET", "/?q=1", "A=1"},
		{`{}`, `{"queryParams":[{"name":"q","value":"1"}]}`, "GET", "/?q=1", ""},
		{`{"method":"GET"}`, `{"path":{"value":"/x"}}`, "GET", "/x", ""},
	} {
		for _, rules := range []string{to(c.weak, "a") + "," + to(c.strong, "b"), to(c.strong, "b") + "," + to(c.weak, "a")} {
			by, v := routed(t, "["+rules+"]")
			require.True(t, v.accepted(), "%v", v.refused)
			assert.Equal(t, "b", by(c.method, c.target, strings.Split(c.header, ",")...), "%s", rules)
		}
	}
	by, _ := routed(t, "["+to(`{"path":{"value":"/x"}}`, "a")+","+to(`{"path":{"value":"/x"}}`, "b")+"]")
	assert.Equal(t, "a", by("GET", "/x"), "of two alike the first one")
	assert.Equal(t, "none", by("GET", "/xy"), "a prefix is whole elements")
	assert.Equal(t, "none", by("GET", "/"))
}

func TestMatches(t *testing.T) {
	by, v := routed(t, `[
		{"matches":[{"headers":[{"type":"RegularExpression","name":"Cookie","value":"(.*; )?g=c(;.*)?"}]}],"backendRefs":[{"name":"a","port":80}]},
		{"matches":[{"path":{"type":"RegularExpression","value":"/r+"}}],"backendRefs":[{"name":"b","port":80}]},
		{"matches":[{"queryParams":[{"type":"RegularExpression","name":"q","value":"[0-9]"}]},{"headers":[{"name":"X","value":"1,2"}]}],"backendRefs":[{"name":"c","port":80}]}]`)
	require.True(t, v.accepted(), "%v", v.refused)
	for _, c := range []struct{ target, header, want string }{
		{"/", "Cookie=g=c", "a"}, {"/", "Cookie=x=y; g=c", "a"}, {"/", "Cookie=g=cc", "none"}, {"/", "Cookie=gg=c", "none"}, {"/", "cookie=g=c", "a"},
		{"/rr", "", "b"}, {"/rrs", "", "none"}, {"/?q=1", "", "c"}, {"/?q=12", "", "none"}, {"/?p=1", "", "none"}, {"/", "", "none"},
	} {
		assert.Equal(t, c.want, by("GET", c.target, c.header), "%+v", c)
	}
	assert.Equal(t, "a", by("GET", "/", "Cookie=x=y", "Cookie=g=c"), "two headers are one")
	assert.Equal(t, "c", by("GET", "/", "X=1", "X=2"))

	_, v = routed(t, `[{"matches":[{"headers":[{"type":"RegularExpression","name":"A","value":"("}]}],"backendRefs":[{"name":"a","port":80}]}]`)
	assert.False(t, v.accepted())
}

func TestWeights(t *testing.T) {
	by, _ := routed(t, `[{"backendRefs":[{"name":"a","port":80,"weight":2},{"name":"b","port":80,"weight":0},{"name":"c","port":80}]}]`)
	drawn := map[string]int{}
	for range 3000 {
		drawn[by("GET", "/")]++
	}
	assert.Len(t, drawn, 2)
	assert.InDelta(t, 2000, drawn["a"], 200, "within 7 standard deviations")
	none := rule{backends: []target{{weight: 0}}}
	assert.Nil(t, none.draw())
}

// endpoint is an EndpointSlice with one endpoint on this machine's server.
func endpoint(t *testing.T, of string, n byte, ready, serving, ending bool) *discoveryv1.EndpointSlice {
	t.Helper()
	port, protocol := int32(8080), corev1.ProtocolTCP
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint(of, n), Labels: map[string]string{discoveryv1.LabelServiceName: of}},
		Ports:      []discoveryv1.EndpointPort{{Port: &port, Protocol: &protocol}},
		Endpoints: []discoveryv1.Endpoint{{
			Addresses:  []string{fmt.Sprintf("10.9.0.%d", n)},
			Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &serving, Terminating: &ending},
		}},
	}
}

func TestEndpoints(t *testing.T) {
	web := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}
	pool := func(slices ...*discoveryv1.EndpointSlice) *pool {
		made, _ := build([]*corev1.Service{web}, slices, nil)
		return made.services[name{"", "web"}].ports[80]
	}
	assert.Empty(t, pool().draw())
	assert.Equal(t, "127.9.0.1:8080", pool(endpoint(t, "web", 1, true, true, false)).draw())
	assert.Empty(t, pool(endpoint(t, "web", 1, false, false, false)).draw())
	assert.Empty(t, pool(endpoint(t, "other", 1, true, true, false)).draw())
	both := pool(endpoint(t, "web", 1, false, true, true), endpoint(t, "web", 2, true, true, false))
	for range 20 {
		assert.Equal(t, "127.9.0.2:8080", both.draw(), "one that ends gets nothing")
	}
	assert.Equal(t, "127.9.0.1:8080", pool(endpoint(t, "web", 1, false, true, true)).draw(), "but where there is no other")
}

// A request goes out once: a connection that turns out to be closed is a lost request, and no second try.
func TestOnce(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		}
	}))
	defer server.Close()
	at, err := url.Parse(server.URL)
	require.NoError(t, err)
	var current atomic.Pointer[table]
	current.Store(&table{services: map[name]*service{{"n", "web"}: {first: 80, ports: map[int32]*pool{80: {ready: []string{at.Host}}}}}})
	p := newProxy(&current)
	status := func() int {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "http://web.n/", nil)
		p.ServeHTTP(w, r)
		return w.Code
	}
	assert.Equal(t, 200, status())
	assert.Equal(t, 502, status(), "on the kept connection")
	assert.EqualValues(t, 2, asked.Load())
}

func TestHeaders(t *testing.T) {
	var seen http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = r.Header.Clone(); w.Header().Set("X", "server") }))
	defer server.Close()
	at, err := url.Parse(server.URL)
	require.NoError(t, err)
	var r gatewayv1.HTTPRoute
	require.NoError(t, yaml.UnmarshalStrict([]byte(`{"metadata":{"name":"web","namespace":"n"},"spec":{"parentRefs":[{"name":"g"}],"rules":[{
		"filters":[{"type":"RequestHeaderModifier","requestHeaderModifier":{"set":[{"name":"A","value":"set"}],"remove":["B"]}}],
		"backendRefs":[{"name":"web","port":80,"filters":[{"type":"ResponseHeaderModifier","responseHeaderModifier":{"add":[{"name":"Set-Cookie","value":"g=c"}],"set":[{"name":"X","value":"edge"}]}}]}]}]}}`), &r))
	tab := &table{services: map[name]*service{{"n", "web"}: {first: 80, ports: map[int32]*pool{80: {ready: []string{at.Host}}}}}, routes: map[name]*route{}}
	made, v := tab.newRoute(&r)
	require.True(t, v.accepted(), "%v", v.refused)
	tab.routes[name{"n", "web"}] = made
	var current atomic.Pointer[table]
	current.Store(tab)
	w, request := httptest.NewRecorder(), httptest.NewRequest("GET", "http://web.n/", nil)
	request.Header.Set("A", "old")
	request.Header.Set("B", "old")
	newProxy(&current).ServeHTTP(w, request)
	assert.Equal(t, "set", seen.Get("A"))
	assert.Empty(t, seen.Values("B"))
	assert.Equal(t, "edge", w.Header().Get("X"))
	assert.Equal(t, "g=c", w.Header().Get("Set-Cookie"))
}

// A verdict is about one generation, and keeps what others wrote.
func TestVerdict(t *testing.T) {
	r := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Generation: 7}}
	r.Spec.ParentRefs = []gatewayv1.ParentReference{{Name: "a"}, {Name: "b"}}
	r.Status.Parents = []gatewayv1.RouteParentStatus{{ControllerName: "other.test/gateway"}, {ControllerName: controller, ParentRef: gatewayv1.ParentReference{Name: "gone"}}}
	v := newVerdict(r)
	status := v.status()
	require.Len(t, status.Parents, 3)
	assert.Equal(t, gatewayv1.GatewayController("other.test/gateway"), status.Parents[0].ControllerName)
	for i, parent := range []string{"a", "b"} {
		assert.Equal(t, parent, string(status.Parents[i+1].ParentRef.Name))
		for _, c := range status.Parents[i+1].Conditions {
			assert.EqualValues(t, 7, c.ObservedGeneration)
			assert.Equal(t, metav1.ConditionTrue, c.Status)
		}
	}
	r.Status = *status
	again := newVerdict(r)
	assert.Equal(t, status, again.status(), "what is written is not written again")
	again.refuse("no")
	again.unresolved(gatewayv1.RouteReasonBackendNotFound, "nor that")
	for _, c := range again.status().Parents[1].Conditions {
		assert.Equal(t, metav1.ConditionFalse, c.Status)
	}
}
