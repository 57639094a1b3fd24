package local_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// mirrored copies a share of stable's traffic to the candidate.
func mirrored(share, mirror strategy.Share, old, young *site) rollout.Table {
	t := split(share, old, young)
	t.Routes[1].Mirror = mirror
	return t
}

// seen collects the requests of a site.
type seen struct {
	mu       sync.Mutex
	requests []string
}

func (s *seen) watch(to *site, status int) {
	to.answer(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.requests = append(s.requests, strings.Join([]string{r.Method, r.Host, r.RequestURI, string(body),
			r.Header.Get(local.MirrorHeader), r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Mine")}, "|"))
		s.mu.Unlock()
		w.WriteHeader(status)
		io.WriteString(w, to.id)
	})
}

func (s *seen) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

func TestMirrorCopiesTheWholeRequestAndHidesItsAnswer(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	var copies seen
	copies.watch(young, 500)
	r := newRouter(t, local.RouterOptions{}, mirrored(strategy.Share{}, strategy.All(), old, young))
	old.answer(old.echo)
	url := front(t, r).URL
	for _, c := range []struct{ method, body string }{{"GET", ""}, {"POST", "payload"}, {"POST", ""}, {"DELETE", ""}} {
		status, body := send(t, url+"/p?a=1;b", c.method, c.body, "X-Mine", "yes", "Expect", "100-continue")
		assert.Equal(t, 200, status)
		assert.Equal(t, "old:"+c.method+":"+c.body, body)
	}
	eventually(t, "all copies are answered", func() bool { return totals(t, r, newPool).Copies == 4 })
	host := strings.TrimPrefix(url, "http://")
	assert.ElementsMatch(t, []string{
		"GET|" + host + "|/p?a=1;b||1|127.0.0.1|yes",
		"POST|" + host + "|/p?a=1;b|payload|1|127.0.0.1|yes",
		"POST|" + host + "|/p?a=1;b||1|127.0.0.1|yes",
		"DELETE|" + host + "|/p?a=1;b||1|127.0.0.1|yes",
	}, copies.all())
	sum := totals(t, r, newPool)
	assert.EqualValues(t, 4, sum.Requests, "copies are what a gate judges")
	assert.EqualValues(t, 4, sum.Errors)
	assert.EqualValues(t, 4, totals(t, r, oldPool).Requests)
	assert.Zero(t, totals(t, r, oldPool).Errors)
}

func TestMirrorShareAndNoCopyOfWhatTheGroupAnswersItself(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	r := newRouter(t, local.RouterOptions{}, mirrored(strategy.Share{}, strategy.Percent(20), old, young))
	for range 200 {
		ask(r)
	}
	eventually(t, "all copies are answered", func() bool { return totals(t, r, newPool).Copies == 40 })

	require.NoError(t, r.Route(t.Context(), mirrored(strategy.Percent(25), strategy.All(), old, young)))
	young.hits.Store(0)
	for range 100 {
		ask(r)
	}
	eventually(t, "all copies are answered", func() bool { return totals(t, r, newPool).Copies == 40+75 })
	assert.EqualValues(t, 100, young.hits.Load(), "25 requests and 75 copies")
	assert.EqualValues(t, 140, totals(t, r, newPool).Requests)
}

func TestMirrorNeverDelaysTheAnswer(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	leave := make(chan struct{})
	young.answer(func(http.ResponseWriter, *http.Request) { <-leave })
	r := newRouter(t, local.RouterOptions{MirrorLimit: 3}, mirrored(strategy.Share{}, strategy.All(), old, young))
	for range 10 {
		require.Equal(t, "old", ask(r).Body.String())
	}
	copies := r.Snapshot().Copies
	assert.EqualValues(t, 3, copies.Sent)
	assert.EqualValues(t, 7, copies.Dropped)
	assert.Equal(t, 3, inFlight(t, r, "young"), "copies are in flight")
	require.NoError(t, r.Route(t.Context(), stable(old)))
	assert.Equal(t, 3, inFlight(t, r, "young"))
	close(leave)
	eventually(t, "drained", func() bool { return inFlight(t, r, "young") == 0 })
	assert.EqualValues(t, 3, totals(t, r, newPool).Requests)
}

func TestMirrorFailuresStayWithTheMirror(t *testing.T) {
	old, young := newSite(t, "old"), deadSite(t, "young")
	r := newRouter(t, local.RouterOptions{}, mirrored(strategy.Share{}, strategy.All(), old, young))
	for range 10 {
		require.Equal(t, "old", ask(r).Body.String())
	}
	eventually(t, "all copies have failed", func() bool { return totals(t, r, newPool).Errors == 10 })
	assert.EqualValues(t, 10, totals(t, r, oldPool).Requests, "a copy is not tried elsewhere")
}

func TestMirrorOfBodiesThatCannotBeCopied(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	r := newRouter(t, local.RouterOptions{BodyBuffer: 10}, mirrored(strategy.Share{}, strategy.All(), old, young))
	url := front(t, r).URL
	old.answer(old.echo)
	big := strings.Repeat("x", 11)
	_, body := send(t, url, http.MethodPost, big)
	assert.Equal(t, "old:POST:"+big, body)
	eventually(t, "it is counted", func() bool { return r.Snapshot().Copies.TooLarge == 1 })
	_, body = send(t, url, http.MethodPost, big[1:])
	assert.Equal(t, "old:POST:"+big[1:], body)
	eventually(t, "the largest is copied", func() bool { return totals(t, r, newPool).Copies == 1 })
	assert.EqualValues(t, 1, young.hits.Load())
}

func TestCloseEndsCopies(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	ended := make(chan struct{})
	young.answer(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(ended)
	})
	r := newRouter(t, local.RouterOptions{MirrorTimeout: time.Hour}, mirrored(strategy.Share{}, strategy.All(), old, young))
	ask(r)
	eventually(t, "the copy is there", func() bool { return young.hits.Load() == 1 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wants(t, r.Close(ctx), "1 requests were cut off")
	assert.Zero(t, inFlight(t, r, "young"), "Close has waited for it")
	<-ended
	assert.Zero(t, totals(t, r, newPool).Requests, "what the router ended is no measurement")
}

func TestMirrorTimeout(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	young.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	r := newRouter(t, local.RouterOptions{MirrorTimeout: 10 * time.Millisecond}, mirrored(strategy.Share{}, strategy.All(), old, young))
	ask(r)
	eventually(t, "the copy has failed", func() bool { return totals(t, r, newPool).Errors == 1 })
}
