package kubernetes_test

import (
	"context"
	"testing"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// beside lets a law be proved beside the others.
func beside(t *testing.T, prove func(t *testing.T)) {
	t.Parallel()
	prove(t)
}

// kit proves the laws of a target for a kind of traffic.
func kit(t *testing.T, traffic kubernetes.Traffic) {
	revisions := [2]strategy.Revision{version("1"), version("2")}
	strategytest.RunTarget(t, func(t *testing.T) strategytest.TargetHarness {
		s := newSpace(t)
		s.prepare(traffic)
		o := options(s.name, workload{}, traffic)
		return strategytest.TargetHarness{
			Target: s.open(o, nil), Revisions: revisions, Replicas: 2, Poll: 100 * time.Millisecond, Patience: patience, Quick: true,
			Reopen:  func() (rollout.Target, error) { return s.open(o, nil), nil },
			Request: func(ctx context.Context) (strategy.Revision, error) { return s.ask(ctx, revisions[:]...) },
			Instances: func(context.Context) ([]string, error) {
				pods, err := s.pods("")
				var ids []string
				for _, p := range pods {
					if p.DeletionTimestamp == nil {
						ids = append(ids, string(p.UID))
					}
				}
				return ids, err
			},
		}
	}, beside)
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			kit(t, k.traffic)
		})
	}
}
