package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/davit-sdk/davit/strategy/rollout"
)

const (
	// interruption is how long a call waits for a watch that has just ended, as each does now and then.
	interruption = time.Second
	// silence is how long nothing may be heard of the API server before it is asked whether it is there:
	// a connection that is cut without a word looks like a cluster in which nothing happens.
	silence = 5 * time.Second
	// secondLook is how long a right may be refused while nothing moves yet.
	secondLook = time.Second
	// heartbeat is how long it may take to answer that.
	heartbeat = 3 * time.Second
)

// httpRoutes is the resource of the Gateway API.
func httpRoutes() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}
}

// watch begins to follow all that belongs to the service.
func (t *Target) watch() {
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	k, ns := t.clients.Kubernetes, t.s.Namespace
	ours, services, names := labelService+"="+t.s.Name, source{labels: labelService + "=" + t.s.Name}, []string{}
	if t.s.Adopt != nil {
		ours, services.labels = "", ""
	}
	for _, at := range t.s.slots {
		names = append(names, t.leads(at))
	}
	if _, ok := t.s.Traffic.(Gateway); !ok {
		services = source{fields: "metadata.name=" + names[0]}
	}
	t.deployments = newShelf[*appsv1.Deployment]("deployments.apps", t.beat)
	t.pods = newShelf[*corev1.Pod]("pods", t.beat)
	t.services = newShelf[*corev1.Service]("services", t.beat)
	t.endpoints = newShelf[*discoveryv1.EndpointSlice]("endpointslices.discovery.k8s.io", t.beat)
	t.scalers = newShelf[*autoscalingv2.HorizontalPodAutoscaler]("horizontalpodautoscalers.autoscaling", t.beat)
	t.routes = newShelf[*unstructured.Unstructured]("httproutes.gateway.networking.k8s.io", t.beat)
	t.pods.seen = func(pod *corev1.Pod) { t.ledger.note(pod); t.sights.pod(pod) }
	t.pods.gone = func(pod *corev1.Pod) { t.sights.forget(pod.UID) }
	t.deployments.seen = func(d *appsv1.Deployment) { t.sights.deployment(d) }
	t.deployments.gone = func(d *appsv1.Deployment) { t.sights.forget(d.UID) }

	start(ctx, t, t.deployments, from(k.AppsV1().Deployments(ns)), source{labels: ours})
	start(ctx, t, t.pods, from(k.CoreV1().Pods(ns)), source{labels: ours, narrow: t.labelsOfPods})
	start(ctx, t, t.services, from(k.CoreV1().Services(ns)), services)
	start(ctx, t, t.endpoints, from(k.DiscoveryV1().EndpointSlices(ns)), source{labels: discoveryv1.LabelServiceName + " in (" + strings.Join(names, ",") + ")"})
	start(ctx, t, t.scalers, from(k.AutoscalingV2().HorizontalPodAutoscalers(ns)), source{})
	if g, ok := t.s.Traffic.(Gateway); ok {
		start(ctx, t, t.routes, from(t.clients.Dynamic.Resource(httpRoutes()).Namespace(ns)), source{fields: "metadata.name=" + g.Route})
	}
}

// labelsOfPods are those by which all pods of the service are found. A Deployment that was taken over once selects its
// pods by other labels for ever, and those that it has made before have none of ours.
func (t *Target) labelsOfPods(ctx context.Context) (string, error) {
	ours := labelService + "=" + t.s.Name
	if t.s.Adopt != nil {
		return "", nil
	}
	list, err := t.clients.Kubernetes.AppsV1().Deployments(t.s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: ours})
	if err != nil {
		return "", call{verb: "list", group: "apps", resource: "deployments", namespace: t.s.Namespace}.explain(err)
	}
	for _, d := range list.Items {
		if d.Spec.Selector == nil || d.Spec.Selector.MatchLabels[labelService] != t.s.Name {
			return "", nil
		}
	}
	return ours, nil
}

// lister is a client of one kind of objects in one namespace.
type lister[L runtime.Object] interface {
	List(ctx context.Context, o metav1.ListOptions) (L, error)
	Watch(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error)
}

func from[L runtime.Object](client lister[L]) source {
	return source{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return client.List(ctx, o) },
		watch: client.Watch,
	}
}

func start[T metav1.Object](ctx context.Context, t *Target, s *shelf[T], client, which source) {
	client.labels, client.fields, client.narrow = which.labels, which.fields, which.narrow
	t.follows.Go(func() { follow(ctx, s, client) })
}

// beat notes that the API server has answered.
func (t *Target) beat() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.alive = time.Now()
}

func (t *Target) healths() []health {
	all := []health{t.deployments.health(), t.pods.health(), t.services.health(), t.endpoints.health(), t.scalers.health()}
	if _, ok := t.s.Traffic.(Gateway); ok {
		all = append(all, t.routes.health())
	}
	return all
}

// trust returns nil once what the watches tell can be believed. When opening it waits for that as long as
// ctx lasts, and else for a moment.
func (t *Target) trust(ctx context.Context, opening bool) error {
	limit := time.NewTimer(interruption)
	defer limit.Stop()
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if t.closed.Load() {
			return errClosed
		}
		problem, lasting, next := t.unhealthy(opening)
		if problem == nil {
			return t.pulse(ctx)
		}
		if lasting {
			return rollout.Permanent(problem)
		}
		var over <-chan time.Time
		if !opening {
			over = limit.C
		}
		select {
		case <-next:
		case <-over:
			return problem
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), problem)
		}
	}
}

// unhealthy is why the watches cannot be believed, whether waiting does not help, and what tells that it
// has changed.
func (t *Target) unhealthy(opening bool) (problem error, lasting bool, next <-chan struct{}) {
	var errs, forever []error
	silent, patience := false, rightsPatience
	if opening {
		patience = secondLook
	}
	for _, h := range t.healths() {
		err := h.problem()
		if err == nil {
			continue
		}
		silent = silent || h.err == nil
		switch {
		case apierrors.IsForbidden(h.err):
			resource, group, _ := strings.Cut(h.kind, ".")
			var missing *RightsError
			if !errors.As(h.err, &missing) {
				missing = &RightsError{Verbs: []string{"list", "watch"}, Group: group, Resource: resource, Namespace: t.s.Namespace, Err: h.err}
			}
			err = missing
			if time.Since(h.since) >= patience {
				forever = append(forever, err)
			} else {
				silent = true // it may be one that has not read yet who has which rights
			}
		case apierrors.IsNotFound(h.err) && strings.HasPrefix(h.kind, "httproutes"):
			err = fmt.Errorf("the cluster knows no %s: install the Gateway API (its HTTPRoute of version v1), or lead the traffic by a Selector: %w", h.kind, h.err)
			forever = append(forever, err)
		}
		errs, next = append(errs, err), h.next
	}
	if len(forever) > 0 && !silent {
		return errors.Join(forever...), true, next
	}
	return errors.Join(errs...), false, next
}

// pulse asks the API server whether it is there, unless it was heard of a moment ago.
func (t *Target) pulse(ctx context.Context) error {
	t.mu.Lock()
	quiet := time.Since(t.alive)
	t.mu.Unlock()
	if quiet < silence {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	d, err := t.clients.Kubernetes.AppsV1().Deployments(t.s.Namespace).Get(asking, t.s.slots[0].object, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return fmt.Errorf("nothing was heard of the API server for %s: %w", quiet.Round(time.Second),
			t.explain(call{"get", "apps", "deployments", t.s.Namespace, t.s.slots[0].object}, err))
	case t.s.Adopt != nil || d.Labels[labelService] == t.s.Name:
		t.deployments.put(d)
	}
	t.beat()
	return nil
}
