package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Rolls reports whether a Deployment can replace its pods within the limits.
func (t *Target) Rolls(l strategy.Limits) error {
	if _, ok := t.s.Traffic.(Native); !ok {
		return errors.New("its revisions live in a Deployment each: Options.Traffic is not Native")
	}
	if l.MaxTotal > 0 && l.MaxTotal <= l.MinAvailable {
		return fmt.Errorf("a Deployment needs room to replace its pods: at least %d are to be available, and at most %d may exist", l.MinAvailable, l.MaxTotal)
	}
	return nil
}

// Roll lets the Deployment replace its pods, within the limits.
func (t *Target) Roll(ctx context.Context, s strategy.State, l strategy.Limits) error {
	if err := t.Rolls(l); err != nil {
		return rollout.Permanent(err)
	}
	if err := t.Fits(s); err != nil {
		return rollout.Permanent(err)
	}
	rules := t.rules()
	rules.rolling = rolling(s.Replicas(), l)
	return t.converge(ctx, s, func(v *view, now traffic) decision { return decide(v, s, now, rules) })
}

// rolling are the limits as a Deployment has them: above and below the number of pods that it wants.
func rolling(n int, l strategy.Limits) *appsv1.RollingUpdateDeployment {
	surge, missing := max(1, n), max(0, n-l.MinAvailable)
	if l.MaxTotal > 0 {
		surge = max(0, l.MaxTotal-n)
	}
	if surge == 0 && missing == 0 {
		missing = 1 // Rolls has refused the limits that allow for neither
	}
	s, m := intstr.FromInt(surge), intstr.FromInt(missing)
	return &appsv1.RollingUpdateDeployment{MaxSurge: &s, MaxUnavailable: &m}
}

// within reports whether the Deployment replaces its pods within those limits.
func (t tenant) within(r *appsv1.RollingUpdateDeployment) bool {
	s := t.deployment.Spec.Strategy
	return s.Type != appsv1.RecreateDeploymentStrategyType && equality.Semantic.DeepEqual(s.RollingUpdate, r)
}

// before is the pod template that the pool had, where the Deployment has just replaced it: whoever goes back to a
// revision goes back to how it ran, and not to the manifest of the one that failed. Nil: the Deployment knows none.
func (t *Target) before(ctx context.Context, d *appsv1.Deployment, pool strategy.Pool) (*corev1.PodTemplateSpec, error) {
	sets, err := t.sets(ctx, d)
	if err != nil {
		return nil, err
	}
	return previous(sets, d, pool), nil
}

// previous is the template of the newest ReplicaSet of another pool than the Deployment's, if it is the one that is
// asked for.
func previous(sets []appsv1.ReplicaSet, d *appsv1.Deployment, pool strategy.Pool) *corev1.PodTemplateSpec {
	now, _ := poolOf(d)
	var found *corev1.PodTemplateSpec
	newest := -1
	for i := range sets {
		of, ok := poolOf(&sets[i].Spec.Template)
		n, err := strconv.Atoi(sets[i].Annotations[revisionOfSet])
		if !metav1.IsControlledBy(&sets[i], d) || err != nil || ok && of == now || n <= newest {
			continue
		}
		newest, found = n, nil
		if ok && of == pool {
			found = sets[i].Spec.Template.DeepCopy()
			delete(found.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
		}
	}
	return found
}

// revisionOfSet counts the ReplicaSets of a Deployment.
const revisionOfSet = "deployment.kubernetes.io/revision"
