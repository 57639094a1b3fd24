package edge

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// controller is the name under which conditions are written.
const controller = gatewayv1.GatewayController("davit.test/edge")

// verdict is what is thought of a route.
type verdict struct {
	route    *gatewayv1.HTTPRoute
	refused  []string
	missing  []string
	whatever gatewayv1.RouteConditionReason // why the first of the missing is
}

func newVerdict(r *gatewayv1.HTTPRoute) verdict { return verdict{route: r} }

// refuse says what of the route cannot be done. None of it is then.
func (v *verdict) refuse(format string, args ...any) {
	v.refused = append(v.refused, fmt.Sprintf(format, args...))
}

// unresolved says which reference leads nowhere. The rest of the route is in effect.
func (v *verdict) unresolved(why gatewayv1.RouteConditionReason, format string, args ...any) {
	if v.missing = append(v.missing, fmt.Sprintf(format, args...)); v.whatever == "" {
		v.whatever = why
	}
}

func (v *verdict) accepted() bool { return len(v.refused) == 0 }

// conditions are the verdict as it is written for each parent.
func (v *verdict) conditions() []metav1.Condition {
	accepted := metav1.Condition{Type: string(gatewayv1.RouteConditionAccepted), Status: metav1.ConditionTrue, Reason: string(gatewayv1.RouteReasonAccepted), Message: "the route is in effect"}
	if !v.accepted() {
		accepted.Status, accepted.Reason, accepted.Message = metav1.ConditionFalse, string(gatewayv1.RouteReasonUnsupportedValue), strings.Join(v.refused, "; ")
	}
	resolved := metav1.Condition{Type: string(gatewayv1.RouteConditionResolvedRefs), Status: metav1.ConditionTrue, Reason: string(gatewayv1.RouteReasonResolvedRefs), Message: "all backends are there"}
	if len(v.missing) > 0 {
		resolved.Status, resolved.Reason, resolved.Message = metav1.ConditionFalse, string(v.whatever), strings.Join(v.missing, "; ")
	}
	accepted.ObservedGeneration, resolved.ObservedGeneration = v.route.Generation, v.route.Generation
	return []metav1.Condition{accepted, resolved}
}

// status is what the route's status is to be: what others wrote stays.
func (v *verdict) status() *gatewayv1.HTTPRouteStatus {
	status := v.route.Status.DeepCopy()
	var parents []gatewayv1.RouteParentStatus
	for _, p := range status.Parents {
		if p.ControllerName != controller {
			parents = append(parents, p)
		}
	}
	for _, ref := range v.route.Spec.ParentRefs {
		ours := gatewayv1.RouteParentStatus{ParentRef: ref, ControllerName: controller}
		for _, p := range status.Parents {
			if p.ControllerName == controller && equality.Semantic.DeepEqual(p.ParentRef, ref) {
				ours = *p.DeepCopy()
			}
		}
		for _, c := range v.conditions() {
			meta.SetStatusCondition(&ours.Conditions, c)
		}
		parents = append(parents, ours)
	}
	status.Parents = parents
	return status
}

// publish writes the verdicts that are news. A route that has changed meanwhile is judged again anyway.
func (w *watcher) publish(ctx context.Context, all []verdict) error {
	var errs []error
	for _, v := range all {
		status := v.status()
		if equality.Semantic.DeepEqual(status.Parents, v.route.Status.Parents) {
			continue
		}
		route := v.route.DeepCopy()
		route.Status = *status
		_, err := w.client.GatewayV1().HTTPRoutes(route.Namespace).UpdateStatus(ctx, route, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("conditions of HTTPRoute %s/%s: %w", route.Namespace, route.Name, err))
		}
	}
	return errors.Join(errs...)
}
