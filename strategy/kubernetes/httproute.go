package kubernetes

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/davit-sdk/davit/strategy"
)

// routing reads and writes the rules of an HTTPRoute. It is pure.
type routing struct {
	gateway  Gateway
	service  string            // whose it is
	backends map[string]string // the slots, by the name of their Service
	order    []string          // the Services of the slots that exist, in a fixed order
	ports    map[string]int64  // of those Services
}

// rule is one entry of spec.rules.
type rule struct {
	tree  map[string]any
	added bool // by a target, for requests with a header or a cookie
	led   bool // its backends are the slots
}

// rules sorts the rules of a route into those that are led, those that were added, and all others.
func (r routing) rules(route *unstructured.Unstructured) ([]rule, error) {
	list, _, err := unstructured.NestedSlice(route.Object, "spec", "rules")
	if err != nil {
		return nil, fmt.Errorf("httproute %s: spec.rules: %w", route.GetName(), err)
	}
	ours := addedTo(route, r.service).Rules
	var rules []rule
	led := 0
	for _, item := range list {
		tree, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("httproute %s: a rule is a %T", route.GetName(), item)
		}
		one := rule{tree: tree}
		switch {
		case slices.Contains(ours, fingerprint(tree["matches"])) && r.onlySlots(tree):
			one.added = true
		case r.gateway.Rule != "":
			one.led = tree["name"] == r.gateway.Rule
		default:
			one.led = r.names(tree)
		}
		if one.led {
			led++
		}
		rules = append(rules, one)
	}
	if led > 0 {
		return rules, nil
	}
	if others := slices.IndexFunc(rules, func(r rule) bool { return !r.added }); r.gateway.Rule == "" && others >= 0 && alone(rules) {
		rules[others].led = true
		return rules, nil
	}
	if r.gateway.Rule != "" {
		return nil, fmt.Errorf("httproute %s has no rule with the name %q", route.GetName(), r.gateway.Rule)
	}
	return nil, fmt.Errorf("httproute %s: none of its %d rules has a backend among %q: name the rule to lead (Gateway.Rule), or the Service whose place is taken over (Gateway.From)",
		route.GetName(), len(rules), slices.Sorted(maps.Keys(r.known())))
}

func alone(rules []rule) bool {
	n := 0
	for _, r := range rules {
		if !r.added {
			n++
		}
	}
	return n == 1
}

// known are the Services that make a rule one to lead.
func (r routing) known() map[string]bool {
	known := map[string]bool{}
	for name := range r.backends {
		known[name] = true
	}
	for _, name := range r.gateway.From {
		known[name] = true
	}
	return known
}

func (r routing) names(tree map[string]any) bool {
	known := r.known()
	for _, b := range backends(tree) {
		if name, ok := b.service(); ok && known[name] {
			return true
		}
	}
	return false
}

// slotted reports whether any backend of a rule is a slot.
func (r routing) slotted(tree map[string]any) bool {
	return slices.ContainsFunc(backends(tree), func(b backend) bool {
		name, ok := b.service()
		return ok && r.backends[name] != ""
	})
}

// onlySlots reports whether all backends of a rule are slots.
func (r routing) onlySlots(tree map[string]any) bool {
	list := backends(tree)
	for _, b := range list {
		if name, ok := b.service(); !ok || r.backends[name] == "" {
			return false
		}
	}
	return len(list) > 0
}

// backend is one entry of backendRefs.
type backend map[string]any

func backends(tree map[string]any) []backend {
	list, _ := tree["backendRefs"].([]any)
	var all []backend
	for _, item := range list {
		if b, ok := item.(map[string]any); ok {
			all = append(all, b)
		}
	}
	return all
}

// service is the name of the Service of the same namespace that is referred to.
func (b backend) service() (string, bool) {
	name, _ := b["name"].(string)
	kind, _ := b["kind"].(string)
	group, _ := b["group"].(string)
	namespace, _ := b["namespace"].(string)
	return name, (kind == "" || kind == "Service") && group == "" && namespace == "" && name != ""
}

// weight is from 0 to a million; the API server takes no others.
func (b backend) weight() int64 {
	if w, ok := b["weight"].(int64); ok {
		return min(max(w, 0), 1_000_000)
	}
	return 1
}

// read tells what the slots get. Where several rules are led and differ, it is the mean of them, which is
// what none of them should have.
func (r routing) read(route *unstructured.Unstructured) (split, error) {
	rules, err := r.rules(route)
	if err != nil {
		return nil, err
	}
	shares, mirrors, led := map[string]int{}, map[string]int{}, 0
	present := 0
	for _, one := range rules {
		if one.added {
			present++
		}
		if !one.led {
			continue
		}
		led++
		for name, n := range r.shares(one.tree) {
			shares[name] += n
		}
		for name, n := range r.mirrors(one.tree) {
			mirrors[name] += n
		}
	}
	ours := addedTo(route, r.service)
	now := split{}
	for _, name := range r.backends {
		f := flow{share: strategy.Millionths(shares[name] / led), mirror: strategy.Millionths(mirrors[name] / led)}
		if present == len(ours.Rules) && present > 0 {
			f.match = ours.Match[name]
		}
		if !f.none() {
			now[name] = f
		}
	}
	return now, nil
}

// shares are what a rule gives to each slot, in millionths.
func (r routing) shares(tree map[string]any) map[string]int {
	const whole = 1_000_000
	total, led := int64(0), int64(0)
	weights := map[string]int64{}
	for _, b := range backends(tree) {
		total += b.weight()
		if name, ok := b.service(); ok && r.backends[name] != "" {
			weights[r.backends[name]] += b.weight()
			led += b.weight()
		}
	}
	shares := map[string]int{}
	if led == 0 {
		return shares
	}
	rest := int(led * whole / total)
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		shares[name] = int(weights[name] * whole / total)
		rest -= shares[name]
	}
	// Thirds do not add up: what is left goes to those that lost most by rounding.
	names := slices.SortedFunc(maps.Keys(weights), func(a, b string) int {
		if x, y := weights[a]*whole%total, weights[b]*whole%total; x != y {
			return int(y - x)
		}
		return cmp.Compare(a, b)
	})
	for i := 0; i < rest && i < len(names); i++ {
		shares[names[i]]++
	}
	return shares
}

// mirrors are the copies that a rule sends to each slot, in millionths.
func (r routing) mirrors(tree map[string]any) map[string]int {
	copies := map[string]int{}
	list, _ := tree["filters"].([]any)
	for _, item := range list {
		if name, ok := r.mirrored(item); ok {
			f := item.(map[string]any)["requestMirror"].(map[string]any)
			copies[name] += fraction(f)
		}
	}
	return copies
}

// mirrored is the slot that a filter sends copies to.
func (r routing) mirrored(filter any) (string, bool) {
	f, _ := filter.(map[string]any)
	mirror, _ := f["requestMirror"].(map[string]any)
	ref, _ := mirror["backendRef"].(map[string]any)
	name, ok := backend(ref).service()
	return r.backends[name], ok && f["type"] == "RequestMirror" && r.backends[name] != ""
}

func fraction(mirror map[string]any) int {
	const whole = 1_000_000
	if p, ok := mirror["percent"].(int64); ok {
		return int(p) * whole / 100
	}
	f, ok := mirror["fraction"].(map[string]any)
	if !ok {
		return whole
	}
	n, _ := f["numerator"].(int64)
	d, ok := f["denominator"].(int64)
	if !ok {
		d = 100
	}
	if d <= 0 {
		return 0
	}
	return int(n * whole / d)
}

// fingerprint tells a rule that was added from all others, by what it matches.
func fingerprint(matches any) string {
	text, err := json.Marshal(matches)
	if err != nil || matches == nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// busy are the slots that any rule of the route, ours or not, may send something to.
func (r routing) busy(route *unstructured.Unstructured) map[string]bool {
	busy := map[string]bool{}
	list, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	for _, item := range list {
		tree, _ := item.(map[string]any)
		for _, b := range backends(tree) {
			if name, ok := b.service(); ok && r.backends[name] != "" && b.weight() > 0 {
				busy[r.backends[name]] = true
			}
		}
		for name, n := range r.mirrors(tree) {
			busy[name] = busy[name] || n > 0
		}
	}
	return busy
}
