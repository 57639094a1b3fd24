package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// route looks at the HTTPRoute.
func (c *checking) route(ctx context.Context, g Gateway) (errs []error) {
	group := httpRoutes().GroupVersion().String()
	list, err := c.clients.Kubernetes.Discovery().ServerResourcesForGroupVersion(group)
	if err != nil && !apierrors.IsNotFound(err) {
		return []error{fmt.Errorf("ask for the Gateway API: %w", err)}
	}
	if list == nil || !slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == "httproutes" }) {
		return []error{fmt.Errorf("the cluster knows no httproutes of %s: install the Gateway API, or lead the traffic by a Selector", group)}
	}
	route, err := c.clients.Dynamic.Resource(httpRoutes()).Namespace(c.s.Namespace).Get(ctx, g.Route, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return []error{fmt.Errorf("there is no httproute %s in namespace %s: it is the host's to make, with its parents and hostnames (Gateway.Route)", g.Route, c.s.Namespace)}
	case err != nil:
		return []error{fmt.Errorf("read httproute %s: %w", g.Route, err)}
	}
	r := routing{gateway: g, service: c.s.Name, backends: map[string]string{}}
	for _, at := range c.s.slots {
		r.backends[at.object] = at.name
	}
	rules, err := r.rules(route)
	if err != nil {
		errs = append(errs, err)
	}
	for _, one := range rules {
		if !one.led {
			continue
		}
		if err := r.strays(one.tree); err != nil {
			errs = append(errs, fmt.Errorf("httproute %s: %w", g.Route, err))
		}
	}
	if spec, _ := route.Object["spec"].(map[string]any); spec["parentRefs"] == nil {
		errs = append(errs, fmt.Errorf("httproute %s has no parentRefs: no Gateway takes it", g.Route))
	}
	if why := r.conditions(route, "Accepted"); why != "" {
		errs = append(errs, errors.New(why))
	}
	if len(errs) > 0 {
		return errs
	}
	return c.states(r, route)
}

// states tries the states of the plans on the route. A reason is told once, with the first state that has it.
func (c *checking) states(r routing, route *unstructured.Unstructured) (errs []error) {
	told := map[string]bool{}
	for _, plan := range c.plans {
		for i, step := range plan.Steps {
			err := r.takes(route, step.State)
			if err == nil || told[err.Error()] {
				continue
			}
			told[err.Error()] = true
			errs = append(errs, fmt.Errorf("Plan.Steps[%d]: %w", i, err))
		}
	}
	return errs
}
