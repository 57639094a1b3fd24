package kubernetes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

func instant(ago time.Duration) metav1.Time { return metav1.NewTime(noon().Add(-ago)) }

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// podWith is a pod of a slot with one container in that state.
func podWith(status corev1.ContainerStatus, change ...func(*corev1.Pod)) *corev1.Pod {
	status.Name = "shop"
	at := instant(time.Minute)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "shop-a-1", UID: types.UID("shop-a-1"), CreationTimestamp: at},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &at, ContainerStatuses: []corev1.ContainerStatus{status}},
	}
	for _, c := range change {
		c(pod)
	}
	return pod
}

func waitingFor(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Image: "r/shop:1", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
}

func ended(code int32, reason, message string) *corev1.ContainerStateTerminated {
	return &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: message, StartedAt: instant(10 * time.Second), FinishedAt: instant(6 * time.Second)}
}

func TestCrashes(t *testing.T) {
	crashed := corev1.ContainerStatus{RestartCount: 2, LastTerminationState: corev1.ContainerState{Terminated: ended(2, "Error", "listen: address in use\n")}}
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		want []rollout.Failure
	}{
		"well":       {podWith(corev1.ContainerStatus{}), nil},
		"crashed":    {podWith(crashed), []rollout.Failure{{ID: "shop-a-1/shop#1", Reason: "container shop: exit code 2 (Error) after 4s: listen: address in use"}}},
		"is being":   {podWith(crashed, func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: noon()} }), nil},
		"evicted":    {podWith(crashed, func(p *corev1.Pod) { p.Status.Phase, p.Status.Reason = corev1.PodFailed, "Evicted" }), nil},
		"out of cpu": {podWith(crashed, func(p *corev1.Pod) { p.Status.Phase, p.Status.Reason = corev1.PodFailed, "OutOfcpu" }), nil},
		"drained node": {podWith(crashed, func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue}}
		}), nil},
		"down": {podWith(corev1.ContainerStatus{RestartCount: 3, State: corev1.ContainerState{Terminated: ended(137, "OOMKilled", "")}}),
			[]rollout.Failure{{ID: "shop-a-1/shop#3", Reason: "container shop: exit code 137 (OOMKilled) after 4s"}}},
		"ended well, which a service must not": {podWith(corev1.ContainerStatus{State: corev1.ContainerState{Terminated: ended(0, "Completed", "")}}),
			[]rollout.Failure{{ID: "shop-a-1/shop#0", Reason: "container shop: exit code 0 (Completed) after 4s"}}},
		"an init container that is done": {podWith(corev1.ContainerStatus{}, func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "migrate"}}
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "migrate", State: corev1.ContainerState{Terminated: ended(0, "Completed", "")}}}
		}), nil},
		"an init container that fails": {podWith(corev1.ContainerStatus{}, func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "migrate"}}
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "migrate", RestartCount: 1, LastTerminationState: corev1.ContainerState{Terminated: ended(1, "Error", "")}}}
		}), []rollout.Failure{{ID: "shop-a-1/migrate#0", Reason: "container migrate: exit code 1 (Error) after 4s"}}},
		"told no more": {podWith(corev1.ContainerStatus{RestartCount: 1, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}}),
			[]rollout.Failure{{ID: "shop-a-1/shop#0", Reason: "container shop was restarted 1 times, now CrashLoopBackOff"}}},
		"failed as a whole": {podWith(corev1.ContainerStatus{}, func(p *corev1.Pod) { p.Status.Phase, p.Status.Message = corev1.PodFailed, "too old" }),
			[]rollout.Failure{{ID: "shop-a-1", Reason: "pod failed:  too old"}}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, crashes(c.pod)) })
	}
}

func TestStuck(t *testing.T) {
	p := patience{image: 20 * time.Second, node: 2 * time.Minute, crashes: 5}
	unscheduled := podWith(corev1.ContainerStatus{}, func(p *corev1.Pod) {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/2 nodes are available"}}
	})
	loop := func(n int32) corev1.ContainerStatus {
		s := waitingFor("CrashLoopBackOff", "back-off 10s")
		s.RestartCount, s.LastTerminationState.Terminated = n, ended(1, "Error", "no config")
		return s
	}
	failure := func(kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason string) []appsv1.DeploymentCondition {
		return []appsv1.DeploymentCondition{{Type: kind, Status: status, Reason: reason, Message: "exceeded quota"}}
	}
	for name, c := range map[string]struct {
		pod        *corev1.Pod
		ago        time.Duration // since when it has been so
		conditions []appsv1.DeploymentCondition
		want       string
	}{
		"starts":             {podWith(waitingFor("ContainerCreating", "")), time.Minute, nil, ""},
		"no such image":      {podWith(waitingFor("ImagePullBackOff", "Back-off pulling")), time.Minute, nil, "pod shop-a-1: container shop: ImagePullBackOff: Back-off pulling (image r/shop:1)"},
		"for a moment":       {podWith(waitingFor("ErrImagePull", "timeout")), 5 * time.Second, nil, ""},
		"no image name":      {podWith(waitingFor("InvalidImageName", "bad")), 0, nil, "pod shop-a-1: container shop: InvalidImageName: bad"},
		"never pulled":       {podWith(waitingFor("ErrImageNeverPull", "not present")), 0, nil, "pod shop-a-1: container shop: ErrImageNeverPull: not present"},
		"no config":          {podWith(waitingFor("CreateContainerConfigError", `configmap "x" not found`)), time.Minute, nil, `pod shop-a-1: container shop: CreateContainerConfigError: configmap "x" not found`},
		"crashes":            {podWith(loop(5)), time.Minute, nil, "pod shop-a-1: container shop: CrashLoopBackOff: back-off 10s; last container shop: exit code 1 (Error) after 4s: no config"},
		"crashed a little":   {podWith(loop(4)), time.Minute, nil, ""},
		"no node":            {unscheduled, 3 * time.Minute, nil, "pod shop-a-1: no node for it (Unschedulable): 0/2 nodes are available"},
		"no node yet":        {unscheduled, time.Minute, nil, ""},
		"no quota":           {podWith(corev1.ContainerStatus{}), time.Minute, failure(appsv1.DeploymentReplicaFailure, "True", "FailedCreate"), "pods of deployment shop-a cannot be created (FailedCreate): exceeded quota"},
		"no quota just now":  {podWith(corev1.ContainerStatus{}), time.Second, failure(appsv1.DeploymentReplicaFailure, "True", "FailedCreate"), ""},
		"too late":           {podWith(corev1.ContainerStatus{}), time.Minute, failure(appsv1.DeploymentProgressing, "False", "ProgressDeadlineExceeded"), "deployment shop-a made no progress for 600s (ProgressDeadlineExceeded); pod shop-a-1 is running and not ready"},
		"not ready for long": {podWith(corev1.ContainerStatus{}), 10 * time.Minute, nil, "deployment shop-a made no progress for 600s (pods are not ready); pod shop-a-1 is running and not ready"},
		"not ready just now": {podWith(corev1.ContainerStatus{}, func(p *corev1.Pod) {
			p.CreationTimestamp = instant(time.Hour)
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: instant(time.Hour)}}
		}), time.Minute, nil, ""},
		"on its way out": {podWith(waitingFor("ImagePullBackOff", ""), func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: noon()} }), time.Hour, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := lodger("a", strategy.Pool{Revision: strategy.Revision{Version: "1"}}, 2, c.pod)
			n.deployment.Status.Conditions = c.conditions
			n.sighted(c.pod, c.ago)
			why := n.stuck(noon(), p)
			if c.want == "" {
				assert.Nil(t, why)
				return
			}
			if assert.NotNil(t, why) {
				assert.Equal(t, c.want, why.reason)
				assert.NotEmpty(t, why.key)
			}
			n.deployment.Generation = 2
			assert.Nil(t, n.stuck(noon(), p), "the status speaks of what was asked before")
		})
	}
}

func TestNewestEvent(t *testing.T) {
	event := func(kind, reason, message string, ago time.Duration) corev1.Event {
		return corev1.Event{Type: kind, Reason: reason, Message: message, LastTimestamp: instant(ago)}
	}
	events := []corev1.Event{
		event("Warning", "Unhealthy", "Readiness probe failed:\n HTTP 503", time.Second),
		event("Warning", "Failed", "Error: ErrImagePull", 0),
		event("Warning", "BackOff", "old", time.Hour),
		event("Normal", "Pulled", "image", 0),
	}
	assert.Equal(t, "Unhealthy: Readiness probe failed: HTTP 503", newest(events, "container shop: ErrImagePull"))
	assert.Equal(t, "Failed: Error: ErrImagePull", newest(events, ""))
	assert.Empty(t, newest(nil, ""))
	assert.Len(t, []rune(short(string(make([]byte, 5000))+"x")), 301)
}

// sighted makes that a pod, and the slot's Deployment, have been seen as they are for so long.
func (t *tenant) sighted(pod *corev1.Pod, ago time.Duration) {
	by := newSights()
	for uid, all := range map[types.UID]seen{pod.UID: by.pod(pod), t.deployment.UID: by.deployment(t.deployment)} {
		if t.seen == nil {
			t.seen = map[types.UID]seen{}
		}
		t.seen[uid] = seen{}
		for f, one := range all {
			one.at = noon().Add(-ago)
			t.seen[uid][f] = one
		}
	}
}

// lodger is a slot with a Deployment for so many pods, all observed.
func lodger(name string, pool strategy.Pool, replicas int32, pods ...*corev1.Pod) tenant {
	n := tenant{slot: slot{name: name, object: "shop-" + name, baseline: name == "baseline"}, pool: pool, pods: pods}
	n.deployment = &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: n.object, UID: types.UID(n.object), Generation: 1, Annotations: tellsPool(pool)},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{labelService: "shop", labelSlot: name}}},
		Status:     appsv1.DeploymentStatus{ObservedGeneration: 1, Replicas: replicas, AvailableReplicas: replicas},
	}
	return n
}
