package kubernetes_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/internal/integration/kubernetes/load"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Pods are evicted in mid-rollout, by who drains a node and by a node itself: they are replaced, nobody is blamed, and
// the release goes on.
func TestEvictedPodsAreReplaced(t *testing.T) {
	t.Parallel()
	for how, evict := range map[string]func(s *service, pod string){"through the API": (*service).drain, "by their node": (*service).expel} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := newService(t, kubernetes.Gateway{}, workload{}, nil)
			l := s.first(version("1"))
			h := s.hold(s.plan(half, version("2")), rollout.Options{})
			for _, slot := range []string{"a", "b"} {
				pods := s.living(slot)
				require.NotEmpty(t, pods)
				evict(s, pods[0].Name)
				s.until("it is replaced", func() error {
					now := s.living(slot)
					for _, pod := range now {
						if pod.UID == pods[0].UID {
							return fmt.Errorf("pod %s is still there", pod.Name)
						}
					}
					if len(now) != len(pods) {
						return fmt.Errorf("%d pods", len(now))
					}
					return nil
				})
			}
			require.NoError(t, h.Resume("the test", "go on"))
			<-h.over
			require.NoError(t, h.err)
			assert.Equal(t, rollout.Promoted, h.result.Outcome)
			s.runs(version("2"), 2)
			l.Stop() // a node that evicts does not ask who is being answered
		})
	}
}

// living are the pods of a slot that run and are to stay.
func (s *service) living(slot string) (all []corev1.Pod) {
	s.Helper()
	pods, err := s.pods("davit-sdk.github.io/slot=" + slot)
	require.NoError(s, err)
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil && pod.Status.Phase == corev1.PodRunning {
			all = append(all, pod)
		}
	}
	return all
}

func (s *service) drain(pod string) {
	s.Helper()
	require.NoError(s, s.Client.PolicyV1().Evictions(s.name).Evict(s.ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod, Namespace: s.name}}))
}

// expel does what a kubelet does that runs out of memory: the pod has failed, and stays listed.
func (s *service) expel(pod string) {
	s.Helper()
	patch := `{"status":{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory."}}`
	_, err := s.Client.CoreV1().Pods(s.name).Patch(s.ctx, pod, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
	require.NoError(s, err)
}

// A node is deleted in mid-rollout, with pods of the old revision and of the new one on it: the cluster takes them
// away in its own time, and the release goes on.
func TestANodeIsDeleted(t *testing.T) {
	t.Parallel()
	s := newServiceIn(newSpaceFor(t, 3*patience), kubernetes.Gateway{}, workload{change: prefersSpare}, nil)
	l := s.first(version("1"))
	h := s.hold(s.plan(half, version("2")), rollout.Options{})
	before := map[string]int{"a": len(s.living("a")), "b": len(s.living("b"))}
	lost := 0
	for slot := range before {
		for _, pod := range s.living(slot) {
			if pod.Spec.NodeName == spare {
				lost++
			}
		}
	}
	require.NotZero(t, lost, "nobody runs on %s", spare)
	require.NoError(t, s.Client.CoreV1().Nodes().Delete(s.ctx, spare, metav1.DeleteOptions{}))
	s.until("all pods are on other nodes", func() error {
		for slot, n := range before {
			pods := s.living(slot)
			if len(pods) != n {
				return fmt.Errorf("%d pods in slot %s, %d are wanted", len(pods), slot, n)
			}
			for _, pod := range pods {
				if pod.Spec.NodeName == spare {
					return fmt.Errorf("pod %s is on %s", pod.Name, spare)
				}
			}
		}
		return nil
	})
	require.NoError(t, h.Resume("the test", "go on"))
	<-h.over
	require.NoError(t, h.err)
	assert.Equal(t, rollout.Promoted, h.result.Outcome)
	s.runs(version("2"), 2)
	s.answer(l)
}

// prefersSpare lets pods run on the spare node, for as long as there is one.
func prefersSpare(d *appsv1.Deployment) {
	pod := &d.Spec.Template.Spec
	pod.Tolerations = []corev1.Toleration{{Key: spare, Operator: corev1.TolerationOpExists}}
	pod.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{
		Weight: 100, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{
			Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{spare},
		}}},
	}}}}
}

// answer asserts that the new revision answers, whatever was lost on the way.
func (s *service) answer(l *load.Load) {
	s.Helper()
	s.more(l, 50)
	report := l.Stop()
	s.Log(report)
	assert.NotZero(s, report.By[image(version("2"))])
}
