package kubernetes_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/integration/kubernetes/load"
	"github.com/davit-sdk/davit/strategy/kubernetes"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// The API server is restarted, and then killed, while Deployments and rollouts of every kind are in mid-way: what
// runs goes on to answer, and all of them end. It is no parallel test, because the others talk to the API.
func TestAPIServerRestartsInMidRollout(t *testing.T) {
	const within = 4 * patience
	// What a controller does not take notice of in this time is lost: here all of them have to catch up first.
	const preStop = 6
	plain := newSpaceFor(t, within)
	plain.deploy(workload{name: "web", image: "registry.test/web:1", preStop: preStop})
	plain.service("web", map[string]string{"app": "web"})
	services := make([]*service, len(ways))
	loads := []*load.Load{plain.load("web")}
	plain.rolled("web")
	for i, way := range ways {
		services[i] = newServiceIn(newSpaceFor(t, within), way.traffic, workload{}, func(o *kubernetes.Options) { o.PreStop = preStop * time.Second })
		loads = append(loads, services[i].first(version("1")))
	}
	plain.image("web", "registry.test/web:2")
	var walking, moving sync.WaitGroup
	ctx, cancel := context.WithCancel(plain.ctx)
	for i, way := range ways {
		s := services[i]
		plan := s.plan(way.by, version("2"))
		moving.Add(1)
		var once sync.Once
		r := s.wire(plan, rollout.Options{Notify: func(e rollout.Event) {
			if e.Kind == rollout.PhaseStarted || e.Kind == rollout.Ended {
				once.Do(moving.Done)
			}
		}})
		walking.Go(func() {
			result, err := r.Run(ctx)
			assert.NoError(t, err, way.name)
			assert.Equal(t, rollout.Promoted, result.Outcome, way.name)
		})
	}
	defer walking.Wait()
	defer cancel()
	moving.Wait()
	t.Cleanup(func() {
		if t.Failed() { // the others need it
			if said, err := plain.Said(context.WithoutCancel(plain.ctx), "apiserver"); err == nil {
				t.Log(said[max(0, len(said)-8000):])
			}
			_ = plain.Part(context.WithoutCancel(plain.ctx), "apiserver", "start") // it may run already
		}
	})
	began := time.Now()
	require.NoError(t, plain.Part(plain.ctx, "apiserver", "restart"))
	t.Logf("restarted in %s", time.Since(began))
	for _, l := range loads {
		plain.more(l, 200)
	}
	began = time.Now()
	require.NoError(t, plain.Part(plain.ctx, "apiserver", "kill"))
	_, err := plain.pods("")
	require.Error(t, err)
	for _, l := range loads {
		plain.more(l, 100)
	}
	require.NoError(t, plain.Part(plain.ctx, "apiserver", "start"))
	t.Logf("killed, and started again after %s", time.Since(began))
	walking.Wait()
	for i, s := range services {
		s.until("the target sees again", func() error { // one that had ended has not looked since
			_, err := s.target.Observe(s.ctx)
			return err
		})
		s.runs(version("2"), 2)
		s.none(loads[i+1])
	}
	plain.rolled("web")
	plain.more(loads[0], 50)
	report := loads[0].Stop()
	assert.Zero(t, report.Lost, "%s", report)
	assert.NotZero(t, report.By["registry.test/web:2"])
}
