package loopback_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/integration/kubed/loopback"
)

func TestBlocksAreHeld(t *testing.T) {
	a, heldA, err := loopback.Take()
	require.NoError(t, err)
	defer heldA.Close()
	b, heldB, err := loopback.Take()
	require.NoError(t, err)
	defer heldB.Close()
	assert.NotEqual(t, a, b)
}

func TestAddresses(t *testing.T) {
	block := loopback.Block(80)
	seen := map[netip.Addr]bool{}
	for n := range loopback.Size {
		addr := block.Pod(n)
		require.False(t, seen[addr], "%s is given twice", addr)
		seen[addr] = true
		got, ok := block.Has(addr)
		require.True(t, ok, "%s", addr)
		require.Equal(t, n, got)
		bind, err := loopback.Bind(addr)
		require.NoError(t, err)
		require.True(t, bind.IsLoopback())
	}
	for _, text := range []string{"10.81.0.1", "10.80.0.0", "10.80.0.251", "10.80.250.1", "127.80.0.1", "::1"} {
		_, ok := block.Has(netip.MustParseAddr(text))
		assert.False(t, ok, text)
	}
	_, ok := block.Has(block.Node(0))
	assert.False(t, ok, "a node is no pod")
	_, err := loopback.Bind(netip.MustParseAddr("192.0.2.1"))
	assert.ErrorContains(t, err, "no address of a pod")
}

func TestPort(t *testing.T) {
	port, err := loopback.Port()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, port, 10000)
	assert.Less(t, port, 65536)
}
