package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// status counts what a slot runs, by pool: a pod belongs to the pool that its own annotations name,
// and one that has none, because its Deployment was adopted, to the Deployment's.
func (t tenant) status(now time.Time) map[strategy.Pool]*rollout.PoolStatus {
	all := map[strategy.Pool]*rollout.PoolStatus{}
	get := func(p strategy.Pool) *rollout.PoolStatus {
		if all[p] == nil {
			all[p] = &rollout.PoolStatus{Pool: p}
		}
		return all[p]
	}
	if t.replicas() > 0 {
		get(t.pool)
	}
	for _, pod := range t.pods {
		pool, ok := poolOf(pod)
		if !ok {
			pool = t.pool
		}
		s := get(pool)
		switch {
		case pod.DeletionTimestamp != nil:
			// It ends by itself within its grace period, which bounds how long it is waited for.
			s.Stopping, s.Draining = s.Stopping+1, s.Draining+1
		case t.spared[pod.UID]:
			s.Stopping++ // it answers until it is told, but when that will be is for its ReplicaSet's controller to say
		default:
			s.Running++
			if !readyNow(pod) {
				continue
			}
			s.Ready++
			if t.proven(pod, now) && t.reachable(pod) {
				s.Available++
			}
		}
	}
	if len(all) == 1 && t.deployment != nil && t.observed() {
		// The controller counts by the clock of the cluster, which is the one that counts.
		s := all[t.pool]
		if s != nil {
			s.Available = min(s.Available, int(t.deployment.Status.AvailableReplicas))
		}
	}
	return all
}

// overdue is how long after the end of its grace period a pod that was told to end may still be there. Its node is
// lost then, or somebody keeps it by a finalizer: nobody knows when it will be gone, so nobody waits for it.
const overdue = time.Minute

// hold takes the pods of the slot that take up room. Those that are over do not, however long the cluster keeps them,
// nor do those that ought to have ended long ago, which are told apart.
func (t *tenant) hold(pods []*corev1.Pod, by *sights, now time.Time) {
	for _, pod := range pods {
		seen := by.pod(pod)
		switch {
		case pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded:
		case seen.lasted(isLeaving, now) > grace(pod)+overdue:
			t.lost = append(t.lost, pod)
		default:
			t.pods, t.seen[pod.UID] = append(t.pods, pod), seen
		}
	}
}

// grace is how long a pod that was told to end may take.
func grace(pod *corev1.Pod) time.Duration {
	for _, seconds := range []*int64{pod.DeletionGracePeriodSeconds, pod.Spec.TerminationGracePeriodSeconds} {
		if seconds != nil {
			return time.Duration(*seconds) * time.Second
		}
	}
	return defaultGrace * time.Second
}

// leftover names the pods that are left in a slot that is asked for none.
func (t tenant) leftover() string {
	if t.replicas() > 0 || len(t.pods) == 0 {
		return ""
	}
	const most = 3
	var names []string
	for _, pod := range t.pods[:min(most, len(t.pods))] {
		names = append(names, pod.Name)
	}
	if more := len(t.pods) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// minReady is how long a pod must have been ready.
func (t tenant) minReady() time.Duration {
	if t.deployment == nil {
		return 0
	}
	return time.Duration(t.deployment.Spec.MinReadySeconds) * time.Second
}

// reachable reports whether requests that are led to the slot would reach the pod. Where the slots share a
// Service, whom it leads to is read with the traffic.
func (t tenant) reachable(pod *corev1.Pod) bool {
	return !t.gated || t.behind[pod.UID].ready
}

// readyNow reports whether a pod is ready.
func readyNow(pod *corev1.Pod) bool {
	c := condition(pod, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

// proven reports whether a pod that is ready has been so for long enough: as this process has seen, or, where it was
// ready before that, as the cluster says by its own clocks.
func (t tenant) proven(pod *corev1.Pod, now time.Time) bool {
	least := t.minReady()
	if least == 0 || t.seen[pod.UID].lasted(isReady, now) >= least {
		return true
	}
	if ready := condition(pod, corev1.PodReady).LastTransitionTime; !ready.IsZero() && written(t.deployment).Sub(ready.Time) >= least {
		return true
	}
	return !t.seen[pod.UID][isReady].came && !t.seen[t.uid()][isPatient].came && t.allAvailable()
}

// allAvailable reports whether the controller counts all pods of the slot that are ready as available.
func (t tenant) allAvailable() bool {
	ready := 0
	for _, pod := range t.pods {
		if pod.DeletionTimestamp == nil && readyNow(pod) {
			ready++
		}
	}
	return t.observed() && int(t.deployment.Status.AvailableReplicas) >= ready
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// crashes are the ends of a pod's containers that are known of now, each under an ID that no other has.
// The ends of a pod that was told to stop, or evicted, are nobody's fault.
func crashes(pod *corev1.Pod) []rollout.Failure {
	if pod.DeletionTimestamp != nil || disrupted(pod) {
		return nil
	}
	var all []rollout.Failure
	for _, c := range containersOf(pod) {
		inits := slices.ContainsFunc(pod.Spec.InitContainers, func(i corev1.Container) bool { return i.Name == c.Name })
		for _, end := range []struct {
			of *corev1.ContainerStateTerminated
			n  int32
		}{{c.LastTerminationState.Terminated, c.RestartCount - 1}, {c.State.Terminated, c.RestartCount}} {
			if end.of == nil || inits && end.of.ExitCode == 0 {
				continue
			}
			all = append(all, rollout.Failure{
				ID:     fmt.Sprintf("%s/%s#%d", pod.Name, c.Name, max(0, end.n)),
				Reason: endText(c.Name, end.of),
			})
		}
		if c.LastTerminationState.Terminated == nil && c.State.Terminated == nil && c.RestartCount > 0 {
			all = append(all, rollout.Failure{ // who restarted it tells no more than that
				ID:     fmt.Sprintf("%s/%s#%d", pod.Name, c.Name, c.RestartCount-1),
				Reason: fmt.Sprintf("container %s was restarted %d times%s", c.Name, c.RestartCount, waitingText(c)),
			})
		}
	}
	if pod.Status.Phase == corev1.PodFailed && len(all) == 0 {
		all = append(all, rollout.Failure{ID: pod.Name, Reason: strings.TrimSpace("pod failed: " + pod.Status.Reason + " " + pod.Status.Message)})
	}
	return all
}

// containersOf are the states of all containers.
func containersOf(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

// disrupted reports whether a pod was ended by the cluster, and not by itself.
func disrupted(pod *corev1.Pod) bool {
	if c := condition(pod, corev1.DisruptionTarget); c != nil && c.Status == corev1.ConditionTrue {
		return true
	}
	switch reason := pod.Status.Reason; reason {
	case "Evicted", "Preempting", "Terminated", "NodeShutdown", "NodeLost", "NodeAffinity", "Shutdown", "UnexpectedAdmissionError":
		return true
	default:
		return strings.HasPrefix(reason, "OutOf")
	}
}

func endText(container string, end *corev1.ContainerStateTerminated) string {
	text := fmt.Sprintf("container %s: exit code %d", container, end.ExitCode)
	if end.Signal != 0 {
		text += fmt.Sprintf(", signal %d", end.Signal)
	}
	if end.Reason != "" {
		text += " (" + end.Reason + ")"
	}
	if d := ran(end); d > 0 {
		text += " after " + d.String()
	}
	if m := strings.TrimSpace(end.Message); m != "" {
		text += ": " + short(m)
	}
	return text
}

func ran(end *corev1.ContainerStateTerminated) time.Duration {
	if end.StartedAt.IsZero() || end.FinishedAt.IsZero() {
		return 0
	}
	return end.FinishedAt.Sub(end.StartedAt.Time)
}

func waitingText(c corev1.ContainerStatus) string {
	if c.State.Waiting == nil || c.State.Waiting.Reason == "" {
		return ""
	}
	return ", now " + c.State.Waiting.Reason
}

// short is the end of a long text, where it most likely says what went wrong.
func short(text string) string {
	const most = 300
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= most {
		return string(runes)
	}
	return "…" + string(runes[len(runes)-most:])
}
