package kubernetes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func controlledBy(uid types.UID) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{UID: uid, Controller: &yes}}
}

// replicaSet is one of a Deployment "shop".
func replicaSet(name, revision string, asked int32) appsv1.ReplicaSet {
	return appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), OwnerReferences: controlledBy("shop"), Annotations: map[string]string{revisionOfSet: revision}},
		Spec:       appsv1.ReplicaSetSpec{Replicas: &asked},
	}
}

// podsOfSets makes pods of words: "old" is one that is ready, "old?" is not, and "old!" was told to end.
func podsOfSets(words string) []*corev1.Pod {
	var pods []*corev1.Pod
	for i, word := range strings.Fields(words) {
		set := strings.TrimRight(word, "?!")
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s%d", set, i), OwnerReferences: controlledBy(types.UID(set))}}
		pod.UID = types.UID(pod.Name)
		if !strings.HasSuffix(word, "?") {
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}
		if strings.HasSuffix(word, "!") {
			pod.DeletionTimestamp = &metav1.Time{Time: noon()}
		}
		pods = append(pods, pod)
	}
	return pods
}

func TestUnwantedPods(t *testing.T) {
	old, fresh := replicaSet("old", "9", 1), replicaSet("new", "10", 2)
	for name, c := range map[string]struct {
		sets []appsv1.ReplicaSet
		pods string
		most int
		want string
	}{
		"all are wanted":                   {[]appsv1.ReplicaSet{old, fresh}, "old new new", 1, ""},
		"one is not told yet":              {[]appsv1.ReplicaSet{old, fresh}, "old old new new", 1, "old0"},
		"one that was told does not count": {[]appsv1.ReplicaSet{old, fresh}, "old! old new new", 1, ""},
		"who is not ready goes first":      {[]appsv1.ReplicaSet{old, fresh}, "old old? new new", 1, "old1"},
		"never more than there are too many, for the sets may have gone on": {
			[]appsv1.ReplicaSet{replicaSet("old", "9", 0), fresh}, "old old new new?", 1, "old0"},
		"the oldest set's first, by number": {
			[]appsv1.ReplicaSet{replicaSet("new", "10", 0), replicaSet("old", "9", 0)}, "new old", 1, "old1"},
		"then the next one's": {
			[]appsv1.ReplicaSet{replicaSet("new", "10", 1), replicaSet("old", "9", 0)}, "new new old", 2, "new0 old2"},
		"of all sets who is not ready goes first: a fresher list may ask the oldest for fewer, too": {
			[]appsv1.ReplicaSet{replicaSet("old", "8", 1), replicaSet("other", "9", 0), replicaSet("new", "10", 3)}, "old old other? new new?", 1, "other2"},
		"a set that is not the Deployment's says nothing": {
			[]appsv1.ReplicaSet{{ObjectMeta: metav1.ObjectMeta{UID: "old", OwnerReferences: controlledBy("other")}, Spec: appsv1.ReplicaSetSpec{Replicas: new(int32)}}}, "old", 1, ""},
		"nor one of a pod that nobody controls": {[]appsv1.ReplicaSet{old, fresh}, "old new new stray", 1, ""},
		"a set that is asked for nothing has one": {
			[]appsv1.ReplicaSet{{ObjectMeta: old.ObjectMeta}}, "old old", 2, "old0"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &tenant{deployment: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{UID: "shop"}}, pods: podsOfSets(c.pods)}
			var got []string
			for _, uid := range slices.Sorted(maps.Keys(unwanted(c.sets, n, c.most, noon()))) {
				got = append(got, string(uid))
			}
			assert.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}

// A pod that has become ready a moment ago is of less use than one that has been ready for long enough.
func TestUnwantedPodsByAvailability(t *testing.T) {
	long, short := instant(time.Hour), instant(time.Second)
	n := &tenant{pods: podsOfSets("old old old new"), deployment: &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{UID: "shop", ManagedFields: []metav1.ManagedFieldsEntry{{Time: &short}}},
		Spec:       appsv1.DeploymentSpec{MinReadySeconds: 30},
	}}
	for i, since := range []metav1.Time{long, long, short, long} {
		n.pods[i].Status.Conditions[0].LastTransitionTime = since
	}
	sets := []appsv1.ReplicaSet{replicaSet("old", "9", 2), replicaSet("new", "10", 1)}
	assert.Equal(t, map[types.UID]bool{"old2": true}, unwanted(sets, n, 1, noon()))
}

func TestRoomOfADeployment(t *testing.T) {
	surge := func(text string) *appsv1.RollingUpdateDeployment {
		v := intstr.Parse(text)
		return &appsv1.RollingUpdateDeployment{MaxSurge: &v}
	}
	for name, c := range map[string]struct {
		rolling *appsv1.RollingUpdateDeployment
		want    int
	}{
		"a number":             {surge("2"), 5},
		"a part is rounded up": {surge("25%"), 4},
		"none":                 {surge("0"), 3},
		"nothing is said":      {&appsv1.RollingUpdateDeployment{}, 3},
		"it does not roll":     {nil, 3},
		"no number":            {surge("much"), 3},
	} {
		t.Run(name, func(t *testing.T) {
			three := int32(3)
			n := tenant{deployment: &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &three, Strategy: appsv1.DeploymentStrategy{RollingUpdate: c.rolling}}}}
			assert.Equal(t, c.want, n.room())
		})
	}
	assert.Zero(t, tenant{}.room())
}
