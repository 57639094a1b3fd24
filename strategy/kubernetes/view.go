package kubernetes

import (
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/strategy"
)

// view is the cluster at one moment, as far as a service goes. It is not changed.
type view struct {
	now   time.Time
	slots []tenant
	// services are those of the slots, and the one Service of Selector and Native, by name.
	services map[string]*corev1.Service
	// endpoints are the pods behind each Service.
	endpoints map[string]map[types.UID]endpoint
	route     *unstructured.Unstructured // nil: Gateway does not lead the traffic, or it is missing
	token     uint64                     // the highest fencing token on any of the objects
}

// endpoint is a pod behind a Service.
type endpoint struct{ ready bool }

// tenant is a slot and who lives in it.
type tenant struct {
	slot
	deployment *appsv1.Deployment                     // nil: there is none
	gated      bool                                   // its pods are of use once they are behind the slot's own Service
	adopted    bool                                   // it was not made by Davit, and is not marked yet
	conflict   *ConflictError                         // somebody else has changed what runs here; nil: nobody has
	pool       strategy.Pool                          // that it is for; zero where there is no Deployment
	pods       []*corev1.Pod                          // that take up room
	lost       []*corev1.Pod                          // that ought to have ended long ago: their node does not tell
	spared     map[types.UID]bool                     // pods that are to end, and were not told so yet
	scaler     *autoscalingv2.HorizontalPodAutoscaler // nil: none
	behind     map[types.UID]endpoint                 // the Service that leads to the slot
	seen       map[types.UID]seen                     // since when what is so, of the Deployment and its pods
}

// replicas is what the Deployment is asked for now.
func (t tenant) replicas() int {
	switch {
	case t.deployment == nil:
		return 0
	case t.deployment.Spec.Replicas == nil:
		return 1
	}
	return int(*t.deployment.Spec.Replicas)
}

// uid is the Deployment's.
func (t tenant) uid() types.UID {
	if t.deployment == nil {
		return ""
	}
	return t.deployment.UID
}

// marked reports whether the slot is marked to get no requests.
func (t tenant) marked() bool { return t.deployment != nil && idleMark(t.deployment) != "" }

// observed reports whether the Deployment's status speaks of what it is asked for now.
func (t tenant) observed() bool {
	return t.deployment == nil || t.deployment.Status.ObservedGeneration >= t.deployment.Generation
}

// empty reports whether nothing runs there, nor is about to.
func (t tenant) empty() bool {
	return t.deployment == nil ||
		t.replicas() == 0 && t.observed() && t.deployment.Status.Replicas == 0 && len(t.pods) == 0
}

// stopping counts the pods that were told to end.
func (t tenant) stopping() int {
	n := 0
	for _, p := range t.pods {
		if p.DeletionTimestamp != nil {
			n++
		}
	}
	return n
}

// autoscaled reports whether an autoscaler decides how many pods there are.
func (t tenant) autoscaled() bool { return t.scaler != nil && t.replicas() > 0 }

func (v *view) tenant(name string) *tenant {
	for i := range v.slots {
		if v.slots[i].name == name {
			return &v.slots[i]
		}
	}
	return nil
}

// holding is the slot of a pool.
func (v *view) holding(p strategy.Pool) *tenant {
	for i := range v.slots {
		if t := &v.slots[i]; t.deployment != nil && t.pool == p {
			return t
		}
	}
	return nil
}

// look takes what the shelves have.
func (t *Target) look(now time.Time) (*view, error) {
	v := &view{now: now, services: map[string]*corev1.Service{}, endpoints: map[string]map[types.UID]endpoint{}}
	for _, s := range t.services.all() {
		if !t.ours(s) {
			continue
		}
		v.services[s.Name] = s
		v.token = max(v.token, fenceOf(s, annotationFence))
	}
	for _, s := range t.endpoints.all() {
		name := s.Labels[discoveryv1.LabelServiceName]
		if v.endpoints[name] == nil {
			v.endpoints[name] = map[types.UID]endpoint{}
		}
		for _, e := range s.Endpoints {
			if e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
				v.endpoints[name][e.TargetRef.UID] = endpoint{ready: e.Conditions.Ready == nil || *e.Conditions.Ready}
			}
		}
	}
	if g, ok := t.s.Traffic.(Gateway); ok {
		if r, found := t.routes.get(g.Route); found {
			v.route = r
			v.token = max(v.token, fenceOf(r, t.fenceKey()))
		}
	}
	for _, at := range t.s.slots {
		n, err := t.lodge(v, at)
		if err != nil {
			return nil, err
		}
		v.slots = append(v.slots, n)
	}
	return v, nil
}

// ours reports whether a Service leads to the slots, as made by Davit, or to be adopted with a slot.
func (t *Target) ours(s *corev1.Service) bool {
	if !t.perSlot() || s.Labels[labelService] == t.s.Name {
		return true
	}
	return t.s.Adopt != nil && s.Labels[labelService] == "" && slices.ContainsFunc(t.s.slots, func(at slot) bool { return at.object == s.Name })
}

// lodge finds who lives in a slot.
func (t *Target) lodge(v *view, at slot) (tenant, error) {
	n := tenant{slot: at, seen: map[types.UID]seen{}}
	d, ok := t.deployments.get(at.object)
	if !ok {
		n.hold(t.podsOf(t.s.labels(at)), t.sights, v.now) // of a Deployment that was taken away
		return n, nil
	}
	n.deployment, n.seen[d.UID] = d, t.sights.deployment(d)
	v.token = max(v.token, fenceOf(d, annotationFence))
	pool, told := poolOf(d)
	switch {
	case told && d.Labels[labelService] == t.s.Name:
		n.pool = pool
	case d.Labels[labelService] != "" && d.Labels[labelService] != t.s.Name:
		return n, fmt.Errorf("deployment %s belongs to service %q: choose other names for the slots of %q (Options.Slots)", at.object, d.Labels[labelService], t.s.Name)
	case t.s.Adopt == nil:
		return n, fmt.Errorf("deployment %s %s", at.object, notOurs)
	default:
		revision, err := t.s.Adopt(d)
		if err != nil {
			return n, fmt.Errorf("adopt deployment %s: %w", at.object, err)
		}
		if err := t.s.adoptable(at, d); err != nil {
			return n, fmt.Errorf("adopt deployment %s: %w", at.object, err)
		}
		n.adopted, n.pool = true, strategy.Pool{Revision: revision, Baseline: at.baseline}
	}
	n.conflict = n.seized(t.s.FieldManager, t.s.Container)
	n.hold(t.podsOf(d.Spec.Selector.MatchLabels), t.sights, v.now)
	if s := v.services[t.leads(at)]; s != nil {
		n.behind, n.gated = v.endpoints[s.Name], t.perSlot()
	}
	for _, h := range t.scalers.all() {
		if ref := h.Spec.ScaleTargetRef; ref.Kind == "Deployment" && ref.Name == at.object {
			n.scaler = h
		}
	}
	return n, nil
}

// perSlot reports whether each slot has a Service of its own.
func (t *Target) perSlot() bool {
	_, gateway := t.s.Traffic.(Gateway)
	return gateway
}

// leads is the name of the Service that leads to a slot.
func (t *Target) leads(at slot) string {
	switch mode := t.s.Traffic.(type) {
	case Selector:
		return mode.Service
	case Native:
		return mode.Service
	}
	return at.object
}

func (t *Target) podsOf(labels map[string]string) []*corev1.Pod {
	return slices.DeleteFunc(t.pods.all(), func(p *corev1.Pod) bool { return !within(labels, p.Labels) })
}

// within reports whether all of the wanted labels are there.
func within(wanted, labels map[string]string) bool {
	for k, v := range wanted {
		if labels[k] != v {
			return false
		}
	}
	return len(wanted) > 0
}

// adoptable reports whether a Deployment that was not made by Davit can be a slot's.
func (s settings) adoptable(at slot, d *appsv1.Deployment) error {
	if d.Spec.Selector == nil || len(d.Spec.Selector.MatchLabels) == 0 || len(d.Spec.Selector.MatchExpressions) > 0 {
		return errors.New("its selector is not one of labels alone")
	}
	for _, other := range s.slots {
		if other == at {
			continue
		}
		if within(d.Spec.Selector.MatchLabels, s.podLabels(other)) {
			return fmt.Errorf("its selector %v selects the pods of %s too: leave one of these labels out of the manifest's pod template, the slot gets it all the same", d.Spec.Selector.MatchLabels, other.object)
		}
	}
	return nil
}
