package agent

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"regexp"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"github.com/davit-sdk/davit/internal/integration/kubed/loopback"
	"github.com/davit-sdk/davit/internal/integration/kubed/plane"
)

// agent runs the pods of its nodes.
type agent struct {
	client  kubernetes.Interface
	events  record.EventRecorder
	block   loopback.Block
	logs    string
	backoff time.Duration
	missing *regexp.Regexp
	nodes   map[string]netip.Addr // by name

	running sync.WaitGroup // of pods

	mu    sync.Mutex
	pods  map[types.UID]*pod
	taken map[int]bool // numbers of addresses
	next  int
}

// run registers the nodes and runs their pods until ctx is over; then it kills all of their processes.
func (a *agent) run(ctx context.Context, nodes int) error {
	a.pods, a.taken, a.nodes = map[types.UID]*pod{}, map[int]bool{}, map[string]netip.Addr{}
	for n := range nodes {
		name := fmt.Sprintf("node-%d", n+1)
		a.nodes[name] = a.block.Node(n)
		if err := a.register(ctx, name); err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
	}
	bound := informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.FieldSelector = "spec.nodeName!=" })
	factory := informers.NewSharedInformerFactoryWithOptions(a.client, 0, bound)
	informer := factory.Core().V1().Pods().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { a.sync(ctx, o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) { a.sync(ctx, o.(*corev1.Pod)) },
		DeleteFunc: func(o any) {
			if late, ok := o.(cache.DeletedFinalStateUnknown); ok {
				o = late.Obj
			}
			a.gone(o.(*corev1.Pod))
		},
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return ctx.Err()
	}
	plane.Notify()
	<-ctx.Done()
	factory.Shutdown()
	a.running.Wait()
	return nil
}

// sync starts a pod that is new, and ends one that is to go.
func (a *agent) sync(ctx context.Context, object *corev1.Pod) {
	if _, ours := a.nodes[object.Spec.NodeName]; !ours || ctx.Err() != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.pods[object.UID]
	if p == nil {
		n, err := a.address(object)
		if err != nil {
			log.Printf("%s/%s: %v", object.Namespace, object.Name, err)
			return
		}
		p = newPod(a, object, a.block.Pod(n))
		a.pods[object.UID] = p
		a.running.Go(func() {
			p.run(ctx)
			a.mu.Lock()
			defer a.mu.Unlock()
			delete(a.pods, object.UID)
			delete(a.taken, n)
		})
	}
	if object.DeletionTimestamp != nil {
		grace := time.Duration(0)
		if s := object.DeletionGracePeriodSeconds; s != nil {
			grace = time.Duration(*s) * time.Second
		}
		p.end(grace)
	}
}

// gone ends a pod whose object was taken away by force.
func (a *agent) gone(object *corev1.Pod) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.pods[object.UID]; p != nil {
		p.end(leastGrace)
	}
}

// address is the number of an address for a pod: the one that it shows already, or a free one.
func (a *agent) address(object *corev1.Pod) (int, error) {
	if shown, err := netip.ParseAddr(object.Status.PodIP); err == nil {
		if n, ok := a.block.Has(shown); ok && !a.taken[n] {
			a.taken[n] = true
			return n, nil
		}
	}
	for range loopback.Size {
		n := a.next % loopback.Size
		a.next++
		if !a.taken[n] {
			a.taken[n] = true
			return n, nil
		}
	}
	return 0, fmt.Errorf("all %d addresses are taken", loopback.Size)
}
