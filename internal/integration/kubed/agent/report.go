package agent

import (
	"context"
	"log"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// report writes the status of one pod: the newest one, in order, until the API takes it.
type report struct {
	write   func(ctx context.Context, s corev1.PodStatus) error
	started metav1.Time

	mu      sync.Mutex
	changed *sync.Cond
	latest  corev1.PodStatus
	count   int // how often latest was set
	written int // of these, which one was written last
	closed  bool
}

func newReport(object *corev1.Pod, write func(context.Context, corev1.PodStatus) error) *report {
	r := &report{write: write, started: metav1.Now(), latest: object.Status}
	if t := object.Status.StartTime; t != nil {
		r.started = *t
	}
	r.changed = sync.NewCond(&r.mu)
	return r
}

// set makes a status the newest one. A condition that stays as it was keeps its time.
func (r *report) set(s corev1.PodStatus) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, c := range s.Conditions {
		for _, old := range r.latest.Conditions {
			if old.Type == c.Type && old.Status == c.Status {
				s.Conditions[i].LastTransitionTime = old.LastTransitionTime
			}
		}
	}
	if r.count > 0 && equality.Semantic.DeepEqual(r.latest, s) {
		return
	}
	r.latest = s
	r.count++
	r.changed.Broadcast()
}

// close ends run, once it has written what was set.
func (r *report) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.changed.Broadcast()
}

// flush waits until everything is written that was set.
func (r *report) flush(ctx context.Context) {
	defer context.AfterFunc(ctx, r.close)()
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := r.count; r.written < n && !r.closed; {
		r.changed.Wait()
	}
}

// run writes until the report is closed or ctx is over.
func (r *report) run(ctx context.Context) {
	defer context.AfterFunc(ctx, r.close)()
	for {
		r.mu.Lock()
		for r.written == r.count && !r.closed {
			r.changed.Wait()
		}
		if ctx.Err() != nil || r.closed && r.written == r.count {
			r.mu.Unlock()
			return
		}
		n, s := r.count, r.latest
		r.mu.Unlock()
		if err := r.write(ctx, s); err != nil {
			log.Print(err)
			sleep(ctx, nil, again)
			continue
		}
		r.mu.Lock()
		r.written = n
		r.changed.Broadcast()
		r.mu.Unlock()
	}
}
