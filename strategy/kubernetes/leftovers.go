package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientset "k8s.io/client-go/kubernetes"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// LeftoverError says what the pod template of a Deployment that was taken over has, and the manifest lacks. To apply
// the manifest would leave it there: it is another manager's.
type LeftoverError struct {
	// Deployment is the name of the Deployment.
	Deployment string
	// Fields are what is left over, as ".spec.template.spec.containers[name="proxy"]".
	Fields []string
}

func (e *LeftoverError) Error() string {
	return fmt.Sprintf("deployment %s was taken over and has what the manifest lacks: %s: put it into the manifest, or set Options.Leftovers to Take, which takes it out when the next revision moves in",
		e.Deployment, strings.Join(e.Fields, ", "))
}

// untouched reports whether the manifest was never applied to the slot's Deployment: it was taken over.
func (t tenant) untouched(manager string) bool {
	return t.deployment != nil && !applied(t.deployment.ManagedFields, manager)
}

// replacing makes a pod template what a manifest says, and nothing more: a merge patch, with all else that is there
// taken away. What has a default gets it.
func replacing(d *appsv1.Deployment, tree map[string]any) ([]byte, error) {
	live, err := runtime.DefaultUnstructuredConverter.ToUnstructured(d)
	if err != nil {
		return nil, err
	}
	spec := map[string]any{"template": instead(child(child(live, "spec"), "template"), child(child(tree, "spec"), "template"))}
	if rolling, ok := child(tree, "spec")["strategy"]; ok {
		spec["strategy"] = rolling // before any pod is replaced
	}
	return json.Marshal(map[string]any{
		"metadata": map[string]any{
			"resourceVersion": d.ResourceVersion, "uid": string(d.UID),
			"labels": child(tree, "metadata")["labels"], "annotations": child(tree, "metadata")["annotations"],
		},
		"spec": spec,
	})
}

// instead is a merge patch that makes one tree of another.
func instead(from, to map[string]any) map[string]any {
	patch := map[string]any{}
	for key := range from {
		if _, stays := to[key]; !stays {
			patch[key] = nil
		}
	}
	for key, value := range to {
		below, ok := value.(map[string]any)
		if old, both := from[key].(map[string]any); ok && both {
			patch[key] = instead(old, below)
		} else {
			patch[key] = value
		}
	}
	return patch
}

// leftovers tries to replace the pod template, and names what would be lost by it.
func leftovers(ctx context.Context, client clientset.Interface, manager string, d *appsv1.Deployment, tree map[string]any) (*LeftoverError, error) {
	body, err := replacing(d, tree)
	if err != nil {
		return nil, err
	}
	next, err := client.AppsV1().Deployments(d.Namespace).Patch(ctx, d.Name, types.MergePatchType, body,
		metav1.PatchOptions{FieldManager: manager, DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return nil, err
	}
	before, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&d.Spec.Template.Spec)
	if err != nil {
		return nil, err
	}
	after, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&next.Spec.Template.Spec)
	if err != nil {
		return nil, err
	}
	if fields := lost(".spec.template.spec", before, after); len(fields) > 0 {
		return &LeftoverError{Deployment: d.Name, Fields: fields}, nil
	}
	return nil, nil
}

// lost are the paths that are in the one tree and not in the other, the shortest ones that say it.
func lost(path string, before, after any) (paths []string) {
	switch before := before.(type) {
	case map[string]any:
		after, _ := after.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(before)) {
			if value, stays := after[key]; stays {
				paths = append(paths, lost(path+"."+key, before[key], value)...)
			} else if !vacant(before[key]) {
				paths = append(paths, path+"."+key)
			}
		}
	case []any:
		after, _ := after.([]any)
		for i, item := range before {
			name, known := named(item)
			at := slices.IndexFunc(after, func(other any) bool {
				if theirs, ok := named(other); known || ok {
					return known && ok && name == theirs
				}
				return reflect.DeepEqual(item, other)
			})
			switch {
			case at >= 0:
				paths = append(paths, lost(path+name, item, after[at])...)
			case known:
				paths = append(paths, path+name)
			default:
				paths = append(paths, fmt.Sprintf("%s[%d]", path, i))
			}
		}
	}
	return paths
}

// named is how an entry of a list is told from the others: containers, volumes, variables, ports, mounts.
func named(item any) (string, bool) {
	m, _ := item.(map[string]any)
	for _, key := range []string{"mountPath", "containerPort", "name"} {
		if value, ok := m[key]; ok {
			text, err := json.Marshal(value)
			return fmt.Sprintf("[%s=%s]", key, text), err == nil
		}
	}
	return "", false
}

// vacant reports whether a value says nothing.
func vacant(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// clear takes out of a Deployment that was taken over what the manifest lacks, or refuses to, as the option says.
func (t *Target) clear(ctx context.Context, n *tenant, tree map[string]any) error {
	left, err := leftovers(ctx, t.clients.Kubernetes, t.s.FieldManager, n.deployment, tree)
	switch {
	case err != nil:
		return t.missed(ctx, call{"patch", "apps", "deployments", t.s.Namespace, n.object}, err)
	case left == nil:
		return nil
	case t.s.Leftovers != Take:
		return rollout.Permanent(left)
	}
	body, err := replacing(n.deployment, tree)
	if err != nil {
		return err
	}
	d, err := send(ctx, t, t.clients.Kubernetes.AppsV1().Deployments(t.s.Namespace), t.deployments, n.object, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	t.log.Warn("took out what the manifest lacks", "deployment", n.object, "fields", left.Fields)
	n.deployment = d
	return nil
}
