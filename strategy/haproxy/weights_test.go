package haproxy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

var wholeShare = strategy.All()

// A backend with servers of its own is taken over where they are, without a break.
func TestWeightsTakeOver(t *testing.T) {
	w := newWeightsWorld(t, simBackend{servers: 6, addrs: []string{"10.1.0.2:8080", "10.1.0.3:8080", "10.9.9.9:1"}})
	r := w.weightsRouter()
	shows(t, r, rollout.Table{}) // what was never routed is nobody's
	old := w.instances(oldPool, 2)
	stable := table(route(strategy.Stable, oldPool, strategy.All(), old))
	require.NoError(t, r.Route(t.Context(), stable))
	shows(t, r, stable)
	assert.Equal(t, []string{"s1", "s2"}, []string{w.at(old[0].Addr).name, w.at(old[1].Addr).name})
	assert.Equal(t, "DRAIN", w.at("10.9.9.9:1").status())
	assert.NotContains(t, strings.Join(w.commands, "\n"), "s1 state drain")

	young := w.instances(newPool, 2)
	canary := table(route(strategy.Stable, oldPool, strategy.Percent(99), old), route(strategy.Candidate, newPool, strategy.Percent(1), young))
	require.NoError(t, r.Route(t.Context(), canary))
	shows(t, r, canary)
	assert.Equal(t, []int{198, 2}, []int{w.at(old[0].Addr).uweight, w.at(young[0].Addr).uweight})
	w.reload()
	shows(t, r, canary)
	require.NoError(t, r.Verify(t.Context(), canary))

	w.at(young[1].Addr).setWeight("200")
	got, err := r.Table(t.Context())
	require.NoError(t, err)
	assert.Equal(t, strategy.Ratio(202, 598), got.Routes[1].Share, "the weights as they are")
	assert.ErrorContains(t, r.Verify(t.Context(), canary), "HAProxy shows")
	require.NoError(t, r.Reapply(t.Context()))
	shows(t, r, canary)
	w.at("127.0.0.1:1").setState("ready")
	got, err = r.Table(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "app/s6", got.Routes[0].Backends[2].ID, "nobody knows who gets requests there")

	require.NoError(t, r.Route(t.Context(), rollout.Table{}))
	shows(t, r, rollout.Table{})
	assert.Equal(t, "DRAIN", w.at(old[0].Addr).status())
	w.at(old[0].Addr).setState("ready")
	got, err = r.Table(t.Context())
	require.NoError(t, err)
	assert.Equal(t, table(route(strategy.Stable, oldPool, strategy.All(), old[:1])), got, "it is dark no more")
}

func TestWeightsRefuse(t *testing.T) {
	w := newWeightsWorld(t, simBackend{servers: 12})
	r := w.weightsRouter()
	old, young := w.instances(oldPool, 1), w.instances(newPool, 9)
	tab := table(route(strategy.Stable, oldPool, strategy.Percent(99), old), route(strategy.Candidate, newPool, strategy.Percent(1), young, strategy.Match{Header: "X", Value: "y"}))
	tab.Sticky = true
	tab.Routes[1].Mirror = strategy.Percent(1)
	err := r.Route(t.Context(), tab)
	for _, text := range []string{"Routes[1].Match[0]: weights do not tell requests apart", "Sticky: weights keep no client", "Routes[1].Mirror: HAProxy has no copies"} {
		assert.ErrorContains(t, err, text)
	}
	tab.Sticky, tab.Routes[1].Match, tab.Routes[1].Mirror = false, nil, strategy.Share{}
	assert.ErrorContains(t, r.Route(t.Context(), tab), "cannot have 99% by weights")
	for _, c := range w.commands {
		assert.False(t, strings.HasPrefix(c, "set"), c)
	}
	tab.Routes[1].Backends[0].Addr = "young.example.org:80"
	assert.ErrorContains(t, r.Route(t.Context(), tab), "is not an IP address and a port")
}
