package haproxy_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

func (w *world) harness(r rollout.Router) strategytest.RouterHarness {
	return strategytest.RouterHarness{
		Router: r, Hold: w.hold, Client: w.client,
		Backends: func(pool strategy.Pool, n int) ([]rollout.Backend, error) { return w.instances(pool, n), nil },
		Request: func(ctx context.Context, h http.Header) (string, error) {
			id, _, err := w.ask(ctx, h)
			return id, err
		},
		Pools: [3]strategy.Pool{oldPool, basePool, newPool},
	}
}

func TestGroupsConform(t *testing.T) {
	strategytest.RunRouter(t, func(t *testing.T) strategytest.RouterHarness {
		w := newWorld(t)
		return w.harness(w.router())
	})
}

func TestWeightsConform(t *testing.T) {
	strategytest.RunRouter(t, func(t *testing.T) strategytest.RouterHarness {
		w := newWeightsWorld(t, simBackend{servers: 12, checked: true})
		return w.harness(w.weightsRouter())
	})
}
