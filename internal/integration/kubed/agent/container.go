package agent

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// container is one container of a pod.
type container struct {
	*pod
	spec corev1.Container

	mu     sync.Mutex
	status corev1.ContainerStatus
}

func newContainer(p *pod, spec corev1.Container) *container {
	c := &container{pod: p, spec: spec, status: corev1.ContainerStatus{Name: spec.Name, Image: spec.Image}}
	c.status.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	for _, s := range p.object.Status.ContainerStatuses { // of an agent that ran it before
		if s.Name == spec.Name && (s.State.Running != nil || s.RestartCount > 0) {
			c.status.RestartCount = s.RestartCount + 1
			c.status.LastTerminationState = s.LastTerminationState
		}
	}
	return c
}

// now is the status as it is.
func (c *container) now() corev1.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.status.DeepCopy()
}

// set changes the status and reports it.
func (c *container) set(change func(s *corev1.ContainerStatus)) {
	c.mu.Lock()
	change(&c.status)
	c.mu.Unlock()
	c.changed()
}

// waiting says for what the container waits. How it ended last stays known.
func (c *container) waiting(reason, text string) {
	c.set(func(s *corev1.ContainerStatus) {
		if s.State.Terminated != nil {
			s.LastTerminationState = s.State
		}
		s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: text}}
	})
}

// run is the life of the container: until the pod is to end, it is not to be restarted, or ctx is over.
func (c *container) run(ctx context.Context) {
	crashes := backoff{first: c.backoff, most: 30 * c.backoff}
	if !c.pull(ctx) {
		return
	}
	for {
		env, ok := c.environment(ctx)
		if !ok {
			return
		}
		began := time.Now()
		code, left := c.live(ctx, env)
		if left || c.object.Spec.RestartPolicy == corev1.RestartPolicyNever || c.object.Spec.RestartPolicy == corev1.RestartPolicyOnFailure && code == 0 {
			return
		}
		if time.Since(began) > 2*crashes.most {
			crashes.reset()
		}
		if wait := crashes.next(); wait > 0 {
			text := "back-off " + wait.String() + " restarting failed container=" + c.spec.Name + " pod=" + c.object.Name + "_" + c.object.Namespace + "(" + string(c.object.UID) + ")"
			c.waiting("CrashLoopBackOff", text)
			c.event(corev1.EventTypeWarning, "BackOff", "Back-off restarting failed container %s in pod %s_%s(%s)", c.spec.Name, c.object.Name, c.object.Namespace, c.object.UID)
			if !sleep(ctx, c.ending, wait) {
				return
			}
		}
		c.mu.Lock() // told with what comes next
		c.status.RestartCount++
		c.mu.Unlock()
	}
}

// backoff is how long to wait after the n-th failure in a row: not at all, then first, twice that, and so on.
type backoff struct {
	first, most time.Duration
	n           int
}

func (b *backoff) next() time.Duration {
	b.n++
	if b.n == 1 {
		return 0
	}
	return min(b.first<<min(b.n-2, 20), b.most)
}

func (b *backoff) reset() { b.n = 0 }
