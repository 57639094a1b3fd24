package kubernetes_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// audited is what a ServiceAccount of the namespace has asked for and got, each once: "list pods".
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
		if e.User.Username == "system:serviceaccount:"+s.name+":"+account && e.Response.Code < 300 {
			what := e.Verb + " " + e.ObjectRef.Resource
			if e.ObjectRef.Subresource != "" {
				what += "/" + e.ObjectRef.Subresource
			}
			asked[what] = true
		}
	}
	return slices.Sorted(maps.Keys(asked))
}
