package kubernetes

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/davit-sdk/davit/strategy"
)

// write makes the rules that lead what is wanted, and what to note of those that are added.
func (r routing) write(route *unstructured.Unstructured, want split) ([]any, added, error) {
	rules, err := r.rules(route)
	if err != nil {
		return nil, added{}, err
	}
	a := added{}
	var list []any
	for _, one := range rules {
		switch {
		case one.added:
			continue // made anew from the rule that it was made from
		case !one.led:
			list = append(list, one.tree)
			continue
		case len(want) == 0 && !r.slotted(one.tree):
			list = append(list, one.tree) // it leads nowhere of ours already
			continue
		case !r.slotted(one.tree): // what was led once is never refused: the way back must not hang on it
			if err := r.strays(one.tree); err != nil {
				return nil, added{}, fmt.Errorf("httproute %s: %w", route.GetName(), err)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if len(want[name].match) == 0 {
				continue
			}
			extra, err := r.matching(one.tree, name, want[name].match)
			if err != nil {
				return nil, added{}, fmt.Errorf("httproute %s: %w", route.GetName(), err)
			}
			if err := r.matched(rules, extra, want[name].match); err != nil {
				return nil, added{}, fmt.Errorf("httproute %s: %w", route.GetName(), err)
			}
			list = append(list, extra)
			a.Rules = append(a.Rules, fingerprint(extra["matches"]))
			if a.Match == nil {
				a.Match = map[string][]strategy.Match{}
			}
			a.Match[name] = want[name].match
		}
		list = append(list, r.leading(one.tree, want))
	}
	if len(list) > 16 {
		return nil, added{}, fmt.Errorf("httproute %s: it would have %d rules, and 16 are the most", route.GetName(), len(list))
	}
	return list, a, nil
}

// strays is an error where a rule that is to be led has backends of others beside one whose place is taken over:
// they would be lost. A rule with a single backend has nothing to lose.
func (r routing) strays(tree map[string]any) error {
	list, known := backends(tree), r.known()
	if len(list) < 2 {
		return nil
	}
	for _, b := range list {
		if name, ok := b.service(); !ok || !known[name] {
			return fmt.Errorf("a rule to lead has the backend %q beside others, which would lose its share: give it a rule of its own, or name it in Gateway.From", b["name"])
		}
	}
	return nil
}

// leading is a rule with the slots as its backends.
func (r routing) leading(tree map[string]any, want split) map[string]any {
	led := maps.Clone(tree)
	var refs []any
	for _, name := range r.order {
		refs = append(refs, r.ref(tree, name, int64(want[r.backends[name]].share.Millionths())))
	}
	led["backendRefs"] = refs
	var filters []any
	list, _ := tree["filters"].([]any)
	for _, item := range list {
		if _, ours := r.mirrored(item); !ours {
			filters = append(filters, item)
		}
	}
	for _, name := range r.order {
		if m := want[r.backends[name]].mirror; !m.IsZero() {
			filters = append(filters, r.mirror(name, m))
		}
	}
	if delete(led, "filters"); len(filters) > 0 {
		led["filters"] = filters
	}
	return led
}

// ref is a backend, with the filters that the host may have given it.
func (r routing) ref(tree map[string]any, service string, weight int64) map[string]any {
	ref := map[string]any{"group": "", "kind": "Service", "name": service, "port": r.ports[service], "weight": weight}
	for _, b := range backends(tree) {
		if name, ok := b.service(); ok && name == service && b["filters"] != nil {
			ref["filters"] = b["filters"]
		}
	}
	return ref
}

func (r routing) mirror(service string, share strategy.Share) map[string]any {
	m := map[string]any{"backendRef": map[string]any{"group": "", "kind": "Service", "name": service, "port": r.ports[service]}}
	switch n := int64(share.Millionths()); {
	case share == strategy.All():
	case n%10_000 == 0:
		m["percent"] = n / 10_000
	default:
		m["fraction"] = map[string]any{"numerator": n, "denominator": int64(1_000_000)}
	}
	return map[string]any{"type": "RequestMirror", "requestMirror": m}
}

// matching is a rule for the requests of another one that carry a header or a cookie.
func (r routing) matching(tree map[string]any, slot string, match []strategy.Match) (map[string]any, error) {
	from, _ := tree["matches"].([]any)
	if len(from) == 0 {
		from = []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}}
	}
	var matches []any
	for _, item := range from {
		base, _ := item.(map[string]any)
		for _, m := range match {
			header := headerOf(m)
			list, _ := base["headers"].([]any)
			for _, h := range list {
				old, _ := h.(map[string]any)
				if name, _ := old["name"].(string); strings.EqualFold(name, header["name"].(string)) {
					return nil, fmt.Errorf("one of its rules matches on the header %s already, which %s needs", header["name"], m)
				}
			}
			next := merged(base, nil)
			next["headers"] = append(slices.Clone(list), header)
			matches = append(matches, next)
		}
	}
	if len(matches) > 64 {
		return nil, fmt.Errorf("a rule would have %d matches, and 64 are the most", len(matches))
	}
	one := maps.Clone(tree)
	delete(one, "name")
	one["matches"] = matches
	for _, service := range r.order {
		if r.backends[service] == slot {
			one["backendRefs"] = []any{r.ref(tree, service, 1)}
		}
	}
	var filters []any
	list, _ := tree["filters"].([]any)
	for _, item := range list {
		if _, ours := r.mirrored(item); !ours {
			filters = append(filters, item)
		}
	}
	if delete(one, "filters"); len(filters) > 0 {
		one["filters"] = filters
	}
	return one, nil
}

// headerOf is a rule of a state as a header to match on.
func headerOf(m strategy.Match) map[string]any {
	if m.Cookie != "" {
		value := `^(.*;[ ]*)?` + regexp.QuoteMeta(m.Cookie+"="+m.Value) + `(;.*)?$`
		return map[string]any{"name": "Cookie", "type": "RegularExpression", "value": value}
	}
	return map[string]any{"name": m.Header, "type": "Exact", "value": m.Value}
}
