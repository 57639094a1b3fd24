package kubernetes

import (
	"fmt"
	"maps"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/davit-sdk/davit/strategy"
)

// budget says what is wrong with a PodDisruptionBudget of the slots' pods.
func (s settings) budget(b *policyv1.PodDisruptionBudget, plans []strategy.Plan) (errs []error) {
	if b.Spec.Selector == nil {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
	if err != nil {
		return []error{fmt.Errorf("poddisruptionbudget %s: %w", b.Name, err)}
	}
	var in, out []string
	for _, at := range s.slots {
		if at.baseline {
			continue
		}
		if selector.Matches(labels.Set(s.podLabels(at))) {
			in = append(in, at.object)
		} else {
			out = append(out, at.object)
		}
	}
	if len(in) == 0 {
		return nil // of somebody else's pods
	}
	if len(out) > 0 {
		errs = append(errs, fmt.Errorf("poddisruptionbudget %s selects the pods of %s and not those of %s: after every other promotion it protects nobody (select by %s=%s)",
			b.Name, in[0], out[0], labelService, s.Name))
	}
	for _, p := range plans {
		n := p.Final().Replicas()
		if least := b.Spec.MinAvailable; least != nil && least.Type == intstr.Int && n > 0 && least.IntValue() > n {
			errs = append(errs, fmt.Errorf("poddisruptionbudget %s wants %d available pods, and the plan leaves %d: no pod could be evicted, and no node drained", b.Name, least.IntValue(), n))
		}
	}
	return errs
}

// podLabels are the labels of a slot's pods.
func (s settings) podLabels(at slot) map[string]string {
	all := maps.Clone(s.manifest.typed.Spec.Template.Labels)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, s.labels(at))
	return all
}
