package local_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// A candidate gets 5 % of the traffic, and a gate reads how it does.
func ExampleRouter() {
	serve := func(version string, status int) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintln(w, version)
		}))
	}
	old, young := serve("1.0.0", 200), serve("1.1.0", 500)
	defer old.Close()
	defer young.Close()

	router, err := local.NewRouter(local.RouterOptions{})
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- router.Serve(ctx, listener) }()

	stable := strategy.Pool{Revision: strategy.Revision{Version: "1.0.0"}}
	candidate := strategy.Pool{Revision: strategy.Revision{Version: "1.1.0"}}
	err = router.Route(ctx, rollout.Table{Routes: []rollout.Route{
		{
			Role:     strategy.Stable,
			Traffic:  rollout.Traffic{Pool: stable, Share: strategy.Percent(95)},
			Backends: []rollout.Backend{{ID: "old-1", Addr: old.Listener.Addr().String()}},
		},
		{
			Role:     strategy.Candidate,
			Traffic:  rollout.Traffic{Pool: candidate, Share: strategy.Percent(5)},
			Backends: []rollout.Backend{{ID: "young-1", Addr: young.Listener.Addr().String()}},
		},
	}})
	if err != nil {
		panic(err)
	}
	for range 100 {
		res, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	stop()
	fmt.Println("served:", <-served)

	now := time.Now()
	for _, pool := range []strategy.Pool{stable, candidate} {
		w, err := router.Read(context.Background(), metrics.Query{Group: pool.String(), From: now.Add(-time.Minute), To: now})
		fmt.Println(pool, w.Requests, "requests,", w.Errors, "errors", err)
	}
	fmt.Println("closed:", router.Close(context.Background()))
	// Output:
	// served: <nil>
	// 1.0.0 95 requests, 0 errors <nil>
	// 1.1.0 5 requests, 5 errors <nil>
	// closed: <nil>
}

// A backend is stopped when it has left the table and answered all that it had.
func ExampleRouter_InFlight() {
	backend := httptest.NewServer(http.NotFoundHandler())
	defer backend.Close()
	router, err := local.NewRouter(local.RouterOptions{})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	defer router.Close(ctx)
	pool := strategy.Pool{Revision: strategy.Revision{Version: "1.0.0"}}
	err = router.Route(ctx, rollout.Table{Routes: []rollout.Route{{
		Role:     strategy.Stable,
		Traffic:  rollout.Traffic{Pool: pool, Share: strategy.All()},
		Backends: []rollout.Backend{{ID: "a", Addr: backend.Listener.Addr().String()}},
	}}})
	if err != nil {
		panic(err)
	}

	if err := router.Route(ctx, rollout.Table{}); err != nil { // dark: nobody gets requests
		panic(err)
	}
	for {
		n, err := router.InFlight(ctx, []string{"a"})
		if err != nil {
			panic(err)
		}
		if n["a"] == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Println("a can be stopped")
	// Output: a can be stopped
}
