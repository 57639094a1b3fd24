package edge

import (
	"context"
	"errors"
	"log"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gateway "sigs.k8s.io/gateway-api/pkg/client/clientset/versioned"
	gatewaylisters "sigs.k8s.io/gateway-api/pkg/client/listers/apis/v1"
)

// again is the time until conditions that could not be written are written again.
const again = 200 * time.Millisecond

// watcher keeps a table of what the cluster wants.
type watcher struct {
	table    atomic.Pointer[table]
	changed  chan struct{} // something has; there is room for one word of it
	client   gateway.Interface
	routes   gatewaylisters.HTTPRouteLister
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
}

// watch begins to watch, and returns with a first table.
func watch(ctx context.Context, client kubernetes.Interface, routes gateway.Interface) (*watcher, error) {
	w := &watcher{changed: make(chan struct{}, 1), client: routes}
	word := func() {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
	services := follow(ctx, client.CoreV1().Services(""), &corev1.Service{}, word)
	slices := follow(ctx, client.DiscoveryV1().EndpointSlices(""), &discoveryv1.EndpointSlice{}, word)
	all := follow(ctx, routes.GatewayV1().HTTPRoutes(""), &gatewayv1.HTTPRoute{}, word)
	w.services, w.slices, w.routes = corelisters.NewServiceLister(services), discoverylisters.NewEndpointSliceLister(slices), gatewaylisters.NewHTTPRouteLister(all)
	for _, one := range []*shelf{services, slices, all} {
		select {
		case <-one.filled:
		case <-ctx.Done():
			return nil, errors.New("stopped before it had seen everything")
		}
	}
	_, err := w.rebuild()
	return w, err
}

// follow keeps the table, and the conditions of the routes, until ctx is over. It calls ready once it does.
func (w *watcher) follow(ctx context.Context, ready func()) {
	for {
		verdicts, err := w.rebuild()
		if err == nil {
			ready()
			err = w.publish(ctx, verdicts)
		}
		var retry <-chan time.Time
		if err != nil && ctx.Err() == nil {
			log.Print(err)
			retry = time.After(again)
		}
		select {
		case <-ctx.Done():
			return
		case <-w.changed:
		case <-retry:
		}
	}
}

// rebuild makes the table anew. From then on it is in effect.
func (w *watcher) rebuild() ([]verdict, error) {
	services, err1 := w.services.List(labels.Everything())
	slices, err2 := w.slices.List(labels.Everything())
	routes, err3 := w.routes.List(labels.Everything())
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	t, verdicts := build(services, slices, routes)
	w.table.Store(t)
	return verdicts, nil
}

// build makes a table of what there is, and says of each route what is thought of it.
func build(services []*corev1.Service, slices []*discoveryv1.EndpointSlice, routes []*gatewayv1.HTTPRoute) (*table, []verdict) {
	t := &table{services: map[name]*service{}, routes: map[name]*route{}}
	for _, s := range services {
		t.services[name{s.Namespace, s.Name}] = newService(s)
	}
	for _, s := range slices {
		if owner := t.services[name{s.Namespace, s.Labels[discoveryv1.LabelServiceName]}]; owner != nil {
			owner.add(s)
		}
	}
	var verdicts []verdict
	for _, r := range routes {
		built, v := t.newRoute(r)
		if verdicts = append(verdicts, v); len(r.Spec.ParentRefs) > 0 {
			t.routes[name{r.Namespace, r.Name}] = built
		}
	}
	return t, verdicts
}
