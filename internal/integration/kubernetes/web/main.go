// This program is what the pods of the tests run: a small HTTP service that says which image it is, and that
// misbehaves as it is told.
//
//	web -addr $(BIND_IP):8080 -delay 5ms -behave bad=unready -behave worse=crash:3
//
// Each -behave is PART=WHAT: an image whose name contains PART does WHAT.
//
//	unready        is never ready
//	late:DURATION  is ready after that time
//	crash:CODE     ends at once with that code
//	slow:DURATION  takes that long for an answer
//	fail:PERCENT   answers that part of the requests by 500
//	abrupt         ends at once when it is told to end, whoever waits for an answer
//	deaf           does not end when it is told to
//
// It answers everything by 200 and the headers X-Image and X-Pod, /healthz by 200 or 503, and /count by the
// number of requests to other paths.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// manners are how the service behaves.
type manners struct {
	unready, abrupt, deaf bool
	late, delay           time.Duration
	crash                 int
	fail                  float64
}

// take reads PART=WHAT, and minds it where it is about this image.
func (m *manners) take(image, text string) (err error) {
	part, what, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("want PART=WHAT")
	}
	what, value, _ := strings.Cut(what, ":")
	next := *m
	switch what {
	case "unready":
		next.unready = true
	case "abrupt":
		next.abrupt = true
	case "deaf":
		next.deaf = true
	case "late":
		next.late, err = time.ParseDuration(value)
	case "slow":
		next.delay, err = time.ParseDuration(value)
	case "crash":
		next.crash, err = strconv.Atoi(value)
	case "fail":
		next.fail, err = strconv.ParseFloat(value, 64)
	default:
		err = fmt.Errorf("unknown %q", what)
	}
	if err == nil && strings.Contains(image, part) {
		*m = next
	}
	return err
}

func main() {
	var m manners
	image := cmp.Or(os.Getenv("IMAGE"), "none")
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.DurationVar(&m.delay, "delay", 0, "how long an answer takes")
	flag.Func("behave", "PART=WHAT: an image with PART in its name does WHAT", func(text string) error { return m.take(image, text) })
	flag.Parse()
	if m.crash != 0 {
		log.Printf("%s: told to end with %d", image, m.crash)
		os.Exit(m.crash)
	}
	if err := serve(*addr, image, m); err != nil {
		log.Fatal(err)
	}
}

func serve(addr, image string, m manners) error {
	began := time.Now()
	var count atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if m.unready || time.Since(began) < m.late {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/count", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, count.Load()) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		time.Sleep(m.delay)
		w.Header().Set("X-Image", image)
		w.Header().Set("X-Pod", os.Getenv("POD_NAME"))
		if rand.Float64()*100 < m.fail {
			http.Error(w, "told to fail", http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, image)
	})
	server := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: time.Minute}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	served := make(chan error, 1)
	go func() { served <- server.ListenAndServe() }()
	select {
	case err := <-served:
		return err
	case <-told:
	}
	switch {
	case m.abrupt:
		return nil
	case m.deaf:
		return <-served
	}
	return server.Shutdown(context.Background()) // answers those who wait; the agent says how long that may take
}
