package kubernetes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// first waits until ok is content with the first container of the only pod of a Deployment.
func (s space) first(name string, ok func(p corev1.Pod, c corev1.ContainerStatus) bool) corev1.Pod {
	s.Helper()
	var found corev1.Pod
	s.until(name+" is so", func() error {
		pods, err := s.pods("app=" + name)
		if err != nil || len(pods) != 1 || len(pods[0].Status.ContainerStatuses) == 0 || !ok(pods[0], pods[0].Status.ContainerStatuses[0]) {
			for _, p := range pods {
				err = fmt.Errorf("%w: %s", err, about(p))
			}
			return fmt.Errorf("%d pods: %w", len(pods), err)
		}
		found = pods[0]
		return nil
	})
	return found
}

func waits(reason string) func(corev1.Pod, corev1.ContainerStatus) bool {
	return func(_ corev1.Pod, c corev1.ContainerStatus) bool {
		return c.State.Waiting != nil && c.State.Waiting.Reason == reason
	}
}

// events are the reasons of what was told of a pod, each with its message.
func (s space) events(pod string) string {
	list, err := s.Client.CoreV1().Events(s.name).List(s.ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + pod})
	require.NoError(s, err)
	var b strings.Builder
	for _, e := range list.Items {
		fmt.Fprintf(&b, "%s %s: %s\n", e.Type, e.Reason, e.Message)
	}
	return b.String()
}

func TestHarnessAgentPulls(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.deploy(workload{name: "web", image: "missing.test/web:1", replicas: 1})
	s.first("web", waits("ErrImagePull"))
	pod := s.first("web", waits("ImagePullBackOff"))
	assert.Equal(t, corev1.PodPending, pod.Status.Phase)
	assert.Contains(t, pod.Status.ContainerStatuses[0].State.Waiting.Message, `Back-off pulling image "missing.test/web:1"`)
	s.until("it is told", func() error {
		for _, want := range []string{`Normal Pulling: Pulling image "missing.test/web:1"`, "Warning Failed: Failed to pull image", "Warning Failed: Error: ErrImagePull", "Normal BackOff: Back-off pulling image"} {
			if told := s.events(pod.Name); !strings.Contains(told, want) {
				return fmt.Errorf("no %q in %s", want, told)
			}
		}
		return nil
	})
	s.deploy(workload{name: "zeros", image: "registry.test/web@sha256:" + strings.Repeat("0", 64), replicas: 1})
	s.first("zeros", waits("ImagePullBackOff"))
	s.deploy(workload{name: "unparsable", image: "registry.test/Web:1", replicas: 1})
	s.first("unparsable", waits("InvalidImageName"))
}

func TestHarnessAgentRestarts(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.deploy(workload{name: "web", image: "registry.test/web:1", replicas: 1, args: []string{"-behave", "web=crash:3"}})
	pod := s.first("web", func(_ corev1.Pod, c corev1.ContainerStatus) bool {
		return c.RestartCount >= 2 && waits("CrashLoopBackOff")(corev1.Pod{}, c)
	})
	end := pod.Status.ContainerStatuses[0].LastTerminationState.Terminated
	require.NotNil(t, end)
	assert.EqualValues(t, 3, end.ExitCode)
	assert.Equal(t, "Error", end.Reason)
	assert.Equal(t, corev1.PodRunning, pod.Status.Phase)
	s.until("it is told", func() error {
		if told := s.events(pod.Name); !strings.Contains(told, "Warning BackOff: Back-off restarting failed container web") {
			return fmt.Errorf("%s", told)
		}
		return nil
	})
	s.deploy(workload{name: "lost", image: "registry.test/web:1", replicas: 1, change: func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Command = []string{"/no/such/program"}
	}})
	pod = s.first("lost", waits("CrashLoopBackOff"))
	assert.Equal(t, "StartError", pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.Reason)
	s.deploy(workload{name: "secret", image: "registry.test/web:1", replicas: 1, change: func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "KEY", ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "keys"}, Key: "key"},
		}}}
	}})
	s.first("secret", waits("CreateContainerConfigError"))
	_, err := s.Client.CoreV1().Secrets(s.name).Create(s.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "keys"}, StringData: map[string]string{"key": "x"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	s.rolled("secret")
}

func TestHarnessAgentEnds(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.deploy(workload{name: "web", image: "registry.test/web:1", replicas: 1, preStop: 2})
	s.deploy(workload{name: "deaf", image: "registry.test/web:1", replicas: 1, grace: 1, args: []string{"-behave", "web=deaf"}})
	for _, name := range []string{"web", "deaf"} {
		s.rolled(name)
		pods, err := s.pods("app=" + name)
		require.NoError(t, err)
		began := time.Now()
		require.NoError(t, s.Client.CoreV1().Pods(s.name).Delete(s.ctx, pods[0].Name, metav1.DeleteOptions{}))
		s.until("it is gone", func() error {
			if _, err := s.Client.CoreV1().Pods(s.name).Get(s.ctx, pods[0].Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				return fmt.Errorf("it is there: %v", err)
			}
			return nil
		})
		assert.GreaterOrEqual(t, time.Since(began), time.Second, "%s: neither the hook nor the grace period was waited for", name)
	}
}

func TestHarnessUnreadyUnschedulableAndQuota(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.deploy(workload{name: "unready", image: "registry.test/web:1", replicas: 1, args: []string{"-behave", "web=unready"}})
	pod := s.first("unready", func(p corev1.Pod, c corev1.ContainerStatus) bool { return c.State.Running != nil && !c.Ready })
	s.until("it is told", func() error {
		if told := s.events(pod.Name); !strings.Contains(told, "Warning Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503") {
			return fmt.Errorf("%s", told)
		}
		return nil
	})
	s.deploy(workload{name: "large", image: "registry.test/web:1", replicas: 1, change: func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("65")}
	}})
	s.until("nobody has room", func() error {
		pods, err := s.pods("app=large")
		if err != nil {
			return err
		}
		for _, p := range pods {
			for _, c := range p.Status.Conditions {
				if c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
					return nil
				}
			}
		}
		return fmt.Errorf("%d pods", len(pods))
	})
	_, err := s.Client.CoreV1().ResourceQuotas(s.name).Create(s.ctx, &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "few"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("2")}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	s.until("the quota counts", func() error {
		q, err := s.Client.CoreV1().ResourceQuotas(s.name).Get(s.ctx, "few", metav1.GetOptions{})
		if used := q.Status.Used[corev1.ResourcePods]; err == nil && used.Value() != 2 {
			err = fmt.Errorf("%s", used.String())
		}
		return err
	})
	s.deploy(workload{name: "more", image: "registry.test/web:1", replicas: 1})
	s.until("the quota is in the way", func() error {
		d, err := s.Client.AppsV1().Deployments(s.name).Get(s.ctx, "more", metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, c := range d.Status.Conditions {
			if c.Type == appsv1.DeploymentReplicaFailure && strings.Contains(c.Message, "exceeded quota") {
				return nil
			}
		}
		return fmt.Errorf("%v", d.Status.Conditions)
	})
}

func TestHarnessEvictions(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.deploy(workload{name: "web", image: "registry.test/web:1", replicas: 1})
	s.rolled("web")
	one := intstr.FromInt32(1)
	_, err := s.Client.PolicyV1().PodDisruptionBudgets(s.name).Create(s.ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	s.until("the budget counts", func() error {
		b, err := s.Client.PolicyV1().PodDisruptionBudgets(s.name).Get(s.ctx, "web", metav1.GetOptions{})
		if err == nil && b.Status.CurrentHealthy != 1 {
			err = fmt.Errorf("%+v", b.Status)
		}
		return err
	})
	pods, err := s.pods("app=web")
	require.NoError(t, err)
	err = s.Client.PolicyV1().Evictions(s.name).Evict(s.ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pods[0].Name, Namespace: s.name}})
	assert.True(t, apierrors.IsTooManyRequests(err), "%v", err)
}

func TestHarnessSaysWhatItDoesNotDo(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	_, err := s.Client.CoreV1().Pods(s.name).Create(s.ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "init"},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "first", Image: "registry.test/web:1"}},
			Containers:     []corev1.Container{{Name: "web", Image: "registry.test/web:1"}},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	s.until("it has failed", func() error {
		p, err := s.Client.CoreV1().Pods(s.name).Get(s.ctx, "init", metav1.GetOptions{})
		if err == nil && (p.Status.Phase != corev1.PodFailed || p.Status.Reason != "Unsupported" || !strings.Contains(p.Status.Message, "init containers")) {
			err = fmt.Errorf("%+v", p.Status)
		}
		return err
	})
}
