package haproxy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// eventually polls with a deadline that only a defect reaches.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// Somebody puts the first files back and reloads HAProxy: Keep brings the table back, of whichever host.
func TestKeep(t *testing.T) {
	w := newWorld(t)
	first := w.disk.files[w.mapFile]
	tab := table(route(strategy.Stable, oldPool, strategy.Percent(80), w.instances(oldPool, 2)),
		route(strategy.Candidate, newPool, strategy.Percent(20), w.instances(newPool, 1), strategy.Match{Header: "X-Canary", Value: "on"}))
	require.NoError(t, w.router().Route(t.Context(), tab))
	g := w.router() // another host
	ctx, stop := context.WithCancelCause(t.Context())
	over := errors.New("over")
	kept := make(chan error)
	go func() { kept <- g.Keep(ctx, time.Millisecond) }()
	for _, lost := range []func(){
		func() { w.disk.Write(w.mapFile, []byte(first)) },
		func() { w.disk.Write(w.groups.StateFile("shop_a"), []byte("1\n")) },
		func() {
			w.disk.Write(w.mapFile, []byte(first))
			w.disk.Write(w.groups.StateFile("shop_b"), []byte("rubbish"))
			w.disk.Write(w.groups.StateFile("shop_a"), nil)
		},
	} {
		lost()
		w.crash()
		eventually(t, "the table is back", func() bool {
			now, err := g.Table(t.Context())
			return err == nil && now.Equal(tab)
		})
	}
	// What is changed by hand in a process that runs on is nobody's business here.
	looks := func(n int) {
		w.simulator.mu.Lock()
		w.commands = nil
		w.simulator.mu.Unlock()
		eventually(t, "Keep looks, and sees nothing to do", func() bool {
			w.simulator.mu.Lock()
			defer w.simulator.mu.Unlock()
			if all := strings.Join(w.commands, "\n"); strings.Contains(all, "prepare map") || strings.Contains(all, "show fd") || strings.Contains(all, "set server") {
				w.commands = nil
			}
			return len(w.commands) > n
		})
	}
	looks(20)
	w.simulator.mu.Lock()
	w.at(tab.Routes[0].Backends[0].Addr).setState("drain")
	w.simulator.mu.Unlock()
	looks(20)
	now, err := g.Table(t.Context())
	require.NoError(t, err)
	assert.Len(t, now.Routes[0].Backends, 1)
	stop(over)
	assert.ErrorIs(t, <-kept, over)
	require.NoError(t, g.Reapply(t.Context()))
	shows(t, g, tab)
	assert.ErrorContains(t, g.Keep(t.Context(), 0), "not above zero")
}

// onRead does something once, when a file was read.
type onRead struct {
	*memory
	path string
	do   func()
}

func (b *onRead) Read(path string) ([]byte, error) {
	data, err := b.memory.Read(path)
	if do := b.do; do != nil && path == b.path {
		b.do = nil
		do()
	}
	return data, err
}

// A table that is routed while the one before is brought back comes after it, and stays.
func TestReapplyOverrulesNobody(t *testing.T) {
	w := newWorld(t)
	first := table(route(strategy.Stable, oldPool, strategy.All(), w.instances(oldPool, 1)))
	next := table(route(strategy.Stable, newPool, strategy.All(), w.instances(newPool, 1)))
	require.NoError(t, w.router().Route(t.Context(), first))
	w.disk.Write(w.mapFile, []byte("table 0/0/0/1000000/-/-/-\n"))
	w.crash()
	b := &onRead{memory: w.disk, path: w.groups.RecordFile()}
	g := w.router().On(b, w.dialAdmin, w.dialMaster)
	routed := make(chan error, 1)
	b.do = func() {
		go func() { routed <- g.Route(t.Context(), next) }()
		select { // it waits until the first is back; where it did not, it would be through by now
		case err := <-routed:
			routed <- err
		case <-time.After(200 * time.Millisecond):
		}
	}
	require.NoError(t, g.Reapply(t.Context()))
	require.NoError(t, <-routed)
	shows(t, g, next)
}

func TestNothingToReapply(t *testing.T) {
	w := newWorld(t)
	g := w.router()
	assert.ErrorIs(t, g.Reapply(t.Context()), haproxy.ErrNoRecord)
	for _, text := range []string{"{", `{"format":2}`, `{"format":1,"service":"other","table":{}}`, `{"format":1,"service":"shop","more":1}`, `{"format":1,"service":"shop","table":{}} {}`} {
		w.disk.files[w.groups.RecordFile()] = text
		err := g.Reapply(t.Context())
		require.Error(t, err, text)
		assert.NotErrorIs(t, err, haproxy.ErrNoRecord)
		assert.ErrorContains(t, err, w.groups.RecordFile())
	}
}

// HAProxy comes up with nothing, while one of several instances is down: the others are not kept waiting for it.
func TestWhatIsDownKeepsNobodyWaiting(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.Remote, w.groups.CheckTimeout = true, time.Second })
	old, young := w.instances(oldPool, 2), w.instances(newPool, 1)
	tab := table(route(strategy.Stable, oldPool, strategy.Percent(80), old), route(strategy.Candidate, newPool, strategy.Percent(20), young))
	g := w.router()
	require.NoError(t, g.Route(t.Context(), tab))
	w.dead[old[0].Addr] = true
	w.crash()
	require.ErrorContains(t, g.Route(t.Context(), tab), "has not passed a health check", "a rollout does wait for it")
	w.crash()
	w.groups.CheckTimeout = time.Hour // and what has failed is not waited for
	require.NoError(t, w.router().Reapply(t.Context()))
	shows(t, g, tab)
	assert.ErrorContains(t, g.Verify(t.Context(), tab), "are down: "+old[0].ID)

	w.groups.CheckTimeout = 100 * time.Millisecond
	w.dead[young[0].Addr] = true
	w.crash()
	assert.ErrorContains(t, w.router().Reapply(t.Context()), "has not passed a health check", "nobody of a group is up")
	shows(t, g, rollout.Table{})
}
