package kubernetes

import (
	"context"
	"encoding/json"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// change is what a merge patch changes of an object: what it does not name stays, and null takes away.
type change struct {
	labels      map[string]string
	annotations map[string]any
	spec        map[string]any
}

// of is the patch of an object, which fails where that is not what was seen.
func (c change) of(seen metav1.Object) ([]byte, error) {
	meta := map[string]any{"resourceVersion": seen.GetResourceVersion(), "uid": string(seen.GetUID())}
	tree := map[string]any{"metadata": meta}
	if c.labels != nil {
		meta["labels"] = c.labels
	}
	if c.annotations != nil {
		meta["annotations"] = c.annotations
	}
	if c.spec != nil {
		tree["spec"] = c.spec
	}
	return json.Marshal(tree)
}

// patcher is the client of one kind of objects.
type patcher[T metav1.Object] interface {
	Patch(ctx context.Context, name string, kind types.PatchType, body []byte, o metav1.PatchOptions, below ...string) (T, error)
}

// merge changes an object that was seen, and keeps what it is then.
func merge[T metav1.Object](ctx context.Context, t *Target, to patcher[T], kept *shelf[T], seen T, c change) error {
	body, err := c.of(seen)
	if err != nil {
		return err
	}
	_, err = send(ctx, t, to, kept, seen.GetName(), types.MergePatchType, body, metav1.PatchOptions{})
	return err
}

// send sends a patch, and keeps what the object is then.
func send[T metav1.Object](ctx context.Context, t *Target, to patcher[T], kept *shelf[T], name string, kind types.PatchType, body []byte, o metav1.PatchOptions) (T, error) {
	o.FieldManager = t.s.FieldManager
	next, err := to.Patch(ctx, name, kind, body, o)
	if err != nil {
		resource, group, _ := strings.Cut(kept.kind, ".")
		return next, t.missed(ctx, call{"patch", group, resource, t.s.Namespace, name}, err)
	}
	kept.put(next)
	t.beat()
	return next, nil
}

// mergeDeployment changes a Deployment beside its manifest, and stamps it.
func (t *Target) mergeDeployment(ctx context.Context, d *appsv1.Deployment, c change) error {
	c.annotations = t.stamped(annotationFence, c.annotations)
	return merge(ctx, t, t.clients.Kubernetes.AppsV1().Deployments(t.s.Namespace), t.deployments, d, c)
}

// mergeRoute changes the HTTPRoute, and stamps it.
func (t *Target) mergeRoute(ctx context.Context, r *unstructured.Unstructured, c change) error {
	c.annotations = t.stamped(t.fenceKey(), c.annotations)
	return merge(ctx, t, t.clients.Dynamic.Resource(httpRoutes()).Namespace(t.s.Namespace), t.routes, r, c)
}
