package local_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

func TestDarkRouterAnswers503(t *testing.T) {
	r, err := local.NewRouter(local.RouterOptions{})
	require.NoError(t, err)
	w := ask(r)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Contains(t, w.Body.String(), "no route")
	assert.EqualValues(t, 1, r.Snapshot().Unrouted)

	old := newSite(t, "old")
	require.NoError(t, r.Route(t.Context(), stable(old)))
	assert.Equal(t, "old", ask(r).Body.String())

	dark := rollout.Table{Routes: []rollout.Route{route(strategy.Stable, oldPool, strategy.Share{}, old)}}
	require.NoError(t, r.Route(t.Context(), dark))
	assert.Equal(t, http.StatusServiceUnavailable, ask(r).Code)
	require.NoError(t, r.Route(t.Context(), rollout.Table{}))
	assert.Equal(t, http.StatusServiceUnavailable, ask(r).Code)
	assert.EqualValues(t, 1, old.hits.Load())
}

func TestTableIsReadBackAsItWasSet(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	table := split(strategy.Percent(12.5), old, young)
	table.Sticky = true
	table.Routes[1].Match = []strategy.Match{{Header: "X-Canary", Value: "on"}}
	table.Routes[1].Mirror = strategy.Percent(3)
	r := newRouter(t, local.RouterOptions{}, table)
	got, err := r.Table(t.Context())
	require.NoError(t, err)
	assert.Equal(t, table, got)

	// Neither the caller's table nor the one that was read is the router's own.
	table.Routes[0].Backends[0].Addr = "elsewhere:1"
	got.Routes[1].Match[0].Value = "off"
	again, err := r.Table(t.Context())
	require.NoError(t, err)
	assert.Equal(t, old.addr(), again.Routes[0].Backends[0].Addr)
	assert.Equal(t, "on", again.Routes[1].Match[0].Value)
}

func TestWrongTableChangesNothingAndNamesEveryProblem(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	r := newRouter(t, local.RouterOptions{}, stable(old))
	before, err := r.Table(t.Context())
	require.NoError(t, err)

	err = r.Route(t.Context(), rollout.Table{Routes: []rollout.Route{
		route(strategy.Stable, oldPool, strategy.Percent(50), old),
		{Role: strategy.Stable, Traffic: rollout.Traffic{Pool: oldPool, Share: strategy.Percent(120), Mirror: strategy.Percent(-1)}},
		{Role: "spare", Traffic: rollout.Traffic{Match: []strategy.Match{{Header: "X", Cookie: "y"}, {Header: "a b"}, {Cookie: "c", Value: "\n"}, {Header: "Trailer"}}},
			Backends: []rollout.Backend{
				{ID: "", Addr: "127.0.0.1"}, {ID: "old", Addr: old.addr()}, {ID: "p", Addr: "127.0.0.1:0"},
				{ID: "q", Addr: ":80"}, {ID: "r", Addr: "127.0.0.1:65536"}, {ID: "s", Addr: "a/b:80"},
			}},
		{Role: strategy.Candidate, Traffic: rollout.Traffic{Pool: newPool}, Backends: []rollout.Backend{{ID: "old", Addr: young.addr()}}},
	}})
	wants(t, err,
		"Routes: the shares add up to 170%",
		`Routes[1].Role: Routes[0] is stable too`,
		"Routes[1].Pool: 1.0.0 is the pool of Routes[0] too",
		"Routes[1].Share: a share of 120% is above all",
		"Routes[1].Mirror: a share of -1% is below none",
		"Routes[1].Backends: the route gets traffic but has no backend",
		`Routes[2].Role: "spare" is not a role`,
		"Routes[2].Pool.Revision: a pool without a revision",
		"Routes[2].Match[0]: a match wants exactly one of",
		`Routes[2].Match[1]: "a b" is not the name of a header`,
		`Routes[2].Match[2]: no cookie can have the value "\n"`,
		"Routes[2].Match[3]: header Trailer is of the connection",
		"Routes[2].Backends[0].ID: a backend without an ID",
		`Routes[2].Backends[0].Addr: "127.0.0.1" is not host:port`,
		`Routes[2].Backends[1].ID: "old" is Routes[0].Backends[0] too`,
		"Routes[2].Backends[1].Addr: "+old.addr()+" is the address of Routes[0].Backends[0] too",
		`Routes[2].Backends[2].Addr: "127.0.0.1:0" has no port from 1 to 65535`,
		`Routes[2].Backends[3].Addr: ":80" has no usable host`,
		`Routes[2].Backends[4].Addr: "127.0.0.1:65536" has no port`,
		`Routes[2].Backends[5].Addr: "a/b:80" has no usable host`,
		`Routes[3].Backends[0].Addr: backend "old" is at `+old.addr()+" and does not move",
	)
	after, err := r.Table(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.Equal(t, "old", ask(r).Body.String())
}

func TestWrongOptionsAreNamed(t *testing.T) {
	_, err := local.NewRouter(local.RouterOptions{
		StickyHeader: "a b", StickyCookie: "c=d", StickyPath: "x", StickyTTL: time.Millisecond,
		DialTimeout: -1, HeaderTimeout: -1, IdleTimeout: -1, MirrorTimeout: -1, Grace: -1, IdleConns: -1, MirrorLimit: -1,
	})
	wants(t, err, "StickyHeader", "StickyCookie", "StickyPath", "StickyTTL", "DialTimeout", "HeaderTimeout",
		"IdleTimeout", "MirrorTimeout", "Grace", "IdleConns", "MirrorLimit")
}

func TestAbilities(t *testing.T) {
	r, err := local.NewRouter(local.RouterOptions{})
	require.NoError(t, err)
	assert.NoError(t, r.Sticks())
	assert.NoError(t, r.Mirrors(strategy.All()))
	assert.Error(t, r.Mirrors(strategy.Percent(101)))
	assert.NoError(t, r.Matches(strategy.Match{Header: "x-canary", Value: "on"}))
	assert.NoError(t, r.Matches(strategy.Match{Cookie: "canary", Value: "on"}))
	assert.Error(t, r.Matches(strategy.Match{Value: "on"}))
	assert.Error(t, r.Matches(strategy.Match{Header: "X-Canary", Value: " on"}))
	assert.Error(t, r.Matches(strategy.Match{Header: "X-Canary", Value: "o\nn"}))
}

func TestMatchRules(t *testing.T) {
	old, young, base := newSite(t, "old"), newSite(t, "young"), newSite(t, "base")
	table := rollout.Table{Routes: []rollout.Route{
		route(strategy.Stable, oldPool, strategy.All(), old),
		route(strategy.Baseline, basePool, strategy.Share{}, base),
		route(strategy.Candidate, newPool, strategy.Share{}, young),
	}}
	table.Routes[0].Match = []strategy.Match{{Header: "X-Old", Value: "1"}}
	table.Routes[1].Match = []strategy.Match{{Header: "X-Canary", Value: "on"}, {Cookie: "group", Value: "base"}}
	table.Routes[2].Match = []strategy.Match{{Header: "x-cANARY", Value: "on"}, {Cookie: "group", Value: "young"}, {Header: "Host", Value: "canary.test"}}
	r := newRouter(t, local.RouterOptions{}, table)
	for _, c := range []struct {
		name, want string
		edit       []func(*http.Request)
	}{
		{"no rule", "old", nil},
		{"candidate before baseline", "young", []func(*http.Request){header("X-Canary", "on")}},
		{"candidate before stable", "young", []func(*http.Request){header("X-Old", "1"), header("X-Canary", "on")}},
		{"another value", "old", []func(*http.Request){header("X-Canary", "ON")}},
		{"part of a value", "old", []func(*http.Request){header("X-Canary", "on, off")}},
		{"second value", "young", []func(*http.Request){header("X-Canary", "off"), header("X-Canary", "on")}},
		{"cookie", "base", []func(*http.Request){header("Cookie", "a=b; group=base")}},
		{"second cookie of the name", "young", []func(*http.Request){header("Cookie", "group=x; group=young")}},
		{"cookie in a second line", "young", []func(*http.Request){header("Cookie", "a=b"), header("Cookie", "group=young")}},
		{"name of a cookie in another's value", "old", []func(*http.Request){header("Cookie", "a=group=young")}},
		{"host", "young", []func(*http.Request){func(r *http.Request) { r.Host = "canary.test" }}},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, ask(r, c.edit...).Body.String()) })
	}
}

func TestForwardedHeaders(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s|%s|%s|%s|%s|%s", r.Host, r.RequestURI, r.Header.Get("X-Forwarded-For"),
			r.Header.Get("X-Forwarded-Host"), r.Header.Get("X-Forwarded-Proto"), r.Header.Get(local.MirrorHeader))
	}
	forged := []func(*http.Request){
		header("X-Forwarded-For", "6.6.6.6"), header("X-Forwarded-Proto", "https"), header(local.MirrorHeader, "1"),
		func(r *http.Request) { r.URL.RawQuery = "a=1;b=%zz" },
	}
	for _, c := range []struct {
		trust bool
		want  string
	}{
		{false, "example.com|/?a=1;b=%zz|192.0.2.1|example.com|http|"},
		{true, "example.com|/?a=1;b=%zz|6.6.6.6, 192.0.2.1|example.com|https|1"},
	} {
		old := newSite(t, "old")
		old.answer(echo)
		r := newRouter(t, local.RouterOptions{TrustForwarded: c.trust}, stable(old))
		assert.Equal(t, c.want, ask(r, forged...).Body.String())
	}
}

func TestClosedRouter(t *testing.T) {
	old := newSite(t, "old")
	r := newRouter(t, local.RouterOptions{}, stable(old))
	assert.Equal(t, "old", ask(r).Body.String())
	require.NoError(t, r.Close(t.Context()))
	require.NoError(t, r.Close(t.Context()))
	assert.Equal(t, http.StatusServiceUnavailable, ask(r).Code)
	assert.ErrorIs(t, r.Route(t.Context(), stable(old)), local.ErrRouterClosed)
}

func TestCloseWaitsAndThenCutsOff(t *testing.T) {
	old := newSite(t, "old")
	arrived, leave := make(chan struct{}), make(chan struct{})
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-leave:
		case <-r.Context().Done():
		}
	})
	for _, patient := range []bool{true, false} {
		r := newRouter(t, local.RouterOptions{}, stable(old))
		status := make(chan int)
		go func() { status <- ask(r).Code }()
		<-arrived
		ctx, cancel := context.WithCancel(t.Context())
		closed := make(chan error)
		go func() { closed <- r.Close(ctx) }()
		select {
		case <-closed:
			t.Fatal("Close did not wait")
		case <-time.After(20 * time.Millisecond):
		}
		if patient {
			leave <- struct{}{}
			assert.NoError(t, <-closed)
			assert.Equal(t, http.StatusOK, <-status)
		} else {
			cancel()
			err := <-closed
			wants(t, err, "1 requests were cut off")
			assert.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, http.StatusBadGateway, <-status)
		}
		cancel()
	}
}

func TestServe(t *testing.T) {
	old := newSite(t, "old")
	arrived, leave := make(chan struct{}), make(chan struct{})
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-leave
		fmt.Fprint(w, "late")
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- r.Serve(ctx, ln) }()
	answer := make(chan string)
	go func() {
		_, body := get(t, http.DefaultClient, "http://"+ln.Addr().String())
		answer <- body
	}()
	<-arrived
	cancel()
	leave <- struct{}{}
	assert.Equal(t, "late", <-answer)
	assert.NoError(t, <-served)

	assert.True(t, errors.Is(r.Serve(t.Context(), ln), net.ErrClosed), "a dead listener is reported")
}
