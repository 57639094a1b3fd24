package kubernetes

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/davit-sdk/davit/strategy"
)

func shopRouting() routing {
	return routing{
		gateway: Gateway{}.withDefaults("shop").(Gateway), service: "shop",
		backends: map[string]string{"shop-a": "a", "shop-b": "b", "shop-baseline": "baseline"},
		order:    []string{"shop-a", "shop-b"}, ports: map[string]int64{"shop-a": 80, "shop-b": 80},
	}
}

// routeOf is a route with these rules, and what was noted of rules that were added.
func routeOf(t testing.TB, rules string, notes ...string) *unstructured.Unstructured {
	t.Helper()
	text, err := yaml.YAMLToJSON([]byte("metadata: {name: shop, generation: 3}\nspec:\n  rules:\n" + rules))
	require.NoError(t, err)
	u := &unstructured.Unstructured{}
	require.NoError(t, kjson.Unmarshal(text, &u.Object))
	if len(notes) > 0 {
		u.SetAnnotations(map[string]string{annotationRules + "shop": notes[0]})
	}
	return u
}

// rewritten is a route after a write.
func rewritten(t testing.TB, route *unstructured.Unstructured, rules []any, a added) *unstructured.Unstructured {
	t.Helper()
	next := route.DeepCopy()
	text, err := json.Marshal(rules)
	require.NoError(t, err)
	var again []any
	require.NoError(t, kjson.Unmarshal(text, &again))
	next.Object["spec"].(map[string]any)["rules"] = again
	next.SetAnnotations(map[string]string{annotationRules + "shop": a.text()})
	return next
}

func TestReadRoute(t *testing.T) {
	r := shopRouting()
	for name, c := range map[string]struct {
		rules string
		want  split
	}{
		"the host's": {`
    - backendRefs: [{name: shop, port: 80}]`, split{}},
		"weights": {`
    - backendRefs: [{name: shop-a, port: 80, weight: 900000}, {name: shop-b, port: 80, weight: 100000}]`,
			split{"a": {share: strategy.Percent(90)}, "b": {share: strategy.Percent(10)}}},
		"by hand": {`
    - backendRefs: [{name: shop-a, port: 80, weight: 95}, {name: shop-b, port: 80, weight: 5}]`,
			split{"a": {share: strategy.Percent(95)}, "b": {share: strategy.Percent(5)}}},
		"no weights": {`
    - backendRefs: [{name: shop-a, port: 80}, {name: shop-b, port: 80}]`,
			split{"a": {share: strategy.Percent(50)}, "b": {share: strategy.Percent(50)}}},
		"thirds": {`
    - backendRefs: [{name: shop-a, port: 80, weight: 2}, {name: shop-b, port: 80, weight: 1}]`,
			split{"a": {share: strategy.Millionths(666_667)}, "b": {share: strategy.Millionths(333_333)}}},
		"beside others": {`
    - backendRefs: [{name: shop-a, port: 80, weight: 1}, {name: elsewhere, port: 80, weight: 3}]`,
			split{"a": {share: strategy.Percent(25)}}},
		"all zero": {`
    - backendRefs: [{name: shop-a, port: 80, weight: 0}, {name: shop-b, port: 80, weight: 0}]`, split{}},
		"of another namespace": {`
    - backendRefs: [{name: shop-a, port: 80}]
    - backendRefs: [{name: shop-b, namespace: other, port: 80}]`, split{"a": {share: strategy.All()}}},
		"two rules that differ": {`
    - matches: [{path: {value: /a}}]
      backendRefs: [{name: shop-a, port: 80}]
    - matches: [{path: {value: /b}}]
      backendRefs: [{name: shop-b, port: 80}]`,
			split{"a": {share: strategy.Percent(50)}, "b": {share: strategy.Percent(50)}}},
		"mirrors": {`
    - backendRefs: [{name: shop-a, port: 80}]
      filters:
      - {type: RequestMirror, requestMirror: {backendRef: {name: shop-b, port: 80}, percent: 20}}
      - {type: RequestMirror, requestMirror: {backendRef: {name: audit, port: 80}}}`,
			split{"a": {share: strategy.All()}, "b": {mirror: strategy.Percent(20)}}},
		"a fraction": {`
    - backendRefs: [{name: shop-a, port: 80}]
      filters: [{type: RequestMirror, requestMirror: {backendRef: {name: shop-b, port: 80}, fraction: {numerator: 1, denominator: 8}}}]`,
			split{"a": {share: strategy.All()}, "b": {mirror: strategy.Percent(12.5)}}},
		"all of it": {`
    - backendRefs: [{name: shop-a, port: 80}]
      filters: [{type: RequestMirror, requestMirror: {backendRef: {name: shop-b, port: 80}}}]`,
			split{"a": {share: strategy.All()}, "b": {mirror: strategy.All()}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := r.read(routeOf(t, c.rules))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestRulesToLead(t *testing.T) {
	two := `
    - {name: shop, matches: [{path: {value: /}}], backendRefs: [{name: x, port: 80}]}
    - {name: static, matches: [{path: {value: /static}}], backendRefs: [{name: files, port: 80}]}`
	for name, c := range map[string]struct {
		gateway Gateway
		rules   string
		led     []bool
		want    string
	}{
		"the only one":     {Gateway{}, "\n    - backendRefs: [{name: x, port: 80}]", []bool{true}, ""},
		"by the name":      {Gateway{Rule: "static"}, two, []bool{false, true}, ""},
		"by the Service":   {Gateway{From: []string{"x"}}, two, []bool{true, false}, ""},
		"by both Services": {Gateway{From: []string{"x", "files"}}, two, []bool{true, true}, ""},
		"which":            {Gateway{}, two, nil, `none of its 2 rules has a backend among ["shop" "shop-a" "shop-b" "shop-baseline"]: name the rule to lead (Gateway.Rule)`},
		"no such name":     {Gateway{Rule: "other"}, two, nil, `httproute shop has no rule with the name "other"`},
		"no such rule":     {Gateway{}, "\n    - notBackends: []\n    - {}", nil, "none of its 2 rules"},
		"no rule":          {Gateway{}, "    []", nil, "none of its 0 rules"},
	} {
		t.Run(name, func(t *testing.T) {
			r := shopRouting()
			r.gateway = c.gateway.withDefaults("shop").(Gateway)
			rules, err := r.rules(routeOf(t, c.rules))
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			var led []bool
			for _, one := range rules {
				led = append(led, one.led)
			}
			assert.Equal(t, c.led, led)
		})
	}
}

const hosts = `
    - matches: [{path: {type: PathPrefix, value: /}}, {path: {type: PathPrefix, value: /v2}, headers: [{name: X-Tenant, value: one}]}]
      timeouts: {request: 10s}
      filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: X-By, value: shop}]}}]
      backendRefs: [{name: shop, port: 80, weight: 1}]
    - matches: [{path: {type: PathPrefix, value: /static}}]
      backendRefs: [{name: files, port: 80, weight: 1}]`

// What is written is read back, whatever was there before; rules of others, and what others have set in ours,
// stay as they are; and nothing of it is left in the end.
func TestWriteRoute(t *testing.T) {
	r := shopRouting()
	header, cookie := strategy.Match{Header: "X-Canary", Value: "on"}, strategy.Match{Cookie: "canary", Value: "a+b"}
	route := routeOf(t, hosts)
	for i, want := range []split{
		{"a": {share: strategy.All()}},
		{"a": {share: strategy.Millionths(999_999)}, "b": {share: strategy.Millionths(1)}},
		{"a": {share: strategy.Percent(90)}, "b": {share: strategy.Percent(10), match: []strategy.Match{header, cookie}}},
		{"a": {share: strategy.All(), match: []strategy.Match{{Header: "X-Old", Value: "1"}}}, "b": {match: []strategy.Match{header}, mirror: strategy.Percent(0.5)}},
		{"a": {share: strategy.All()}, "b": {mirror: strategy.All()}},
		{},
		{"b": {share: strategy.All()}},
	} {
		rules, a, err := r.write(route, want)
		require.NoError(t, err)
		route = rewritten(t, route, rules, a)
		got, err := r.read(route)
		require.NoError(t, err)
		assert.Equal(t, want, got, "step %d", i)
		again, b, err := r.write(route, want)
		require.NoError(t, err)
		assert.Equal(t, route.Object["spec"].(map[string]any)["rules"], any(again), "step %d: written twice it is the same", i)
		assert.Equal(t, a, b)
		text, err := json.Marshal(again)
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(string(text), `"files"`), "step %d: rules of others", i)
		assert.Equal(t, 1+len(a.Rules), strings.Count(string(text), `"request":"10s"`), "step %d: what others have set", i)
		assert.Equal(t, 1+len(a.Rules), strings.Count(string(text), `"X-By"`), "step %d: filters of others", i)
	}
	list := route.Object["spec"].(map[string]any)["rules"].([]any)
	assert.Len(t, list, 2)
}

func TestAddedRules(t *testing.T) {
	r := shopRouting()
	want := split{"a": {share: strategy.All()}, "b": {match: []strategy.Match{{Cookie: "canary", Value: "a+b"}, {Header: "X-Canary", Value: "on"}}}}
	rules, a, err := r.write(routeOf(t, hosts), want)
	require.NoError(t, err)
	require.Len(t, rules, 3)
	first := rules[0].(map[string]any)
	assert.Equal(t, []any{map[string]any{"group": "", "kind": "Service", "name": "shop-b", "port": int64(80), "weight": int64(1)}}, first["backendRefs"])
	matches := first["matches"].([]any)
	require.Len(t, matches, 4, "each of the rule's own with each of the state's")
	assert.Equal(t, []any{map[string]any{"name": "Cookie", "type": "RegularExpression", "value": `^(.*;[ ]*)?canary=a\+b(;.*)?$`}}, matches[0].(map[string]any)["headers"])
	assert.Len(t, matches[3].(map[string]any)["headers"], 2, "the rule's own headers stay")

	// A rule that somebody has changed is not ours any more, and is not counted; nor is one whose note was lost.
	changed := rewritten(t, routeOf(t, hosts), rules, a)
	changed.Object["spec"].(map[string]any)["rules"].([]any)[0].(map[string]any)["matches"].([]any)[0].(map[string]any)["path"] = map[string]any{"type": "Exact", "value": "/x"}
	got, err := r.read(changed)
	require.NoError(t, err)
	assert.Empty(t, got["b"].match)
	assert.True(t, r.busy(changed)["b"], "but it may still get something")

	_, _, err = r.write(routeOf(t, hosts), split{"b": {share: strategy.All(), match: []strategy.Match{{Header: "X-Tenant", Value: "on"}}}})
	require.ErrorContains(t, err, "matches on the header X-Tenant already")
	_, _, err = r.write(routeOf(t, strings.Repeat("\n    - {matches: [{path: {value: /}}], backendRefs: [{name: shop, port: 80}]}", 9)), want)
	require.ErrorContains(t, err, "it would have 18 rules, and 16 are the most")
	many := make([]strategy.Match, 65)
	for i := range many {
		many[i] = strategy.Match{Header: fmt.Sprintf("X-%d", i), Value: "on"}
	}
	_, _, err = r.write(routeOf(t, hosts), split{"b": {share: strategy.All(), match: many}})
	require.ErrorContains(t, err, "130 matches, and 64 are the most")
}

func TestAccepted(t *testing.T) {
	r := shopRouting()
	status := func(generation int, accepted, resolved, message string) string {
		return fmt.Sprintf(`{parents: [{controllerName: example.com/gw, conditions: [
			{type: Accepted, status: %q, reason: Accepted, observedGeneration: %d, message: why not},
			{type: ResolvedRefs, status: %q, reason: BackendNotFound, observedGeneration: %d, message: %q}]}]}`, accepted, generation, resolved, generation, message)
	}
	ours, theirs := "\n    - backendRefs: [{name: shop-a, port: 80}]\n    - backendRefs: [{name: files, port: 80}]", hosts
	for name, c := range map[string]struct{ rules, status, want string }{
		"nobody tells":         {ours, "{}", ""},
		"taken":                {ours, status(3, "True", "True", ""), ""},
		"no generation":        {ours, status(0, "True", "True", ""), ""},
		"not taken yet":        {ours, status(2, "True", "True", ""), "example.com/gw has not taken generation 3 yet"},
		"refused":              {ours, status(3, "False", "True", ""), "example.com/gw says Accepted is False (Accepted): why not"},
		"a backend is missing": {ours, status(3, "True", "False", "service shop-a not found"), "says ResolvedRefs is False (BackendNotFound): service shop-a not found"},
		"another's is missing": {ours, status(3, "True", "False", "service files not found"), ""},
		"who knows":            {ours, status(3, "True", "False", "something is wrong"), "something is wrong"},
		"not ours yet":         {theirs, status(2, "False", "False", "service shop not found"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			route := routeOf(t, c.rules)
			text, err := yaml.YAMLToJSON([]byte(strings.ReplaceAll(c.status, "\t", " ")))
			require.NoError(t, err)
			var tree map[string]any
			require.NoError(t, kjson.Unmarshal(text, &tree))
			route.Object["status"] = tree
			got := r.pending(route)
			if c.want == "" {
				assert.Empty(t, got)
				return
			}
			assert.Contains(t, got, c.want)
		})
	}
}

// No route makes the target panic, and what it can write it reads back.
func FuzzRoute(f *testing.F) {
	for _, rules := range []string{hosts, "\n    - backendRefs: [{name: shop-a}]"} {
		text, err := json.Marshal(routeOf(f, rules).Object)
		require.NoError(f, err)
		f.Add(text, 5, "on", `{"rules":["x"],"match":{"b":[{"header":"X","value":"y"}]}}`)
	}
	f.Add([]byte(`{"spec":{"rules":[{"backendRefs":[{"name":"shop-a","weight":0}],"filters":[1,{"type":"RequestMirror"}]},7]}}`), 1, "", "")
	f.Add([]byte(`{"spec":{"rules":[{"backendRefs":[{"name":"shop-a","weight":1},{"name":"x","weight":-1}]}]}}`), 1, "", "")
	f.Add([]byte(`{"spec":{"rules":[{"matches":[3],"backendRefs":[{"name":"shop-a","weight":-4},{"name":"shop-b","weight":9223372036854775807}]}]}}`), 99, "x", "{}")
	// To fuzz in earnest all of client-go is compiled anew: here is some of it for every run.
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{`"shop-a"`, `"shop-b"`, `"shop"`, "7", "-1", "null", "[]", "{}", `""`, "true", `"Service"`, `"RequestMirror"`, `"weight"`, `"matches"`}
	for _, rules := range []string{hosts, "\n    - {matches: [{headers: [{name: X, value: y}]}], backendRefs: [{name: shop-a, weight: 3}, {name: shop-b, weight: 5}], filters: [{type: RequestMirror, requestMirror: {backendRef: {name: shop-b}, fraction: {numerator: 1, denominator: 3}}}]}"} {
		text, err := json.Marshal(routeOf(f, rules).Object)
		require.NoError(f, err)
		tokens := regexp.MustCompile(`"[^"]*"|[0-9]+|[\[\]{}:,]`).FindAllString(string(text), -1)
		for range 400 {
			next := slices.Clone(tokens)
			for range 1 + random.IntN(3) {
				if i := random.IntN(len(next)); !strings.Contains("[]{}:,", next[i]) {
					next[i] = words[random.IntN(len(words))]
				}
			}
			f.Add([]byte(strings.Join(next, "")), random.IntN(101), []string{"", "on"}[random.IntN(2)], `{"rules":["a"]}`)
		}
	}
	matcher := &Target{s: settings{Options: Options{Traffic: Gateway{}}}}
	f.Fuzz(func(t *testing.T, text []byte, percent int, value, notes string) {
		u := &unstructured.Unstructured{}
		if kjson.Unmarshal(text, &u.Object) != nil || u.Object == nil {
			return
		}
		if _, err := json.Marshal(u.Object); err != nil {
			return
		}
		if meta, ok := u.Object["metadata"]; ok {
			if _, ok := meta.(map[string]any); !ok {
				return // the API server has no such objects
			}
		}
		u.SetAnnotations(map[string]string{annotationRules + "shop": notes})
		r := shopRouting()
		_ = r.pending(u)
		_ = r.busy(u)
		if _, err := r.read(u); err != nil {
			return
		}
		share := strategy.Percent(float64(min(max(percent, 1), 99)))
		want := split{"a": {share: share.Rest()}, "b": {share: share}}
		if m := (strategy.Match{Header: "X-Fuzz", Value: value}); matcher.Matches(m) == nil {
			want["b"] = flow{share: share, match: []strategy.Match{m}}
		}
		rules, a, err := r.write(u, want)
		if err != nil {
			return
		}
		got, err := r.read(rewritten(t, u, rules, a))
		if err != nil || len(a.Rules) > 0 && !json.Valid([]byte(a.text())) {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if got["a"].share != want["a"].share || got["b"].share != want["b"].share {
			t.Fatalf("wrote %v, read back %v", want, got)
		}
	})
}

// Backends of others are not lost without a word.
func TestStrays(t *testing.T) {
	all := split{"a": {share: strategy.All()}}
	for rules, want := range map[string]string{
		"\n    - backendRefs: [{name: shop, weight: 90}, {name: lab, weight: 10}]":   "backend \"lab\" beside others",
		"\n    - backendRefs: [{name: shop, weight: 1}]":                             "",
		"\n    - backendRefs: [{name: x, weight: 1}]":                                "",
		"\n    - backendRefs: [{name: shop-a, weight: 90}, {name: lab, weight: 10}]": "",
	} {
		_, _, err := shopRouting().write(routeOf(t, rules), all)
		if want == "" {
			require.NoError(t, err, rules)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}
