package haproxy_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

// mute is a connection on which HAProxy says nothing more once it was told something.
type mute struct {
	net.Conn
	after string
	told  func()
	until time.Time
}

func (m *mute) SetDeadline(t time.Time) error {
	m.until = t
	return m.Conn.SetDeadline(t)
}

func (m *mute) Write(b []byte) (int, error) {
	if strings.Contains(string(b), m.after) {
		m.Conn.Close()
		m.Conn, _ = net.Pipe()
		_ = m.Conn.SetDeadline(m.until) // a pipe has deadlines
		m.told()
		return len(b), nil
	}
	return m.Conn.Write(b)
}

// An HAProxy that falls silent in the middle of a change is told as one that is silent at once: with its address, and why
// it was not waited for.
func TestSilenceInTheMiddle(t *testing.T) {
	over := errors.New("the host stops")
	change := func(after string, timeout time.Duration, told func(stop func())) error {
		w := newWorld(t, func(w *world) { w.groups.Timeout = timeout })
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := w.dialAdmin(ctx, network, addr)
			return &mute{Conn: conn, after: after, told: func() { told(func() { cancel(over) }) }}, err
		}
		tab := table(route(strategy.Stable, oldPool, strategy.All(), w.instances(oldPool, 1)))
		return w.router().On(w.disk, dial, nil).Route(ctx, tab)
	}
	for _, after := range []string{"prompt", "show info\n", "prepare map", "add map", "set server", "show fd"} {
		err := change(after, time.Minute, func(stop func()) { stop() })
		require.ErrorIs(t, err, over, after)
		assert.ErrorContains(t, err, "HAProxy at /simulated did not answer in time", after)
	}
	err := change("prepare map", 20*time.Millisecond, func(func()) {})
	assert.ErrorContains(t, err, "HAProxy at /simulated did not answer in time")
}
