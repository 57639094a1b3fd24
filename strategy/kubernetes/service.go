package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// exposeSlot makes the Service of a slot, or mends it.
func (t *Target) exposeSlot(ctx context.Context, v *view, n tenant) error {
	selector := n.selector(t.s.Name)
	if svc := v.services[n.object]; svc != nil {
		return t.patchService(ctx, svc, selector)
	}
	return t.expose(ctx, n.object, t.s.labels(n.slot), selector)
}

// expose makes a Service.
func (t *Target) expose(ctx context.Context, name string, labels, selector map[string]string) error {
	client := t.clients.Kubernetes.CoreV1().Services(t.s.Namespace)
	found, err := client.Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil && found.Labels[labelService] == t.s.Name:
		t.services.put(found)
		return nil
	case err == nil:
		return rollout.Permanent(fmt.Errorf("service %s exists and was not made by Davit: delete it, or choose other names (Options.Slots, Options.Baseline)", name))
	case !apierrors.IsNotFound(err):
		return t.explain(call{"get", "", "services", t.s.Namespace, name}, err)
	}
	tree, err := t.s.service(name, labels, selector)
	if err != nil {
		return rollout.Permanent(fmt.Errorf("make service %s: %w", name, err))
	}
	body, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	force := t.s.Conflicts == Take
	_, err = send(ctx, t, client, t.services, name, types.ApplyPatchType, body, metav1.PatchOptions{Force: &force})
	return err
}

// lead writes the route, or the Service's selector.
func (t *Target) lead(ctx context.Context, v *view, want split) error {
	if _, ok := t.s.Traffic.(Gateway); !ok {
		return t.choose(ctx, v, want)
	}
	rules, added, err := t.routing(v).write(v.route, want)
	if err != nil {
		return rollout.Permanent(err)
	}
	notes := map[string]any{annotationRules + t.s.Name: nil}
	if len(added.Rules) > 0 {
		notes[annotationRules+t.s.Name] = added.text()
	}
	return t.mergeRoute(ctx, v.route, change{annotations: notes, spec: map[string]any{"rules": rules}})
}

// choose makes the one Service select a slot, or nobody.
func (t *Target) choose(ctx context.Context, v *view, want split) error {
	to := ""
	for name := range want {
		to = name
	}
	name, selector := t.leads(t.s.slots[0]), t.selectorOf(v, to)
	svc := v.services[name]
	if svc == nil {
		return t.expose(ctx, name, map[string]string{labelService: t.s.Name}, selector)
	}
	return t.patchService(ctx, svc, selector)
}

// patchService changes whom a Service selects; nil: it stays.
func (t *Target) patchService(ctx context.Context, svc *corev1.Service, selector map[string]string) error {
	if other := svc.Labels[labelService]; other != "" && other != t.s.Name {
		return rollout.Permanent(fmt.Errorf("service %s leads to %q: each service needs one of its own", svc.Name, other))
	}
	c := change{annotations: t.stamped(annotationFence, nil)}
	if selector != nil {
		whole := map[string]any{}
		for k := range svc.Spec.Selector {
			whole[k] = nil // a merge patch leaves what it does not name
		}
		for k, v := range selector {
			whole[k] = v
		}
		c.labels, c.spec = map[string]string{labelService: t.s.Name}, map[string]any{"selector": whole}
	}
	return merge(ctx, t, t.clients.Kubernetes.CoreV1().Services(t.s.Namespace), t.services, svc, c)
}

// move points the autoscaler of another slot at this one.
func (t *Target) move(ctx context.Context, v *view, to tenant) error {
	// An autoscaler has no mark of who owns the service: that is read where it stands.
	if err := t.readAnchor(ctx); err != nil {
		return err
	}
	if now, err := t.look(time.Now()); err != nil || t.mayWrite(now) != nil {
		return errors.Join(err, t.mayWrite(now))
	}
	for _, n := range v.slots {
		if n.scaler == nil || n.name == to.name || n.baseline {
			continue
		}
		c := change{spec: map[string]any{"scaleTargetRef": map[string]any{"name": to.object}}}
		if err := merge(ctx, t, t.clients.Kubernetes.AutoscalingV2().HorizontalPodAutoscalers(t.s.Namespace), t.scalers, n.scaler, c); err != nil {
			return err
		}
	}
	return nil
}
