package kubernetes

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// spare finds the pods of a Deployment that are to end although nobody has told them so yet. A Deployment counts by
// what its ReplicaSets are asked for, and asks one for more as soon as another one is asked for less: where that one's
// pods are told to end a moment later, more are there than the Deployment allows for, and nobody meddles.
//
// The ReplicaSets are read only then, and after the pods: whatever made room for a pod that is seen, they tell of it.
func (t *Target) spare(ctx context.Context, v *view) error {
	for i := range v.slots {
		n := &v.slots[i]
		over := len(n.pods) - n.stopping() - n.room()
		if n.deployment == nil || over <= 0 {
			continue
		}
		sets, err := t.sets(ctx, n.deployment)
		if err != nil {
			return err
		}
		n.spared = unwanted(sets, n, over, v.now)
	}
	return nil
}

// room is how many pods the Deployment allows for, but those that were told to end.
func (t tenant) room() int {
	n := t.replicas()
	if t.deployment == nil || t.deployment.Spec.Strategy.RollingUpdate == nil {
		return n
	}
	surge := cmp.Or(t.deployment.Spec.Strategy.RollingUpdate.MaxSurge, new(intstr.IntOrString))
	more, err := intstr.GetScaledValueFromIntOrPercent(surge, n, true)
	if err != nil { // the API server has let it through: nothing is allowed for that cannot be read
		return n
	}
	return n + more
}

// sets are the ReplicaSets that a Deployment's selector finds.
func (t *Target) sets(ctx context.Context, d *appsv1.Deployment) ([]appsv1.ReplicaSet, error) {
	list, err := t.clients.Kubernetes.AppsV1().ReplicaSets(t.s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(d.Spec.Selector.MatchLabels).String()})
	if err != nil {
		return nil, t.explain(call{verb: "list", group: "apps", resource: "replicasets", namespace: t.s.Namespace}, err)
	}
	return list.Items, nil
}

// unwanted are at most so many pods that the ReplicaSets of a slot are not asked for: no more than there are too many,
// since the sets may have gone on since the pods were seen. Those of the least use are the first, which the controllers
// end first, too, and among equals the oldest set's.
func unwanted(sets []appsv1.ReplicaSet, n *tenant, most int, now time.Time) map[types.UID]bool {
	sets = slices.DeleteFunc(slices.Clone(sets), func(s appsv1.ReplicaSet) bool { return !metav1.IsControlledBy(&s, n.deployment) })
	slices.SortStableFunc(sets, func(a, b appsv1.ReplicaSet) int { return cmp.Compare(age(a), age(b)) })
	byUse := func(a, b *corev1.Pod) int { return cmp.Compare(n.use(a, now), n.use(b, now)) }
	var spare []*corev1.Pod
	for _, set := range sets {
		pods := slices.DeleteFunc(slices.Clone(n.pods), func(p *corev1.Pod) bool {
			return p.DeletionTimestamp != nil || !metav1.IsControlledBy(p, &set)
		})
		slices.SortStableFunc(pods, byUse)
		asked := 1
		if set.Spec.Replicas != nil {
			asked = int(*set.Spec.Replicas)
		}
		spare = append(spare, pods[:max(0, len(pods)-asked)]...)
	}
	slices.SortStableFunc(spare, byUse)
	uids := map[types.UID]bool{}
	for _, pod := range spare[:min(len(spare), most)] {
		uids[pod.UID] = true
	}
	return uids
}

// age is the place of a ReplicaSet among those of its Deployment; one that has none is the oldest.
func age(s appsv1.ReplicaSet) int {
	n, err := strconv.Atoi(s.Annotations[revisionOfSet])
	if err != nil {
		return 0
	}
	return n
}

// use is 2 for a pod that is available, 1 for one that is ready, and 0 for any other.
func (t tenant) use(pod *corev1.Pod, now time.Time) int {
	switch {
	case !readyNow(pod):
		return 0
	case !t.proven(pod, now):
		return 1
	}
	return 2
}
