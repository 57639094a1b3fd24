package traffic_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/traffic"
)

// enter lets customers into a server, and counts until so many of their requests have ended.
func enter(t *testing.T, c traffic.Customers, n int) traffic.Counts {
	crowd := c.Enter()
	defer crowd.Leave()
	_, err := crowd.More(t.Context(), n)
	require.NoError(t, err)
	return crowd.Leave()
}

func TestCountsAreThoseOfTheService(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		var asked atomic.Int64
		service := traffic.Service{Version: "1.0.0", Fail: 0.25}.Handler()
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			assert.Equal(t, http.MethodPost, r.Method)
			assert.Equal(t, "on", r.Header.Get("X-Canary"))
			service.ServeHTTP(w, r)
		}))
		got := enter(t, traffic.Customers{URL: s.URL, Fresh: fresh, Header: http.Header{"X-Canary": {"on"}}}, 400)
		s.Close()
		require.Equal(t, int(asked.Load()), got.Asked(), "%s", got)
		assert.Equal(t, got.Asked()/4, got.Of("1.0.0").Failed)
		assert.Zero(t, got.Lost, "%s", got)
		assert.Zero(t, got.Of("2.0.0"))
	}
}

// The server closes each connection with its third request unanswered. A client that repeats a request in
// silence would not see it.
func TestNoLossIsHidden(t *testing.T) {
	var lost atomic.Int64
	var mu sync.Mutex
	seen := map[string]int{}
	service := traffic.Service{Version: "1.0.0"}.Handler()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.RemoteAddr]++
		third := seen[r.RemoteAddr]%3 == 0
		mu.Unlock()
		if third {
			lost.Add(1)
			panic(http.ErrAbortHandler)
		}
		service.ServeHTTP(w, r)
	}))
	defer s.Close()
	got := enter(t, traffic.Customers{URL: s.URL, Number: 4}, 60)
	assert.Positive(t, got.Lost)
	assert.Equal(t, int(lost.Load()), got.Lost, "%s", got)
	assert.Contains(t, got.Losses[0].Why, "EOF")
}

func TestWhatIsLost(t *testing.T) {
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	url := "http://" + refusing.Addr().String()
	require.NoError(t, refusing.Close())
	got := enter(t, traffic.Customers{URL: url}, 10)
	assert.Equal(t, got.Asked(), got.Lost)
	assert.Contains(t, got.String(), "connection refused")

	for _, c := range []struct {
		why    string
		answer http.HandlerFunc
	}{
		{"not answered by the service: 503", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no server", 503) }},
		{"not answered by the service: 200", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }},
		{"after 200 OK: unexpected EOF", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(traffic.VersionHeader, "1.0.0")
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "hello")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}},
		{"Client.Timeout", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}},
	} {
		s := httptest.NewServer(c.answer)
		got := enter(t, traffic.Customers{URL: s.URL, Timeout: 200 * time.Millisecond}, 10)
		s.Close()
		assert.Equal(t, got.Asked(), got.Lost, "%s", got)
		assert.Contains(t, got.Losses[0].Why, c.why)
	}
}

func TestCookiesAreKept(t *testing.T) {
	service := traffic.Service{Version: "1.0.0"}.Handler()
	var known, strange atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("who"); err == nil {
			known.Add(1)
		} else {
			strange.Add(1)
			http.SetCookie(w, &http.Cookie{Name: "who", Value: "you"})
		}
		service.ServeHTTP(w, r)
	}))
	defer s.Close()
	enter(t, traffic.Customers{URL: s.URL, Number: 3, Cookies: true, Fresh: true}, 60)
	assert.EqualValues(t, 3, strange.Load())
	assert.Positive(t, known.Load())
}

func TestLess(t *testing.T) {
	then := traffic.Counts{Lost: 1, Versions: map[string]traffic.Version{"a": {Served: 5, Failed: 1}, "b": {Served: 2}}}
	now := traffic.Counts{Lost: 3, Versions: map[string]traffic.Version{"a": {Served: 7, Failed: 2}, "b": {Served: 2}, "c": {Served: 1}}}
	diff := now.Less(then)
	assert.Equal(t, map[string]traffic.Version{"a": {Served: 2, Failed: 1}, "c": {Served: 1}}, diff.Versions)
	assert.Equal(t, 6, diff.Asked())
}
