package kubernetes

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
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
