package local_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// deadSite refuses connections.
func deadSite(t testing.TB, id string) *site {
	s := newSite(t, id)
	s.Close()
	return s
}

// die ends the connection without an answer, after the whole request was read.
func die(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	c, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

// echo answers with its name and the request body.
func (s *site) echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s:%s:%s", s.id, r.Method, body)
}

func send(t testing.TB, url, method, body string, headers ...string) (int, string) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(got)
}

func TestRefusedConnectionLosesNothing(t *testing.T) {
	dead, dead2, live := deadSite(t, "dead"), deadSite(t, "dead2"), newSite(t, "live")
	live.answer(live.echo)
	r := newRouter(t, local.RouterOptions{BodyBuffer: 16}, stable(dead, live, dead2))
	url := front(t, r).URL
	big := strings.Repeat("x", 1<<20) // far above what is kept: nothing of it was read yet
	for range 20 {
		status, body := send(t, url, http.MethodPost, big)
		require.Equal(t, 200, status)
		require.Equal(t, "live:POST:"+big, body)
	}
	eventually(t, "all are counted", func() bool { return totals(t, r, oldPool).Requests == 20 })
	sum := totals(t, r, oldPool)
	assert.EqualValues(t, 0, sum.Errors)
	assert.Positive(t, sum.Moved)
	assert.Less(t, sum.Moved, uint64(20), "a backend that refused is passed over for a while")
}

func TestOnlyHarmlessRequestsAreSentTwice(t *testing.T) {
	for _, c := range []struct {
		name, method, body string
		headers            []string
		repeated           bool
	}{
		{"get", http.MethodGet, "", nil, true},
		{"put with a small body", http.MethodPut, "small", nil, true},
		{"delete", http.MethodDelete, "", nil, true},
		{"put with a body that is not kept", http.MethodPut, strings.Repeat("x", 100), nil, false},
		{"post", http.MethodPost, "small", nil, false},
		{"post without a body", http.MethodPost, "", nil, false},
		{"patch", http.MethodPatch, "small", nil, false},
		{"post with a key", http.MethodPost, "small", []string{"Idempotency-Key", "7"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := newSite(t, "a"), newSite(t, "b")
			r := newRouter(t, local.RouterOptions{BodyBuffer: 50}, stable(a, b))
			url := front(t, r).URL
			for _, s := range []*site{a, b} {
				other := map[*site]*site{a: b, b: a}[s]
				s.answer(die)
				other.answer(other.echo)
				a.hits.Store(0)
				b.hits.Store(0)
				for s.hits.Load() == 0 { // until it was its turn
					status, body := send(t, url, c.method, c.body, c.headers...)
					switch {
					case s.hits.Load() == 0 || c.repeated:
						require.Equal(t, 200, status)
						require.Equal(t, other.id+":"+c.method+":"+c.body, body)
					default:
						require.Equal(t, 502, status)
					}
				}
			}
		})
	}
}

func TestRequestThatKillsIsRepeatedOnce(t *testing.T) {
	var sites []*site
	for i := range 5 {
		s := newSite(t, fmt.Sprint("s", i))
		s.answer(die)
		sites = append(sites, s)
	}
	r := newRouter(t, local.RouterOptions{}, stable(sites...))
	assert.Equal(t, 502, ask(r).Code)
	hits := 0
	for _, s := range sites {
		hits += int(s.hits.Load())
	}
	assert.Equal(t, 2, hits)
	sum := totals(t, r, oldPool)
	assert.EqualValues(t, 1, sum.Requests)
	assert.EqualValues(t, 1, sum.Errors)
	assert.EqualValues(t, 1, sum.Statuses[0])
}

func TestAnotherGroupAnswersButNeverTheCandidate(t *testing.T) {
	dead, live := deadSite(t, "dead"), newSite(t, "live")
	three := func(stable, baseline, candidate *site) rollout.Table {
		return rollout.Table{Routes: []rollout.Route{
			route(strategy.Stable, oldPool, strategy.Percent(40), stable),
			route(strategy.Baseline, basePool, strategy.Percent(30), baseline),
			route(strategy.Candidate, newPool, strategy.Percent(30), candidate),
		}}
	}
	t.Run("for the candidate, which is charged", func(t *testing.T) {
		r := newRouter(t, local.RouterOptions{}, split(strategy.Percent(30), live, dead))
		for range 100 {
			require.Equal(t, "live", ask(r).Body.String())
		}
		candidate, old := totals(t, r, newPool), totals(t, r, oldPool)
		assert.EqualValues(t, 30, candidate.Requests)
		assert.EqualValues(t, 30, candidate.Errors)
		assert.EqualValues(t, 100, old.Requests)
		assert.EqualValues(t, 0, old.Errors)
	})
	t.Run("baseline for stable", func(t *testing.T) {
		other, candidate := deadSite(t, "other"), deadSite(t, "candidate")
		r := newRouter(t, local.RouterOptions{}, three(other, live, candidate))
		for range 100 {
			require.Equal(t, "live", ask(r).Body.String())
		}
	})
	t.Run("not the candidate", func(t *testing.T) {
		a, b, candidate := deadSite(t, "a"), deadSite(t, "b"), newSite(t, "candidate")
		r := newRouter(t, local.RouterOptions{}, three(a, b, candidate))
		bad := 0
		for range 100 {
			if ask(r).Code == 502 {
				bad++
			}
		}
		assert.Equal(t, 70, bad)
		assert.EqualValues(t, 30, candidate.hits.Load())
	})
	t.Run("not a group without a share", func(t *testing.T) {
		drained, candidate := newSite(t, "drained"), deadSite(t, "candidate")
		r := newRouter(t, local.RouterOptions{}, split(strategy.All(), drained, candidate))
		assert.Equal(t, 502, ask(r).Code)
		assert.Zero(t, drained.hits.Load())
	})
}

func TestSlowBackendIsNotAskedTwice(t *testing.T) {
	a, b := newSite(t, "a"), newSite(t, "b")
	for _, s := range []*site{a, b} {
		s.answer(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	}
	r := newRouter(t, local.RouterOptions{HeaderTimeout: 30 * time.Millisecond}, stable(a, b))
	assert.Equal(t, http.StatusGatewayTimeout, ask(r).Code)
	assert.EqualValues(t, 1, a.hits.Load()+b.hits.Load())
	assert.EqualValues(t, 1, totals(t, r, oldPool).Errors)
}

func TestBodyThatComesSlowlyIsNotLostBetweenAttempts(t *testing.T) {
	// The first backend dies in the middle of an upload; what was read for it is sent to the next.
	a, b := newSite(t, "a"), newSite(t, "b")
	half := make(chan struct{}, 2)
	for _, s := range []*site{a, b} {
		s.answer(func(w http.ResponseWriter, r *http.Request) {
			if a.hits.Load()+b.hits.Load() == 1 {
				io.ReadFull(r.Body, make([]byte, 5))
				c, _, _ := http.NewResponseController(w).Hijack()
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
				half <- struct{}{}
				return
			}
			s.echo(w, r)
		})
	}
	r := newRouter(t, local.RouterOptions{}, stable(a, b))
	url := front(t, r).URL
	reader, writer := io.Pipe()
	go func() {
		writer.Write([]byte("first"))
		<-half
		time.Sleep(5 * time.Millisecond)
		writer.Write([]byte(" second"))
		writer.Close()
	}()
	req, err := http.NewRequest(http.MethodPut, url, io.NopCloser(reader))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, 200, res.StatusCode)
	assert.True(t, bytes.HasSuffix(got, []byte(":PUT:first second")), "%s", got)
}
