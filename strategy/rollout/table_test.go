package rollout_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// splitTable is a table that every router can honour.
func splitTable() rollout.Table {
	return rollout.Table{Routes: []rollout.Route{
		{Role: strategy.Stable, Traffic: rollout.Traffic{Pool: oldPool, Share: strategy.Percent(90)}, Backends: []rollout.Backend{{ID: "a", Addr: "10.0.0.1:80"}}},
		{Role: strategy.Candidate, Traffic: rollout.Traffic{Pool: strategy.Pool{Revision: v2}, Share: strategy.Percent(10), Match: []strategy.Match{{Header: "X", Value: "1"}}}, Backends: []rollout.Backend{{ID: "b", Addr: "10.0.0.2:80"}}},
	}}
}

func TestTableValidate(t *testing.T) {
	require.NoError(t, rollout.Table{}.Validate(), "the service is dark")
	require.NoError(t, splitTable().Validate())
	idle := splitTable()
	idle.Routes[0].Share, idle.Routes[1].Share, idle.Routes[1].Match = strategy.All(), strategy.Share{}, nil
	idle.Routes[1].Backends = nil
	require.NoError(t, idle.Validate(), "what gets nothing needs nobody")
	for want, spoil := range map[string]func(t *rollout.Table){
		"Table.Routes: the shares add up to 80%, not to 100% or to none":              func(t *rollout.Table) { t.Routes[0].Share = strategy.Percent(70) },
		`Table.Routes[1].Role: "spare" is not a role`:                                 func(t *rollout.Table) { t.Routes[1].Role = "spare" },
		"Table.Routes[1].Role: Routes[0] is stable too":                               func(t *rollout.Table) { t.Routes[1].Role = strategy.Stable },
		"Table.Routes[1].Pool.Revision: a pool without a revision cannot run":         func(t *rollout.Table) { t.Routes[1].Pool = strategy.Pool{} },
		"Table.Routes[1].Pool: " + oldPool.String() + " is the pool of Routes[0] too": func(t *rollout.Table) { t.Routes[1].Pool = oldPool },
		"Table.Routes[1].Share: a share of -10% is below none": func(t *rollout.Table) {
			t.Routes[0].Share, t.Routes[1].Share = strategy.Percent(110), strategy.Percent(-10)
		},
		"Table.Routes[1].Mirror: a share of 101% is above all":                                      func(t *rollout.Table) { t.Routes[1].Mirror = strategy.Percent(101) },
		"Table.Routes[0].Backends: the route gets traffic but has no backend":                       func(t *rollout.Table) { t.Routes[0].Backends = nil },
		"Table.Routes[1].Backends[0].ID: a backend without an ID cannot be drained":                 func(t *rollout.Table) { t.Routes[1].Backends[0].ID = "" },
		`Table.Routes[1].Backends[0].ID: "a" is Routes[0].Backends[0] too`:                          func(t *rollout.Table) { t.Routes[1].Backends[0].ID = "a" },
		"Table.Routes[1].Backends[0].Addr: 10.0.0.1:80 is the address of Routes[0].Backends[0] too": func(t *rollout.Table) { t.Routes[1].Backends[0].Addr = "10.0.0.1:80" },
	} {
		table := splitTable()
		spoil(&table)
		err := table.Validate()
		require.ErrorContains(t, err, want)
	}
}

func TestTableClone(t *testing.T) {
	table := splitTable()
	clone := table.Clone()
	require.Equal(t, table, clone)
	clone.Routes[0].Backends[0].ID, clone.Routes[1].Match[0].Value, clone.Routes[1].Role = "z", "2", "spare"
	assert.Equal(t, splitTable(), table)
}
