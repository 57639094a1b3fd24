package kubernetes

import (
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// applied reports whether a manager owns a field by having applied it; without a path, whether it has
// applied anything.
func applied(managed []metav1.ManagedFieldsEntry, manager string, path ...string) bool {
	for _, m := range managed {
		if m.Manager == manager && m.Operation == metav1.ManagedFieldsOperationApply && owns(m, path) {
			return true
		}
	}
	return false
}

// ownersOfField are the managers of a field.
func ownersOfField(managed []metav1.ManagedFieldsEntry, path ...string) []string {
	var owners []string
	for _, m := range managed {
		if owns(m, path) {
			owners = append(owners, m.Manager)
		}
	}
	return owners
}

func owns(m metav1.ManagedFieldsEntry, path []string) bool {
	if m.Subresource != "" && m.Subresource != "scale" || m.FieldsV1 == nil {
		return false
	}
	var tree map[string]any
	if json.Unmarshal(m.FieldsV1.GetRawBytes(), &tree) != nil {
		return false
	}
	for _, key := range path {
		next, ok := tree[key].(map[string]any)
		if !ok {
			return false
		}
		tree = next
	}
	return true
}

// meddlers tells who else has written last what leads the traffic, and how many pods there are, of what this manager
// has written before; empty where nobody has.
func (t *Target) meddlers(v *view, now traffic) string {
	var all []string
	name := func(object, field string, managed []metav1.ManagedFieldsEntry, path ...string) {
		for _, owner := range ownersOfField(managed, path...) {
			if owner != t.s.FieldManager {
				all = append(all, fmt.Sprintf("%s: %s is owned by %q", object, field, owner))
			}
		}
	}
	if v.route != nil && len(now.busy) > 0 {
		name("httproute "+v.route.GetName(), ".spec.rules", v.route.GetManagedFields(), "f:spec", "f:rules")
	}
	if svc := v.services[t.leads(t.s.slots[0])]; svc != nil && !t.perSlot() && svc.Labels[labelService] == t.s.Name {
		name("service "+svc.Name, ".spec.selector", svc.ManagedFields, "f:spec", "f:selector")
	}
	for _, n := range v.slots {
		if n.deployment != nil && !n.autoscaled() && applied(n.deployment.ManagedFields, t.s.FieldManager) {
			name("deployment "+n.object, ".spec.replicas", n.deployment.ManagedFields, "f:spec", "f:replicas")
		}
	}
	return strings.Join(all, "; ")
}

// seized tells who else has taken over the image of a slot that was placed, so that what runs there is not
// what the slot says; nil where nobody has.
func (t tenant) seized(manager, container string) *ConflictError {
	if t.deployment == nil || !applied(t.deployment.ManagedFields, manager) {
		return nil // nobody tells, or it was adopted
	}
	owners := ownersOfField(t.deployment.ManagedFields, "f:spec", "f:template", "f:spec", "f:containers",
		fmt.Sprintf(`k:{"name":%q}`, container), "f:image")
	e := &ConflictError{Object: "deployments.apps " + t.object}
	for _, owner := range owners {
		if owner == manager {
			return nil
		}
		e.Fields = append(e.Fields, FieldOwner{Field: fmt.Sprintf(".spec.template.spec.containers[name=%q].image", container), Manager: owner})
	}
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}
