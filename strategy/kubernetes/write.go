package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// write makes one change.
func (t *Target) write(ctx context.Context, v *view, w write) error {
	var err error
	switch n := v.tenant(w.slot); w.kind {
	case adopt:
		err = t.adopt(ctx, *n)
	case expose:
		err = t.exposeSlot(ctx, v, *n)
	case place, limit:
		err = t.place(ctx, *n, w)
	case scale:
		err = t.scale(ctx, n.deployment, w)
	case mark:
		err = t.mark(ctx, n.deployment, w.idle)
	case lead:
		err = t.lead(ctx, v, w.split)
	case follower:
		err = t.move(ctx, v, *n)
	}
	if err == nil {
		t.log.Info("wrote", "what", w.String())
	}
	return err
}

// String is the write on one line, for the log.
func (w write) String() string {
	switch w.kind {
	case place:
		return fmt.Sprintf("%s %s: %s moves in", w.kind, w.slot, w.pool)
	case limit:
		return fmt.Sprintf("%s %s: %s more, and %s fewer", w.kind, w.slot, w.rolling.MaxSurge, w.rolling.MaxUnavailable)
	case scale:
		return fmt.Sprintf("%s %s to %d", w.kind, w.slot, w.replicas)
	case lead:
		return fmt.Sprintf("%s: %v", w.kind, w.split)
	case mark:
		return fmt.Sprintf("%s %s: idle %t", w.kind, w.slot, !w.idle.IsZero())
	}
	return fmt.Sprintf("%s %s", w.kind, w.slot)
}

// stamped are annotations together with the fencing token, if there is one.
func (t *Target) stamped(key string, annotations map[string]any) map[string]any {
	if token := t.token.Load(); token > 0 {
		if annotations == nil {
			annotations = map[string]any{}
		}
		annotations[key] = strconv.FormatUint(token, 10)
	}
	return annotations
}

// missed explains an error. Where an object was changed meanwhile, what it is now is read, and not waited for.
func (t *Target) missed(ctx context.Context, c call, err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		if err := t.refresh(ctx, c); err != nil {
			t.log.Debug("read what has changed", "object", c.object(), "error", err) // the watches tell, too
		}
	}
	return t.explain(c, err)
}

// refresh reads an object itself.
func (t *Target) refresh(ctx context.Context, c call) error {
	k, o := t.clients.Kubernetes, metav1.GetOptions{}
	switch c.resource {
	case "deployments":
		d, err := k.AppsV1().Deployments(c.namespace).Get(ctx, c.name, o)
		if err == nil && (t.s.Adopt != nil || d.Labels[labelService] == t.s.Name) {
			t.deployments.put(d)
		}
		return err
	case "services":
		s, err := k.CoreV1().Services(c.namespace).Get(ctx, c.name, o)
		if err == nil {
			t.services.put(s)
		}
		return err
	case "httproutes":
		r, err := t.clients.Dynamic.Resource(httpRoutes()).Namespace(c.namespace).Get(ctx, c.name, o)
		if err == nil {
			t.routes.put(r)
		}
		return err
	}
	return nil
}

// adopt marks a Deployment as the slot's, as it stands.
func (t *Target) adopt(ctx context.Context, n tenant) error {
	annotations := map[string]any{annotationAsked: strconv.Itoa(n.replicas())}
	for k, v := range tellsPool(n.pool) {
		annotations[k] = v
	}
	return t.mergeDeployment(ctx, n.deployment, change{labels: t.s.labels(n.slot), annotations: annotations})
}

// place applies the manifest of a pool, or, for other limits alone, what runs. A Deployment is made without pods; they
// are asked for once it is sure that nobody else has taken over meanwhile.
func (t *Target) place(ctx context.Context, n tenant, w write) error {
	image, err := t.s.image(w.pool.Revision)
	if err != nil {
		return rollout.Permanent(err)
	}
	client := t.clients.Kubernetes.AppsV1().Deployments(t.s.Namespace)
	tenancy := tenancy{at: n.slot, pool: w.pool, image: image, rolling: w.rolling}
	version := ""
	if n.deployment == nil {
		found, err := client.Get(ctx, n.object, metav1.GetOptions{})
		switch {
		case err == nil && found.Labels[labelService] == t.s.Name:
			t.deployments.put(found) // made by an earlier call, whose answer was lost
			return nil
		case err == nil:
			return rollout.Permanent(fmt.Errorf("deployment %s %s", n.object, notOurs))
		case !apierrors.IsNotFound(err):
			return t.explain(call{"get", "apps", "deployments", t.s.Namespace, n.object}, err)
		}
		tenancy.replicas = new(int32)
	} else {
		version, tenancy.selector = n.deployment.ResourceVersion, n.deployment.Spec.Selector.MatchLabels
		if applied(n.deployment.ManagedFields, t.s.FieldManager, "f:spec", "f:replicas") {
			tenancy.replicas = n.deployment.Spec.Replicas // it would be reset if it were left out
		}
	}
	if w.kind == limit {
		tenancy.template = &n.deployment.Spec.Template // or its pods would be replaced once more
	} else if _, native := t.s.Traffic.(Native); native && n.deployment != nil && n.pool != w.pool {
		if tenancy.template, err = t.before(ctx, n.deployment, w.pool); err != nil {
			return err
		}
	}
	tree, err := t.s.deployment(tenancy)
	if err != nil {
		return rollout.Permanent(fmt.Errorf("make the manifest of %s: %w", n.object, err))
	}
	force := t.s.Conflicts == Take
	if n.untouched(t.s.FieldManager) {
		if err := t.clear(ctx, &n, tree); err != nil {
			return err
		}
		version, force = n.deployment.ResourceVersion, true // it is the manifest's from now on: whoever adopts has said so
	}
	if version != "" {
		child(tree, "metadata")["resourceVersion"] = version
	}
	body, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	d, err := send(ctx, t, client, t.deployments, n.object, types.ApplyPatchType, body, metav1.PatchOptions{Force: &force})
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.placed[n.name] = d.Generation
	t.mu.Unlock()
	if n.deployment == nil {
		return t.readAnchor(ctx)
	}
	return nil
}

// scale asks for so many pods.
func (t *Target) scale(ctx context.Context, d *appsv1.Deployment, w write) error {
	notes := map[string]any{annotationAsked: strconv.Itoa(w.asked)}
	if w.peak != "" {
		notes[annotationPeak] = w.peak
	}
	return t.mergeDeployment(ctx, d, change{annotations: notes, spec: map[string]any{"replicas": w.replicas, "minReadySeconds": w.minReady}})
}

// mark writes down since when a slot is idle, or that it is not.
func (t *Target) mark(ctx context.Context, d *appsv1.Deployment, idle time.Time) error {
	var since any // null takes it away
	if !idle.IsZero() {
		since = idle.UTC().Format(time.RFC3339Nano)
	}
	return t.mergeDeployment(ctx, d, change{annotations: map[string]any{annotationIdle: since}})
}
