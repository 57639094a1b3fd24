package kubernetes_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/davit-sdk/davit/strategy/kubernetes"
)

// rule is one rule of a Role.
type rule struct{ groups, resources, verbs []string }

// grant gives a ServiceAccount of the namespace rights in it.
func (s space) grant(account string, rules ...rule) {
	s.Helper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: account}}
	for _, r := range rules {
		role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: r.groups, Resources: r.resources, Verbs: r.verbs})
	}
	_, err := s.Client.RbacV1().Roles(s.name).Create(s.ctx, role, metav1.CreateOptions{})
	require.NoError(s, err)
	_, err = s.Client.RbacV1().RoleBindings(s.name).Create(s.ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: account},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account, Namespace: s.name}},
	}, metav1.CreateOptions{})
	require.NoError(s, err)
}

// employ makes the ServiceAccount, the Role and the RoleBinding that are shipped for a target, less the rules that
// are given, and tells how to reach the API as that account.
func (s space) employ(o kubernetes.Options, without ...rbacv1.PolicyRule) *rest.Config {
	s.Helper()
	text, err := kubernetes.RBAC(o, "davit")
	require.NoError(s, err)
	return s.employBy(text, o, without...)
}

// employBy takes the objects from their YAML.
func (s space) employBy(text []byte, o kubernetes.Options, without ...rbacv1.PolicyRule) *rest.Config {
	s.Helper()
	var err error
	for _, document := range strings.Split(string(text), "---\n") {
		var kind metav1.TypeMeta
		require.NoError(s, yaml.Unmarshal([]byte(document), &kind))
		switch kind.Kind {
		case "ServiceAccount":
			var account corev1.ServiceAccount
			require.NoError(s, yaml.UnmarshalStrict([]byte(document), &account))
			_, err = s.Client.CoreV1().ServiceAccounts(s.name).Create(s.ctx, &account, metav1.CreateOptions{})
		case "Role":
			var role rbacv1.Role
			require.NoError(s, yaml.UnmarshalStrict([]byte(document), &role))
			role.Rules = less(role.Rules, without)
			_, err = s.Client.RbacV1().Roles(s.name).Create(s.ctx, &role, metav1.CreateOptions{})
		case "RoleBinding":
			var binding rbacv1.RoleBinding
			require.NoError(s, yaml.UnmarshalStrict([]byte(document), &binding))
			_, err = s.Client.RbacV1().RoleBindings(s.name).Create(s.ctx, &binding, metav1.CreateOptions{})
		default:
			s.Fatalf("a %s is shipped", kind.Kind)
		}
		require.NoError(s, err)
	}
	config, err := s.Account(s.ctx, s.name, "davit")
	require.NoError(s, err)
	s.settled(config, o, without)
	return config
}

// less are rules without those.
func less(rules, without []rbacv1.PolicyRule) (kept []rbacv1.PolicyRule) {
	for _, r := range rules {
		for _, w := range without {
			if slices.Equal(r.APIGroups, w.APIGroups) && slices.Equal(r.Resources, w.Resources) && slices.Equal(r.ResourceNames, w.ResourceNames) {
				r.Verbs = slices.DeleteFunc(slices.Clone(r.Verbs), func(v string) bool { return slices.Contains(w.Verbs, v) })
			}
		}
		if len(r.Verbs) > 0 {
			kept = append(kept, r)
		}
	}
	return kept
}

// settled waits until the API server goes by a new Role.
func (s space) settled(as *rest.Config, o kubernetes.Options, without []rbacv1.PolicyRule) {
	s.Helper()
	account, err := clientset.NewForConfig(as)
	require.NoError(s, err)
	rules, err := kubernetes.Rights(o)
	require.NoError(s, err)
	last := less(rules, without)
	r := last[len(last)-1]
	s.until("the rights are in effect", func() error {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: s.name, Group: r.APIGroups[0], Resource: r.Resources[0], Verb: r.Verbs[0],
		}}}
		got, err := account.AuthorizationV1().SelfSubjectAccessReviews().Create(s.ctx, review, metav1.CreateOptions{})
		if err == nil && !got.Status.Allowed {
			err = fmt.Errorf("not yet")
		}
		return err
	})
}

// audited is what a ServiceAccount of the namespace has asked for and got, each once: "list pods". What an apply
// has made counts as a create as well, because it needs that right, too.
func (s space) audited(account string) []string {
	s.Helper()
	text, err := os.ReadFile(s.Info.Audit)
	require.NoError(s, err)
	asked := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		var e struct {
			Verb      string
			User      struct{ Username string }
			ObjectRef struct{ Resource, Subresource string }
			Response  struct{ Code int } `json:"responseStatus"`
		}
		if !strings.HasSuffix(line, "\n") || json.Unmarshal([]byte(line), &e) != nil {
			continue // the server is just writing it
		}
		if e.User.Username != "system:serviceaccount:"+s.name+":"+account || e.Response.Code >= 300 || e.ObjectRef.Resource == "" {
			continue
		}
		what := e.ObjectRef.Resource
		if e.ObjectRef.Subresource != "" {
			what += "/" + e.ObjectRef.Subresource
		}
		if asked[e.Verb+" "+what] = true; e.Verb == "patch" && e.Response.Code == http.StatusCreated {
			asked["create "+what] = true
		}
	}
	return slices.Sorted(maps.Keys(asked))
}
