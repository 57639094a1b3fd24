package kubernetes

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// unseen is how long a pod may be ready before its Service leads to it, and be there after its end: usually that takes
// a moment.
const unseen = 5 * time.Second

// explain tells why pods that are ready are not available, and which pods do not end.
func (p *round) explain() {
	for _, t := range p.v.slots {
		for _, pod := range t.pods {
			if over := t.seen[pod.UID].lasted(isLeaving, p.v.now) - grace(pod); pod.DeletionTimestamp != nil && over >= unseen {
				p.d.blocked = append(p.d.blocked, fmt.Sprintf("pod %s ought to have ended %s ago, and is waited for until that is %s: node %s may be lost, or a finalizer keeps the pod",
					pod.Name, over.Round(time.Second), overdue, pod.Spec.NodeName))
			}
		}
	}
	for t, g := range p.groups {
		if g.Replicas == 0 || !t.gated {
			continue
		}
		for _, pod := range t.pods {
			if pod.DeletionTimestamp == nil && t.seen[pod.UID].lasted(isReady, p.v.now) >= unseen && !t.reachable(pod) {
				p.d.blocked = append(p.d.blocked, t.absence(pod))
				break // one of them says it for all
			}
		}
	}
}

// absence is why the slot's Service does not lead to a pod that is ready.
func (t tenant) absence(pod *corev1.Pod) string {
	if _, listed := t.behind[pod.UID]; listed {
		return fmt.Sprintf("pod %s is ready, and no requests reach it: the endpointslices of service %s say that it is not ready", pod.Name, t.object)
	}
	return fmt.Sprintf("pod %s is ready, and no requests reach it: it is not in the endpointslices of service %s (its controller may be late, or the Service has no selector for it)", pod.Name, t.object)
}
