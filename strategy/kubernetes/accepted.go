package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// pending says why the controllers of the route's Gateways do not lead as it says yet, where they tell;
// empty where they do, or tell nothing, and while the route leads nowhere of ours.
func (r routing) pending(route *unstructured.Unstructured) string {
	return r.conditions(route, "Accepted", "ResolvedRefs")
}

// conditions is why one of these conditions does not hold.
func (r routing) conditions(route *unstructured.Unstructured, kinds ...string) string {
	ours, others := r.referred(route)
	if len(ours) == 0 {
		return ""
	}
	parents, _, _ := unstructured.NestedSlice(route.Object, "status", "parents")
	for _, item := range parents {
		parent, _ := item.(map[string]any)
		who, _ := parent["controllerName"].(string)
		list, _ := parent["conditions"].([]any)
		for _, kind := range kinds {
			for _, item := range list {
				c, _ := item.(map[string]any)
				if c["type"] != kind {
					continue
				}
				seen, _ := c["observedGeneration"].(int64)
				message, _ := c["message"].(string)
				switch {
				case seen > 0 && seen < route.GetGeneration():
					return fmt.Sprintf("httproute %s: %s has not taken generation %d yet", route.GetName(), who, route.GetGeneration())
				case c["status"] == "True", kind == "ResolvedRefs" && !names(message, ours) && names(message, others):
					// The condition is of the whole route: a backend of another rule is not our concern.
				default:
					return fmt.Sprintf("httproute %s: %s says %s is %v (%v): %s", route.GetName(), who, kind, c["status"], c["reason"], message)
				}
			}
		}
	}
	return ""
}

// referred are the Services that the rules refer to: those of the slots, and others.
func (r routing) referred(route *unstructured.Unstructured) (ours, others []string) {
	list, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	for _, item := range list {
		tree, _ := item.(map[string]any)
		for _, b := range backends(tree) {
			switch name, ok := b.service(); {
			case ok && r.backends[name] != "":
				ours = append(ours, name)
			case name != "":
				others = append(others, name)
			}
		}
	}
	return ours, others
}

// names reports whether a text names any of them.
func names(text string, any []string) bool {
	return slices.ContainsFunc(any, func(name string) bool { return strings.Contains(text, name) })
}
