package haproxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// TestAClientRestsOverAReload keeps a connection on which nothing happens while HAProxy is reloaded and its table
// changes. The old process answers one more request on it, by the table of then: whoever is in that has not left.
func TestAClientRestsOverAReload(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	old, young := s.run("1.0.0", 1), s.run("1.1.0", 1)
	h := openGroups(t, quick)
	require.NoError(t, h.router.Route(t.Context(), whole(old...)))
	conn, err := net.Dial("tcp", h.Place().Addrs[0])
	require.NoError(t, err)
	defer conn.Close()
	from := bufio.NewReader(conn)
	ask := func() {
		t.Helper()
		_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
		require.NoError(t, err)
		r, err := http.ReadResponse(from, nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, r.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, r.StatusCode)
	}
	ask()
	require.NoError(t, h.Reload(t.Context()))
	require.NoError(t, h.router.Route(t.Context(), whole(young...)))
	busy := func() bool {
		n, err := h.router.(rollout.Drainer).InFlight(t.Context(), []string{old[0].ID})
		return err != nil || n[old[0].ID] > 0
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		require.True(t, busy(), "a client may still ask for it")
	}
	ask()
	eventually(t, "nobody can ask for it any more", func() bool { return !busy() })
}
