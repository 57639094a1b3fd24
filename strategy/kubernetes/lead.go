package kubernetes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/strategy"
)

// nowhere is the slot that a Service selects which leads to nobody.
const nowhere = "none"

// traffic reads who gets which requests.
func (t *Target) traffic(v *view) (traffic, error) {
	g, ok := t.s.Traffic.(Gateway)
	if !ok {
		return t.selected(v), nil
	}
	if v.route == nil {
		return traffic{}, fmt.Errorf("there is no httproute %s in namespace %s: it is the host's to make, with its parents and hostnames (Gateway.Route)", g.Route, t.s.Namespace)
	}
	r := t.routing(v)
	now, err := r.read(v.route)
	if err != nil {
		return traffic{}, err
	}
	return traffic{
		split: now, busy: r.busy(v.route), pending: r.pending(v.route),
		same: func(want split) bool {
			rules, added, err := r.write(v.route, want)
			return err == nil && sameSplit(now, want) && reflect.DeepEqual(added, addedTo(v.route, t.s.Name)) &&
				reflect.DeepEqual(any(rules), v.route.Object["spec"].(map[string]any)["rules"])
		},
	}, nil
}

// routing is what reads and writes the route, as the slots are now.
func (t *Target) routing(v *view) routing {
	r := routing{gateway: t.s.Traffic.(Gateway), service: t.s.Name, backends: map[string]string{}, ports: map[string]int64{}}
	for _, at := range t.s.slots {
		r.backends[at.object] = at.name
		if svc := v.services[at.object]; svc != nil {
			r.order = append(r.order, at.object)
			r.ports[at.object] = int64(t.s.port(svc))
		}
	}
	return r
}

// port is where a Gateway sends requests to: the first of the settings, or, where a Service that was adopted has
// no such, the first that it has.
func (s settings) port(svc *corev1.Service) int32 {
	for _, p := range svc.Spec.Ports {
		if p.Port == s.Ports[0].Port {
			return p.Port
		}
	}
	if len(svc.Spec.Ports) > 0 {
		return svc.Spec.Ports[0].Port
	}
	return s.Ports[0].Port
}

// selectorOf is what selects the pods of a slot, and of no other.
func (t *Target) selectorOf(v *view, name string) map[string]string {
	if n := v.tenant(name); n != nil {
		return n.selector(t.s.Name)
	}
	return map[string]string{labelService: t.s.Name, labelSlot: nowhere}
}

// selector is what selects the pods of the slot: its Deployment's own, which cannot be changed.
func (t tenant) selector(service string) map[string]string {
	if t.deployment != nil {
		return t.deployment.Spec.Selector.MatchLabels
	}
	return map[string]string{labelService: service, labelSlot: t.name}
}

// selected reads whom the one Service leads to: whom it selects, once those alone are behind it.
func (t *Target) selected(v *view) traffic {
	name := t.leads(t.s.slots[0])
	svc := v.services[name]
	if svc == nil {
		return traffic{split: split{}, same: func(want split) bool { return len(want) == 0 }}
	}
	owners := owners(v)
	ready, busy := map[string]int{}, map[string]bool{}
	for uid, e := range v.endpoints[name] {
		if owner, ok := owners[uid]; ok {
			busy[owner] = true
			if e.ready {
				ready[owner]++
			}
		}
	}
	var chosen []string
	for _, n := range v.slots {
		if selects(svc, n) {
			chosen, busy[n.name] = append(chosen, n.name), true
		}
	}
	now := traffic{split: split{}, busy: busy}
	only := ""
	if len(chosen) == 1 {
		only = chosen[0]
	}
	led := only
	for _, owner := range slices.Sorted(maps.Keys(ready)) {
		if owner == only {
			continue
		}
		if only != "" {
			now.pending = fmt.Sprintf("service %s selects %s, and pods of %s are still behind it", name, v.tenant(only).object, v.tenant(owner).object)
		}
		if led == only || ready[owner] > ready[led] {
			led = owner
		}
	}
	if only != "" && len(ready) == 0 && slices.ContainsFunc(v.tenant(only).pods, func(p *corev1.Pod) bool { return p.DeletionTimestamp == nil && readyNow(p) }) {
		now.pending = fmt.Sprintf("service %s selects %s, and none of its pods is behind it yet", name, v.tenant(only).object)
	}
	if led != "" {
		now.split[led] = flow{share: strategy.All()}
	}
	if len(chosen) == 0 {
		now.pending = "" // whoever is still behind it is on its way out
		if len(now.split) > 0 {
			now.pending = fmt.Sprintf("service %s selects nobody, and pods of %s are still behind it", name, v.tenant(led).object)
		}
	}
	now.same = func(want split) bool {
		to := ""
		for slot := range want {
			to = slot
		}
		return maps.Equal(svc.Spec.Selector, t.selectorOf(v, to))
	}
	return now
}

// selects reports whether a Service selects the pods of a slot.
func selects(svc *corev1.Service, n tenant) bool {
	return n.deployment != nil && within(svc.Spec.Selector, n.deployment.Spec.Template.Labels)
}

// owners are the slots of all pods.
func owners(v *view) map[types.UID]string {
	owners := map[types.UID]string{}
	for _, n := range v.slots {
		for _, p := range n.pods {
			owners[p.UID] = n.name
		}
	}
	return owners
}

// nativeFlows divides the traffic among the pools of the one Deployment, by their pods behind the Service.
func nativeFlows(v *view, now traffic) map[strategy.Pool]flow {
	flows := map[strategy.Pool]flow{}
	n := v.slots[0]
	if len(now.split) == 0 || n.deployment == nil {
		return flows
	}
	ready, total := map[strategy.Pool]int{}, 0
	for _, p := range n.pods {
		if n.behind[p.UID].ready {
			pool, ok := poolOf(p)
			if !ok {
				pool = n.pool
			}
			ready[pool]++
			total++
		}
	}
	if total == 0 {
		flows[n.pool] = flow{share: strategy.All()}
		return flows
	}
	rest := strategy.All()
	pools := slices.SortedFunc(maps.Keys(ready), comparePools)
	for i, pool := range pools {
		share := strategy.Ratio(ready[pool], total)
		if i == len(pools)-1 {
			share = rest
		}
		flows[pool], rest = flow{share: share}, rest.Minus(share)
	}
	return flows
}
