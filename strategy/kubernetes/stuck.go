package kubernetes

import (
	"context"
	"fmt"
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
	key    string // the same for as long as the trouble is the same
	reason string
	pod    *corev1.Pod // whose events tell more; nil: the Deployment's condition tells all
}

// stuck says why a slot will not have all of its pods unless somebody mends something; nil where it may.
func (t tenant) stuck(now time.Time, p patience) *trouble {
	if t.deployment == nil || t.replicas() == 0 || !t.observed() {
		return nil
	}
	for _, c := range t.deployment.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue && t.seen[t.uid()].lasted(isRefused, now) >= p.image {
			return &trouble{key: c.Reason, reason: fmt.Sprintf("pods of deployment %s cannot be created (%s): %s", t.object, c.Reason, short(c.Message))}
		}
	}
	for _, pod := range t.pods {
		if own, ok := poolOf(pod); ok && own != t.pool || pod.DeletionTimestamp != nil {
			continue
		}
		if reason, why := podStuck(pod, t.seen[pod.UID], now, p); why != "" {
			return &trouble{key: reason, reason: fmt.Sprintf("pod %s: %s", pod.Name, why), pod: pod}
		}
	}
	for _, c := range t.deployment.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse && c.Reason == "ProgressDeadlineExceeded" {
			return t.late(c.Reason, now)
		}
	}
	// A Deployment that was complete once, with no pods at all, tells of no deadline when it is scaled.
	for _, pod := range t.pods {
		if own, ok := poolOf(pod); (!ok || own == t.pool) && pod.DeletionTimestamp == nil && t.seen[pod.UID].lasted(isUnready, now) >= t.deadline() {
			return t.late("pods are not ready", now)
		}
	}
	return nil
}

// deadline is the Deployment's own progress deadline.
func (t tenant) deadline() time.Duration {
	if d := t.deployment.Spec.ProgressDeadlineSeconds; d != nil {
		return time.Duration(*d) * time.Second
	}
	return 10 * time.Minute
}

// late is a Deployment that made no progress for the whole of its own progress deadline. It names the pod that
// has waited longest.
func (t tenant) late(reason string, now time.Time) *trouble {
	why := &trouble{key: reason, reason: fmt.Sprintf("deployment %s made no progress for %.0fs (%s)", t.object, t.deadline().Seconds(), reason)}
	longest := time.Duration(-1)
	for _, pod := range t.pods {
		if lasted := t.seen[pod.UID].lasted(isUnready, now); pod.DeletionTimestamp == nil && lasted > longest {
			why.pod, longest = pod, lasted
		}
	}
	if why.pod != nil {
		why.reason += fmt.Sprintf("; pod %s is %s and not ready", why.pod.Name, strings.ToLower(string(why.pod.Status.Phase)))
	}
	return why
}

// podStuck says why a pod will not become ready, in a word and in a sentence.
func podStuck(pod *corev1.Pod, seen seen, now time.Time, p patience) (reason, text string) {
	if c := condition(pod, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionFalse && seen.lasted(isHomeless, now) >= p.node {
		return c.Reason, fmt.Sprintf("no node for it (%s): %s", c.Reason, short(c.Message))
	}
	for _, c := range containersOf(pod) {
		w := c.State.Waiting
		if w == nil {
			continue
		}
		text := fmt.Sprintf("container %s: %s", c.Name, w.Reason)
		if w.Message != "" {
			text += ": " + short(w.Message)
		}
		switch by := failsBy(w.Reason); {
		case w.Reason == "InvalidImageName" || w.Reason == "ErrImageNeverPull":
			return w.Reason, text
		case by != "":
			if seen.lasted(fails+fact(c.Name), now) >= p.image {
				return by, text + image(w.Reason, c.Image)
			}
		case w.Reason == "CrashLoopBackOff":
			if int(c.RestartCount) >= p.crashes {
				if end := c.LastTerminationState.Terminated; end != nil {
					text += "; last " + endText(c.Name, end)
				}
				return w.Reason, text
			}
		}
	}
	return "", ""
}

func image(reason, name string) string {
	if strings.Contains(reason, "Image") && name != "" {
		return " (image " + name + ")"
	}
	return ""
}

// tellings keeps what was told of each slot that is stuck: the same trouble is told in the same words, and
// events are read once for it.
type tellings struct {
	mu   sync.Mutex
	told map[string]telling // by slot
}

type telling struct{ key, text string }

// eventsWithin is how long it may take to read events: they are told for people's sake, nothing hangs on them.
const eventsWithin = time.Second

// stuck is the reason together with what the newest event says.
func (t *Target) stuck(ctx context.Context, n tenant, now time.Time) string {
	why := n.stuck(now, t.s.patience())
	t.tellings.mu.Lock()
	defer t.tellings.mu.Unlock()
	if why == nil {
		delete(t.tellings.told, n.name)
		return ""
	}
	key := n.pool.String() + " " + why.key
	if why.pod != nil {
		key += " " + why.pod.Name
	}
	old := t.tellings.told[n.name]
	if old.key == key {
		return old.text
	}
	text := why.reason
	if event := t.newestEvent(ctx, why.pod, text); event != "" {
		text += "; newest event: " + event
	}
	t.tellings.told[n.name] = telling{key: key, text: text}
	return text
}

// newestEvent is the newest warning about a pod that says more than is known. Without the right to read
// events there is none.
func (t *Target) newestEvent(ctx context.Context, pod *corev1.Pod, known string) string {
	if pod == nil {
		return ""
	}
	asking, cancel := context.WithTimeout(ctx, eventsWithin)
	defer cancel()
	list, err := t.clients.Kubernetes.CoreV1().Events(t.s.Namespace).List(asking, metav1.ListOptions{FieldSelector: "involvedObject.uid=" + string(pod.UID)})
	if err != nil {
		t.log.Debug("read events", "pod", pod.Name, "error", err)
		return ""
	}
	return newest(list.Items, known)
}

// newest is what the newest warning says that is not known yet.
func newest(events []corev1.Event, known string) string {
	last, text := time.Time{}, ""
	for _, e := range events {
		at := e.LastTimestamp.Time
		if at.IsZero() {
			at = e.EventTime.Time
		}
		message := short(e.Message)
		if e.Type == corev1.EventTypeWarning && !at.Before(last) && !strings.Contains(known, strings.TrimPrefix(message, "Error: ")) {
			last, text = at, e.Reason+": "+message
		}
	}
	return text
}
