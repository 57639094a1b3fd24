package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// fenceKey is where the token stands on an HTTPRoute, which several services may share.
func (t *Target) fenceKey() string { return annotationFence + "." + t.s.Name }

// Fence stamps all objects of the service with the token: first the one that leads the traffic, which
// there always is, then the Deployments. A host that has a lower one finds its writes refused, because
// they are based on older versions, looks, and sees who has taken over.
func (t *Target) Fence(ctx context.Context, token uint64) error {
	for range passes {
		if err := t.trust(ctx, false); err != nil {
			return err
		}
		if err := t.readAnchor(ctx); err != nil {
			return err
		}
		v, err := t.look(time.Now())
		if err != nil {
			return err
		}
		if v.token > token {
			return fmt.Errorf("%w: %d has it, not %d", rollout.ErrFenced, v.token, token)
		}
		t.token.Store(token)
		err = t.stamp(ctx, v, token)
		if err == nil || !errors.Is(err, errStale) {
			return err
		}
	}
	return errors.New("stamp the service's objects: others keep changing them")
}

func (t *Target) stamp(ctx context.Context, v *view, token uint64) error {
	if err := t.stampAnchor(ctx, v, token); err != nil {
		return err
	}
	// What another host has made meanwhile is not on the shelf yet.
	list, err := t.clients.Kubernetes.AppsV1().Deployments(t.s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labelService + "=" + t.s.Name})
	if err != nil {
		return t.explain(call{verb: "list", group: "apps", resource: "deployments", namespace: t.s.Namespace}, err)
	}
	for i := range list.Items {
		d := &list.Items[i]
		t.deployments.put(d)
		switch other := fenceOf(d, annotationFence); {
		case other > token:
			return fmt.Errorf("%w: %d has it, not %d", rollout.ErrFenced, other, token)
		case other == token:
			continue
		}
		if err := t.mergeDeployment(ctx, d, change{}); err != nil {
			return err
		}
	}
	return nil
}

// stampAnchor stamps what leads the traffic.
func (t *Target) stampAnchor(ctx context.Context, v *view, token uint64) error {
	if _, ok := t.s.Traffic.(Gateway); !ok {
		name := t.leads(t.s.slots[0])
		svc := v.services[name]
		if svc == nil {
			if err := t.expose(ctx, name, map[string]string{labelService: t.s.Name}, t.selectorOf(v, "")); err != nil {
				return err
			}
			if svc, _ = t.services.get(name); svc == nil {
				return errStale
			}
		}
		if fenceOf(svc, annotationFence) == token {
			return nil
		}
		return t.patchService(ctx, svc, nil)
	}
	if v.route == nil {
		_, err := t.traffic(v)
		return err
	}
	if fenceOf(v.route, t.fenceKey()) == token {
		return nil
	}
	return t.mergeRoute(ctx, v.route, change{})
}

// readAnchor reads what leads the traffic as it is now, for the token on it.
func (t *Target) readAnchor(ctx context.Context) error {
	c := call{verb: "get", resource: "services", namespace: t.s.Namespace, name: t.leads(t.s.slots[0])}
	if g, ok := t.s.Traffic.(Gateway); ok {
		c = call{verb: "get", group: httpRoutes().Group, resource: "httproutes", namespace: t.s.Namespace, name: g.Route}
	}
	if err := t.refresh(ctx, c); !apierrors.IsNotFound(err) {
		return t.explain(c, err)
	}
	return nil
}
