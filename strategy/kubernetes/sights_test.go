package kubernetes

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/strategy"
)

// A fact counts from when it was seen first, and anew once it was not so in between, seen or unseen.
func TestSights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSights()
		lasted := func(reasons ...string) time.Duration {
			last := time.Duration(0)
			for _, reason := range reasons {
				pod := podWith(waitingFor(reason, ""))
				if reason == "" {
					pod = podWith(corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}})
				}
				last = s.pod(pod).lasted(fails+"shop", time.Now())
				time.Sleep(10 * time.Second)
			}
			return last
		}
		assert.Negative(t, lasted("ContainerCreating"))
		assert.Zero(t, lasted("ErrImagePull"), "however long the pod has been there")
		assert.Equal(t, 20*time.Second, lasted("ImagePullBackOff", "ErrImagePull"), "these words are one failure")
		assert.Equal(t, 40*time.Second, lasted("ContainerCreating", "ErrImagePull"), "it tries again")
		assert.Zero(t, lasted("", "ErrImagePull"), "it ran meanwhile")
		assert.Zero(t, lasted("CreateContainerError"), "it was pulled meanwhile")
		assert.Zero(t, lasted("CrashLoopBackOff", "CreateContainerError"), "it ran meanwhile")
		s.forget("shop-a-1")
		assert.Zero(t, lasted("CreateContainerError"))
	})
}

// A registry that fails when a pod is restarted has its patience, too.
func TestPatienceWithARegistry(t *testing.T) {
	pod := podWith(waitingFor("ImagePullBackOff", ""))
	early := instant(30 * 24 * time.Hour)
	pod.CreationTimestamp, pod.Status.StartTime = early, &early
	n := lodger("a", strategy.Pool{Revision: strategy.Revision{Version: "1"}}, 2, pod)
	p := patience{image: 20 * time.Second, node: time.Hour, crashes: 5}
	n.sighted(pod, 19*time.Second)
	assert.Nil(t, n.stuck(noon(), p))
	n.sighted(pod, 20*time.Second)
	assert.NotNil(t, n.stuck(noon(), p))
}

// For how long a pod has been ready does not hang on this host's clock.
func TestProven(t *testing.T) {
	for _, skew := range []time.Duration{-24 * time.Hour, 0, 24 * time.Hour} { // of this host
		for name, c := range map[string]struct {
			ready     time.Duration // before the Deployment was written last, by the cluster
			seen      time.Duration // for how long
			came      bool          // the pod became ready before our eyes
			turned    bool          // so did the time that is asked for
			available int32
			want      bool
		}{
			"seen for long enough":                     {0, 30 * time.Second, true, false, 2, true},
			"not yet":                                  {0, 29 * time.Second, true, false, 2, false},
			"known to the cluster":                     {0, 0, false, false, 2, true},
			"not to the cluster either":                {0, 0, false, false, 1, false},
			"the cluster knows what was asked before":  {0, 0, false, true, 2, false},
			"ready long before the Deployment changed": {30 * time.Second, 0, false, true, 2, true},
			"a moment before":                          {29 * time.Second, 0, false, true, 2, false},
		} {
			t.Run(fmt.Sprint(name, skew), func(t *testing.T) {
				n := lodger("a", pool("1"), 2)
				readyPods(&n, "1", 2)
				n.deployment.Spec.MinReadySeconds, n.deployment.Status.AvailableReplicas = 30, c.available
				wrote := metav1.NewTime(noon().Add(skew))
				n.deployment.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "davit", Time: &wrote}}
				n.seen[n.uid()] = seen{isPatient: {came: c.turned}}
				for _, pod := range n.pods {
					pod.Status.Conditions[0].LastTransitionTime = metav1.NewTime(wrote.Add(-c.ready))
					n.seen[pod.UID] = seen{isReady: {at: noon().Add(-c.seen), came: c.came}}
					assert.Equal(t, c.want, n.proven(pod, noon()))
				}
			})
		}
	}
}

// A pod that was told to end is waited for, and then given up, by how long this process has seen it do so.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, skew := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
			pod := podWith(corev1.ContainerStatus{})
			grace := int64(30)
			pod.UID, pod.DeletionGracePeriodSeconds = types.UID(fmt.Sprint(skew)), &grace
			pod.DeletionTimestamp = &metav1.Time{Time: time.Now().Add(skew)}
			by := newSights()
			look := func() (there, lost int) {
				n := tenant{seen: map[types.UID]seen{}}
				n.hold([]*corev1.Pod{pod}, by, time.Now())
				return len(n.pods), len(n.lost)
			}
			look()
			time.Sleep(90 * time.Second)
			there, lost := look()
			assert.Equal(t, []int{1, 0}, []int{there, lost})
			time.Sleep(time.Second)
			there, lost = look()
			assert.Equal(t, []int{0, 1}, []int{there, lost})
		}
	})
}
