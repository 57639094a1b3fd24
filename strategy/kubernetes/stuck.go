package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// patience is how long what may mend itself is waited for.
type patience struct {
	image, node time.Duration
	crashes     int
}

// trouble is why a slot does not get on.
type trouble struct {
	reason string
	pod    *corev1.Pod // whose events tell more; nil: the Deployment's condition tells all
}

// stuck says why a slot will not have all of its pods unless somebody mends something; nil where it may.
func (t tenant) stuck(now time.Time, p patience) *trouble {
	if t.deployment == nil || t.replicas() == 0 || !t.observed() {
		return nil
	}
	for _, c := range t.deployment.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue && since(c.LastTransitionTime, now) >= p.image {
			return &trouble{reason: fmt.Sprintf("pods of deployment %s cannot be created (%s): %s", t.object, c.Reason, short(c.Message))}
		}
	}
	for _, pod := range t.pods {
		if own, ok := poolOf(pod); ok && own != t.pool || pod.DeletionTimestamp != nil {
			continue
		}
		if why := podStuck(pod, now, p); why != "" {
			return &trouble{reason: fmt.Sprintf("pod %s: %s", pod.Name, why), pod: pod}
		}
	}
	for _, c := range t.deployment.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse && c.Reason == "ProgressDeadlineExceeded" {
			return t.late(c)
		}
	}
	return nil
}

// late is a Deployment that made no progress for the whole of its own progress deadline.
func (t tenant) late(c appsv1.DeploymentCondition) *trouble {
	deadline := int32(600)
	if d := t.deployment.Spec.ProgressDeadlineSeconds; d != nil {
		deadline = *d
	}
	why := &trouble{reason: fmt.Sprintf("deployment %s made no progress for %ds (%s)", t.object, deadline, c.Reason)}
	for _, pod := range t.pods {
		if pod.DeletionTimestamp == nil && readySince(pod).IsZero() {
			why.pod = pod
			why.reason += fmt.Sprintf("; pod %s is %s and not ready", pod.Name, strings.ToLower(string(pod.Status.Phase)))
			break
		}
	}
	return why
}

// podStuck says why a pod will not become ready.
func podStuck(pod *corev1.Pod, now time.Time, p patience) string {
	if c := condition(pod, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionFalse && since(c.LastTransitionTime, now) >= p.node {
		return fmt.Sprintf("no node for %s (%s): %s", since(c.LastTransitionTime, now).Round(time.Second), c.Reason, short(c.Message))
	}
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		w := c.State.Waiting
		if w == nil {
			continue
		}
		text := fmt.Sprintf("container %s: %s", c.Name, w.Reason)
		if w.Message != "" {
			text += ": " + short(w.Message)
		}
		switch w.Reason {
		case "InvalidImageName", "ErrImageNeverPull":
			return text
		case "ImagePullBackOff", "ErrImagePull", "ImageInspectError", "RegistryUnavailable",
			"CreateContainerConfigError", "CreateContainerError", "RunContainerError":
			if since(started(pod), now) >= p.image {
				return text + image(w.Reason, c.Image)
			}
		case "CrashLoopBackOff":
			if int(c.RestartCount) >= p.crashes {
				if end := c.LastTerminationState.Terminated; end != nil {
					text += "; last " + endText(c.Name, end)
				}
				return fmt.Sprintf("%s (%d restarts)", text, c.RestartCount)
			}
		}
	}
	return ""
}

func image(reason, name string) string {
	if strings.Contains(reason, "Image") && name != "" {
		return " (image " + name + ")"
	}
	return ""
}

// started is since when a pod has a node, or else exists.
func started(pod *corev1.Pod) metav1.Time {
	if pod.Status.StartTime != nil {
		return *pod.Status.StartTime
	}
	return pod.CreationTimestamp
}

// tellings keeps the newest event of pods that are stuck, so that a reason that is asked for four times a
// second does not read events as often.
type tellings struct {
	mu  sync.Mutex
	pod map[string]telling
}

type telling struct {
	text string
	at   time.Time
}

const (
	// eventsEvery is how often the events of a pod that is stuck are read.
	eventsEvery = 10 * time.Second
	// eventsWithin is how long that may take: they are told for people's sake, nothing hangs on them.
	eventsWithin = time.Second
)

// stuck is the reason together with what the newest event says.
func (t *Target) stuck(ctx context.Context, n tenant, now time.Time) string {
	why := n.stuck(now, patience{image: t.s.ImagePatience, node: t.s.NodePatience, crashes: t.s.CrashPatience})
	if why == nil {
		return ""
	}
	if why.pod == nil {
		return why.reason
	}
	if event := t.newestEvent(ctx, why.pod); event != "" && !strings.Contains(why.reason, event) {
		return why.reason + "; newest event: " + event
	}
	return why.reason
}

// newestEvent is the newest warning about a pod. Without the right to read events there is none.
func (t *Target) newestEvent(ctx context.Context, pod *corev1.Pod) string {
	t.tellings.mu.Lock()
	defer t.tellings.mu.Unlock()
	if old, ok := t.tellings.pod[string(pod.UID)]; ok && time.Since(old.at) < eventsEvery {
		return old.text
	}
	asking, cancel := context.WithTimeout(ctx, eventsWithin)
	defer cancel()
	list, err := t.clients.Kubernetes.CoreV1().Events(t.s.Namespace).List(asking, metav1.ListOptions{FieldSelector: "involvedObject.uid=" + string(pod.UID)})
	text := ""
	if err != nil {
		t.log.Debug("read events", "pod", pod.Name, "error", err)
	} else {
		text = newest(list.Items)
	}
	if len(t.tellings.pod) > 100 {
		clear(t.tellings.pod)
	}
	t.tellings.pod[string(pod.UID)] = telling{text: text, at: time.Now()}
	return text
}

// newest is what the newest warning says.
func newest(events []corev1.Event) string {
	last, text := time.Time{}, ""
	for _, e := range events {
		at := e.LastTimestamp.Time
		if at.IsZero() {
			at = e.EventTime.Time
		}
		if e.Type == corev1.EventTypeWarning && !at.Before(last) {
			last, text = at, e.Reason+": "+short(e.Message)
		}
	}
	return text
}
