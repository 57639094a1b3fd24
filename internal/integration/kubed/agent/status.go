package agent

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// status is the pod as its containers are now.
func (p *pod) status() corev1.PodStatus {
	var all []corev1.ContainerStatus
	var unready []string
	for _, c := range p.containers {
		s := c.now()
		all = append(all, s)
		if !s.Ready {
			unready = append(unready, s.Name)
		}
	}
	phase := phase(all, p.object.Spec.RestartPolicy, p.leaves())
	why, text := "", ""
	switch {
	case phase == corev1.PodSucceeded:
		why = "PodCompleted"
	case len(unready) > 0:
		why, text = "ContainersNotReady", fmt.Sprintf("containers with unready status: [%s]", strings.Join(unready, " "))
	}
	s := p.base(phase)
	s.ContainerStatuses = all
	for _, t := range []corev1.PodConditionType{corev1.ContainersReady, corev1.PodReady} {
		s.Conditions = append(s.Conditions, condition(t, why == "", why, text))
	}
	return s
}

// base is what each status has.
func (p *pod) base(phase corev1.PodPhase) corev1.PodStatus {
	node := p.nodes[p.object.Spec.NodeName].String()
	return corev1.PodStatus{
		Phase: phase, HostIP: node, HostIPs: []corev1.HostIP{{IP: node}},
		PodIP: p.addr.String(), PodIPs: []corev1.PodIP{{IP: p.addr.String()}}, StartTime: &p.report.started,
		Conditions: []corev1.PodCondition{
			condition(corev1.PodReadyToStartContainers, true, "", ""), condition(corev1.PodInitialized, true, "", ""),
		},
	}
}

// failed is a pod of which nothing was started.
func (p *pod) failed(why, text string) corev1.PodStatus {
	s := p.base(corev1.PodFailed)
	s.Reason, s.Message = why, text
	for _, t := range []corev1.PodConditionType{corev1.ContainersReady, corev1.PodReady} {
		s.Conditions = append(s.Conditions, condition(t, false, "PodFailed", ""))
	}
	return s
}

func condition(t corev1.PodConditionType, ok bool, why, text string) corev1.PodCondition {
	c := corev1.PodCondition{Type: t, Status: corev1.ConditionFalse, Reason: why, Message: text, LastTransitionTime: metav1.Now()}
	if ok {
		c.Status = corev1.ConditionTrue
	}
	return c
}

// phase sums the containers up, as a kubelet does.
func phase(all []corev1.ContainerStatus, policy corev1.RestartPolicy, leaving bool) corev1.PodPhase {
	var waiting, running, ended, failed int
	for _, s := range all {
		switch {
		case s.State.Running != nil:
			running++
		case s.State.Terminated != nil:
			ended++
			if s.State.Terminated.ExitCode != 0 {
				failed++
			}
		case s.LastTerminationState.Terminated == nil:
			waiting++
		}
	}
	over := leaving && running == 0
	switch {
	case over && failed > 0, policy == corev1.RestartPolicyNever && ended == len(all) && failed > 0:
		return corev1.PodFailed
	case over, policy != corev1.RestartPolicyAlways && ended == len(all) && failed == 0:
		return corev1.PodSucceeded
	case waiting > 0:
		return corev1.PodPending
	}
	return corev1.PodRunning
}
