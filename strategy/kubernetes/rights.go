package kubernetes

import (
	"bytes"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Rights are the rules of a Role with which a target of these options can do all that it does, and nothing
// else. Objects that have a name are named; what is listed by labels cannot be narrowed down by a Role, and
// neither can what is made.
func Rights(o Options) ([]rbacv1.PolicyRule, error) {
	s, err := o.resolve()
	if err != nil {
		return nil, err
	}
	return s.rights(), nil
}

func (s settings) rights() []rbacv1.PolicyRule {
	rule := func(group, resource string, names []string, verbs ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: names, Verbs: verbs}
	}
	var slots []string
	for _, at := range s.slots {
		slots = append(slots, at.object)
	}
	rules := []rbacv1.PolicyRule{
		rule("apps", "deployments", nil, "create", "list", "watch"),
		rule("apps", "deployments", slots, "get", "patch"),
		rule("", "pods", nil, "list", "watch"),
		rule("discovery.k8s.io", "endpointslices", nil, "list", "watch"),
	}
	switch mode := s.Traffic.(type) {
	case Gateway:
		rules = append(rules,
			rule("", "services", nil, "create", "list", "watch"),
			rule("", "services", slots, "get", "patch"),
			rule(httpRoutes().Group, "httproutes", []string{mode.Route}, "get", "list", "watch", "patch"))
	case Selector:
		rules = append(rules,
			rule("", "services", nil, "create"),
			rule("", "services", []string{mode.Service}, "get", "list", "watch", "patch"))
	case Native:
		rules = append(rules,
			rule("apps", "replicasets", nil, "list"),
			rule("", "services", nil, "create"),
			rule("", "services", []string{mode.Service}, "get", "list", "watch", "patch"))
	}
	scalers := []string{"list", "watch"}
	if s.MoveAutoscaler {
		scalers = append(scalers, "patch")
	}
	return append(rules,
		rule("autoscaling", "horizontalpodautoscalers", nil, scalers...),
		rule("policy", "poddisruptionbudgets", nil, "list"),
		rule("", "events", nil, "list"))
}

// RBAC is YAML with a ServiceAccount, a Role with the Rights, and the RoleBinding between them, all in the
// options' namespace.
func RBAC(o Options, serviceAccount string) ([]byte, error) {
	rules, err := Rights(o)
	if err != nil {
		return nil, err
	}
	if !dnsLabel.MatchString(serviceAccount) {
		return nil, fmt.Errorf("%q is no name for a ServiceAccount", serviceAccount)
	}
	name := "davit-" + o.Name
	meta := metav1.ObjectMeta{Name: name, Namespace: o.Namespace}
	var out bytes.Buffer
	for _, object := range []any{
		corev1.ServiceAccount{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
			ObjectMeta: metav1.ObjectMeta{Name: serviceAccount, Namespace: o.Namespace},
		},
		rbacv1.Role{TypeMeta: metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"}, ObjectMeta: meta, Rules: rules},
		rbacv1.RoleBinding{
			TypeMeta: metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "RoleBinding"}, ObjectMeta: meta,
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: serviceAccount, Namespace: o.Namespace}},
		},
	} {
		text, err := yaml.Marshal(object)
		if err != nil {
			return nil, err
		}
		text = bytes.ReplaceAll(text, []byte("  creationTimestamp: null\n"), nil)
		if out.Len() > 0 {
			out.WriteString("---\n")
		}
		out.Write(text)
	}
	return slices.Clip(out.Bytes()), nil
}
