package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/internal/integration/kubed/loopback"
)

const (
	// leastGrace is what a process gets to end, however little of the grace period is left.
	leastGrace = 2 * time.Second
	// again is the time until a call of the API that failed is made again.
	again = 200 * time.Millisecond
)

// pod is one pod that runs here.
type pod struct {
	*agent
	object     *corev1.Pod // as it was seen first
	addr, bind netip.Addr
	containers []*container
	report     *report
	telling    sync.Mutex

	once   sync.Once
	ending chan struct{} // closed when the pod is to end
	until  time.Time     // when it is killed; set before ending is closed
}

func newPod(a *agent, object *corev1.Pod, addr netip.Addr) *pod {
	p := &pod{agent: a, object: object.DeepCopy(), addr: addr, ending: make(chan struct{})}
	p.bind, _ = loopback.Bind(addr) // it is an address of the block
	p.report = newReport(p.object, p.write)
	for _, spec := range p.object.Spec.Containers {
		p.containers = append(p.containers, newContainer(p, spec))
	}
	return p
}

// end tells the pod to end. The first one who says so says how long it may take.
func (p *pod) end(grace time.Duration) {
	p.once.Do(func() {
		p.until = time.Now().Add(grace)
		close(p.ending)
	})
}

func (p *pod) leaves() bool {
	select {
	case <-p.ending:
		return true
	default:
		return false
	}
}

// run is the life of the pod, until its object is gone or ctx is over.
func (p *pod) run(ctx context.Context) {
	var working sync.WaitGroup
	working.Go(func() { p.report.run(ctx) })
	defer working.Wait()
	defer p.report.close()
	if phase := p.object.Status.Phase; phase != corev1.PodSucceeded && phase != corev1.PodFailed {
		if why := unsupported(p.object.Spec); why != "" {
			p.report.set(p.failed("Unsupported", why))
		} else {
			p.changed()
			var all sync.WaitGroup
			for _, c := range p.containers {
				all.Go(func() { c.run(ctx) })
			}
			all.Wait()
			p.changed()
		}
	}
	select {
	case <-ctx.Done():
		return
	case <-p.ending:
	}
	p.report.flush(ctx)
	p.remove(ctx)
}

// remove takes the object away, now that nothing of the pod runs.
func (p *pod) remove(ctx context.Context) {
	var zero int64
	now := metav1.DeleteOptions{GracePeriodSeconds: &zero, Preconditions: &metav1.Preconditions{UID: &p.object.UID}}
	for {
		err := p.client.CoreV1().Pods(p.object.Namespace).Delete(ctx, p.object.Name, now)
		if err == nil || errors.IsNotFound(err) || errors.IsConflict(err) {
			return
		}
		log.Printf("remove %s/%s: %v", p.object.Namespace, p.object.Name, err)
		if !sleep(ctx, nil, again) {
			return
		}
	}
}

// changed reports the pod as it is now.
func (p *pod) changed() {
	p.telling.Lock() // so that what is set later is what was seen later
	defer p.telling.Unlock()
	p.report.set(p.status())
}

// write patches the status. A pod that is gone has none to write.
func (p *pod) write(ctx context.Context, s corev1.PodStatus) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": p.object.UID}, "status": s})
	if err != nil {
		return err
	}
	pods := p.client.CoreV1().Pods(p.object.Namespace)
	_, err = pods.Patch(ctx, p.object.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if errors.IsConflict(err) { // either the name is another pod's now, or many wrote at once
		now, gone := pods.Get(ctx, p.object.Name, metav1.GetOptions{})
		if gone == nil && now.UID != p.object.UID {
			return nil
		}
	}
	if err != nil && !errors.IsNotFound(err) {
		return fmt.Errorf("status of %s/%s: %w", p.object.Namespace, p.object.Name, err)
	}
	return nil
}

// event tells of something that happened to the pod.
func (p *pod) event(kind, reason, format string, args ...any) {
	p.events.Eventf(p.object, kind, reason, format, args...)
}

// sleep waits, and reports whether nothing came in between.
func sleep(ctx context.Context, ending <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-ending:
	}
	return false
}
