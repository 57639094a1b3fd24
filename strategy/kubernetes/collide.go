package kubernetes

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/davit-sdk/davit/strategy"
)

// matched is an error where a rule that is added would match the same requests as one of the host's: which of them
// gets the requests is a matter of their order.
func (r routing) matched(rules []rule, extra map[string]any, m []strategy.Match) error {
	taken := map[string]bool{}
	for _, one := range rules {
		if !one.added {
			for _, text := range conditionsOf(one.tree) {
				taken[text] = true
			}
		}
	}
	for _, text := range conditionsOf(extra) {
		if taken[text] {
			return fmt.Errorf("one of its rules matches the same requests already as %v shall: take it out, or use another header", m)
		}
	}
	return nil
}

// conditionsOf are what each match of a rule asks for, in one spelling.
func conditionsOf(tree map[string]any) []string {
	list, _ := tree["matches"].([]any)
	if len(list) == 0 {
		list = []any{map[string]any{}}
	}
	var all []string
	for _, item := range list {
		m, _ := item.(map[string]any)
		path, _ := m["path"].(map[string]any)
		want := map[string]any{"path": orElse(path["type"], "PathPrefix"), "at": orElse(path["value"], "/"), "method": m["method"]}
		for _, kind := range []string{"headers", "queryParams"} {
			values, _ := m[kind].([]any)
			for _, item := range values {
				v, _ := item.(map[string]any)
				name, _ := v["name"].(string)
				if kind == "headers" {
					name = strings.ToLower(name)
				}
				want[kind+" "+name] = []any{orElse(v["type"], "Exact"), v["value"]}
			}
		}
		text, err := json.Marshal(want)
		if err == nil { // it comes from JSON
			all = append(all, string(text))
		}
	}
	return all
}

func orElse(v, other any) any {
	if v == nil {
		return other
	}
	return v
}

// takes reports why a route could not lead as a state says: because it would have too many rules, or because the
// host's own rules match what is to be matched. It does not matter which slot a group will live in.
func (r routing) takes(route *unstructured.Unstructured, s strategy.State) error {
	places := map[strategy.Role]string{strategy.Stable: "a", strategy.Candidate: "b", strategy.Baseline: "baseline"}
	want := split{}
	for role, g := range s.Groups() {
		if f := (flow{g.Share, g.Match, g.Mirror}); !f.none() {
			want[places[role]] = f
		}
	}
	r.order, r.ports = slices.Sorted(maps.Keys(r.backends)), map[string]int64{}
	for _, name := range r.order {
		r.ports[name] = 80 // any will do
	}
	_, _, err := r.write(route, want)
	return err
}
