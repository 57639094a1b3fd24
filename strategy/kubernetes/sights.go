package kubernetes

import (
	"strconv"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// fact is something that is so with an object for a while, and that something follows from once it has been so for
// long enough.
type fact string

const (
	isReady    fact = "ready"     // a pod
	isUnready  fact = "unready"   // a pod
	isLeaving  fact = "leaving"   // a pod was told to end
	isHomeless fact = "homeless"  // no node takes a pod
	isIdle     fact = "idle"      // a Deployment is marked to get no requests
	isRefused  fact = "refused"   // a Deployment's pods cannot be created
	isPatient  fact = "patient"   // a Deployment's pods must have been ready for that long
	fails      fact = "fails/"    // with a container's name: it cannot be started
	ofImage         = "image"     // what it fails by, in whatever words
	ofCreation      = "container" // …
)

// sight is since when this process has seen a fact, by its own clock. No two clocks are compared: one that is wrong
// can neither cut a time short nor draw it out. A new process counts anew.
type sight struct {
	mark string // what tells the fact from another one of the same name, as when it came and went unseen
	at   time.Time
	came bool // the object was seen before, and it was not so then
}

// seen are the facts of one object.
type seen map[fact]sight

// lasted is how long a fact has been seen; below zero where it is not so.
func (s seen) lasted(f fact, now time.Time) time.Duration {
	one, ok := s[f]
	if !ok {
		return -1
	}
	return now.Sub(one.at)
}

// sights keeps the facts of all objects.
type sights struct {
	mu sync.Mutex
	of map[types.UID]seen
}

func newSights() *sights { return &sights{of: map[types.UID]seen{}} }

// note takes what is so now. Keep says which facts stay although they are not seen just now; nil: none.
func (s *sights) note(uid types.UID, facts map[fact]string, keep func(fact) bool) seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.of[uid]
	next, now := seen{}, time.Now()
	for f, mark := range facts {
		one, ok := old[f]
		if !ok || one.mark != mark {
			one = sight{mark: mark, at: now, came: known}
		}
		next[f] = one
	}
	for f, one := range old {
		if _, so := facts[f]; !so && keep != nil && keep(f) {
			next[f] = one
		}
	}
	s.of[uid] = next // never changed from now on
	return next
}

// forget is told that an object is gone.
func (s *sights) forget(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, uid)
}

// pod notes what is so with a pod.
func (s *sights) pod(pod *corev1.Pod) seen {
	facts := map[fact]string{}
	ready := condition(pod, corev1.PodReady)
	mark := ""
	if ready != nil {
		mark = ready.LastTransitionTime.UTC().Format(time.RFC3339)
	}
	if readyNow(pod) {
		facts[isReady] = mark
	} else {
		facts[isUnready] = mark
	}
	if pod.DeletionTimestamp != nil {
		facts[isLeaving] = ""
	}
	if c := condition(pod, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionFalse {
		facts[isHomeless] = ""
	}
	tries := map[fact]bool{} // it is between two tries
	for _, c := range containersOf(pod) {
		if w := c.State.Waiting; w != nil && w.Reason != "CrashLoopBackOff" {
			f := fails + fact(c.Name)
			if by := failsBy(w.Reason); by != "" {
				facts[f] = by
			} else {
				tries[f] = true
			}
		}
	}
	return s.note(pod.UID, facts, func(f fact) bool { return tries[f] })
}

// failsBy sorts the words for a container that cannot be started: a kubelet takes turns with them.
func failsBy(reason string) string {
	switch reason {
	case "ImagePullBackOff", "ErrImagePull", "ImageInspectError", "RegistryUnavailable":
		return ofImage
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return ofCreation
	}
	return ""
}

// deployment notes what is so with a Deployment.
func (s *sights) deployment(d *appsv1.Deployment) seen {
	facts := map[fact]string{isPatient: strconv.Itoa(int(d.Spec.MinReadySeconds))}
	if mark := idleMark(d); mark != "" {
		facts[isIdle] = mark
	}
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			facts[isRefused] = ""
		}
	}
	return s.note(d.UID, facts, nil)
}

// written is when the object was written last, by the clock of the API server; zero where nobody tells.
func written(o metav1.Object) time.Time {
	var last time.Time
	for _, m := range o.GetManagedFields() {
		if m.Time != nil && m.Time.After(last) {
			last = m.Time.Time
		}
	}
	return last
}
