package haproxy_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// TestNobodyGoesByTheCheckOfAnother brings an instance to a server that was used before. HAProxy shows the check
// which that one passed until the next is due.
func TestNobodyGoesByTheCheckOfAnother(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	old, young, dead := s.run("1.0.0", 1), s.run("1.1.0", 1), s.run("1.2.0", 1)
	s.kill(dead[0].ID)
	h := openGroups(t, quick, func(o *haproxy.GroupsOptions) {
		o.Servers, o.Backends = 1, []string{"shop_a", "shop_b"}
		o.DefaultServer, o.CheckTimeout = "check inter 1s fall 10 rise 1", 1500*time.Millisecond
	})
	require.NoError(t, h.router.Route(t.Context(), whole(old...)))
	require.NoError(t, h.router.Route(t.Context(), whole(young...)))
	eventually(t, "the first instance is out of service", func() bool {
		n, err := h.router.(rollout.Drainer).InFlight(t.Context(), []string{old[0].ID})
		return err == nil && n[old[0].ID] == 0
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.ErrorContains(t, h.router.Route(ctx, whole(dead...)), "has not passed a health check")
	now, err := h.router.Table(ctx)
	require.NoError(t, err)
	require.True(t, now.Equal(whole(young...)), "%s", now)
}
