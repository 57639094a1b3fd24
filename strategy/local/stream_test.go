package local_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy/local"
)

func TestEventStreamIsPassedOnAtOnce(t *testing.T) {
	old := newSite(t, "old")
	next := make(chan struct{})
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			http.NewResponseController(w).Flush()
			<-next // the next event is written only when this one was read at the other end
		}
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	res, err := http.Get(front(t, r).URL)
	require.NoError(t, err)
	defer res.Body.Close()
	in := bufio.NewReader(res.Body)
	for i := range 3 {
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("data: %d\n", i), line)
		_, err = in.ReadString('\n')
		require.NoError(t, err)
		assert.EqualValues(t, 1, totals(t, r, oldPool).Requests, "counted when it begins")
		assert.Equal(t, 1, inFlight(t, r, "old"))
		next <- struct{}{}
	}
	_, err = in.ReadByte()
	assert.Equal(t, io.EOF, err)
	eventually(t, "it is over", func() bool { return inFlight(t, r, "old") == 0 })
	assert.EqualValues(t, 1, totals(t, r, oldPool).Requests, "counted once")
}

func TestLargeBodies(t *testing.T) {
	const size = 20 << 20
	random := func(seed byte) io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{seed}), size) }
	sum := func(r io.Reader) string {
		h := sha256.New()
		n, err := io.Copy(h, r)
		return fmt.Sprintf("%d %v %x", n, err, h.Sum(nil))
	}
	old := newSite(t, "old")
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Got", sum(r.Body))
		io.Copy(w, random(2))
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	url := front(t, r).URL
	for _, length := range []int64{size, -1} {
		req, err := http.NewRequest(http.MethodPost, url, random(1))
		require.NoError(t, err)
		req.ContentLength = length
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		assert.Equal(t, sum(random(1)), res.Header.Get("X-Got"))
		assert.Equal(t, sum(random(2)), sum(res.Body))
		res.Body.Close()
	}
}

func TestAnswerBeforeTheBodyWasRead(t *testing.T) {
	// A backend that refuses an upload at once; what is left of it must not get in the way of the
	// next request on the same connection.
	old := newSite(t, "old")
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		old.echo(w, r)
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	url := front(t, r).URL
	var clients sync.WaitGroup
	for i := range 8 {
		transport := &http.Transport{ExpectContinueTimeout: time.Second}
		defer transport.CloseIdleConnections()
		clients.Go(func() {
			for n := range 30 {
				body := strings.Repeat("x", []int{10, 5_000, 100_000, 1_000_000}[(i+n)%4])
				req, _ := http.NewRequest(http.MethodPut, url, strings.NewReader(body))
				if i == 0 {
					req.Header.Set("Expect", "100-continue")
				}
				if res, err := transport.RoundTrip(req); err == nil { // or cut off while it still sent
					assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
				req, _ = http.NewRequest(http.MethodPost, url, strings.NewReader("small"))
				req.GetBody, req.Header = nil, http.Header{"Idempotency-Key": {"x"}}
				res, err := transport.RoundTrip(req)
				if !assert.NoError(t, err) {
					return
				}
				got, err := io.ReadAll(res.Body)
				assert.NoError(t, err)
				res.Body.Close()
				assert.Equal(t, "old:POST:small", string(got))
			}
		})
	}
	clients.Wait()
}

func TestExpectContinue(t *testing.T) {
	old := newSite(t, "old")
	refuse := true
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		if refuse { // without reading: the client must not send its body
			w.WriteHeader(http.StatusForbidden)
			return
		}
		old.echo(w, r)
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	addr := front(t, r).Listener.Addr().String()
	for _, refuse = range []bool{true, false} {
		c, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
		in := bufio.NewReader(c)
		if refuse {
			res, err := http.ReadResponse(in, nil)
			require.NoError(t, err)
			assert.Equal(t, http.StatusForbidden, res.StatusCode)
		} else {
			line, err := in.ReadString('\n')
			require.NoError(t, err)
			assert.Contains(t, line, "100 Continue")
			in.ReadString('\n')
			fmt.Fprint(c, "hello")
			res, err := http.ReadResponse(in, nil)
			require.NoError(t, err)
			body, _ := io.ReadAll(res.Body)
			assert.Equal(t, "old:POST:hello", string(body))
		}
		c.Close()
	}
}

func TestTrailersAndEncodingPassThrough(t *testing.T) {
	old := newSite(t, "old")
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprintf(w, "[%s]", r.Header.Get("Accept-Encoding"))
		w.Header().Set("X-Sum", "42")
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get(front(t, r).URL)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, "[]", string(body), "the router asks for no encoding of its own")
	assert.Equal(t, "42", res.Trailer.Get("X-Sum"))
}

func TestClientThatGivesUpIsNotAnError(t *testing.T) {
	old := newSite(t, "old")
	arrived, told := make(chan struct{}), make(chan struct{})
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/begun" {
			fmt.Fprint(w, "begun")
			http.NewResponseController(w).Flush()
		}
		arrived <- struct{}{}
		<-r.Context().Done() // the cancellation comes through
		told <- struct{}{}
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	url := front(t, r).URL
	for i, path := range []string{"/", "/begun"} {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
		require.NoError(t, err)
		done := make(chan error)
		go func() {
			res, err := http.DefaultClient.Do(req)
			if err == nil {
				_, err = io.ReadAll(res.Body)
				res.Body.Close()
			}
			done <- err
		}()
		<-arrived
		cancel()
		<-told
		assert.True(t, errors.Is(<-done, context.Canceled))
		eventually(t, "it is counted", func() bool { return totals(t, r, oldPool).Gone == uint64(i+1) })
	}
	sum := totals(t, r, oldPool)
	assert.Zero(t, sum.Requests)
	assert.Zero(t, sum.Errors)
}

func TestBadRequestsAreTheClientsFault(t *testing.T) {
	old := newSite(t, "old")
	old.answer(old.echo)
	r := newRouter(t, local.RouterOptions{}, stable(old))
	limited := httptest.NewServer(http.MaxBytesHandler(r, 10))
	defer limited.Close()
	status, _ := send(t, limited.URL, http.MethodPost, strings.Repeat("x", 100))
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)

	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: \x80\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
	} {
		c, err := net.Dial("tcp", front(t, r).Listener.Addr().String())
		require.NoError(t, err)
		fmt.Fprint(c, request)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadRequest, res.StatusCode)
		c.Close()
	}
	sum := totals(t, r, oldPool)
	assert.Zero(t, sum.Requests)
	assert.EqualValues(t, 3, sum.Gone)
}

func TestAnswerThatBreaksOffIsAnError(t *testing.T) {
	old := newSite(t, "old")
	old.answer(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write(bytes.Repeat([]byte("x"), 50))
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	r := newRouter(t, local.RouterOptions{}, stable(old))
	res, err := http.Get(front(t, r).URL)
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	assert.Error(t, err, "the client sees that it is incomplete")
	eventually(t, "it is counted", func() bool { return totals(t, r, oldPool).Errors == 1 })
	assert.EqualValues(t, 1, totals(t, r, oldPool).Statuses[2])
}
