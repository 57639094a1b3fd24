package kubernetes_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Whoever comes back with other limits for what a Deployment replaces already changes the limits alone: no pod is
// replaced once more, and the next revision comes with the manifest.
func TestOtherLimitsOnTheWay(t *testing.T) {
	t.Parallel()
	s := newService(t, kubernetes.Native{}, workload{args: behaves(version("unready"), "unready")}, nil)
	l := s.first(version("1"))
	roll := func(r strategy.Revision, most, pods int) {
		t.Helper()
		alone := strategy.State{Stable: strategy.Group{Revision: r, Replicas: 2, Share: strategy.All()}}
		require.NoError(t, s.target.Roll(s.ctx, alone, strategy.Limits{MinAvailable: 2, MaxTotal: most}))
		s.until(fmt.Sprintf("%d pods run", pods), func() error {
			o, err := s.target.Observe(s.ctx)
			if err != nil {
				return err
			}
			n := 0
			for _, p := range o.Pools {
				n += p.Running
			}
			if n != pods {
				return fmt.Errorf("%d do", n)
			}
			return nil
		})
	}
	surge := func() (most, revisions int) {
		t.Helper()
		all, err := s.Client.AppsV1().Deployments(s.name).List(s.ctx, metav1.ListOptions{})
		require.NoError(t, err)
		require.Len(t, all.Items, 1)
		sets, err := s.Client.AppsV1().ReplicaSets(s.name).List(s.ctx, metav1.ListOptions{})
		require.NoError(t, err)
		return all.Items[0].Spec.Strategy.RollingUpdate.MaxSurge.IntValue(), len(sets.Items)
	}
	for _, most := range []int{3, 4} {
		roll(version("unready"), most, most)
		more, revisions := surge()
		assert.Equal(t, []int{most - 2, 2}, []int{more, revisions})
	}
	for _, to := range []string{"1", "2"} {
		roll(version(to), 4, 2)
		s.until(to+" runs by itself", func() error {
			now, err := rollout.Current(s.ctx, s.target)
			if err == nil && now.Stable.Revision != version(to) {
				err = fmt.Errorf("%s does", now.Stable.Revision)
			}
			return err
		})
		s.runs(version(to), 2)
	}
	more, revisions := surge()
	assert.Equal(t, []int{2, 3}, []int{more, revisions})
	s.none(l)
}
