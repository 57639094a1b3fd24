package kubernetes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// soon makes a target lose patience soon, so that a test need not wait.
func soon(o *kubernetes.Options) {
	o.ImagePatience, o.NodePatience, o.CrashPatience = 2*time.Second, 2*time.Second, 2
}

// troubles are releases that cannot get there, and what they must be told by. The rollout's own deadline is an
// hour: whatever ends them is the cluster's word.
var troubles = []struct {
	name string
	to   strategy.Revision
	// change makes the new release what it is: its manifest, and what is in its way.
	change func(s *service, d *appsv1.Deployment)
	says   []string
}{
	{"the image is missing", strategy.Revision{Version: "2", Digest: "sha256:" + strings.Repeat("0", 64)}, nil,
		[]string{"ImagePull", "registry.test/web@sha256:0000", "not found"}},
	{"it crashes", version("crash"), nil, []string{"CrashLoopBackOff", "exit code 3"}},
	{"it is never ready", version("unready"), nil, []string{"made no progress for 8s", "not ready", "Readiness probe failed"}},
	{"nobody has room", version("2"), func(_ *service, d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("65")}
	}, []string{"no node for it", "Unschedulable", "Insufficient cpu"}},
	{"the quota is used up", version("2"), func(s *service, _ *appsv1.Deployment) { s.quota("2") },
		[]string{"cannot be created", "exceeded quota: few"}},
	{"a secret is missing", version("2"), func(_ *service, d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "KEY", ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "keys"}, Key: "key"},
		}}}
	}, []string{"CreateContainerConfigError", `secret "keys" not found`}},
}

// troubled is the service web whose revisions do what their versions say.
var troubled = workload{
	args: append(behaves(version("crash"), "crash:3"), behaves(version("unready"), "unready")...),
	change: func(d *appsv1.Deployment) {
		deadline := int32(8)
		d.Spec.ProgressDeadlineSeconds = &deadline
	},
}

// quota lets no more pods be than there are.
func (s *service) quota(pods string) {
	s.Helper()
	quotas := s.Client.CoreV1().ResourceQuotas(s.name)
	_, err := quotas.Create(s.ctx, &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "few"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse(pods)}},
	}, metav1.CreateOptions{})
	require.NoError(s, err)
	s.until("the quota counts", func() error {
		q, err := quotas.Get(s.ctx, "few", metav1.GetOptions{})
		if used := q.Status.Used[corev1.ResourcePods]; err == nil && used.String() != pods {
			err = assert.AnError
		}
		return err
	})
}

// A release that cannot get there is told why, and taken back, long before its deadline; nobody who asks the old
// one notices.
func TestTroubleIsToldAndTakenBack(t *testing.T) {
	t.Parallel()
	for n, trouble := range troubles {
		for i, way := range []int{2, 3, 4} { // a canary, blue-green by a Selector, native
			if (n+i)%stride != 0 {
				continue
			}
			way := ways[way]
			t.Run(trouble.name+", "+way.name, func(t *testing.T) {
				t.Parallel()
				s := newService(t, way.traffic, troubled, soon)
				l := s.first(version("1"))
				if trouble.change != nil {
					trouble.change(s, s.options.Deployment)
					s.target.Close()
					s.target = s.open(s.options, s.as) // the new release's host
				}
				result, err := s.wire(s.plan(way.by, trouble.to), rollout.Options{Deadline: time.Hour, CrashLimit: 100}).Run(s.ctx)
				var stuck *rollout.StuckError
				require.ErrorAs(t, err, &stuck)
				t.Log(stuck)
				for _, word := range trouble.says {
					assert.Contains(t, stuck.Reason, word)
				}
				assert.Equal(t, trouble.to, stuck.Pool.Revision)
				require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
				s.runs(version("1"), 2)
				s.none(l)
			})
		}
	}
}
